"""A zip file is read in one way or not at all."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.signatures.asic_zip import Fault, read
from gateway.signatures.material import Bounds, Material
from tests.zoo.container import zipped


class Unseekable(io.RawIOBase):
    """What a stream is written to: the zip module puts data descriptors behind its members."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += data
        return len(data)

    def writable(self) -> bool:
        return True


def opened(data: bytes, name: str) -> bytes:
    material = read(Material.of(data)).open(name)
    assert material is not None
    return material.whole(1 << 24)


@settings(max_examples=60)
@given(
    st.dictionaries(st.text("abcÀé-_. /", min_size=1, max_size=12), st.binary(max_size=3000), max_size=6),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_what_the_zip_module_writes_is_read_or_refused(files: dict[str, bytes], method: int) -> None:
    data = zipped(files, method=method)
    try:
        archive = read(Material.of(data))
    except Fault:
        return
    with zipfile.ZipFile(io.BytesIO(data)) as judge:
        for name in archive.members:
            assert opened(data, name) == judge.read(name)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("content", [b"", b"abc" * 1000])
def test_members_that_were_written_as_a_stream(wide: bool, content: bytes) -> None:
    out = Unseekable()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        with archive.open("a", "w", force_zip64=wide) as member:
            member.write(content)
        archive.writestr("b", b"last")
    assert opened(bytes(out.data), "a") == content
    assert opened(bytes(out.data), "b") == b"last"


def test_a_member_is_read_from_any_place_and_again() -> None:
    content = bytes(range(256)) * 9000
    archive = read(Material.of(zipped({"a": content})))
    material = archive.open("a")
    assert material is not None
    file = material.file
    file.seek(1_500_000)
    assert file.read(10) == content[1_500_000:1_500_010]
    file.seek(3)
    assert (file.read(2), file.tell()) == (content[3:5], 5)
    assert file.seek(0, io.SEEK_END) == len(content)
    assert file.read() == b""
    assert material.digest("sha256") == Material.of(content).digest("sha256")
    assert archive.open("b") is None


def zeros(told: int, crc: int, packed: bytes) -> bytes:
    """A zip of one deflated member with these claims."""
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, crc, len(packed), told, 1, 0) + b"a" + packed
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, crc, len(packed), told, 1, 0, 0, 0, 0, 0, 0)
    entry += b"a"
    return local + entry + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(local), 0)


def deflated(data: bytes) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeeze.compress(data) + squeeze.flush()


def test_a_member_that_lies_about_itself() -> None:
    data = b"isi" * 100
    good = zeros(300, zlib.crc32(data), deflated(data))
    assert opened(good, "a") == data
    for bad in (
        zeros(299, zlib.crc32(data[:299]), deflated(data)),
        zeros(301, zlib.crc32(data + b"x"), deflated(data)),
        zeros(300, 7, deflated(data)),
        zeros(300, zlib.crc32(data), deflated(data) + b"tail"),
        zeros(300, zlib.crc32(data), deflated(data)[:-3]),
        zeros(300, zlib.crc32(data), b"\xff" * 20),
    ):
        with pytest.raises(ValueError, match="a member"):
            opened(bad, "a")


def test_a_bomb_is_known_before_it_is_opened() -> None:
    size = 64 << 20
    with pytest.raises(Fault, match="expands"):
        read(Material.of(zeros(size, 0, deflated(bytes(size)))))
    # One that lies about its size gives no more than it says.
    with pytest.raises(ValueError, match="damaged"):
        opened(zeros(1000, zlib.crc32(bytes(1000)), deflated(bytes(size))), "a")


def test_bounds() -> None:
    data = zipped({f"f{number}": b"x" for number in range(9)})
    assert len(read(Material.of(data), Bounds(members=10)).members) == 10
    with pytest.raises(Fault, match="more than 9 members"):
        read(Material.of(data), Bounds(members=9))


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_rubbish_is_a_fault(rubbish: bytes, place: int) -> None:
    good = zipped({"a": b"isi"})
    for data in (rubbish, good[:place] + rubbish + good[place:], rubbish + b"PK\x05\x06" + rubbish):
        try:
            archive = read(Material.of(data))
            for name in archive.members:
                opened(data, name)
        except (Fault, ValueError):
            pass
