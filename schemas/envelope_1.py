"""envelope/1: what is written on the outside of a message.

Enters: service, document type, and what the sender knows. Leaves: Envelope1. Refuses: malformed names. A submission
needs service and schema only; the gateway fills in the rest.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.document import Document
from schemas.marks import Many, Maybe, public
from schemas.primitives import Code, DocumentName, Identifier, Instant, ServiceName, ShortText, SystemName


class Envelope1(Document, name="envelope"):
    """An envelope."""

    message_id: Annotated[Maybe[Identifier], public("Identifier of the message")] = None
    conversation_id: Annotated[Maybe[Identifier], public("What ties messages of one matter together")] = None
    idempotency_key: Annotated[Maybe[Identifier], public("Logical identity, unique per system and service")] = None
    service: Annotated[ServiceName, public("What is asked for, such as letter.deliver", "layanan")]
    schema_: Annotated[DocumentName, public("Type of the document inside"), Field(alias="schema")]
    sender: Annotated[Maybe[SystemName], public("agency/system that sends", "pengirim")] = None
    recipients: Annotated[Maybe[Many[SystemName]], public("agency/system that receives", "penerima")] = None
    instance: Annotated[Maybe[Literal["production", "test"]], public("Which world this belongs to")] = None
    created_at: Annotated[Maybe[Instant], public("When the sender made it")] = None
    expires_at: Annotated[Maybe[Instant], public("After this it must not be delivered")] = None
    purpose: Annotated[Maybe[ShortText], public("Legal basis of the exchange", "dasar hukum")] = None
    classification: Annotated[Maybe[Code], public("Security class", "klasifikasi keamanan")] = None
    in_reply_to: Annotated[Maybe[Identifier], public("The message this one answers")] = None
