"""A container of signatures written as a stream: nothing of it is ever held whole, on disk or in memory.

Enters: names, and bytes or pieces of known size and digest. Leaves: the bytes of a zip file, piece by piece, and an
ASiCManifest. Refuses: pieces that are not what was announced (`Mismatch`). Pure but for the pieces it is given.

ETSI EN 319 162-1, annex A: the mimetype stands first, stored, without an extra field. So are all members that are known
whole. One that is streamed has its checksum behind it, and programs that read a zip as a stream find its end only where
it is deflated: it is, without compression, since scans and PDFs are compressed already. Times are not told in the zip:
1980-01-01, as reproducible containers have.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

MIMETYPE = b"application/vnd.etsi.asic-e+zip"
MANIFEST, SIGNATURE = "META-INF/ASiCManifest.xml", "META-INF/signature.p7s"
_LARGE = 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_UTF8, _DESCRIBED = 1 << 11, 1 << 3
_DAY = (1 << 5) | 1


class Mismatch(Exception):
    """A member's bytes are not those of the digest or size that the manifest tells."""


@dataclass(frozen=True)
class Piece:
    """A member: either `data`, or `pieces` with the SHA-256 (32 bytes) and size that they will have."""

    name: str
    media_type: str
    sha256: bytes
    size: int
    data: bytes | None = None
    pieces: AsyncGenerator[bytes, None] | None = None

    @classmethod
    def of(cls, name: str, media_type: str, data: bytes) -> Piece:
        return cls(name, media_type, hashlib.sha256(data).digest(), len(data), data)


def manifest(members: Iterable[Piece]) -> bytes:
    """The ASiCManifest over these members (annex A.4)."""
    listed = "".join(
        f"<asic:DataObjectReference URI={quoteattr(quote(one.name))} MimeType={quoteattr(one.media_type)}>"
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        f"<ds:DigestValue>{b64encode(one.sha256).decode()}</ds:DigestValue></asic:DataObjectReference>"
        for one in members
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"'
        ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
        f'<asic:SigReference URI="{SIGNATURE}" MimeType="application/x-pkcs7-signature"/>{listed}</asic:ASiCManifest>'
    ).encode()


async def container(members: Iterable[Piece], signed: Mapping[str, bytes]) -> AsyncGenerator[bytes, None]:
    """The zip file: the mimetype, the members, then `signed`: the manifest and the signature over it."""
    zip_file = _Zip()
    yield zip_file.begin("mimetype", MIMETYPE)
    for one in members:
        if one.data is not None:
            yield zip_file.begin(one.name, one.data)
        elif one.pieces is not None:
            async with aclosing(zip_file.streamed(one, one.pieces)) as chunks:
                async for chunk in chunks:
                    yield chunk
    for name, data in signed.items():
        yield zip_file.begin(name, data)
    yield zip_file.end()


class _Zip:
    """Offsets and the directory of a zip file under way (APPNOTE.TXT 6.3.10)."""

    def __init__(self) -> None:
        self._at, self._directory, self._count = 0, bytearray(), 0

    def begin(self, name: str, data: bytes) -> bytes:
        """A whole member."""
        crc = zlib.crc32(data)
        header = _local(name, _STORED, crc, len(data))
        self._list(name, _STORED, crc, (len(data), len(data)), len(header) + len(data))
        return header + data

    async def streamed(self, one: Piece, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """A member whose checksum is known at its end: it stands in a data descriptor (4.3.9)."""
        wide = one.size + one.size // 1000 >= _LARGE
        header = _local(one.name, _DEFLATED, 0, _LARGE if wide else 0)
        yield header
        state, crc, size, packed = hashlib.sha256(), 0, 0, 0
        deflate = zlib.compressobj(0, zlib.DEFLATED, -15)
        async with aclosing(pieces) as chunks:
            async for chunk in chunks:
                state.update(chunk)
                crc, size = zlib.crc32(chunk, crc), size + len(chunk)
                piece = deflate.compress(chunk)
                packed += len(piece)
                if piece:
                    yield piece
        if size != one.size or state.digest() != one.sha256:
            raise Mismatch(one.name)
        last = deflate.flush()
        packed += len(last)
        end = struct.pack("<4sL2Q" if wide else "<4s3L", b"PK\x07\x08", crc, packed, size)
        self._list(one.name, _DEFLATED, crc, (packed, size), len(header) + packed + len(end), wide=wide)
        yield last + end

    def _list(
        self, name: str, method: int, crc: int, sizes: tuple[int, int], length: int, *, wide: bool = False
    ) -> None:
        """One entry of the directory; `sizes`: packed, plain. `wide`: told in eight bytes, as behind the member."""
        (packed, size), raw, at = sizes, name.encode(), self._at
        told = [_LARGE if wide or value >= _LARGE else value for value in (size, packed)]
        places = [value for value, short in zip((size, packed, at), (*told, at), strict=True) if short >= _LARGE]
        extra = struct.pack(f"<2H{len(places)}Q", 1, 8 * len(places), *places) if places else b""
        self._directory += struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 45 if extra else 20, 45 if extra else 20, _flags(method), method, 0, _DAY,
            crc, told[1], told[0], len(raw), len(extra), 0, 0, 0, 0, min(at, _LARGE),
        )  # fmt: skip
        self._directory += raw + extra
        self._at += length
        self._count += 1

    def end(self) -> bytes:
        directory, at, size, count = bytes(self._directory), self._at, len(self._directory), self._count
        wide = b""
        if at >= _LARGE or count >= 0xFFFF:
            fields = (b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, at)
            wide = struct.pack("<4sQ2H2L4Q", *fields) + struct.pack("<4sLQL", b"PK\x06\x07", 0, at + size, 1)
        few = min(count, 0xFFFF)
        last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, few, few, size, min(at, _LARGE), 0)
        return directory + wide + last


def _flags(method: int) -> int:
    """Names are UTF-8; what is deflated here is described behind itself."""
    return _UTF8 | (_DESCRIBED if method == _DEFLATED else 0)


def _local(name: str, method: int, crc: int, size: int) -> bytes:
    """A local header. Of what is streamed it tells no checksum and no size (4.4.4, bit 3), but how wide they are."""
    raw, wide = name.encode(), size >= _LARGE
    told = 0 if method == _DEFLATED else size
    extra = struct.pack("<2H2Q", 1, 16, told, told) if wide else b""
    field = _LARGE if wide else told
    need = 45 if wide else 20
    fields = (b"PK\x03\x04", need, _flags(method), method, 0, _DAY, crc, field, field, len(raw), len(extra))
    return struct.pack("<4s5H3L2H", *fields) + raw + extra
