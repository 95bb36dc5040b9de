"""Documents in XML: namespace `urn:lintas:schema:<name>:<major>`, one element per field in schema order.

Enters: a document, or an element of the shared form. Leaves: an element, or a document. Refuses: what the XSD refuses,
and what is XSD-valid yet outside the schema, both as SchemaError without values.

An absent field has no element, null is `xsi:nil`, a list repeats its element, raw fields are JSON text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
from lxml import etree
from pydantic import ValidationError

from schemas.catalogue import DOCUMENTS, UnknownDocument, with_canonical
from schemas.document import Document, Group, RawFields
from schemas.errors import FieldError, SchemaError, refusal
from schemas.fields import Choice, FieldPlan, Truth, plan
from schemas.marks import MAX_ITEMS
from schemas.scalars import InstantScalar, Scalar, Text, Whole, instant_text
from schemas.strict_json import JsonRefused, loads
from schemas.xsd import namespace, root_name, xsd_for

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_INTEGER = re.compile(r"[+\-]?[0-9]{1,40}")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_SPACE = " \t\r\n"

_Write = Callable[[etree._Element, Any], None]
_Read = Callable[[etree._Element], Any]


def _raw_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _writer_of(scalar: Scalar) -> Callable[[Any], str] | None:
    if isinstance(scalar, Text | Choice):
        return None
    if isinstance(scalar, Truth):
        return lambda value: "true" if value else "false"
    if isinstance(scalar, InstantScalar):
        return instant_text
    if isinstance(scalar, RawFields):
        return _raw_text
    return str


def _field_writer(field: FieldPlan, ns: str) -> _Write:
    tag, sub = f"{{{ns}}}{field.wire}", etree.SubElement
    if field.group is not None:
        group = field.group

        def write_group(parent: etree._Element, value: Any) -> None:
            _write(sub(parent, tag), value, _writers(group, ns))

        return write_group
    assert field.scalar is not None
    convert = _writer_of(field.scalar)

    def write(parent: etree._Element, value: Any) -> None:
        child = sub(parent, tag)
        if value is None:
            child.set(_NIL, "true")
        else:
            child.text = value if convert is None else convert(value)

    return write


@cache
def _writers(model: type[Group], ns: str) -> tuple[tuple[str, bool, _Write], ...]:
    return tuple((field.attr, field.repeated, _field_writer(field, ns)) for field in plan(model))


def _write(element: etree._Element, document: Group, writers: tuple[tuple[str, bool, _Write], ...]) -> None:
    values, present = document.__dict__, document.model_fields_set
    for attr, repeated, write in writers:
        if attr not in present:
            continue
        if repeated:
            for item in values[attr]:
                write(element, item)
        else:
            write(element, values[attr])


def to_xml(document: Document) -> etree._Element:
    """Write what was set as an element in the document's own namespace."""
    ns = namespace(document.TYPE)
    prefixes: Any = {None: ns}
    root = etree.Element(f"{{{ns}}}{root_name(document.TYPE)}", nsmap=prefixes)
    _write(root, document, _writers(type(document), ns))
    return root


def to_xml_bytes(document: Document) -> bytes:
    """Write what was set as UTF-8 bytes with an XML declaration."""
    return etree.tostring(to_xml(document), encoding="UTF-8", xml_declaration=True)


def _text(element: etree._Element) -> str:
    if len(element):
        # Comments split text nodes; the value is all of them, or a comment could hide half an identifier.
        return (element.text or "") + "".join(child.tail or "" for child in element)
    return element.text or ""


def _read_integer(element: etree._Element) -> Any:
    text = _text(element).strip(_SPACE)
    return int(text) if _INTEGER.fullmatch(text) else text


def _read_truth(element: etree._Element) -> Any:
    text = _text(element).strip(_SPACE)
    return _TRUTH.get(text, text)


def _read_spaced(element: etree._Element) -> Any:
    return _text(element).strip(_SPACE)


def _read_raw(element: etree._Element) -> Any:
    try:
        return loads(_text(element))
    except JsonRefused as fault:
        raise SchemaError("raw", [FieldError("raw.fields", fault.code, str(fault))]) from None


def _reader_of(scalar: Scalar) -> _Read:
    if isinstance(scalar, Text | Choice):
        return _text
    if isinstance(scalar, Whole):
        return _read_integer
    if isinstance(scalar, Truth):
        return _read_truth
    if isinstance(scalar, RawFields):
        return _read_raw
    return _read_spaced


def _nillable(read: _Read) -> _Read:
    def read_nillable(element: etree._Element) -> Any:
        return None if _TRUTH.get((element.get(_NIL) or "").strip(_SPACE)) else read(element)

    return read_nillable


def _field_reader(field: FieldPlan, ns: str) -> _Read:
    if field.group is not None:
        return _group_reader(field.wire, field.group, ns)
    assert field.scalar is not None
    read = _reader_of(field.scalar)
    return _nillable(read) if field.nullable else read


def _group_reader(wire: str, group: type[Group], ns: str) -> _Read:
    def read_group(element: etree._Element) -> Any:
        try:
            return _read(element, _readers(group, ns))
        except SchemaError as error:
            below = [FieldError(f"{wire}.{one.path}", one.code, one.message) for one in error.errors]
            raise SchemaError(error.doc_type, below) from None

    return read_group


@cache
def _readers(model: type[Group], ns: str) -> dict[str, tuple[str, bool, _Read]]:
    return {f"{{{ns}}}{field.wire}": (field.wire, field.repeated, _field_reader(field, ns)) for field in plan(model)}


def _read(element: etree._Element, readers: dict[str, tuple[str, bool, _Read]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element:
        tag = child.tag
        known = readers.get(tag) if isinstance(tag, str) else None
        if known is None:
            if isinstance(tag, str):
                name = etree.QName(tag).localname
                _named_in(name, element, readers)
                found[name if tag not in found else tag] = child
            continue
        wire, repeated, read = known
        value = read(child)
        if repeated:
            items = found.setdefault(wire, [])
            if len(items) <= MAX_ITEMS:
                items.append(value)
        elif wire in found:
            raise SchemaError("document", [FieldError(wire, "repeated", "the element may stand once only")])
        else:
            found[wire] = value
    return found


def _named_in(name: str, parent: etree._Element, readers: dict[str, tuple[str, bool, _Read]]) -> None:
    """Refuses a field's name outside of the parent's namespace: every other finding would mislead."""
    ns = etree.QName(parent).namespace
    if f"{{{ns}}}{name}" in readers:
        told = f'the element is not in the namespace of its document; declare xmlns="{ns}"'
        raise SchemaError("document", [FieldError(name, "wrong_namespace", told)])


def _misplaced(element: etree._Element, model: type[Group], ns: str) -> str | None:
    """The path of the first element that stands behind one which comes after it in the schema."""
    fields = {f"{{{ns}}}{field.wire}": (place, field) for place, field in enumerate(plan(model))}
    last = -1
    for child in element:
        place, field = fields.get(child.tag, (last, None))
        if field is None:
            continue
        if place < last:
            return field.wire
        last = place
        below = _misplaced(child, field.group, ns) if field.group is not None else None
        if below is not None:
            return f"{field.wire}.{below}"
    return None


_TYPES = {f"{{{namespace(doc_type)}}}{root_name(doc_type)}": doc_type for doc_type in DOCUMENTS}


def document_type(element: etree._Element) -> str:
    """Give the `name/major` an element holds; raise UnknownDocument."""
    found = _TYPES.get(element.tag) if isinstance(element.tag, str) else None
    if found is None:
        raise UnknownDocument
    return found


def from_xml(element: etree._Element) -> Document:
    """Read an element of the shared form into its document; the XSD is checked first."""
    doc_type = document_type(element)
    model = DOCUMENTS[doc_type]
    schema = xsd_for(doc_type)
    valid = schema.validate(element)
    try:
        values = _read(element, _readers(model, namespace(doc_type)))
        document: Document = model.__pydantic_validator__.validate_python(values, by_alias=True, by_name=False)
    except ValidationError as error:
        raise refusal(doc_type, error) from None
    except SchemaError as error:
        raise SchemaError(doc_type, error.errors) from None
    if not valid:
        # The fields are in order, their arrangement is not: order, attributes, stray text, nil.
        path = _misplaced(element, model, namespace(doc_type))
        if path is not None:
            told = "the element stands in the wrong place; elements come in the order of the schema"
            raise SchemaError(doc_type, [FieldError(path, "wrong_order", told)])
        log: Any = schema.error_log
        kind = log[0].type_name if len(log) else "unknown"
        raise SchemaError(doc_type, [FieldError("", "xsd", f"not valid against the XSD: {kind}")])
    return with_canonical(document, values)
