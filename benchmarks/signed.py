"""What is verified in cases f to h: signed documents by the authorities of the zoo of the tests.

Enters: how large. Leaves: bytes, or a file that is larger than memory should hold. Refuses: nothing. Keys are new in
each run; all is judged as of `AT`.
"""

from __future__ import annotations

import hashlib
import json
import random
import zipfile
from base64 import b64encode
from pathlib import Path

from tests.zoo import asic, cms, jws, pdf
from tests.zoo.pki import DAY, pki
from tests.zoo.xml_maker import by_signxml

PDF, UPDATED, XML, JWS, CMS, ASIC = (
    "PAdES", "PAdES and a later timestamp", "XAdES", "JAdES (a JWS)", "CAdES", "ASiC-E",
)  # fmt: skip
ENDINGS = {PDF: "x.pdf", UPDATED: "y.pdf", XML: "x.xml", JWS: "x.jws", CMS: "x.p7m", ASIC: "x.asice"}
_KB = 1000
_MIB = 1 << 20
_PAGE = 600
"""Bytes of a page beside its text."""
_LETTER = '<s:surat xmlns:s="urn:surat:1" xmlns="urn:isi"><nomor xml:lang="id">470/12</nomor><isi>%s</isi></s:surat>'


def text(size: int) -> str:
    """So many characters that no packer makes smaller than half."""
    return random.Random(7).randbytes(size // 2 + 1).hex()[:size]


def heavy(mib: int) -> bytes:
    """A signed PDF of `mib` MiB in thousands of pages with a later revision, which takes seconds to compare."""
    data = pdf.signed(pdf.plain(pages=mib * 60, text=text(_MIB // 60 - _PAGE)), pki().signer)
    return pdf.dated(data, at=pdf.SIGNED_AT + DAY)


def pades(size: int, later: bool = False) -> bytes:
    """A PDF of `size` bytes, signed (B-B); `later` adds a revision with a document timestamp."""
    data = pdf.signed(pdf.plain(text=text(size)), pki().signer)
    return pdf.dated(data, at=pdf.SIGNED_AT + DAY) if later else data


def small() -> dict[str, bytes]:
    """One document of each kind that case f verifies."""
    payload = json.dumps({"nomor": 12, "perihal": text(2 * _KB)}).encode()
    letter = text(2 * _KB).encode()
    return {
        PDF: pades(100 * _KB),
        UPDATED: pades(100 * _KB, later=True),
        XML: by_signxml(_LETTER % text(2 * _KB), xades=True),
        JWS: jws.baseline(payload=payload),
        CMS: cms.one(data=letter),
        ASIC: asic.cades({"surat.pdf": letter, "lampiran/tabel.csv": letter[::-1]}),
    }


def container(path: Path, mib: int) -> None:
    """An ASiC-E with CAdES over one file of `mib` MiB that cannot be packed, which is stored as it is."""
    block = random.Random(7).randbytes(_MIB)
    digest = hashlib.sha256()
    for _ in range(mib):
        digest.update(block)
    empty = b64encode(hashlib.sha256(b"").digest())
    listed = asic.manifest({"surat.pdf": b""}).replace(empty, b64encode(digest.digest()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mimetype", "application/vnd.etsi.asic-e+zip")
        with archive.open("surat.pdf", "w") as member:
            for _ in range(mib):
                member.write(block)
        archive.writestr(asic.MANIFEST, listed)
        archive.writestr(asic.CADES, cms.one(attached=False, data=listed))


def trust(folder: Path, with_crl: bool = True) -> Path:
    """The trust folder: the root, the office below it and its CRL, which is good for the time of the zoo alone."""
    return pki().trust(folder, with_crl=with_crl)
