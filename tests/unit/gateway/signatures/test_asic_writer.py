"""A container written as a stream: the zip module reads it, and so does our strict reader, also past 4 GiB."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signatures import asic_writer, asic_zip
from gateway.signatures.asic_manifest import read_manifest
from gateway.signatures.asic_writer import MANIFEST, MIMETYPE, SIGNATURE, Mismatch, Piece, container, manifest
from gateway.signatures.material import Bounds, Material


async def chunks(data: bytes, size: int = 1000) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def streamed(name: str, data: bytes, **other: object) -> Piece:
    fields = {"sha256": hashlib.sha256(data).digest(), "size": len(data), **other}
    return Piece(name, "application/pdf", pieces=chunks(data), **fields)  # type: ignore[arg-type]


async def written(*members: Piece) -> bytes:
    listed = manifest(members)
    return b"".join([one async for one in container(members, {MANIFEST: listed, SIGNATURE: b"sig"})])


async def test_two_readers_read_it() -> None:
    data = await written(Piece.of("a.json", "application/json", b"{}"), streamed("parts/1-é.pdf", b"isi" * 5000))
    expected = {"mimetype": MIMETYPE, "a.json": b"{}", "parts/1-é.pdf": b"isi" * 5000, SIGNATURE: b"sig"}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert expected.items() <= {name: archive.read(name) for name in archive.namelist()}.items()
    ours = asic_zip.read(Material.of(data))
    assert next(iter(ours.members)) == "mimetype"
    assert not ours.members["mimetype"].extra
    for name, content in expected.items():
        material = ours.open(name)
        assert material is not None
        assert material.whole(1 << 20) == content
    # The type of the file is where programs look for it (EN 319 162-1, annex A.1).
    assert data[30:38] == b"mimetype"
    assert data[38 : 38 + len(MIMETYPE)] == MIMETYPE


def test_where_sizes_and_places_are_large() -> None:
    """Past 4 GiB values stand in the wide form; two readers of headers take them."""
    size, at = 5 << 30, 6 << 30
    made = asic_writer._Zip()
    made._at = at
    made._list("a", 8, 7, (size + 9, size), size, wide=True)
    [listed] = asic_zip._directory(bytes(made._directory), 1)
    assert (listed.size, listed.packed, listed.offset, listed.crc) == (size, size + 9, at, 7)
    directory = made.end()
    assert asic_zip.END64 in directory
    local = asic_writer._local("a", 8, 0, size)
    assert asic_zip._sizes64(local[31:], [0xFFFFFFFF, 0xFFFFFFFF]) == [0, 0]


async def test_pieces_that_are_not_what_was_announced() -> None:
    for wrong in ({"sha256": bytes(32)}, {"size": 4}):
        with pytest.raises(Mismatch, match="a"):
            await written(streamed("a", b"isi", **wrong))


@given(st.lists(st.tuples(st.text("abc é&<\"'%/", min_size=1, max_size=8), st.binary(max_size=50)), max_size=5))
def test_our_reader_of_manifests_finds_every_member(files: list[tuple[str, bytes]]) -> None:
    held = {f"f{number}{name}": data for number, (name, data) in enumerate(files)}
    listed = manifest([Piece.of(name, "text/plain", data) for name, data in held.items()])
    found = read_manifest(
        Material.of(listed), lambda name: Material.of(held[name], name) if name in held else None, Bounds()
    )
    assert found.covered == list(held)
    assert found.signature == SIGNATURE
