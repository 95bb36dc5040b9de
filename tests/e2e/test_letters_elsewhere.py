"""Letters whose signer's key lies with a signing service: the whole way, from the question to the citizen's check."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from demo.agencies.bsre import EsignService, User
from gateway.web.render import words
from tests.e2e.letters import DRAFT, file_of, page, place, secret, sign, signed, signer
from tests.e2e.process import Place, rows

NIK, PASSPHRASE, LOGIN = "3273011708900001", "Frasa-Sandi-6120-benar", "esign:Masuk-Layanan-9042"


@pytest.fixture
async def service() -> AsyncIterator[EsignService]:
    one = EsignService("esign", "127.0.0.1", 0, [User(NIK, "Siti Penanda (simulasi)", PASSPHRASE)], login=LOGIN)
    await one.start()
    yield one
    await one.stop()


def agency(root: Path, service: EsignService, version: str) -> Place:
    here = place(root)
    config = {
        "version": version,
        "url": f"http://127.0.0.1:{service.port}",
        "credentials": {"file": "esign/login"},
    }
    key = {"adapter": "bsre", "signer_file": "esign/wali.nik", "config": config}
    signer(here, "wali", {"name": "Siti Penanda", "title": "Wali Kota", "key": key})
    secret(here, "esign/wali.nik", NIK)
    secret(here, "esign/login", LOGIN)
    service.issuer.trust(here.config / "trust")
    return here


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_letter_is_signed_by_the_service_and_valid_for_a_citizen(
    tmp_path: Path, service: EsignService, version: str
) -> None:
    here = agency(tmp_path, service, version)
    async with here.running() as gateway:
        told = await signed(gateway, signer="wali", passphrase=PASSPHRASE)
        data = await file_of(gateway, told["code"])
        assert hashlib.sha256(data).hexdigest() == told["sha256"]
        assert (told["position"], service.received) == ("Wali Kota", [DRAFT])
        code = told["code"].replace("-", "")
        form = aiohttp.FormData()
        form.add_field("file", data, filename="surat.pdf", content_type="application/pdf")
        status, text, _ = await page(gateway, f"/v/{code}/check?lang=en", "POST", data=form)
        assert status == 200
        assert words("en")["check"]["same"] in text
        assert words("en")["report"]["conclusions"]["valid"] in text
        assert "Siti Penanda (simulasi)" in text
        refused = await sign(gateway, signer="wali", passphrase="Frasa-Sandi-0001-salah")
        assert refused[1]["code"] == "passphrase_refused"
    assert sorted(rows(here.state, "SELECT state FROM letters")) == [("active",), ("reserved",)]
    (here.state / "esign" / "wali.nik").unlink()
    written = await asyncio.to_thread(_everything, tmp_path)
    for hidden in (PASSPHRASE, "Frasa-Sandi-0001-salah", NIK):
        assert hidden.encode() not in written


async def test_a_service_that_is_down_leaves_a_reserved_code(tmp_path: Path, service: EsignService) -> None:
    here = agency(tmp_path, service, "v2")
    async with here.running() as gateway:
        await service.stop()
        status, told = await sign(gateway, signer="wali", passphrase=PASSPHRASE)
        assert (status, told["code"]) == (502, "recipient_down")
    assert rows(here.state, "SELECT state FROM letters") == [("reserved",)]


def _everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
