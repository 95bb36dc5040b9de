"""The tables as Markdown."""

from benchmarks.report import markdown

ROW = {
    "case": "a query REST-REST", "connections": 32, "requests": 9, "cpu_us": 400.4, "per_second": 2000.0, "p50_ms": 1.0,
    "p99_ms": 2.0, "ratio": 3.64, "ratio_least": 3.5, "ratio_greatest": 3.75,
}  # fmt: skip


def test_each_measurement_is_a_row_beside_its_aim() -> None:
    said = markdown({"rounds": 3, "summary": [ROW]}).splitlines()
    assert said[4] == "| a query REST-REST | 32 | 9 | 400 | 2000 | 1.00 | 2.00 | 3.64 | 3.50-3.75 | ≤ 2.5 |"


def test_without_nginx_its_row_says_so() -> None:
    median = {f"gateway_{way}_{unit}": 1.0 for way in ("in", "out") for unit in ("mb_s", "cpu_s")}
    median |= {"in_over_idle_mib": 5.0, "out_over_idle_mib": 6.0}
    said = markdown({"big": {"bytes": 2**30, "nginx": False, "median": median, "rounds": [{}]}})
    assert said.count("nginx is not installed") == 2
