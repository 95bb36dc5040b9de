"""What the README of an evidence container says, in Indonesian and in English.

Enters: the message's id, the time, whether documents, receipts and verdicts are within. Leaves: text in UTF-8.
Refuses: nothing.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime

_INDONESIAN = """\
BUKTI PERTUKARAN DOKUMEN
Pesan {message}
Dibuat oleh gateway Lintas pada {time}

Wadah ini berformat ASiC-E dengan CAdES (ETSI EN 319 162-1). Setiap berkas di dalamnya tercantum dengan SHA-256 dalam
META-INF/ASiCManifest.xml, dan META-INF/signature.p7s menandatangani daftar itu.

Isi:
{listed}
Cara memeriksa:
1. Dengan Lintas: lintas trust add SERTIFIKAT.pem --for gateways
   lalu: lintas verify BERKAS.asice
   Sertifikat diperoleh dari pengelola gateway, bukan dari wadah ini; cocokkan SHA-256-nya lewat jalur lain.
2. Tanda tangan dengan openssl:
   openssl cms -verify -binary -inform DER -in META-INF/signature.p7s -content META-INF/ASiCManifest.xml \\
     -CAfile SERTIFIKAT.pem -purpose any -out /dev/null
   lalu bandingkan SHA-256 setiap berkas dengan daftar itu.
3. Tanda terima (receipts.json) adalah JWS; kuncinya diumumkan gateway di /.well-known/jwks.json:
   lintas receipt verify receipts.json --url https://GATEWAY
   Kunci dalam jwks.json di wadah ini hanya sebaik penanda tangannya: pakailah setelah langkah 1 atau 2 berhasil.

"""
_ENGLISH = """\
EVIDENCE OF AN EXCHANGE OF DOCUMENTS
Message {message}
Made by a Lintas gateway at {time}

This container is an ASiC-E with CAdES (ETSI EN 319 162-1). Every file in it is listed with its SHA-256 in
META-INF/ASiCManifest.xml, and META-INF/signature.p7s signs that list.

Content:
{listed}
How to check it:
1. With Lintas: lintas trust add CERTIFICATE.pem --for gateways
   then: lintas verify FILE.asice
   Get the certificate from who runs the gateway, not from this container; compare its SHA-256 by another way.
2. The signature with openssl:
   openssl cms -verify -binary -inform DER -in META-INF/signature.p7s -content META-INF/ASiCManifest.xml \\
     -CAfile CERTIFICATE.pem -purpose any -out /dev/null
   then compare the SHA-256 of each file with the list.
3. Receipts (receipts.json) are JWS; the gateway publishes their keys at /.well-known/jwks.json:
   lintas receipt verify receipts.json --url https://GATEWAY
   Who signed the container vouches for jwks.json: use its keys once step 1 or 2 has succeeded.
"""
_FILES = (
    ("message.json", "keadaan pesan", "the state of the message", ""),
    ("events.jsonl", "catatan audit tentang pesan ini", "the events of the audit log about this message", ""),
    ("digests.json", "ikatan (digest) dalam catatan itu", "what those events commit to", ""),
    ("jwks.json", "kunci publik tanda terima", "public keys of receipts", ""),
    (
        "verdicts.json",
        "hasil pemeriksaan tanda tangan pada berkas, menurut gateway",
        "what the gateway found about signatures in the files",
        "verdicts",
    ),
    ("receipts.json", "tanda terima bertanda tangan", "signed receipts", "receipts"),
    (
        "document.json, released.json",
        "dokumen seperti dikirim atau dilepas",
        "the document as sent or released",
        "documents",
    ),
    ("errors.json", "baris yang bermasalah dalam kiriman berkas", "the row problems of a batch", "errors"),
    ("parts/", "berkas yang menyertainya", "the files that came with it", "documents"),
)
_GONE = (
    "  Selebihnya tidak ada di sini: sudah dihapus, atau bukan hak pembaca. SHA-256 setiap tanda terima ada di\n"
    "  digests.json; para pihak menyimpan tanda terimanya sendiri.\n",
    "  The rest is not here: it was erased, or is not the reader's. The SHA-256 of each receipt is in digests.json;\n"
    "  the parties hold the receipts themselves.\n",
)


def readme(
    message: str, at: datetime, *, documents: bool, receipts: bool, verdicts: bool = False, errors: bool = False
) -> bytes:
    """The text."""
    within = {"": True, "documents": documents, "receipts": receipts, "verdicts": verdicts, "errors": errors}
    held = {name for name, there in within.items() if there}
    time = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = "".join(
        words.format(message=message, time=time, listed=_listed(language, held))
        for language, words in enumerate((_INDONESIAN, _ENGLISH))
    )
    return text.encode()


def _listed(language: int, held: Set[str]) -> str:
    lines = [f"  {one[0]}: {one[1 + language]}\n" for one in _FILES if one[3] in held]
    return "".join(lines) + ("" if held >= {"documents", "receipts"} else _GONE[language])
