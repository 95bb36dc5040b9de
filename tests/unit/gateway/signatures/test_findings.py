"""`gateway/signatures/findings.py`: a closed catalogue, each entry whole."""

import re
from pathlib import Path

import pytest

from gateway.signatures.findings import CATALOGUE, SubIndication, found

SOURCES = Path(__file__).parents[4] / "gateway"


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_entry_is_whole(code: str) -> None:
    kind = CATALOGUE[code]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
    # What decides has a reason in the words of the standard; what does not has none.
    assert (kind.sub_indication is not None) == (kind.weight in ("error", "unsure"))
    assert kind.message
    assert kind.message == kind.message.strip().rstrip(".")
    assert kind.advice.endswith(".")


def test_nothing_that_is_named_is_missing_and_nothing_is_left_over() -> None:
    """All codes that the code names, in `found(...)` and in tables of codes."""
    text = "\n".join(path.read_text() for path in SOURCES.rglob("*.py") if path.name != "findings.py")
    named = set(re.findall(r"\bfound\(\s*\"([a-z_]+)\"", text))
    assert named <= set(CATALOGUE)
    assert {one for one in CATALOGUE if f'"{one}"' not in text} <= {"unsigned_file", "change_allowed"}


def test_a_detail_stands_behind_the_sentence() -> None:
    bare, more = found("weak_algorithm"), found("weak_algorithm", "MD5", signature=3)
    assert more.message == f"{bare.message}: MD5"
    assert (bare.signature, more.signature) == (None, 3)
    assert more.told() == {
        "code": "weak_algorithm", "weight": "unsure", "subIndication": "CRYPTO_CONSTRAINTS_FAILURE",
        "message": more.message, "advice": more.advice, "signature": 3,
    }  # fmt: skip
    assert found("unsigned").told()["subIndication"] is None


def test_what_is_not_in_the_catalogue_is_refused() -> None:
    with pytest.raises(KeyError):
        found("suspicious")


def test_sub_indications_are_written_as_the_standard_writes_them() -> None:
    assert all(one.name == one.value == str(one) for one in SubIndication)
