"""What is wrong with a wrapper or document, as (path, code, message): where, never what.

Enters: libxml2's error log or a `SchemaError`, with the element it is about. Leaves: findings with line numbers.
Refuses: to repeat a value or a name that our own schemas do not declare.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any, cast

from lxml import etree

from schemas.document import SchemaError

Finding = tuple[str, str, str]

_MOST = 50
#: Entries of the log that are followed to their place: each costs a walk down the tree.
_LOOKED_AT = 100
_STEP = re.compile(r"(?:([^:\[\]/]+):)?([^:\[\]/]+)(?:\[([0-9]{1,9})\])?")
#: libxml2's names of its errors (schema component constraints of XML Schema 1.0, appendix C) in our words.
_CODES = {
    "SCHEMAV_ELEMENT_CONTENT": ("unexpected_element", "an element is missing, out of order or not known here"),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_4": ("unexpected_element", "an element is missing, out of order or not known here"),
    "SCHEMAV_CVC_PATTERN_VALID": ("pattern", "the text does not match the pattern of its type"),
    "SCHEMAV_CVC_ENUMERATION_VALID": ("not_allowed", "the text is not one of the words of its type"),
    "SCHEMAV_CVC_MAXLENGTH_VALID": ("too_long", "the text is too long"),
    "SCHEMAV_CVC_MINLENGTH_VALID": ("too_short", "the text is too short"),
    "SCHEMAV_CVC_ELT_3_1": ("nil", "the element cannot be nil"),
    "SCHEMAV_CVC_ELT_4_1": ("xsi_type", "xsi:type is no name"),
    "SCHEMAV_CVC_ELT_4_2": ("xsi_type", "xsi:type names no type of this schema"),
    "SCHEMAV_CVC_ELT_4_3": ("xsi_type", "xsi:type names no type that may stand here"),
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": ("attribute", "an attribute is not known here"),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": ("text", "text stands where only elements may be"),
    "SCHEMAV_CVC_TYPE_3_1_2": ("not_text", "elements stand where only text may be"),
}
#: Elements that may repeat have their place in the path, counted from 0, also where there is one.
_REPEATED = frozenset(("part", "recipients", "receipt"))
_OTHER = ("xsd", "not valid against the XSD")


def line_of(element: etree._Element) -> int:
    """The line an element starts on, from 1; 0 if it was not read from bytes."""
    return int(cast(Any, element).sourceline or 0)


def _children(element: etree._Element, prefix: str | None, local: str) -> list[etree._Element]:
    found = [child for child in element if isinstance(child.tag, str)]
    if local == "*":
        return found
    return [child for child in found if child.prefix == prefix and etree.QName(child).localname == local]


def _walk(root: etree._Element, path: str, names: frozenset[str]) -> tuple[str, etree._Element]:
    """Follow libxml2's path from the root of what was validated; give ours and the element reached."""
    at, said = root, []
    for step in path.split("/")[2:]:
        matched = _STEP.fullmatch(step)
        if matched is None:
            break
        among = _children(at, matched[1], matched[2])
        index = int(matched[3] or 1) - 1
        if not 0 <= index < len(among):
            break
        above, at = at, among[index]
        local = etree.QName(at).localname
        same = [child for child in above if child.tag == at.tag]
        said.append(
            (local if local in names else "?") + (f".{same.index(at)}" if len(same) > 1 or local in _REPEATED else "")
        )
    return ".".join(said), at


def wrapper_findings(schema: etree.XMLSchema, root: etree._Element, names: frozenset[str]) -> list[Finding]:
    """What the last validation of `root` by `schema` found."""
    found: dict[tuple[str, str], Finding] = {}
    for entry in islice(cast(Any, schema.error_log), _LOOKED_AT):
        path, at = _walk(root, entry.path or "", names)
        code, message = _CODES.get(entry.type_name, _OTHER)
        found.setdefault((path, code), (path, code, f"line {line_of(at)}: {message}"))
        if len(found) >= _MOST:
            break
    return list(found.values()) or [("", *_OTHER)]


def document_findings(error: SchemaError, document: etree._Element) -> list[Finding]:
    """A document's faults, below `document` and with the line of the nearest element that is there."""
    return [
        (f"document.{path}" if path else "document", code, f"line {_line(document, path.split('.'))}: {message}")
        for path, code, message in error.errors
    ]


def _line(element: etree._Element, steps: Iterable[str]) -> int:
    at, among = element, [element]
    for step in steps:
        if step.isdigit():
            at = among[int(step)] if int(step) < len(among) else at
            continue
        among = [child for child in at if isinstance(child.tag, str) and etree.QName(child).localname == step]
        if not among:
            break
        at = among[0]
    return line_of(at)
