"""What the README of an evidence container says, in Indonesian and in English.

Enters: the message's id, the time, whether the content is within. Leaves: text in UTF-8. Refuses: nothing.
"""

from __future__ import annotations

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
1. Dengan Lintas: lintas verify BERKAS.asice
2. Tanda tangan dengan openssl:
   openssl cms -verify -binary -inform DER -in META-INF/signature.p7s -content META-INF/ASiCManifest.xml \\
     -CAfile SERTIFIKAT.pem -purpose any -out /dev/null
   lalu bandingkan SHA-256 setiap berkas dengan daftar itu. Sertifikat diperoleh dari pengelola gateway.
3. Tanda terima (receipts.json) adalah JWS; kuncinya ada di jwks.json dan diumumkan gateway di /.well-known/jwks.json:
   lintas receipt verify receipts.json --jwks jwks.json

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
1. With Lintas: lintas verify FILE.asice
2. The signature with openssl:
   openssl cms -verify -binary -inform DER -in META-INF/signature.p7s -content META-INF/ASiCManifest.xml \\
     -CAfile CERTIFICATE.pem -purpose any -out /dev/null
   then compare the SHA-256 of each file with the list. Get the certificate from who runs the gateway.
3. Receipts (receipts.json) are JWS; their keys are in jwks.json, and published by the gateway at
   /.well-known/jwks.json:
   lintas receipt verify receipts.json --jwks jwks.json
"""
_FILES = (
    ("message.json", "keadaan pesan", "the state of the message", False),
    ("events.jsonl", "catatan audit tentang pesan ini", "the events of the audit log about this message", False),
    ("digests.json", "ikatan (digest) dalam catatan itu", "what those events commit to", False),
    ("jwks.json", "kunci publik tanda terima", "public keys of receipts", False),
    ("receipts.json", "tanda terima bertanda tangan", "signed receipts", True),
    ("document.json, released.json", "dokumen seperti dikirim atau dilepas", "the document as sent or released", True),
    ("parts/", "berkas yang menyertainya", "the files that came with it", True),
)
_GONE = (
    "  Dokumen dan tanda terima tidak ada di sini: sudah dihapus, atau bukan hak pembaca. SHA-256 tanda terima ada\n"
    "  di digests.json; para pihak menyimpan tanda terimanya sendiri.\n",
    "  Document and receipts are not here: they were erased, or are not the reader's. The SHA-256 of each receipt is\n"
    "  in digests.json; the parties hold the receipts themselves.\n",
)


def readme(message: str, at: datetime, *, whole: bool) -> bytes:
    """The text; `whole`: documents and receipts are within."""
    time = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = "".join(
        words.format(message=message, time=time, listed=_listed(language, whole=whole))
        for language, words in enumerate((_INDONESIAN, _ENGLISH))
    )
    return text.encode()


def _listed(language: int, *, whole: bool) -> str:
    lines = [f"  {one[0]}: {one[1 + language]}\n" for one in _FILES if whole or not one[3]]
    return "".join(lines) + ("" if whole else _GONE[language])
