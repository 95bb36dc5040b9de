from __future__ import annotations

import hashlib
import json
from pathlib import Path

from demo.agencies.folders import Folders, letter
from demo.papers import pdf
from schemas.catalogue import parse_json


def test_files_are_whole_when_they_have_their_name(tmp_path: Path) -> None:
    folders = Folders("kota-bandung/kelurahan-cihapit", tmp_path / "in", tmp_path / "out", tmp_path / "errors")
    content = pdf(["Isi"])
    sheet = letter("005/1", "2026-01-05", "Undangan", "Dinas Kominfo")
    folders.drop_letter("surat.pdf", content, sheet, ["dinas-kominfo/persuratan"])
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["surat.pdf", "surat.pdf.json"]
    assert (tmp_path / "in" / "surat.pdf").read_bytes() == content
    sidecar = json.loads((tmp_path / "in" / "surat.pdf.json").read_bytes())
    assert sidecar["envelope"] == {"recipients": ["dinas-kominfo/persuratan"]}
    main = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "mediaType": "application/pdf"}
    assert parse_json("letter/1", {**sidecar["document"], "mainFile": main}).TYPE == "letter/1"


def test_what_came_back_is_found_by_name(tmp_path: Path) -> None:
    folders = Folders("a/b", tmp_path / "in", tmp_path / "out", tmp_path / "errors")
    assert list(folders.came_back("surat.pdf")) == []
    (tmp_path / "out").mkdir()
    for name, said in (
        ("surat.pdf.accepted.receipt.json", {"kind": "accepted"}),
        ("surat.pdf.registered.receipt.json", {"kind": "registered", "registrationNumber": "001"}),
        ("surat-2.pdf.registered.receipt.json", {"kind": "registered"}),
        ("data.csv.rows.json", {"rows": 3}),
    ):
        (tmp_path / "out" / name).write_text(json.dumps(said))
    assert [said["registrationNumber"] for _, said in folders.receipts("surat.pdf", "registered")] == ["001"]
    assert folders.row_report("data.csv") == {"rows": 3}
    assert folders.row_report("other.csv") is None


def test_what_was_refused_is_told_by_name(tmp_path: Path) -> None:
    folders = Folders("a/b", tmp_path / "in", tmp_path / "out", tmp_path / "errors")
    assert folders.refusals("surat.pdf") == []
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / "surat.pdf.error.json").write_text('{"code": "policy_unmet"}')
    (tmp_path / "errors" / "surat-2.pdf.error.json").write_text('{"code": "unreadable"}')
    assert folders.refusals("surat.pdf") == [{"code": "policy_unmet"}]
