"""`lintas verify`: exit codes, JSON lines, tables."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from gateway.commands.verify import _common
from tests.unit.gateway.commands.conftest import call
from tests.zoo import cms, pdf
from tests.zoo.pki import pki

AT = ("--at", "2026-06-01")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    pki().trust(folder / "config" / "trust")
    (folder / "good.pdf").write_bytes(pdf.good())
    (folder / "good.p7m").write_bytes(cms.one())
    (folder / "broken.p7m").write_bytes(cms.one().replace(b"nomor 12", b"nomor 13"))
    (folder / "stranger.p7m").write_bytes(cms.one(pki().stranger))
    (folder / "plain.pdf").write_bytes(pdf.plain())
    (folder / "letter.txt").write_bytes(cms.CONTENT)
    (folder / "other.txt").write_bytes(cms.OTHER)
    (folder / "letter.p7s").write_bytes(cms.one(attached=False))
    return folder


@pytest.fixture
def verify(place: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(place)

    def run(*arguments: object, json: bool = True) -> Result:
        return call("verify", *arguments, *AT, *(["--json"] if json else []))

    return run


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def codes(told: dict[str, Any]) -> list[str]:
    return [one["code"] for one in told["findings"]]


def test_one_object_per_line(verify: Any, place: Path) -> None:
    result = verify("good.pdf", "broken.p7m", "none.pdf", "plain.pdf", place, "stranger.p7m")
    told = lines(result)
    assert result.exit_code == 1
    assert [(one["file"], one["format"], one["conclusion"]) for one in told] == [
        ("good.pdf", "pdf", "valid"), ("broken.p7m", "cms", "invalid"), ("none.pdf", "unknown", "indeterminate"),
        ("plain.pdf", "pdf", "unsigned"), (str(place), "unknown", "indeterminate"),
        ("stranger.p7m", "cms", "indeterminate"),
    ]  # fmt: skip
    keys = {"file", "format", "conclusion", "sha256", "at", "findings", "signatures"}
    assert {frozenset(one) for one in told} == {frozenset(keys)}
    good, broken, none, plain, folder, stranger = told
    assert good["sha256"] == hashlib.sha256((place / "good.pdf").read_bytes()).hexdigest()
    assert (good["at"], len(good["signatures"])) == ("2026-06-01T00:00:00Z", 1)
    assert good["signatures"][0]["signer"].startswith("CN=Siti Penanda")
    assert "hash_mismatch" in broken["signatures"][0]["findings"]
    assert (codes(none), codes(plain), codes(folder)) == (["unreadable"], ["unsigned"], ["unreadable"])
    assert "No such file" in none["findings"][0]["message"]
    assert "is a folder" in folder["findings"][0]["message"]
    assert "unknown_authority" in codes(stranger)
    assert all(one["advice"] for file in told for one in file["findings"])


def test_zero_only_if_all_are_valid(verify: Any) -> None:
    assert verify("good.pdf", "good.p7m").exit_code == 0
    for other in ("plain.pdf", "stranger.p7m", "broken.p7m", "none.pdf"):
        assert verify("good.p7m", other).exit_code == 1


def test_a_signature_beside_its_file(verify: Any) -> None:
    good = verify("letter.txt", "--detached", "letter.p7s")
    (told,) = lines(good)
    assert (good.exit_code, told["file"], told["detached"]) == (0, "letter.txt", "letter.p7s")
    (told,) = lines(verify("other.txt", "--detached", "letter.p7s"))
    assert told["conclusion"] == "invalid"
    (told,) = lines(verify("letter.txt", "--detached", "gone.p7s"))
    assert (told["conclusion"], codes(told)) == ("indeterminate", ["unreadable"])
    assert "gone.p7s" in told["findings"][0]["message"]
    assert verify("letter.txt", "other.txt", "--detached", "letter.p7s").exit_code == 2


def test_as_of_a_time(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for at, told_at, conclusion in (
        ("2026-06-01T07:00:00+07:00", "2026-06-01T00:00:00Z", "valid"),
        ("2024-01-01", "2024-01-01T00:00:00Z", "invalid"),
        ("2031-01-01", "2031-01-01T00:00:00Z", "indeterminate"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "indeterminate"),
    ):
        (told,) = lines(call("verify", "good.p7m", "--at", at, "--json"))
        assert (told["at"], told["conclusion"]) == (told_at, conclusion)
    for wrong in ("yesterday", "", "2026-13-01", "0001-01-01T00:00:00+14:00"):
        result = call("verify", "good.p7m", "--at", wrong)
        assert (result.exit_code, "is not a time" in result.stderr) == (2, True)


def test_trust_folders(verify: Any, place: Path, tmp_path: Path) -> None:
    other = pki().trust(tmp_path / "other")
    assert verify("good.p7m", "--trust", other).exit_code == 0
    assert verify("good.p7m", "--config", place / "config").exit_code == 0
    (tmp_path / "empty").mkdir()
    (told,) = lines(verify("good.p7m", "--trust", tmp_path / "empty"))
    assert "unknown_authority" in codes(told)
    assert verify("good.p7m", "--trust", tmp_path / "none").exit_code == 2
    # Without one that was named nobody is trusted, and that is said.
    bare = verify("good.p7m", "--config", tmp_path)
    assert (bare.exit_code, "no authority is trusted" in bare.stderr) == (1, True)
    assert lines(bare)[0]["conclusion"] == "indeterminate"


def test_for_a_person(verify: Any) -> None:
    text = verify("good.p7m", "broken.p7m", json=False).stdout
    assert "good.p7m: VALID (cms, sha256 " in text
    assert "broken.p7m: NOT VALID" in text
    for word in ("signer", "Siti Penanda", "Dinas Contoh", "Kantor Penerbit", "2026-05-22T00:00:00Z", "TOTAL-PASSED",
                 "TOTAL-FAILED / HASH_FAILURE"):  # fmt: skip
        assert word in text
    assert "CN=" not in text
    about = text[text.index("broken.p7m") :]
    # What decides comes first, with what to do; a remark has no advice.
    assert about.index("error: ") < about.index("info: ")
    assert "What to do: Ask the sender" in about
    assert "(signature 1) [hash_mismatch]" in about
    for name, word in (("plain.pdf", "NOT SIGNED"), ("stranger.p7m", "CANNOT BE TOLD")):
        assert f"{name}: {word}" in verify(name, json=False).stdout


def test_what_is_no_regular_file_does_not_hang(verify: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    told = lines(verify(tmp_path / "pipe", "/dev/zero", "x" * 300))
    assert [codes(one) for one in told] == [["unreadable"]] * 3
    assert "no regular file" in told[0]["findings"][0]["message"]


def test_a_name_that_would_move_the_cursor(verify: Any, place: Path) -> None:
    name = "\x1b[2Jsurat.p7m"
    (place / name).write_bytes((place / "good.p7m").read_bytes())
    result = verify(name, json=False)
    assert "\x1b" not in result.output
    assert result.exit_code == 0
    assert lines(verify(name))[0]["file"] == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("CN=Siti Penanda,O=Dinas", "Siti Penanda"),
        ("CN=Dr. Ani Contoh\\, M.T.,O=Dinas", "Dr. Ani Contoh, M.T."),
        ("O=Dinas,C=ID", "O=Dinas,C=ID"),
        (None, None),
    ],
)
def test_people_are_called_by_their_common_name_with_its_commas(name: str | None, told: str | None) -> None:
    assert _common(name) == told
