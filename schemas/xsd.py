"""The XSD of every document type, generated from its model: plain sequences, string restrictions, no wildcards.

Enters: a document type. Leaves: the schema as text or compiled. Refuses: unknown types, and two types of one name (a
TypeError, so a test sees it). Each schema is one file with one namespace and imports nothing, which every SOAP toolkit
digests.
"""

from __future__ import annotations

from functools import cache

from lxml import etree

from schemas.catalogue import model_of
from schemas.document import Group, RawFields
from schemas.fields import Choice, FieldPlan, Truth, plan
from schemas.marks import Privacy
from schemas.scalars import CIVIL_DATE_PATTERN, INSTANT_PATTERN, CivilDateScalar, InstantScalar, Scalar, Text, Whole

XS = "http://www.w3.org/2001/XMLSchema"
_X = f"{{{XS}}}"


def namespace(doc_type: str) -> str:
    """Give the XML namespace of `name/major`."""
    return "urn:lintas:schema:" + doc_type.replace("/", ":")


def root_name(doc_type: str) -> str:
    """Give the name of the root element of `name/major`: the name in camelCase."""
    first, *others = doc_type.partition("/")[0].split("-")
    return first + "".join(word.capitalize() for word in others)


def _restriction(base: str, facets: list[tuple[str, str]]) -> etree._Element:
    restriction = etree.Element(f"{_X}restriction", base=base)
    for facet, value in facets:
        etree.SubElement(restriction, _X + facet, value=value)
    return restriction


def _facets(scalar: Scalar) -> tuple[str, list[tuple[str, str]]]:
    if isinstance(scalar, Text):
        facets = [("pattern", scalar.pattern[1:-1])] if scalar.pattern else []
        # XSD knows no escape for the blanks beyond ASCII; those are refused by name when the document is read.
        facets += [("pattern", r"\s*\S[\s\S]*")] if scalar.filled else []
        if not (scalar.pattern and scalar.least == scalar.most):
            facets += [("minLength", str(scalar.least))] if scalar.least else []
            facets += [("maxLength", str(scalar.most))]
        return "xs:string", facets
    if isinstance(scalar, Whole):
        return "xs:long", [("minInclusive", str(scalar.least)), ("maxInclusive", str(scalar.most))]
    if isinstance(scalar, Choice):
        return "xs:string", [("enumeration", word) for word in scalar.words]
    if isinstance(scalar, CivilDateScalar):
        return "xs:date", [("pattern", CIVIL_DATE_PATTERN[1:-1])]
    if isinstance(scalar, InstantScalar):
        return "xs:dateTime", [("pattern", INSTANT_PATTERN[1:-1])]
    if isinstance(scalar, Truth):
        return "xs:boolean", []
    if isinstance(scalar, RawFields):
        return "xs:string", []
    raise TypeError(f"no XSD for {scalar!r}")


class _Builder:
    """Collects the types of one schema, each once."""

    def __init__(self) -> None:
        self.complex: dict[str, etree._Element] = {}
        self.simple: dict[str, etree._Element] = {}
        self.kinds: dict[str, Scalar | type[Group]] = {}

    def type_of(self, field: FieldPlan, owner: str) -> str:
        if field.group is not None:
            self.group(field.group, field.group.__name__)
            return f"tns:{field.group.__name__}"
        assert field.scalar is not None
        base, facets = _facets(field.scalar)
        if not facets:
            return base
        name = field.scalar.name or owner + field.wire[0].upper() + field.wire[1:]
        if self._is_new(name, field.scalar):
            simple = etree.Element(f"{_X}simpleType", name=name)
            simple.append(_restriction(base, facets))
            self.simple[name] = simple
        return f"tns:{name}"

    def _is_new(self, name: str, kind: Scalar | type[Group]) -> bool:
        # Types of either sort share one space of names; what went out under another's name would be read as that.
        known = self.kinds.setdefault(name, kind)
        if known != kind:
            raise TypeError(f"two kinds of value are called {name}: {known!r} and {kind!r}")
        return name not in self.simple and name not in self.complex

    def group(self, model: type[Group], name: str) -> None:
        if not self._is_new(name, model):
            return
        found = self.complex[name] = etree.Element(f"{_X}complexType", name=name)
        _document(found, (model.__doc__ or "").strip().split("\n")[0])
        sequence = etree.SubElement(found, f"{_X}sequence")
        for field in plan(model):
            element = etree.SubElement(sequence, f"{_X}element", name=field.wire, type=self.type_of(field, name))
            if not field.required:
                element.set("minOccurs", "0")
            if field.repeated:
                element.set("maxOccurs", "unbounded")
            if field.nullable:
                element.set("nillable", "true")
            _document(element, _meaning(field))


def _meaning(field: FieldPlan) -> str:
    term = f" ({field.mark.term})" if field.mark.term else ""
    privacy = "" if field.mark.privacy is Privacy.public else f" [{field.mark.privacy.name}]"
    return field.mark.text + term + privacy


def _document(element: etree._Element, text: str) -> None:
    annotation = etree.SubElement(element, f"{_X}annotation")
    etree.SubElement(annotation, f"{_X}documentation").text = text


def xsd_element(doc_type: str) -> etree._Element:
    """Build the `xs:schema` element of a document type; a WSDL may embed it as it is."""
    model = model_of(doc_type)
    ns, root = namespace(doc_type), root_name(doc_type)
    builder = _Builder()
    type_name = root[0].upper() + root[1:]
    builder.group(model, type_name)
    schema = etree.Element(
        f"{_X}schema",
        nsmap={"xs": XS, "tns": ns},
        targetNamespace=ns,
        elementFormDefault="qualified",
        version=doc_type.partition("/")[2],
    )
    etree.SubElement(schema, f"{_X}element", name=root, type=f"tns:{type_name}")
    schema.extend(builder.complex.values())
    schema.extend(builder.simple[name] for name in sorted(builder.simple))
    return schema


def xsd_text(doc_type: str) -> bytes:
    """Write the XSD of a document type as stable, indented UTF-8 bytes."""
    schema = xsd_element(doc_type)
    etree.indent(schema, "  ")
    return etree.tostring(schema, encoding="UTF-8", xml_declaration=True) + b"\n"


@cache
def xsd_for(doc_type: str) -> etree.XMLSchema:
    """Give the compiled XSD of a document type; the same object every time."""
    return etree.XMLSchema(xsd_element(doc_type))
