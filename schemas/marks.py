"""The marks a document field carries beside its type: privacy, subject, absence, repetition.

Enters: the annotations of a model field. Leaves: core schema and JSON Schema in which absent, null and empty differ.
Refuses: null for a field that may merely be absent, an empty list (absence is how "none" is said), and what
has no order where a list is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

T = TypeVar("T")

#: The most items any list in a document may hold.
MAX_ITEMS = 1000


class Privacy(IntEnum):
    """How far a value may be seen; ordered, so that a container's class is the floor of what it holds."""

    public = 0
    personal = 1
    specific = 2  # "data pribadi spesifik": health, finance, children (law 27/2022, article 4)
    secret = 3


@dataclass(frozen=True)
class Mark:
    """Privacy class, meaning and Indonesian term of one field.

    `subject` names the identifier scheme if the value identifies a person; a leading `@` means that the sibling
    attribute of that name holds the scheme.
    """

    privacy: Privacy
    text: str
    term: str | None = None
    subject: str | None = None

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        out = dict(handler(schema))
        out["description"] = self.text
        out["x-privacy"] = self.privacy.name
        if self.term is not None:
            out["x-term-id"] = self.term
        if self.subject is not None:
            out["x-subject"] = self.subject
        return out


def public(text: str, term: str | None = None) -> Mark:
    """Mark a field that anyone may see."""
    return Mark(Privacy.public, text, term)


def personal(text: str, term: str | None = None, subject: str | None = None) -> Mark:
    """Mark personal data; `subject` is the identifier scheme if it identifies a person."""
    return Mark(Privacy.personal, text, term, subject)


def specific(text: str, term: str | None = None, subject: str | None = None) -> Mark:
    """Mark personal data of the protected kinds, health above all."""
    return Mark(Privacy.specific, text, term, subject)


def secret(text: str, term: str | None = None) -> Mark:
    """Mark what only the two parties may ever see."""
    return Mark(Privacy.secret, text, term)


@dataclass(frozen=True)
class Omittable:
    """The field may be absent; null is refused. In Python an absent field reads as None."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: Any = handler(source)
        if schema["type"] != "nullable":
            raise TypeError(f"Omittable wants `T | None`, not {source!r}")
        inner: CoreSchema = schema["schema"]
        return inner


@dataclass(frozen=True)
class Items:
    """A list of one to `most` items; Python sees a tuple."""

    most: int = MAX_ITEMS

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: Any = handler(source)
        if schema["type"] != "tuple":
            raise TypeError(f"Items wants `tuple[T, ...]`, not {source!r}")
        # Decoded JSON brings lists; only the container is lax, every item stays strict.
        schema["strict"] = False
        schema["min_length"] = 1
        schema["max_length"] = self.most
        bounded: CoreSchema = schema
        return core_schema.no_info_before_validator_function(_in_order, bounded)


def _in_order(value: object) -> object:
    """Lax takes sets too, whose order, and so the digest of the document, is another in every process."""
    if not isinstance(value, list | tuple):
        raise PydanticCustomError("tuple_type", "a list is due")
    return value


Maybe = Annotated[T | None, Omittable()]
Many = Annotated[tuple[T, ...], Items()]
