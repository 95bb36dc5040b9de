"""`gateway/signatures/material.py`: pieces, digests in one pass, limits."""

import hashlib
import io
from pathlib import Path

import pytest

from gateway.signatures.material import PIECE, Bounds, Material, TooLarge


class Counted(io.BytesIO):
    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def test_all_of_it_or_none() -> None:
    material = Material.of(b"abcdef", "surat")
    assert (material.size, material.name, material.head(3)) == (6, "surat", b"abc")
    assert material.whole(6) == material.whole(99) == b"abcdef"
    with pytest.raises(TooLarge) as error:
        material.whole(5)
    assert (error.value.size, error.value.limit) == (6, 5)
    assert str(error.value) == "6 bytes; the limit is 5"


def test_pieces_are_small_and_end_where_asked() -> None:
    data = bytes(range(256)) * 10_000
    material = Material.of(data)
    assert b"".join(material.pieces()) == data
    assert {len(one) for one in material.pieces()} == {PIECE, len(data) % PIECE}
    assert b"".join(material.pieces(10, 20)) == data[10:20]
    assert b"".join(material.pieces(len(data) - 3, len(data) + 50)) == data[-3:]
    assert list(material.pieces(20, 10)) == list(Material.of(b"").pieces()) == []


def test_digests_in_one_pass_and_only_once() -> None:
    file = Counted(bytes(3 * PIECE))
    material = Material(file)
    told = material.digests(["sha256", "sha512", "sha256", "md5"])
    assert told == {name: hashlib.new(name, bytes(3 * PIECE)).digest() for name in ("sha256", "sha512", "md5")}
    assert file.taken == 3 * PIECE
    assert material.digest("sha512") == told["sha512"]
    assert file.taken == 3 * PIECE
    material.digest("sha1")
    assert file.taken == 6 * PIECE


def test_a_digest_nobody_knows() -> None:
    with pytest.raises(ValueError, match="unsupported"):
        Material.of(b"").digest("sha257")


def test_a_file_larger_than_memory_is_measured_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with path.open("rb") as file:
        material = Material(file)
        assert material.size == 1 << 40
        assert material.head(4) == bytes(4)
        with pytest.raises(TooLarge):
            material.whole(Bounds().pdf_bytes)
        assert list(material.pieces((1 << 40) - 2)) == [b"\0\0"]
    # Others look through the files of a test run.
    path.unlink()


def test_bounds_are_such_as_a_worker_can_hold() -> None:
    bounds = Bounds()
    assert max(bounds.pdf_bytes, bounds.xml_bytes, bounds.cms_bytes, bounds.jws_bytes) < 1 << 30
    assert bounds.member_bytes <= bounds.container_bytes
