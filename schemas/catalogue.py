"""Every document type and service by name, and the quick ways in and out of JSON.

Enters: JSON bytes or decoded JSON, by document type. Leaves: documents, JSON bytes, canonical bytes. Refuses: unknown
types (UnknownDocument), bad JSON (JsonRefused), what the schema forbids (SchemaError).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import orjson
from pydantic import ValidationError

from schemas.acknowledgement_1 import Acknowledgement1
from schemas.address_1 import Address1
from schemas.coverage_1 import Coverage1
from schemas.document import Document, Group
from schemas.eligibility_query_1 import EligibilityQuery1
from schemas.envelope_1 import Envelope1
from schemas.errors import FieldError, SchemaError, refusal
from schemas.fields import plan
from schemas.file_batch_1 import FileBatch1
from schemas.letter_1 import Letter1
from schemas.organisation_1 import Organisation1
from schemas.person_1 import Person1
from schemas.referral_1 import Referral1
from schemas.row_error_1 import RowError1
from schemas.scalars import InstantScalar
from schemas.signature_request_1 import SignatureRequest1
from schemas.signed_document_1 import SignedDocument1
from schemas.strict_json import DEFAULT, JsonLimits, loads

DOCUMENTS: Mapping[str, type[Document]] = MappingProxyType(
    {
        model.TYPE: model
        for model in (
            Envelope1,
            Acknowledgement1,
            Person1,
            Address1,
            Organisation1,
            Coverage1,
            EligibilityQuery1,
            Referral1,
            Letter1,
            SignatureRequest1,
            SignedDocument1,
            FileBatch1,
            RowError1,
        )
    }
)


@dataclass(frozen=True)
class Service:
    """What a system offers or accepts: a delivery goes one way, a query asks `request` and waits for `answer`."""

    name: str
    kind: Literal["delivery", "query"]
    request: str
    answer: str | None
    title: str
    parts_allowed: bool


SERVICES: Mapping[str, Service] = MappingProxyType(
    {
        service.name: service
        for service in (
            Service("coverage.lookup", "query", "eligibility-query/1", "coverage/1", "Look up health cover", False),
            Service("person.deliver", "delivery", "person/1", None, "Deliver a person's record", False),
            Service("organisation.deliver", "delivery", "organisation/1", None, "Deliver an organisation", False),
            Service("letter.deliver", "delivery", "letter/1", None, "Deliver an official letter", True),
            Service("letter.sign", "query", "signature-request/1", "signed-document/1", "Sign a letter", True),
            Service("referral.deliver", "delivery", "referral/1", None, "Deliver a referral", True),
            Service("acknowledgement.deliver", "delivery", "acknowledgement/1", None, "Acknowledge a message", False),
        )
    }
)


class UnknownDocument(SchemaError):
    """No shared document has this name and major version."""

    def __init__(self) -> None:
        super().__init__("document", [FieldError("", "unknown_document", "no shared document has this type")])


def _one_form(model: type[Group]) -> bool:
    """True if nothing in the model has two forms on the wire, as an instant has: it is written out as it was read."""
    return all(
        not isinstance(field.scalar, InstantScalar) and (field.group is None or _one_form(field.group))
        for field in plan(model)
    )


_WRITTEN_AS_READ = frozenset(model for model in DOCUMENTS.values() if _one_form(model))


def model_of(doc_type: str) -> type[Document]:
    """Give the class of `name/major`; raise UnknownDocument."""
    try:
        return DOCUMENTS[doc_type]
    except KeyError:
        raise UnknownDocument from None


def parse_json(doc_type: str, data: bytes | str | Mapping[str, Any], limits: JsonLimits = DEFAULT) -> Document:
    """Make a document from JSON bytes, or from JSON that strict_json.loads has decoded."""
    model = model_of(doc_type)
    value = loads(data, limits) if isinstance(data, bytes | str) else data
    try:
        document: Document = model.__pydantic_validator__.validate_python(value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise refusal(doc_type, error) from None
    return with_canonical(document, value)


def read_back(doc_type: str, data: bytes) -> Document:
    """Make a document again of what `canonical` wrote. No limit of size: limits are for strangers, and what came in as
    XML within its limit may be longer in JSON than a stranger's JSON may be."""
    return parse_json(doc_type, data, JsonLimits(max_bytes=max(len(data), DEFAULT.max_bytes)))


def with_canonical(document: Document, value: object) -> Document:
    """The document, which was just made of `value` in wire names; its canonical form is written once, from that."""
    if type(document) in _WRITTEN_AS_READ:
        with suppress(orjson.JSONEncodeError):
            # What a codec made of other things than JSON knows is written from the document when it is asked for.
            object.__setattr__(document, "_canonical", _sorted_json(value))
    return document


def to_json(document: Document) -> bytes:
    """Write what was set, in schema order, as UTF-8 JSON."""
    return document.__pydantic_serializer__.to_json(document, by_alias=True, exclude_unset=True)


def to_value(document: Document) -> dict[str, Any]:
    """Give what was set as decoded JSON: wire names, dates as text."""
    return document.__pydantic_serializer__.to_python(  # type: ignore[no-any-return]
        document, mode="json", by_alias=True, exclude_unset=True
    )


def canonical(document: Document) -> bytes:
    """Write the canonical form (RFC 8785): equal bytes mean equal content.

    Documents hold text, integers below 2^53, true, false, null: sorted output then is the RFC's. Only names in raw can
    be other than ASCII; the RFC sorts those by UTF-16 units.
    """
    known: bytes | None = getattr(document, "_canonical", None)
    return _sorted_json(to_value(document)) if known is None else known


def _sorted_json(value: Any) -> bytes:
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    if "raw" not in value or data.isascii():
        return data
    return orjson.dumps(_sorted(value))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda name: name.encode("utf-16-be"))}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value
