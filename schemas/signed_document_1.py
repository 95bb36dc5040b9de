"""signed-document/1: a PDF that was signed, and the code under which anybody may ask about it.

Enters: the code, the signed bytes' digest and size, who signed at which level and when. Leaves: SignedDocument1.
Refuses: a level that is none.
"""

from __future__ import annotations

from typing import Annotated, Literal

from schemas.document import Document
from schemas.marks import personal, public
from schemas.primitives import Identifier, Instant, Name, Sha256, ShortText, Size


class SignedDocument1(Document, name="signed-document"):
    """A signed PDF and its code."""

    code: Annotated[Identifier, public("Code of the letter, in groups of four", "kode")]
    url: Annotated[ShortText, public("Address that the QR carries", "tautan")]
    sha256: Annotated[Sha256, public("SHA-256 of the signed PDF, lower-case hexadecimal")]
    size: Annotated[Size, public("Size of the signed PDF in bytes")]
    signer: Annotated[Name, personal("Who signed", "nama")]
    position: Annotated[ShortText, public("Office of who signed", "jabatan")]
    level: Annotated[Literal["B-B", "B-T", "B-LT", "B-LTA"], public("Level of the signature (ETSI EN 319 142-1)")]
    signed_at: Annotated[Instant, public("When it was signed", "waktu")]
