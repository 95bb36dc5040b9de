"""The tables of cases f to h as Markdown."""

from benchmarks.report import markdown

RATES = {"raw_per_s": 100.0, "ours_per_s": 90.0, "ratio": 0.9, "pool_per_s": 80.0, "pool_ratio": 0.8}


def test_a_document_is_a_row_with_its_spread() -> None:
    rounds = [{"JWS": {**RATES, "ratio": ratio}} for ratio in (0.85, 0.9, 0.95)]
    said = markdown({"verifying": {"bytes": {"JWS": 9}, "median": {"JWS": RATES}, "rounds": rounds}}).splitlines()
    assert said[4] == "| JWS | 9 | 100 | 90 | 0.90 | 0.85-0.95 | 80 | 0.80 |"


def test_a_container_is_told_both_ways() -> None:
    row = {
        f"{way}_{name}": 1.0 for way in ("path", "range") for name in ("s", "worker_cpu_s", "idle_mib", "over_idle_mib")
    }
    said = markdown({"contained": {"bytes": 5e8, "median": {**row, "command_s": 2.0}, "rounds": [row]}}).splitlines()
    assert said[4] == "| pool, by path | 1.0 | 1.0 | 1.0 | 1.0 |"
    assert said[6] == "| `lintas verify`, with its start | 2.0 |  |  |  |"


def test_a_query_beside_verifications() -> None:
    row = {f"{when}_{name}": 1.0 for when in ("alone", "beside") for name in ("p50_ms", "p99_ms", "per_s")}
    row |= {"connections": 32, "ratio": 1.5, "waiting": 7}
    said = markdown({"hot": {"bytes": 5e7, "median": [row], "rounds": [row]}}).splitlines()
    assert said[4] == "| 32 | 1.00 | 1.00 | 1 | 1.00 | 1.00 | 1 | 1.50 | 1.50-1.50 | 7 |"
