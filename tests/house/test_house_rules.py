"""Rules of the house that a machine can see: names, docstrings, sizes, what must not stand in the repository."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PACKAGES = ("gateway", "adapters", "schemas")
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
LONG = 400
# The list may only shrink.
LONG_ALLOWED: set[str] = set()


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=HOUSE, capture_output=True, text=True, check=True).stdout
    return [HOUSE / name for name in listed.splitlines() if (HOUSE / name).is_file()]


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (HOUSE / package).rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_module_says_what_enters_what_leaves_what_it_refuses(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert docstring, "a module opens with a docstring"
    assert re.search(r"\b(Enters|In)\b", docstring), "it says what enters"
    assert re.search(r"\b(Leaves|leaves|Out)\b", docstring), "it says what leaves"
    assert re.search(r"\b[Rr]efuses\b", docstring), "it says what it refuses"


def test_no_module_has_a_vague_name() -> None:
    vague = [path for path in tracked() if path.suffix == ".py" and path.stem in VAGUE]
    assert not vague


def test_files_stay_readable() -> None:
    long = {
        str(path.relative_to(HOUSE)) for path in modules() if len(path.read_text(encoding="utf-8").splitlines()) > LONG
    }
    assert long <= LONG_ALLOWED


def test_code_holds_no_plans() -> None:
    words = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", r"issue #?\d+")))
    found = [
        f"{path.relative_to(HOUSE)}:{number}"
        for path in tracked()
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line) and path != Path(__file__)
    ]
    assert not found


def test_no_lock_or_configuration_names_a_registry() -> None:
    hosts = re.compile(
        r"pypi\.org|pythonhosted|registry\.npmjs|crates\.io|maven\.org|^\s*--?(extra-)?index-url", re.MULTILINE
    )
    kinds = {".lock", ".toml", ".json", ".yaml", ".yml", ".cfg", ".sh", ".txt", ".xml"}
    found = [
        path
        for path in tracked()
        if path.suffix in kinds and hosts.search(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert not found


def test_no_path_of_a_machine_stands_in_the_repository() -> None:
    machine = re.compile(r"(?<![\w.])/(?:work|root|home)/[a-z.]")
    found = [
        f"{path.relative_to(HOUSE)}: {match[0]}"
        for path in tracked()
        if path.suffix not in {".png", ".pdf"}
        and (match := machine.search(path.read_text(encoding="utf-8", errors="ignore")))
    ]
    assert not found


def test_no_test_is_skipped() -> None:
    marks = re.compile(r"pytest\.(mark\.)?(skip|xfail|importorskip)")
    found = [
        path
        for path in (HOUSE / "tests").rglob("*.py")
        if marks.search(path.read_text(encoding="utf-8")) and path != Path(__file__)
    ]
    assert not found
