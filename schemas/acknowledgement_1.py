"""acknowledgement/1: what a recipient says about a message, at once or days later.

Enters: the message it is about, a status, a time. Leaves: Acknowledgement1. Refuses: a status outside the list.
"""

from __future__ import annotations

from typing import Annotated, Literal

from schemas.document import Document
from schemas.marks import Maybe, personal, public
from schemas.primitives import Code, GivenNumber, Identifier, Instant, ShortText

AckStatus = Literal["accepted", "delivered", "registered", "refused", "duplicate", "rejected", "deferred", "unknown"]


class Acknowledgement1(Document, name="acknowledgement"):
    """An acknowledgement."""

    related_to_message_id: Annotated[Identifier, public("The message this is about")]
    delivery_id: Annotated[Maybe[Identifier], public("The delivery this is about")] = None
    status: Annotated[AckStatus, public("What became of it", "status")]
    code: Annotated[Maybe[Code], public("The recipient's own code", "kode")] = None
    text: Annotated[Maybe[ShortText], personal("The recipient's own words", "keterangan")] = None
    retriable: Annotated[Maybe[bool], public("True if sending again may help")] = None
    registration_number: Annotated[Maybe[GivenNumber], public("Number it was registered under", "no_agenda")] = None
    registered_at: Annotated[Maybe[Instant], public("When it was registered", "tgl_diterima")] = None
    at: Annotated[Instant, public("When this was said")]
