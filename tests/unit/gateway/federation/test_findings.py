import re
from pathlib import Path
from typing import Any

import pytest

from gateway.federation import load
from gateway.federation.findings import CODES, Finding, did_you_mean, looks_secret, shown
from schemas.catalogue import DOCUMENTS, SERVICES

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "config.md"
KEY = "lintas_ab12_" + "A" * 43


def test_the_document_lists_every_code_as_it_is() -> None:
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if re.match(r"\| C\d{3} ", line)]
    expected = [f"| {c} | `{k.slug}` | {k.severity} | {k.meaning} | {k.advice} |" for c, k in CODES.items()]
    assert rows == expected


def test_the_document_s_examples_are_a_configuration_without_findings(tmp_path: Path, built_in: Any) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL):
        name = re.match(r"# (\S+)", block)
        assert name is not None
        target = tmp_path / name[1]
        target.parent.mkdir(exist_ok=True)
        target.write_text(block, encoding="utf-8")
    federation, findings = load(tmp_path, built_in, SERVICES, DOCUMENTS)
    # The files of the signers in it are nobody's.
    assert [str(one) for one in findings if one.code != "C037"] == []
    assert federation is not None


def test_slugs_are_unique() -> None:
    assert len({code.slug for code in CODES.values()}) == len(CODES)


def test_a_finding_is_one_line_that_editors_follow() -> None:
    finding = Finding("routes.yaml", 3, 5, "C001", "unknown field 'a'", "did you mean 'b'?")
    assert str(finding) == "routes.yaml:3:5: C001 unknown-field: unknown field 'a' (did you mean 'b'?)"
    assert str(Finding("agencies", 0, 0, "C008", "x")) == "agencies: C008 unreadable-file: x"
    assert finding.to_dict()["advice"] == CODES["C001"].advice


def test_a_code_outside_the_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match="C999"):
        Finding("f", 1, 1, "C999", "x")


@pytest.mark.parametrize(
    "text", [KEY, f"Bearer {KEY}", "http://u:p@h/", "-----BEGIN PRIVATE KEY", "-----BEGIN EC PRIVATE KEY"]
)
def test_secrets_are_known_and_never_shown(text: str) -> None:
    assert looks_secret(text)
    assert text not in shown(text)


@pytest.mark.parametrize(
    "text", ["lintas_ab12_", "http://h:80/a", "https://h/a:b@c", "keys/lintas.key", "-----BEGIN CERTIFICATE"]
)
def test_ordinary_words_are_no_secrets(text: str) -> None:
    assert not looks_secret(text)


def test_a_shown_name_is_one_short_line() -> None:
    assert shown("a\nb\x1b[0m") == "'a?b?[0m'"
    assert len(shown("x" * 1000)) < 90


def test_hints_name_the_nearest_or_the_few() -> None:
    assert did_you_mean("lettr", ["letter", "person"]) == "did you mean 'letter'?"
    assert did_you_mean("zzz", ["letter", "person"]) == "known: letter, person"
    assert did_you_mean("zzz", []) == ""
    assert did_you_mean("zzz", [f"name-{n}" for n in range(50)]) == ""
