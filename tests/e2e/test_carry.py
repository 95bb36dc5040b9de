"""Signed files through the real process, over a restart of it, by every way in and out: they arrive byte for byte."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.walk.carrier import Office, World, place, sha256
from tests.walk.ways import IN, OUT, carry, channels
from tests.zoo import asic, cms, jws, pdf, xml


async def test_signed_files_by_all_ways(tmp_path: Path) -> None:
    files = await asyncio.to_thread(
        lambda: [pdf.good(), xml.sealed().replace(b"\n", b"\r\n"), cms.one(), jws.compact() + b"\n", asic.cades()]
    )
    office = Office()
    await office.open()
    try:
        here = place(tmp_path, channels(office))
        for ways in (list(IN)[::2], list(IN)[1::2]):
            async with here.running() as gateway:
                world = World(gateway, office)
                for way in ways:
                    sent = IN[way].fits(files)
                    found = await carry(world, way, sent, "application/octet-stream")
                    due = [sha256(one) for one in sent]
                    assert all(found[name] == due for name in OUT), (way, found)
    finally:
        await office.close()
