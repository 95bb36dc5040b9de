"""Asks a timestamping authority (RFC 3161, over HTTP after its section 3.4), in the gateway: workers have no network.

Enters: a TimeStampReq in DER, whom to ask. Leaves: the TimeStampResp in DER. Refuses (`SigningRefused`,
`timestamp_failed`): an authority that is not reached in time or says no, a token for other bytes, another nonce, an
answer over the limit, redirects.
"""

from __future__ import annotations

import asyncio
import base64
import ssl

import aiohttp
from asn1crypto import tsp

from gateway.signatures.signing import SigningRefused, TsaUse

MOST_ANSWER = 16 << 10
"""Bytes: room for a token is reserved in the PDF before it is asked for."""
_ADVICE = "See whether the timestamping authority is up and rightly named; signing again is safe."


async def stamped(use: TsaUse, request: bytes) -> bytes:
    """The authority's answer to `request`, whose imprint and nonce it was made for."""
    answer = await _asked(use, request)
    try:
        fault = _fault(tsp.TimeStampReq.load(request), tsp.TimeStampResp.load(answer, strict=True))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _failed("the answer is no timestamp") from error
    if fault:
        raise _failed(fault)
    return answer


async def _asked(use: TsaUse, request: bytes) -> bytes:
    try:
        # Files are read beside the loop: the system's list of authorities is a large one.
        trusted, auth = await asyncio.to_thread(_prepared, use)
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply", **auth}
        async with asyncio.timeout(use.seconds), _session(trusted) as session:
            async with session.post(use.url, data=request, headers=headers, allow_redirects=False) as answer:
                return await _body(answer)
    except TimeoutError as error:
        raise _failed("the authority did not answer in time") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # Its text may hold the address with a password in it.
        raise _failed(f"the authority was not reached ({type(error).__name__})") from error


def _prepared(use: TsaUse) -> tuple[ssl.SSLContext | bool, dict[str, str]]:
    """Whom to trust for its TLS, and the header that says who asks."""
    if not use.url.lower().startswith("https:"):
        return True, _authentication(use)
    trusted = ssl.create_default_context()
    if use.ca_file is not None:
        trusted.load_verify_locations(use.ca_file)
    return trusted, _authentication(use)


def _session(trusted: ssl.SSLContext | bool) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trusted),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        skip_auto_headers=("User-Agent",),
    )


def _authentication(use: TsaUse) -> dict[str, str]:
    if use.secret_file is None:
        return {}
    try:
        user, colon, password = use.secret_file.read_text(encoding="utf-8").strip().partition(":")
    except (OSError, UnicodeDecodeError) as error:
        raise _failed("the file with the authority's user and password cannot be read") from error
    if not colon:
        raise _failed("the file with the authority's user and password must hold user:password")
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    if answer.status != 200:
        raise _failed(f"the authority answered with HTTP status {answer.status}")
    if answer.content_type != "application/timestamp-reply":
        raise _failed("the answer is no timestamp")
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > MOST_ANSWER:
            raise _failed(f"the answer is over {MOST_ANSWER} bytes")
    return bytes(body)


def _fault(request: tsp.TimeStampReq, answer: tsp.TimeStampResp) -> str | None:
    status = answer["status"]["status"].native
    if status != "granted":
        return f"the authority refused ({str(status)[:40]})"
    content = answer["time_stamp_token"]["content"]["encap_content_info"]["content"]
    info = content.parsed
    if not isinstance(info, tsp.TSTInfo):
        return "the answer is no timestamp"
    asked, got = request["message_imprint"], info["message_imprint"]
    if got["hashed_message"].native != asked["hashed_message"].native:
        return "the timestamp is for something else"
    if got["hash_algorithm"]["algorithm"].native != asked["hash_algorithm"]["algorithm"].native:
        return "the timestamp is for something else"
    if info["nonce"].native != request["nonce"].native:
        return "the timestamp answers another question"
    return None


def _failed(message: str) -> SigningRefused:
    return SigningRefused("timestamp_failed", message, _ADVICE)
