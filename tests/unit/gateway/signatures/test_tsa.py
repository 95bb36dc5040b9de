"""The client of a timestamping authority, against one on loopback."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from asn1crypto import algos, cms, tsp

from gateway.signatures.signing import SigningRefused, TsaUse
from gateway.signatures.tsa import MOST_ANSWER, stamped
from tests.zoo.letters import Authority, authority

TYPE = "application/timestamp-reply"


@pytest.fixture
async def tsa() -> AsyncIterator[Authority]:
    async with authority() as one:
        yield one


def asking(digest: bytes = b"\x07" * 32, nonce: int = 12345, name: str = "sha256") -> bytes:
    imprint = tsp.MessageImprint(
        {"hash_algorithm": algos.DigestAlgorithm({"algorithm": name}), "hashed_message": digest}
    )
    asked = {"version": 1, "message_imprint": imprint, "cert_req": True, "nonce": cms.Integer(nonce)}
    return bytes(tsp.TimeStampReq(asked).dump())


async def refused(use: TsaUse, request: bytes | None = None) -> str:
    with pytest.raises(SigningRefused) as error:
        await stamped(use, request or asking())
    assert error.value.code == "timestamp_failed"
    assert error.value.advice
    return str(error.value)


async def test_a_timestamp(tsa: Authority) -> None:
    answer = tsp.TimeStampResp.load(await stamped(TsaUse(tsa.url), asking()))
    assert answer["status"]["status"].native == "granted"
    assert tsa.headers["Content-Type"] == "application/timestamp-query"
    assert "Authorization" not in tsa.headers


async def test_basic_authentication_from_a_file(tsa: Authority, tmp_path: Path) -> None:
    (tmp_path / "tsa").write_text("dinas:sandi:2\n")
    await stamped(TsaUse(tsa.url, tmp_path / "tsa"), asking())
    assert tsa.headers["Authorization"] == "Basic ZGluYXM6c2FuZGk6Mg=="


@pytest.mark.parametrize("content", [None, b"nocolon", b"\xff\xfe:"])
async def test_a_secret_that_is_none(tsa: Authority, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "tsa").write_bytes(content)
    assert "user" in await refused(TsaUse(tsa.url, tmp_path / "tsa"))
    assert not tsa.asked


async def test_the_answer_to_another_question(tsa: Authority) -> None:
    for other in (asking(nonce=1), asking(digest=b"\x08" * 32), asking(digest=b"\x07" * 48, name="sha384")):
        taken = tsa.answer(other)
        tsa.twist = lambda _, body=taken: web.Response(body=body, content_type=TYPE)  # type: ignore[misc]
        assert "timestamp" in await refused(TsaUse(tsa.url))


def refusing(_: bytes) -> web.Response:
    status = tsp.PKIStatusInfo({"status": "rejection"})
    return web.Response(body=tsp.TimeStampResp({"status": status}).dump(), content_type=TYPE)


BAD: dict[str, Callable[[bytes], web.Response]] = {
    "rejection": refusing,
    "status": lambda body: web.Response(status=503, body=body, content_type=TYPE),
    "redirect": lambda body: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}),
    "type": lambda body: web.Response(body=body, content_type="text/html"),
    "noise": lambda body: web.Response(body=b"\x30\x03\x02\x01", content_type=TYPE),
    "empty": lambda body: web.Response(body=b"", content_type=TYPE),
    "cut": lambda body: web.Response(body=body[:-40], content_type=TYPE),
    "long": lambda body: web.Response(body=bytes(MOST_ANSWER + 1), content_type=TYPE),
    "more": lambda body: web.Response(body=body + b"\x00", content_type=TYPE),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_answers(tsa: Authority, name: str) -> None:
    tsa.twist = BAD[name]
    assert tsa.url not in await refused(TsaUse(tsa.url))


async def test_an_authority_that_is_not_there(tsa: Authority) -> None:
    assert await refused(TsaUse("http://127.0.0.1:1/tsa"))
    assert await refused(TsaUse("no address"))
    assert await refused(TsaUse("https" + tsa.url.removeprefix("http"), seconds=5))
    assert await refused(replace(TsaUse("https://127.0.0.1:1/"), ca_file=Path("none.pem")))


async def test_an_authority_that_never_answers(tsa: Authority, monkeypatch: Any) -> None:
    assert "in time" in await refused(TsaUse(tsa.url, seconds=0.0))
