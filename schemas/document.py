"""What every shared document is: strict, frozen, closed, named `name/major`.

Enters: Python values, by attribute or wire name. Leaves: a document that remembers which fields were set. Refuses:
unknown fields, null for absent, numbers for text, and everything its types refuse.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError

from schemas.errors import FieldError, SchemaError, refusal
from schemas.marks import Maybe, public, specific
from schemas.primitives import Identifier
from schemas.scalars import MAX_INTEGER, Scalar
from schemas.strict_json import DEFAULT

__all__ = ["Document", "FieldError", "Group", "Raw", "SchemaError", "one_of_required"]

#: Limits of the bag of unmapped fields: nesting, values in all, characters of one text, and bytes as JSON: what is
#: written into XML is JSON text again, and the reader of that has a limit.
MAX_RAW_DEPTH = 16
MAX_RAW_VALUES = 5000
MAX_RAW_TEXT = 100_000
MAX_RAW_BYTES = DEFAULT.max_bytes

_FORBIDDEN = frozenset([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])
_ONLY_TEXT = {str}


class Group(BaseModel):
    """A set of fields inside a document. Wire names are camelCase; an absent field reads as None."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    #: At least one of these attributes must be set, if any are named; the class calls `one_of_required`.
    ONE_OF: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        out = handler(schema)
        if cls.ONE_OF:
            resolved = handler.resolve_ref_schema(out)
            resolved["anyOf"] = [{"required": [to_camel(attr)]} for attr in cls.ONE_OF]
        return out

    def __repr__(self) -> str:
        # A document ends up in tracebacks and logs: it tells which fields are set, never what they hold.
        return f"{type(self).__name__}({', '.join(sorted(self.model_fields_set))})"

    __str__ = __repr__


def _carries(text: str) -> bool:
    return len(text) <= MAX_RAW_TEXT and (text.isprintable() or _FORBIDDEN.isdisjoint(map(ord, text)))


def _at_once(fields: dict[str, Any]) -> bool:
    """True if all of raw is surely as it may be: its texts are judged together, which costs a tenth of one by one.

    False says nothing yet: whoever asks looks at each value then.
    """
    texts: list[str] = []
    seen = 1
    level: list[Any] = [fields]
    for _depth in range(MAX_RAW_DEPTH - 1):
        below: list[Any] = []
        for value in level:
            items: Any = value
            if type(value) is dict:
                if value and set(map(type, value)) != _ONLY_TEXT:
                    return False
                texts += value
                items = value.values()
            seen += len(items)
            if set(map(type, items)) == _ONLY_TEXT:
                texts += items
                continue
            for item in items:
                kind = type(item)
                if kind is str:
                    texts.append(item)
                elif kind is dict or kind is list:
                    below.append(item)
                elif (kind is int and abs(item) > MAX_INTEGER) or (
                    kind is not int and kind is not bool and item is not None
                ):
                    return False
        if not below:
            return seen <= MAX_RAW_VALUES and _carries("".join(texts))
        level = below
    return False


def _raw_fields(fields: dict[str, Any]) -> dict[str, Any]:
    if _at_once(fields):
        return fields
    seen = 0
    level: list[Any] = [fields]
    for _depth in range(MAX_RAW_DEPTH):
        below: list[Any] = []
        for value in level:
            kind: type[Any] = type(value)
            seen += 1
            if kind is dict:
                if not all(type(key) is str and _carries(key) for key in value):
                    raise PydanticCustomError("raw_value", "a name in raw is text that XML 1.0 can carry")
                below.extend(value.values())
            elif kind is list:
                below.extend(value)
            elif kind is str:
                if not _carries(value):
                    raise PydanticCustomError("raw_value", "text in raw is what XML 1.0 can carry, bounded in length")
            elif kind is int:
                if abs(value) > MAX_INTEGER:
                    raise PydanticCustomError("raw_value", "an integer in raw is below 2^53; write longer ones as text")
            elif value is not None and kind is not bool:
                raise PydanticCustomError("raw_value", "raw holds text, integers, true, false, null, lists and objects")
        if seen > MAX_RAW_VALUES:
            raise PydanticCustomError("raw_size", "raw holds too many values")
        if not below:
            if len(orjson.dumps(fields)) > MAX_RAW_BYTES:
                raise PydanticCustomError("raw_size", "raw holds too many bytes")
            return fields
        level = below
    raise PydanticCustomError("raw_depth", "raw is nested too deep")


class RawFields(Scalar):
    """JSON of the source that has no place in the schema; XML carries it as JSON text. Floats are refused."""

    name = "RawFields"

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "object"}


class Raw(Group):
    """Fields of the source that no shared field holds, kept as they came."""

    source_schema: Annotated[Identifier, public("Name of the source's own schema, such as bpjs.vclaim/2.0")]
    fields: Annotated[
        dict[str, Any], AfterValidator(_raw_fields), RawFields(), specific("The unmapped fields, as JSON")
    ]

    @classmethod
    def of(cls, source_schema: str, fields: dict[str, Any]) -> Raw:
        """Keep decoded JSON: floats and integers beyond 2^53 become their decimal text. Raises SchemaError."""
        exact = {key: _exact(value, 1) for key, value in fields.items()}
        try:
            return cls.model_validate({"sourceSchema": source_schema, "fields": exact})
        except ValidationError as error:
            faults = refusal("raw", error).errors
            raise SchemaError("raw", [fault._replace(path=f"raw.{fault.path}") for fault in faults]) from None


def _exact(value: Any, depth: int) -> Any:
    if depth > MAX_RAW_DEPTH:
        raise SchemaError("raw", [FieldError("raw.fields", "raw_depth", "raw is nested too deep")])
    if isinstance(value, dict):
        return {key: _exact(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item, depth + 1) for item in value]
    if isinstance(value, float) or (type(value) is int and abs(value) > MAX_INTEGER):
        return repr(value)
    return value


class Document(Group):
    """One instance of a shared schema. Subclasses give `name` and `major` as class arguments."""

    NAME: ClassVar[str] = ""
    MAJOR: ClassVar[int] = 0
    #: `name/major`, as the envelope names it.
    TYPE: ClassVar[str] = ""
    # The canonical bytes of a document that was read from the wire; the catalogue fills it. Copies start without.
    __slots__ = ("_canonical",)

    raw: Annotated[Maybe[Raw], specific("Unmapped source fields; returned to the same system only")] = None

    def __init_subclass__(cls, **_: Any) -> None:
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(cls, *, name: str = "", major: int = 1, **_: Any) -> None:
        cls.NAME, cls.MAJOR, cls.TYPE = name, major, f"{name}/{major}"


def one_of_required(group: Group) -> None:
    """Raise unless one of the attributes the class names in ONE_OF is set."""
    if not any(attr in group.model_fields_set for attr in group.ONE_OF):
        names = " or ".join(to_camel(attr) for attr in group.ONE_OF)
        raise PydanticCustomError("one_of_required", "at least one of {names} is required", {"names": names})
