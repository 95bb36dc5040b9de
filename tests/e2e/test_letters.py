"""Letters in the real process: signed, asked about by anybody, ended, and whole after a kill at any step."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.web.render import POLICY, words
from tests.e2e.letters import DRAFT, PASSPHRASE, SUBJECT, file_of, page, place, sign, signed
from tests.e2e.process import Gateway, rows


def everything(*folders: Path) -> bytes:
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".crt"]
    return b"".join(path.read_bytes() for path in found)


def form(data: bytes) -> aiohttp.FormData:
    made = aiohttp.FormData()
    made.add_field("file", data, filename="surat.pdf", content_type="application/pdf")
    return made


async def test_a_letter_from_the_draft_to_the_citizen(tmp_path: Path) -> None:
    here = place(tmp_path)
    async with here.running() as gateway:
        told = await signed(gateway)
        code = told["code"].replace("-", "")
        data = await file_of(gateway, code)
        assert data.startswith(DRAFT)
        assert hashlib.sha256(data).hexdigest() == told["sha256"]
        for language in ("id", "en"):
            status, text, headers = await page(gateway, f"/v/{code}", headers={"Accept-Language": language})
            assert status == 200
            said = words(language)["states"]["active"]["head"]  # type: ignore[arg-type]
            assert all(one in text for one in (said, "Dr. Ani Contoh", "Kepala Dinas Kominfo", SUBJECT))
            assert (headers["Content-Security-Policy"], headers["Cache-Control"]) == (POLICY, "no-store")
        await _checked(gateway, code, data)
        await _carried(gateway, code, data)
        await _ended(gateway, code)
        assert (await sign(gateway, passphrase="Frasa-Sandi-0000-salah"))[1]["code"] == "passphrase_refused"
    written = await asyncio.to_thread(everything, tmp_path)
    for secret in (PASSPHRASE, "Frasa-Sandi-0000-salah", SUBJECT, code, told["code"]):
        assert secret.encode() not in written, secret


async def _checked(gateway: Gateway, code: str, data: bytes) -> None:
    """The same file, and one with a byte more."""
    for sent, word in ((data, "same"), (data + b"\n", "other")):
        status, text, _ = await page(gateway, f"/v/{code}/check?lang=en", "POST", data=form(sent))
        assert status == 200
        assert words("en")["check"][word] in text
        assert ("Signer" in text) is True


async def _carried(gateway: Gateway, code: str, data: bytes) -> None:
    """Once a message carries the file, the page says when."""
    assert words("id")["facts"]["received"] not in (await page(gateway, f"/v/{code}?lang=id"))[1]
    sha256 = hashlib.sha256(data).hexdigest()
    document = {
        "letterNumber": "005/12", "letterDate": "2026-11-20", "letterType": "undangan", "subject": "x",
        "securityLevel": "B", "urgency": "biasa", "archiveClass": "1", "sender": {"name": "Uji"},
        "recipients": [{"kind": "internal", "organisation": {"name": "Arsip"}}],
        "mainFile": {"sha256": sha256, "size": len(data), "mediaType": "application/pdf"},
    }  # fmt: skip
    from base64 import b64encode

    part = {"mediaType": "application/pdf", "content": b64encode(data).decode()}
    envelope = {"service": "letter.deliver", "schema": "letter/1"}
    status, told = await gateway.post({"envelope": envelope, "document": document, "parts": [part]}, "surat")
    assert status == 202, told
    assert words("id")["facts"]["received"] in (await page(gateway, f"/v/{code}?lang=id"))[1]


async def _ended(gateway: Gateway, code: str) -> None:
    """Replaced, then what replaced it withdrawn."""
    new = (await signed(gateway))["code"].replace("-", "")
    status, told = await gateway.call("POST", f"/api/v1/letters/{code}/replace", "surat", json={"by": new})
    assert (status, told["state"]) == (200, "replaced")
    text = (await page(gateway, f"/v/{code}?lang=en"))[1]
    assert words("en")["states"]["replaced"]["head"] in text
    assert f"/v/{new}" in text
    body = {"reason": "Tanggal keliru"}
    assert (await gateway.call("POST", f"/api/v1/letters/{new}/withdraw", "operator", json=body))[0] == 200
    text = (await page(gateway, f"/v/{new}?lang=id"))[1]
    assert words("id")["states"]["withdrawn"]["head"] in text
    assert "Tanggal keliru" in text
    names = [one["event"]["event"] for one in await gateway.events()]
    for name in ("letter_reserved", "letter_activated", "letter_replaced", "letter_withdrawn"):
        assert name in names


async def test_strangers_learn_nothing_and_are_held_to_a_pace(tmp_path: Path) -> None:
    here = place(tmp_path, looks_per_minute=8, checks_per_minute=1, check_bytes=100_000)
    async with here.running() as gateway:
        code = (await signed(gateway))["code"]
        unknown = {await _bare(gateway, one) for one in ("A" * 16, "2" * 16, "nothing", "%00%ff")}
        assert len(unknown) == 1
        assert unknown.pop()[0] == 404
        assert (await page(gateway, f"/v/{code}/check", "POST", data=form(b"%PDF-1.7 nothing")))[0] == 200
        status, _, headers = await page(gateway, f"/v/{code}/check", "POST", data=form(b"%PDF-1.7 nothing"))
        assert status == 429
        assert int(headers["Retry-After"]) > 0
        statuses = [(await page(gateway, f"/v/{code}"))[0] for _ in range(6)]
        assert statuses[0] == 200
        assert statuses[-1] == 429
        await gateway.healthy()


async def _bare(gateway: Gateway, code: str) -> tuple[int, str]:
    status, text, _ = await page(gateway, f"/v/{code}")
    return status, text


LETTER_KILLS = ("letters.after_reserve", "letters.after_file")


@pytest.mark.parametrize("at", [*LETTER_KILLS, "journal.before_commit"])
async def test_a_kill_leaves_a_reserved_code_and_nothing_else(tmp_path: Path, at: str) -> None:
    here = place(tmp_path)
    after = "letters.after_file" if at == "journal.before_commit" else None
    async with here.running({"at": at, "after": after}) as gateway:
        asked = asyncio.create_task(sign(gateway, key="k-1"))
        await asyncio.wait_for(gateway.hit, 40)
        await gateway.kill()
        with pytest.raises(aiohttp.ClientError):
            await asked
    assert rows(here.state, "SELECT state FROM letters") == [("reserved",)]
    async with here.running() as gateway:
        assert not [one for one in (here.state / "parts").rglob("*") if one.is_file()]
        told = await signed(gateway, key="k-1")
        again = await signed(gateway, key="k-1")
        assert again == told
        assert (await file_of(gateway, told["code"])).startswith(DRAFT)
    assert sorted(rows(here.state, "SELECT state FROM letters")) == [("active",), ("reserved",)]


async def test_a_letter_that_was_answered_for_survives_a_kill(tmp_path: Path) -> None:
    here = place(tmp_path)
    async with here.running() as gateway:
        told = await signed(gateway)
        await gateway.kill()
    async with here.running() as gateway:
        data = await file_of(gateway, told["code"])
        assert hashlib.sha256(data).hexdigest() == told["sha256"]


async def test_the_command_line_issues_a_letter(tmp_path: Path) -> None:
    here = place(tmp_path)
    (tmp_path / "draft.pdf").write_bytes(DRAFT)
    (tmp_path / "secret").write_text(PASSPHRASE)
    async with here.running() as gateway:
        out = tmp_path / "signed.pdf"
        told = await _lintas(
            here, gateway, "letter", "issue", tmp_path / "draft.pdf", "--signer", "kepala", "--number", "7", "--date",
            "2026-11-20", "--subject", "x", "-o", out, "--passphrase-file", tmp_path / "secret",
        )  # fmt: skip
        assert "Kepala Dinas Kominfo" in told
        assert out.read_bytes().startswith(DRAFT)
        code = told.partition("/v/")[2].partition("\n")[0].strip()
        assert "withdrawn" in await _lintas(here, gateway, "letter", "withdraw", code, "--reason", "x")


async def _lintas(here: Any, gateway: Gateway, *arguments: Any) -> str:
    key = here.state / "keys" / "surat.key"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway.cli", *map(str, arguments), "--url", gateway.url, "--key-file", str(key),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    return out.decode()
