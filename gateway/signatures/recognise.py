"""What kind of signed file this is, by its first bytes.

Enters: a file's beginning. Leaves: `pdf`, `zip`, `cms`, `xml`, `jws` or `unknown`. Refuses: nothing. Pure.
"""

from __future__ import annotations

import re
from typing import Literal

Format = Literal["pdf", "zip", "cms", "xml", "jws", "unknown"]

HEAD = 4096
"""How many bytes of the beginning are looked at."""

_PEM = re.compile(rb"\s*-----BEGIN (PKCS7|CMS|PKCS #7 SIGNED DATA)-----")
_COMPACT = re.compile(rb"\s*[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*(\.|$)")
_XML = re.compile(rb"(\xef\xbb\xbf)?\s*<[?!A-Za-z_]")
_JSON = re.compile(rb"(\xef\xbb\xbf)?\s*\{")
_SIGNED_JSON = re.compile(rb'"(signatures?|payload|protected)"\s*:')
_BASE64_DER = re.compile(rb"\s*MI[A-Za-z0-9+/\r\n]{16,}")


def recognise(head: bytes) -> Format:
    """The format of a file that begins so."""
    # A container may hold a PDF as it is, within its first bytes.
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if _PEM.match(head) or (head[:1] == b"\x30" and _SIGNED_OID in head[:64]):
        return "cms"
    if _XML.match(head):
        return "xml"
    if _BASE64_DER.match(head):
        return "cms"
    if (_COMPACT.match(head) and head.lstrip()[:2] == b"ey") or (_JSON.match(head) and _SIGNED_JSON.search(head)):
        return "jws"
    return "unknown"


#: The object identifiers of PKCS #7 and CMS content (1.2.840.113549.1.7), in DER.
_SIGNED_OID = bytes.fromhex("2a864886f70d0107")
