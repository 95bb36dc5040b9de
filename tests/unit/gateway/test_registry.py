from pathlib import Path

import pytest

from gateway import registry
from gateway.registry import IMPORT_NAMES, RegistryError, adapters, guard_import_names, installed

MODULE = """
from pydantic import BaseModel
from gateway.contract import AdapterSpec
class Config(BaseModel): ...
def make(config, host): raise NotImplementedError
ADAPTER = AdapterSpec(name="{name}", title="Test", makers={{"sink": (Config, make)}})
"""


def distribution(folder: Path, name: str, entries: str, **modules: str) -> None:
    """A distribution as an installer leaves it."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[gateway.adapters]\n{entries}\n")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)


@pytest.fixture
def site(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def found_here() -> list[object]:
    """Entry points of the test's own distributions, apart from what this machine has installed."""
    return [one for one in registry._points(registry.ADAPTERS) if one.dist is not None and "test-" in one.dist.name]


def test_a_strangers_adapter_is_found_with_its_origin(site: Path) -> None:
    distribution(site, "test-loft", "pigeon = loft_one:ADAPTER", loft_one=MODULE.format(name="pigeon"))
    found = installed(found_here()).adapters
    assert found["pigeon"].spec.kinds == {"sink"}
    assert (found["pigeon"].distribution, found["pigeon"].version) == ("test-loft", "1.0")
    with pytest.raises(TypeError):
        found["other"] = found["pigeon"]  # type: ignore[index]


def test_what_is_installed_here_is_a_mapping_of_specs() -> None:
    found = adapters()
    assert all(name == spec.name for name, spec in found.items())


def test_two_of_one_name_are_both_unusable_and_stop_nobody_else(site: Path) -> None:
    for name, module in (("test-one", "two_a"), ("test-two", "two_b")):
        distribution(site, name, f"pigeon = {module}:ADAPTER", **{module: MODULE.format(name="pigeon")})
    distribution(site, "test-loft", "dove = two_c:ADAPTER", two_c=MODULE.format(name="dove"))
    found = installed(found_here())
    assert list(found.adapters) == ["dove"]
    cause = found.broken["pigeon"].cause
    assert "two adapters are called 'pigeon'" in cause
    assert "test-one" in cause
    assert "test-two" in cause


@pytest.mark.parametrize(
    ("entry", "text", "told"),
    [
        ("pigeon = bad_a:ADAPTER", "\nraise RuntimeError('secret')", "cannot be loaded (RuntimeError at {file}:2)"),
        ("pigeon = bad_b:ADAPTER", "", "cannot be loaded (AttributeError: bad_b:ADAPTER is not there)"),
        ("pigeon = bad_c:ADAPTER", "ADAPTER = object()", "is no AdapterSpec"),
        (
            "pigeon = bad_d:ADAPTER",
            MODULE.format(name="dove"),
            "the adapter 'dove' of test-bad is registered as 'pigeon'",
        ),
        ("pigeon = bad_e:ADAPTER", "\n\nimport nosuchmodule", "(the module 'nosuchmodule' is missing at {file}:3)"),
        ("pigeon = bad_f:ADAPTER", "x = 1\nsecret secret\n", "(SyntaxError at {file}:2)"),
        ("pigeon = bad_g:ADAPTER", "import sys\nsys.exit(3)", "(SystemExit at {file}:2)"),
    ],
)
def test_what_is_no_adapter_is_told_with_its_cause(site: Path, entry: str, text: str, told: str) -> None:
    module = entry.split(" = ")[1].partition(":")[0]
    distribution(site, "test-bad", entry, **{module: text})
    distribution(site, "test-loft", f"dove = good_{module}:ADAPTER", **{f"good_{module}": MODULE.format(name="dove")})
    found = installed(found_here())
    assert list(found.adapters) == ["dove"]
    [(name, one)] = found.broken.items()
    assert (name, one.distribution, one.version) == ("pigeon", "test-bad", "1.0")
    assert told.format(file=site / f"{module}.py") in one.cause
    assert "secret" not in one.cause
    assert "\n" not in one.cause


def test_our_import_names_are_ours() -> None:
    guard_import_names({})
    guard_import_names({name: ["lintas", "Lintas"] for name in IMPORT_NAMES})


@pytest.mark.parametrize("name", IMPORT_NAMES)
def test_another_owner_of_an_import_name_stops_the_start(name: str) -> None:
    with pytest.raises(RegistryError, match=f"'{name}' also belongs to other-thing"):
        guard_import_names({name: ["lintas", "other-thing"]})


def test_a_folder_that_stands_before_ours_stops_the_start(site: Path) -> None:
    for name in ("adapters", "schemas"):
        (site / name).mkdir()
        (site / name / "__init__.py").touch()
    import sys

    kept = {name: sys.modules.pop(name) for name in ("adapters", "schemas") if name in sys.modules}
    try:
        with pytest.raises(RegistryError, match="is not imported from where lintas is"):
            guard_import_names({})
    finally:
        sys.modules.update(kept)
