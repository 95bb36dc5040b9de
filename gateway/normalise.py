"""The normalise room: native form becomes one shared document.

Enters: `Received`, and the codec of the adapter it came through. Leaves: `Normalised`, with the document's canonical
form and the persons in it. Refuses: what is no document, a document of another type than the service takes, and a
document that names parts which did not come, or whose size or media type is not what it says; parts that it does not
name; a path, or hidden characters, where it gives the name of a file.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.contract.adapter import Codec
from gateway.contract.errors import Refused
from gateway.contract.exchange import Part, RowProblem
from gateway.contract.names import plain_name
from gateway.contract.reasons import Reason
from gateway.message import Normalised, Received
from gateway.references import names_parts, references
from schemas.catalogue import canonical
from schemas.document import Document
from schemas.privacy import subjects

UNSAID = "application/octet-stream"
"""A part of this type says nothing of what it is: the document does."""
NAME_BYTES = 2000
"""A name in a document; the schema bounds it more tightly, in characters."""


def normalise(received: Received, codec: Codec) -> Normalised:
    document = next(iter(codec.to_documents(received.inbound)), None)
    if document is None or isinstance(document, RowProblem):
        raise Refused(Reason.SCHEMA_INVALID, "there is no document in this message")
    return normalised(received, document)


def normalised(received: Received, document: Document) -> Normalised:
    """The state for a document that is already at hand (a row of a batch)."""
    if received.service.request != document.TYPE:
        raise Refused(Reason.UNKNOWN_DOCUMENT_TYPE, f"{received.service.name} takes {received.service.request}")
    if received.service.parts_allowed:
        inbound = received.inbound
        parts = _parts_match(document, inbound.parts)
        if parts != inbound.parts:
            received = replace(received, inbound=replace(inbound, parts=parts))
    return Normalised(received, document, canonical(document), tuple(subjects(document)))


def _parts_match(document: Document, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts as the document describes them."""
    present = {part.sha256: part for part in parts}
    unused = set(present)
    for reference in references(document):
        unused.discard(reference.sha256)
        part = present.get(reference.sha256)
        if part is None:
            raise Refused(Reason.PART_MISSING, "the document names a part by a SHA-256 that did not come with it")
        if reference.size != part.size:
            raise Refused(Reason.DIGEST_MISMATCH, "the document names another size for a part than came with it")
        if part.media_type == UNSAID:
            present[part.sha256] = replace(part, media_type=reference.media_type)
        elif reference.media_type not in (part.media_type, UNSAID):
            raise Refused(Reason.DIGEST_MISMATCH, "the document names another media type for a part than came with it")
        if reference.name is not None:
            # Whoever takes the document takes the name from it.
            plain_name(reference.name, NAME_BYTES)
    if unused and names_parts(type(document)):
        # It would be kept and sent on, and nobody would know what it is.
        raise Refused(Reason.PART_UNUSED, "a part came that the document does not name by its SHA-256")
    return tuple(replace(part, media_type=present[part.sha256].media_type) for part in parts)
