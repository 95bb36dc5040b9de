"""What kind of signed file this is, by its first bytes, else by its name.

Enters: a file's beginning, its name. Leaves: `pdf`, `zip`, `cms`, `xml`, `jws` or `unknown`. Refuses: nothing. Pure.
"""

from __future__ import annotations

import re
from typing import Literal

Format = Literal["pdf", "zip", "cms", "xml", "jws", "unknown"]

HEAD = 4096
"""How many bytes of the beginning are looked at."""

_PEM = re.compile(rb"\s*-----BEGIN (PKCS7|CMS|PKCS #7 SIGNED DATA)-----")
# `{"`, `{ ` and `{` before the end of a line, in base64url.
_COMPACT = re.compile(rb"\s*(eyJ|eyA|ewo|ew0|ewk)[A-Za-z0-9_-]*(\.|\Z)")
_XML = re.compile(rb"(\xef\xbb\xbf)?\s*<[?!A-Za-z_]")
_XML16 = (b"\xff\xfe<\x00", b"\xfe\xff\x00<")
_JSON = re.compile(rb"(\xef\xbb\xbf)?\s*\{")
_SIGNED_JSON = re.compile(rb'"(signatures?|payload|protected)"\s*:')
_BASE64_DER = re.compile(rb"\s*MI[A-Za-z0-9+/\r\n]{16,}")
#: PKCS #7 and CMS content (1.2.840.113549.1.7), and what has only a shared secret (1.2.840.113549.1.9.16.1.2), in DER.
_CONTENT = (bytes.fromhex("2a864886f70d0107"), bytes.fromhex("2a864886f70d0109100102"))

_NAMES: dict[str, Format] = {
    ".pdf": "pdf", ".xml": "xml", ".p7s": "cms", ".p7m": "cms", ".p7b": "cms", ".p7c": "cms", ".jws": "jws",
    ".jose": "jws", ".jwt": "jws", ".asice": "zip", ".asics": "zip", ".sce": "zip", ".scs": "zip", ".bdoc": "zip",
}  # fmt: skip


def recognise(head: bytes, name: str = "") -> Format:
    """The format of a file that begins so. What begins like none is what its name says: a damaged one of its kind."""
    kind = _begins(head)
    return kind if kind != "unknown" else _NAMES.get(name[name.rfind(".") :].lower() if "." in name else "", "unknown")


def _begins(head: bytes) -> Format:
    # A container may hold a PDF as it is, within its first bytes.
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if _PEM.match(head) or (head[:1] == b"\x30" and any(one in head[:64] for one in _CONTENT)):
        return "cms"
    if _XML.match(head) or head.startswith(_XML16):
        return "xml"
    if _BASE64_DER.match(head):
        return "cms"
    if _COMPACT.match(head) or (_JSON.match(head) and _SIGNED_JSON.search(head)):
        return "jws"
    return "unknown"
