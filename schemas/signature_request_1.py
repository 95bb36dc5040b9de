"""signature-request/1: a PDF that somebody is to sign, and what its letter says.

Enters: the PDF by reference, the signer's name, the head of the letter, where the mark goes. Leaves: SignatureRequest1.
Refuses: a mark at a tag and at coordinates at once, and one coordinate without the other. What only the signer knows
(a passphrase, a one-time code) has no field here: it travels beside the document and is never kept.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from schemas.document import Document, Group
from schemas.marks import Maybe, personal, public
from schemas.primitives import CivilDate, Code, GivenNumber, ShortText
from schemas.references import PartRef
from schemas.scalars import Text, Whole

#: A page, counted from 1.
PageNumber: TypeAlias = Annotated[int, Whole("PageNumber", 1, 100_000)]
#: A length in points, 1/72 inch.
Points: TypeAlias = Annotated[int, Whole("Points", 0, 100_000)]
#: A text that is printed in a PDF: 1 to 64 characters, not all of them blank.
Tag: TypeAlias = Annotated[str, Text("Tag", 64, 1, filled=True)]


class Placement(Group):
    """Where the mark goes: at a printed tag, or at coordinates from the lower left corner of a page."""

    tag: Annotated[Maybe[Tag], public("Text printed once in the PDF, which the mark covers", "tag koordinat")] = None
    page: Annotated[Maybe[PageNumber], public("Page, counted from 1; the last if absent", "halaman")] = None
    x: Annotated[Maybe[Points], public("From the left edge, in points")] = None
    y: Annotated[Maybe[Points], public("From the lower edge, in points")] = None
    width: Annotated[Maybe[Points], public("Width, in points")] = None
    height: Annotated[Maybe[Points], public("Height, in points")] = None

    @model_validator(mode="after")
    def _one_place(self) -> Placement:
        here = (self.page, self.x, self.y)
        if self.tag is not None and any(one is not None for one in here):
            raise PydanticCustomError("two_places", "a mark goes to a tag or to a page with coordinates, not both")
        if (self.x is None) != (self.y is None):
            raise PydanticCustomError("half_a_place", "x and y stand together")
        return self


class SignatureRequest1(Document, name="signature-request"):
    """A PDF to be signed and given a code."""

    file: Annotated[PartRef, personal("The PDF to sign", "berkas")]
    signer: Annotated[Code, public("Name of the signer in the configuration of the agency", "penandatangan")]
    letter_number: Annotated[GivenNumber, public("Number of the letter", "nomor")]
    letter_date: Annotated[CivilDate, public("Date of the letter", "tanggal")]
    subject: Annotated[ShortText, personal("What it is about", "hal/perihal")]
    security_level: Annotated[
        Maybe[Literal["B", "T", "R", "SR"]],
        public("Security: ordinary (if absent), restricted, secret, top secret", "derajat keamanan"),
    ] = None
    privacy: Annotated[
        Maybe[Literal["public", "personal", "specific", "secret"]],
        public("How much of it the public page may show; personal if absent", "keterbukaan"),
    ] = None
    placement: Annotated[Maybe[Placement], public("Where the mark goes; at the foot of the last page if absent")] = None
    reason: Annotated[Maybe[ShortText], public("Why it is signed, as the signature says it", "alasan")] = None
    location: Annotated[Maybe[ShortText], public("Where it is signed, as the signature says it", "tempat")] = None
