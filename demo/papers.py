"""Files that agencies exchange: a small letter as PDF, and a large scan as TIFF, both made here.

Enters: lines of text; a seed and a size. Leaves: the bytes of a PDF 1.4 that any reader opens; the bytes of a grey TIFF
6.0, block by block, so that nobody ever holds a whole scan. Refuses: text outside Latin-1.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

BLOCK = 1 << 20
_TOP, _LEADING = 780, 18


def pdf(lines: Sequence[str]) -> bytes:
    """One page of A4 in Helvetica. Raises UnicodeEncodeError for text outside Latin-1."""
    shown = b"".join(b"(%s) '\n" % _escaped(line) for line in lines)
    content = b"BT /F1 12 Tf %d TL 64 %d Td\n%sET" % (_LEADING, _TOP, shown)
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, start)
    return bytes(out)


def _escaped(line: str) -> bytes:
    return line.encode("latin-1").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


@dataclass(frozen=True)
class Scan:
    """A grey picture without compression, its dots drawn from `seed`: the same seed gives the same bytes."""

    seed: str
    width: int = 6400
    height: int = 8192

    @property
    def size(self) -> int:
        return len(self._head) + self.width * self.height

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()

    def blocks(self) -> Iterator[bytes]:
        """The file in pieces of at most 1 MiB."""
        yield self._head
        left, number = self.width * self.height, 0
        while left > 0:
            dots = hashlib.shake_128(f"{self.seed}:{number}".encode()).digest(min(left, BLOCK))
            yield dots
            left, number = left - len(dots), number + 1

    @cached_property
    def _head(self) -> bytes:
        # TIFF 6.0, section 4: an 8-byte header, one directory, then the only strip.
        fields = ((256, self.width), (257, self.height), (258, 8), (259, 1), (262, 1), (273, 0), (277, 1),
                  (278, self.height), (279, self.width * self.height))  # fmt: skip
        size = 8 + 2 + 12 * len(fields) + 4
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, size if tag == 273 else value) for tag, value in fields)
        return struct.pack("<2sHIH", b"II", 42, 8, len(fields)) + entries + struct.pack("<I", 0)
