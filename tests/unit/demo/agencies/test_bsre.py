"""The simulated signing service, by calls as its manual writes them."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader

from demo.agencies.bsre import CODE_LIVES, ONCE, EsignService, User
from demo.agencies.bsre_mark import NotDrawn, find, image
from tests.unit.adapters.bsre.bench import CLOCK, EMAIL, LINK, NIK, issuer, pdf, picture

LOGIN = {"Authorization": aiohttp.encode_basic_auth("esign", "simulasi")}
STATUS_V2 = "/api/v2/user/check/status"


@pytest.fixture
async def service() -> AsyncIterator[EsignService]:
    made = EsignService("bsre", "127.0.0.1", 0, [User(NIK, "Siti (simulasi)", "frasa", EMAIL)], issuer=issuer())
    await made.start()
    yield made
    await made.stop()
    CLOCK.moved = timedelta()


@pytest.fixture
async def client(service: EsignService) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{service.port}", headers=LOGIN) as made:
        yield made


async def sign_v1(client: aiohttp.ClientSession, data: bytes | None = None, **fields: Any) -> tuple[int, bytes, Any]:
    form = aiohttp.FormData({"nik": NIK, "passphrase": "frasa", "tampilan": "invisible", **fields})
    form.add_field("file", data or pdf(), filename="surat.pdf", content_type="application/pdf")
    if fields.get("image") == "true":
        form.add_field("imageTTD", picture(), filename="tanda.png", content_type="image/png")
    async with client.post("/api/sign/pdf", data=form) as answer:
        return answer.status, await answer.read(), answer.headers


def shown(signed: bytes) -> list[float]:
    found = PdfFileReader(io.BytesIO(signed)).embedded_signatures[-1]
    return [float(one) for one in found.sig_field["/Rect"]]


async def test_it_lets_nobody_in_without_the_login(service: EsignService) -> None:
    async with aiohttp.ClientSession() as stranger:
        for headers in ({}, {"Authorization": aiohttp.encode_basic_auth("esign", "lain")}):
            url = f"http://127.0.0.1:{service.port}/api/user/status/{NIK}"
            async with stranger.get(url, headers=headers) as answer:
                assert answer.status == 401


async def test_statuses_of_both_versions(service: EsignService, client: aiohttp.ClientSession) -> None:
    async with client.get(f"/api/user/status/{NIK}") as answer:
        assert await answer.json() == {"status_code": 1111, "status": "ISSUE", "message": "ISSUE"}
    async with client.get("/api/user/status/1") as answer:
        told = await answer.json()
        assert (told["status_code"], told["status"]) == (1110, "NOT_REGISTERED")
    service.users[NIK].status = "RENEW"
    for who in ({"nik": NIK}, {"email": EMAIL}):
        async with client.post(STATUS_V2, json=who) as answer:
            assert (await answer.json())["status"] == "RENEW"
    async with client.post(STATUS_V2, json={"nik": "1"}) as answer:
        assert (await answer.json())["status"] == "NOT_REGISTERED"


async def test_a_signed_pdf_can_be_downloaded_once(client: aiohttp.ClientSession) -> None:
    status, signed, headers = await sign_v1(client)
    assert status == 200
    url = f"/api/sign/download/{headers['id_dokumen']}"
    async with client.get(url) as answer:
        assert await answer.read() == signed
    async with client.get(url) as answer:
        assert answer.status == 404
        assert (await answer.json())["error"] == ONCE


@pytest.mark.parametrize(("fields", "code"), [({"passphrase": "lain"}, 2031), ({"nik": "1" * 16}, 2011)])
async def test_errors_have_the_manuals_codes(client: aiohttp.ClientSession, fields: dict[str, str], code: int) -> None:
    status, body, _ = await sign_v1(client, **fields)
    assert status == 400
    assert f'"status_code": {code}'.encode() in body


async def test_signatures_are_pkcs7_with_a_timestamp(client: aiohttp.ClientSession) -> None:
    _, signed, _ = await sign_v1(client, reason="Uji")
    found = PdfFileReader(io.BytesIO(signed)).embedded_signatures[0]
    assert found.sig_object["/SubFilter"] == "/adbe.pkcs7.detached"
    assert found.sig_object["/Reason"] == "Uji"
    assert "signature_time_stamp_token" in {one["type"].native for one in found.signer_info["unsigned_attrs"]}


@pytest.mark.parametrize("mark", [{"image": "true"}, {"image": "false", "linkQR": LINK}])
async def test_a_mark_lies_in_the_signatures_own_appearance(
    client: aiohttp.ClientSession, mark: dict[str, str]
) -> None:
    size = {"width": "90", "height": "90"}
    corner = {"halaman": "terakhir", "xAxis": "30", "yAxis": "40"}
    _, signed, _ = await sign_v1(client, pdf(2), tampilan="visible", **mark, **corner, **size)
    assert shown(signed) == [30.0, 40.0, 120.0, 130.0]
    # The page itself is as it was.
    first = PdfFileReader(io.BytesIO(signed)).root["/Pages"]["/Kids"][1]["/Contents"].data
    assert first == PdfFileReader(io.BytesIO(pdf(2))).root["/Pages"]["/Kids"][1]["/Contents"].data
    _, signed, _ = await sign_v1(client, tampilan="visible", tag_koordinat="S", **mark, **size)
    assert shown(signed) == [72.0, 720.0, 162.0, 810.0]


async def test_version_two_signs_by_code_while_it_lives(service: EsignService, client: aiohttp.ClientSession) -> None:
    asked = {"nik": NIK, "signatureProperties": [{"tampilan": "INVISIBLE"}] * 2,
             "file": [base64.b64encode(pdf(pages)).decode() for pages in (1, 2)]}  # fmt: skip
    async with client.post("/api/v2/sign/pdf", json={**asked, "passphrase": "frasa"}) as answer:
        told = await answer.json()
        assert [base64.b64decode(one).startswith(pdf(n)) for n, one in enumerate(told["file"], 1)] == [True, True]
        assert isinstance(told["time"], int)
    one = {**asked, "signatureProperties": asked["signatureProperties"][:1], "file": asked["file"][:1]}
    for late, status in ((timedelta(), 200), (CODE_LIVES, 400)):
        async with client.post("/api/v2/sign/get/totp", json={"nik": NIK}):
            code = service.users[NIK].code
        CLOCK.moved += late
        async with client.post("/api/v2/sign/pdf", json={**one, "totp": code}) as answer:
            assert answer.status == status


async def test_verifications_have_the_manuals_names(client: aiohttp.ClientSession) -> None:
    _, signed, _ = await sign_v1(client)
    form = aiohttp.FormData()
    form.add_field("signed_file", signed, filename="surat.pdf", content_type="application/pdf")
    async with client.post("/api/sign/verify", data=form) as answer:
        told = await answer.json()
    assert set(told) == {"nama_dokumen", "jumlah_signature", "notes", "summary", "details"}
    assert (told["summary"], told["jumlah_signature"]) == ("DOCUMENT VALID !!!", 1)
    assert set(told["details"][0]) == {"signature_field", "info_tsa", "info_signer", "signature_document"}
    async with client.post("/api/v2/verify/pdf", json={"file": base64.b64encode(signed).decode()}) as answer:
        told = await answer.json()
    assert (told["conclusion"], told["signatureCount"]) == ("VALID", 1)
    only = told["signatureInformations"][0]
    assert only["signatureFormat"] == "PKCS7-T"
    assert set(only["timestampInfomation"]) == {"id", "signerName", "timestampDate"}
    assert "signatureAlgoritm" in only["certificateDetails"][0]
    async with client.post("/api/v2/verify/pdf", json={"file": base64.b64encode(pdf()).decode()}) as answer:
        assert (await answer.json())["conclusion"] == "NO_SIGNATURE"


def png(mode: str) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(picture())).convert(mode).save(out, "png")
    return out.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_a_picture_is_taken_as_it_is(mode: str) -> None:
    made = image(png(mode))
    width, height, depth = (int(made[name]) for name in ("/Width", "/Height", "/BitsPerComponent"))
    row = -(-width * depth * (3 if mode == "RGB" else 1) // 8)
    # Each row is led by the filter it was packed with.
    assert len(zlib.decompress(made.encoded_data)) == height * (1 + row)


@pytest.mark.parametrize("data", [b"", b"GIF89a", png("RGBA"), png("L")[:60], png("L")[:45] + b"x" + png("L")[46:]])
def test_what_cannot_be_drawn_is_told(data: bytes) -> None:
    with pytest.raises(NotDrawn):
        image(data)


def test_a_tag_that_is_nowhere() -> None:
    with pytest.raises(NotDrawn, match="tag_koordinat"):
        find(PdfFileReader(io.BytesIO(pdf())), "$")
