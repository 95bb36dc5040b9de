"""Letters from the command line; a passphrase is in no argument and in one header alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

PDF = b"%PDF-1.7 signed"
CODE = "K7QM-2XWD-9PTR-H4CA"
ANSWER = {
    "code": CODE, "url": "http://g/v/K7QM2XWD9PTRH4CA", "sha256": hashlib.sha256(PDF).hexdigest(), "size": len(PDF),
    "signer": "Ani", "position": "Kepala", "level": "B-B", "signedAt": "2026-11-20T08:00:00Z",
}  # fmt: skip
HEAD = ("--signer", "kepala", "--number", "005/12", "--date", "2026-11-20", "--subject", "Undangan")
SECRET = "Frasa-Sandi-5530-benar"


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "surat.pdf"
    path.write_bytes(b"%PDF-1.7 draft")
    (tmp_path / "secret").write_text(SECRET + "\n")
    return path


@pytest.fixture
def signing(gateway: Any) -> Any:
    gateway.answers["/api/v1/queries"] = {"messageId": "m", "schema": "signed-document/1", "document": ANSWER}
    gateway.answers[f"/api/v1/letters/{CODE}/file"] = lambda _: web.Response(body=PDF, content_type="application/pdf")
    return gateway


async def test_a_letter_is_issued(signing: Any, lintas: Any, draft: Path) -> None:
    out = draft.with_name("signed.pdf")
    result = await lintas(
        "letter", "issue", draft, *HEAD, "-o", out, "--tag", "#ttd", "--passphrase-file", draft.with_name("secret")
    )
    assert result.exit_code == 0, result.output
    assert out.read_bytes() == PDF
    assert CODE in result.stdout
    assert SECRET not in result.output
    asked = signing.asked[0]
    assert asked["headers"]["Lintas-Passphrase"] == SECRET
    message = json.loads(asked["parts"][0][3])
    assert message["document"]["placement"] == {"tag": "#ttd"}
    assert message["document"]["file"]["size"] == 14
    assert SECRET not in str(message)
    assert asked["parts"][1][3] == b"%PDF-1.7 draft"


async def test_a_file_that_is_there_is_not_written_over(signing: Any, lintas: Any, draft: Path) -> None:
    result = await lintas("letter", "issue", draft, *HEAD, "-o", draft, "--no-passphrase")
    assert result.exit_code == 2
    assert signing.asked == []


async def test_without_a_terminal_a_passphrase_needs_a_file(signing: Any, lintas: Any, draft: Path) -> None:
    result = await lintas("letter", "issue", draft, *HEAD, "-o", draft.with_name("x.pdf"))
    assert result.exit_code == 2
    assert "--passphrase-file" in result.output


async def test_other_bytes_than_those_told_are_not_written(signing: Any, lintas: Any, draft: Path) -> None:
    signing.answers[f"/api/v1/letters/{CODE}/file"] = lambda _: web.Response(body=b"%PDF other")
    out = draft.with_name("signed.pdf")
    result = await lintas("letter", "issue", draft, *HEAD, "-o", out, "--no-passphrase", "--json")
    assert result.exit_code == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "path", "body"),
    [
        (("show", CODE), CODE, None),
        (("withdraw", CODE, "--reason", "Salah nama"), f"{CODE}/withdraw", {"reason": "Salah nama"}),
        (("replace", CODE, "--by", "X"), f"{CODE}/replace", {"by": "X"}),
    ],
)
async def test_a_letter_is_shown_and_ended(gateway: Any, lintas: Any, arguments: Any, path: str, body: Any) -> None:
    gateway.answers[f"/api/v1/letters/{path}"] = {"code": CODE, "state": "active"}
    result = await lintas("letter", *arguments, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["code"] == CODE
    assert (json.loads(gateway.asked[0]["body"]) if body else None) == body


async def test_what_the_gateway_refuses_is_told(gateway: Any, lintas: Any) -> None:
    result = await lintas("letter", "show", "AAAA")
    assert result.exit_code == 1
    assert "not_found" in result.output
