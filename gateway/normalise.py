"""The normalise room: native form becomes one shared document.

Enters: `Received`, and the codec of the adapter it came through. Leaves: `Normalised`, with the document's canonical
form and the persons in it. Refuses: what is no document, a document of another type than the service takes, and a
document that names parts which did not come, or whose size is not what it says; parts that it does not name.
"""

from __future__ import annotations

from gateway.contract.adapter import Codec
from gateway.contract.errors import Refused
from gateway.contract.exchange import Part, RowProblem
from gateway.contract.reasons import Reason
from gateway.message import Normalised, Received
from gateway.references import names_parts, references
from schemas.catalogue import canonical
from schemas.document import Document
from schemas.privacy import subjects


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
        _parts_match(document, received.inbound.parts)
    return Normalised(received, document, canonical(document), tuple(subjects(document)))


def _parts_match(document: Document, parts: tuple[Part, ...]) -> None:
    present = {part.sha256: part for part in parts}
    unused = set(present)
    for reference in references(document):
        unused.discard(reference.sha256)
        part = present.get(reference.sha256)
        if part is None:
            raise Refused(Reason.PART_MISSING, "the document names a part by a SHA-256 that did not come with it")
        if reference.size != part.size:
            raise Refused(Reason.DIGEST_MISMATCH, "the document names another size for a part than came with it")
    if unused and names_parts(type(document)):
        # It would be kept and sent on, and nobody would know what it is.
        raise Refused(Reason.PART_UNUSED, "a part came that the document does not name by its SHA-256")
