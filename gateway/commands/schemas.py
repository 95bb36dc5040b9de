"""`lintas schemas`: the shared documents and services.

Enters: the name of a document (`letter/1`), or nothing. Leaves: lists, fields, or the published XSD or JSON Schema.
Refuses: a name that is not in the catalogue.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from gateway.commands.command import LOCAL, Setup, command
from gateway.commands.exits import DONE, USAGE, Failure


@command(*LOCAL)
def schemas(
    setup: Setup,
    name: Annotated[str | None, typer.Argument(help="A document, such as letter/1.", show_default=False)] = None,
    xsd: Annotated[bool, typer.Option("--xsd", help="Print its XSD.")] = False,
    json_schema: Annotated[bool, typer.Option("--json-schema", help="Print its JSON Schema.")] = False,
) -> int:
    """List the shared documents and services, or show one document."""
    if name is None:
        if xsd or json_schema:
            raise Failure(USAGE, "usage", "--xsd and --json-schema need the name of a document", "try letter/1")
        return _catalogue(setup)
    if xsd and json_schema:
        raise Failure(USAGE, "usage", "--xsd and --json-schema exclude each other", "ask twice")
    from gateway.federation.findings import did_you_mean
    from schemas.catalogue import DOCUMENTS
    from schemas.published import file_stem, files

    if name not in DOCUMENTS:
        raise Failure(USAGE, "unknown_document_type", "no document has this name", did_you_mean(name, DOCUMENTS))
    if xsd or json_schema:
        text = files()[file_stem(name) + (".xsd" if xsd else ".schema.json")].decode()
        if xsd and setup.json:
            setup.face.value({"name": name, "xsd": text})
        else:
            sys.stdout.write(text)
        return DONE
    return _document(setup, name)


def _catalogue(setup: Setup) -> int:
    from schemas.catalogue import DOCUMENTS, SERVICES

    documents = [{"name": name, "title": _title(model.__doc__)} for name, model in DOCUMENTS.items()]
    services = [
        {
            "name": one.name,
            "kind": one.kind,
            "request": one.request,
            "answer": one.answer,
            "parts": one.parts_allowed,
            "title": one.title,
        }
        for one in SERVICES.values()
    ]
    if setup.json:
        setup.face.value({"documents": documents, "services": services})
        return DONE
    setup.face.table("Documents", ("document", "what it is"), [(one["name"], one["title"]) for one in documents])
    columns = ("service", "kind", "takes", "answers", "parts", "what it does")
    rows: list[tuple[Any, ...]] = [
        (one["name"], one["kind"], one["request"], one["answer"], "yes" if one["parts"] else "", one["title"])
        for one in services
    ]
    setup.face.table("Services", columns, rows)
    return DONE


def _document(setup: Setup, name: str) -> int:
    from schemas.published import json_schema

    schema = json_schema(name)
    required = schema.get("required", [])
    fields = [
        {
            "name": key,
            "required": key in required,
            "privacy": field.get("x-privacy"),
            "term": field.get("x-term-id"),
            "meaning": field.get("description"),
        }
        for key, field in schema.get("properties", {}).items()
    ]
    if setup.json:
        setup.face.value({"name": name, "fields": fields})
        return DONE
    rows = [
        (one["name"], "yes" if one["required"] else "", one["privacy"], one["term"], one["meaning"]) for one in fields
    ]
    setup.face.table(name, ("field", "required", "privacy", "in Indonesian", "meaning"), rows)
    return DONE


def _title(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]
