"""The offices and people of the letters that prove themselves: a stamper, a signing village head, a citizen."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from demo.agencies.citizen import Citizen
from demo.agencies.desk_signer import altered, signed
from demo.agencies.server import Server
from demo.agencies.tsa import StampingAuthority
from demo.authority import Authority
from demo.papers import pdf
from gateway.signatures.signing import TsaUse
from gateway.signatures.tsa import stamped
from gateway.signatures.workers import Source, Workers
from tests.unit.gateway.signatures.test_tsa import asking

DIGEST = hashlib.sha256(b"copy").hexdigest()
PAGE = f"""<h1>This code is genuine.</h1><dl><div><dt>Letter number</dt><dd><bdi>5/1</bdi></dd></div>
<div><dt>Subject</dt><dd><bdi>A &amp; B</bdi></dd></div></dl><section data-sha256="{DIGEST}"><h2>Check</h2></section>"""


async def test_a_stamp_is_what_was_asked_for_and_noise_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tsa = StampingAuthority("127.0.0.1", 0, "/tsr", authority.stamper, authority.root)
    await tsa.start()
    try:
        url = f"http://127.0.0.1:{tsa.port}/tsr"
        assert await stamped(TsaUse(url), asking())
        assert tsa.stamped == 1
        async with aiohttp.ClientSession() as session, session.post(url, data=b"noise") as reply:
            assert reply.status == 400
    finally:
        await tsa.stop()


async def test_the_village_heads_letter_is_valid_and_its_altered_copy_is_not(tmp_path: Path) -> None:
    authority = await asyncio.to_thread(Authority, tmp_path)
    own = authority.person("lurah", "Lurah (simulasi)", "Kota (simulasi)")
    good = await signed(pdf(["Bantuan Rp1.500.000"]), own, authority.office)
    bad = altered(good, b"Rp1.500.000", b"Rp9.500.000")
    with pytest.raises(ValueError, match="figure"):
        altered(good, b"Rp1", b"Rp10")
    workers, found = Workers(), []
    try:
        for number, data in enumerate((good, bad)):
            file = tmp_path / f"{number}.pdf"
            file.write_bytes(data)
            found.append(await workers.verify(Source(file.name, file), trust=authority.trust, at=datetime.now(UTC)))
    finally:
        await workers.close()
    assert [one["conclusion"] for one in found] == ["valid", "invalid"]
    assert found[0]["signatures"][0]["organisation"] == "Kota (simulasi)"
    assert "hash_mismatch" in [one["code"] for one in found[1]["findings"]]


class Page(Server):
    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v/{code}", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        return web.Response(
            text=PAGE if request.query.get("lang") == "en" else "<h1>Tidak</h1>", content_type="text/html"
        )


async def test_a_citizen_reads_the_page_and_compares() -> None:
    server = Page("gateway", "127.0.0.1", 0)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            citizen, url = Citizen(session), f"http://127.0.0.1:{server.port}/v/ABC"
            seen, other = await citizen.open(url, "en"), await citizen.open(url, "id")
    finally:
        await server.stop()
    assert (seen.status, seen.said) == (200, "This code is genuine.")
    assert seen.facts == {"Letter number": "5/1", "Subject": "A & B"}
    assert (seen.fits(b"copy"), seen.fits(b"other")) == (True, False)
    assert (other.said, other.facts, other.sha256) == ("Tidak", {}, None)
