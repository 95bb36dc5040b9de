"""Each statement fails when it is not so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from demo.agencies.caller import Answer
from demo.agencies.citizen import Seen
from demo.agencies.folders import Folders
from demo.command_line import Ended
from demo.proof_checks import judged, unspoken
from demo.proofs import OTHER_SUM, Dropped, Proofs

COPY = b"signed"


def answer(**document: str) -> Answer:
    return Answer(200, {}, json.dumps({"document": document}).encode())


def look(said: str, status: int = 200, sha256: str | None = None, text: str = "", **facts: str) -> Seen:
    return Seen(status, said, {name.replace("_", " "): value for name, value in facts.items()}, sha256, text)


def ended(**told: Any) -> Ended:
    return Ended(0, json.dumps(told).encode())


def a_good_morning(root: Path) -> tuple[Proofs, Any, Folders]:
    import hashlib

    digest = hashlib.sha256(COPY).hexdigest()
    village = Folders("a/b", root / "in", root / "out", root / "errors")
    village.errors.mkdir()
    notice = {"code": "policy_unmet", "errors": [{"code": "hash_mismatch"}]}
    (village.errors / "ubahan.pdf").write_bytes(b"bad")
    (village.errors / "ubahan.pdf.error.json").write_text(json.dumps(notice))
    proofs = Proofs(
        number="5/1",
        good=Dropped("surat.pdf", "3", b"good"),
        bad=Dropped("ubahan.pdf", "3", b"bad"),
        first=answer(level="B-LT", code="AA", url="http://x/v/AA", signer="Ani"),
        second=answer(level="B-LT", code="BB", url="http://x/v/BB", signer="Ani"),
        copy=COPY,
        sent=Answer(202, {}, b"{}"),
        replaced=Answer(200, {}, b"{}"),
        looks={
            "id": look("masih berlaku", sha256=digest, Nomor_surat="5/1", Ditandatangani_oleh="Ani"),
            "en": look("in force", Letter_number="5/1", Signed_by="Ani", Reached_its_recipient="today"),
            "wrong": look("Kode ini tidak dikenal.", 404),
            "elsewhere": look("Kode ini tidak dikenal.", 404),
            "after": look("Surat ini sudah diganti.", text="/v/BB"),
        },
        verdicts={
            "letter": ended(conclusion="valid"),
            "saved": ended(),
            "evidence": ended(conclusion="valid", findings=[{"code": "receipt_holds"}] * 2),
            "receipts": ended(holds=True, receipts=[{"kind": "accepted"}, {"kind": "delivered"}]),
        },
    )
    return proofs, SimpleNamespace(files={"5/1": COPY, "3": b"good"}), village


def failed(morning: tuple[Proofs, Any, Folders], stamped: int = 4) -> list[str]:
    proofs, social, village = morning
    return [name for name, ok, _ in judged(proofs, cast(Any, social), village, stamped) if not ok]


def test_all_hold_on_a_good_morning(tmp_path: Path) -> None:
    assert failed(a_good_morning(tmp_path)) == []


def test_of_nothing_only_what_speaks_of_nothing_holds(tmp_path: Path) -> None:
    village = Folders("a/b", tmp_path, tmp_path, tmp_path)
    found = list(judged(Proofs(), cast(Any, SimpleNamespace(files={})), village, 0))
    assert [name for name, ok, _ in found if ok] == ["the altered copy reaches nobody"]


CHANGES: dict[str, tuple[str, Any]] = {
    "a letter is signed with a timestamp": ("first", answer(level="B-B", code="AA", url="http://x/v/AA", signer="Ani")),
    "another office gets": ("copy", b"other"),
    "a letter that was replaced": ("second", answer(code="CC", url="http://x/v/CC")),
    "a letter that the village head": ("good", Dropped("surat.pdf", "3", b"more")),
    "an altered copy is refused": ("bad", Dropped("nowhere.pdf", "3", b"bad")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_not_so_fails(tmp_path: Path, name: str) -> None:
    proofs, social, village = a_good_morning(tmp_path)
    field, value = CHANGES[name]
    found = failed((replace(proofs, **{field: value}), social, village))
    assert [one for one in found if one.startswith(name)]


@pytest.mark.parametrize(
    ("kind", "seen", "name"),
    [
        (
            "id",
            look("tidak berlaku", Nomor_surat="5/1", Ditandatangani_oleh="Ani"),
            "anybody with the code sees in Ind",
        ),
        ("id", look("masih berlaku", Nomor_surat="5/1", Ditandatangani_oleh="Ani", sha256="0" * 64), "the digest on"),
        ("en", look("in force", Letter_number="5/2", Signed_by="Ani"), "anybody with the code sees in English"),
        ("en", look("in force", Letter_number="5/1", Signed_by="Ani"), "the page says when"),
        ("wrong", look("Kode ini tidak dikenal.", 404, Nomor_surat="5/1"), "a wrong code"),
        ("elsewhere", look("Kode ini tidak dikenal.", 404, text="another page"), "a wrong code"),
        ("after", look("masih berlaku", text="/v/BB"), "a letter that was replaced"),
    ],
)
def test_a_page_that_says_otherwise_fails(tmp_path: Path, kind: str, seen: Seen, name: str) -> None:
    proofs, social, village = a_good_morning(tmp_path)
    proofs.looks[kind] = seen
    assert [one for one in failed((proofs, social, village)) if one.startswith(name)]


@pytest.mark.parametrize(
    ("kind", "told", "name"),
    [
        ("letter", Ended(1, b'{"conclusion": "invalid"}'), "the signed PDF is valid"),
        ("evidence", ended(conclusion="valid", findings=[]), "the evidence"),
        ("evidence", Ended(1, b'{"conclusion": "indeterminate"}'), "the evidence"),
        ("saved", Ended(None, b""), "the evidence"),
        ("receipts", ended(holds=False, receipts=[{"kind": "delivered"}]), "its receipts"),
        ("receipts", ended(holds=True, receipts=[{"kind": "accepted"}]), "its receipts"),
    ],
)
def test_a_verdict_that_is_another_fails(tmp_path: Path, kind: str, told: Ended, name: str) -> None:
    proofs, social, village = a_good_morning(tmp_path)
    proofs.verdicts[kind] = told
    assert [one for one in failed((proofs, social, village)) if one.startswith(name)]


def test_an_altered_copy_that_arrived_is_noticed(tmp_path: Path) -> None:
    proofs, social, village = a_good_morning(tmp_path)
    social.files["4"] = b"%PDF " + OTHER_SUM
    assert failed((proofs, social, village)) == ["the altered copy reaches nobody"]


def test_a_passphrase_in_a_log_is_found(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    assert not unspoken("rahasia", b"", log)[1]
    log.write_bytes(b"nothing")
    assert unspoken("rahasia", b"events", log)[1]
    assert not unspoken("rahasia", b"a rahasia", log)[1]
    log.write_bytes(b"rahasia")
    assert not unspoken("rahasia", b"events", log)[1]
