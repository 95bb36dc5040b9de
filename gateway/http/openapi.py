"""The API's description as OpenAPI 3.1, made from the shared models, the closed catalogue of reasons and the router.

Enters: the mounted methods and paths, the public address, the settings. Leaves: one document, the same for the same
input. Refuses: nothing; a mounted path without a description of its own is still listed, in the words of its route.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.http import examples
from gateway.http.operations import in_path, operation, operations
from gateway.http.shapes import Schema, answers, component, ref, said
from gateway.settings import Settings
from schemas.catalogue import DOCUMENTS, SERVICES, Service
from schemas.published import json_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TAGS = {
    "send": "Documents and questions, sent by systems.",
    "read": "State, receipts and parts, for the parties of a message.",
    "letters": "Letters that were signed here, by their codes.",
    "inbox": "For systems that pull what is theirs instead of being called.",
    "operate": "For persons: operators and auditors.",
    "published": "Open to all.",
    "soap": "The same services by SOAP 1.1 and 1.2; their contract is the WSDL.",
    "other": "Paths of further adapters.",
}
_PARAMETER = re.compile(r"\{([a-z_]+)\}")


def document(paths: Iterable[tuple[str, str]], settings: Settings, public_url: str) -> dict[str, Any]:
    """The whole description. `paths` are (method, path) as mounted."""
    known = operations(settings)
    told: dict[str, dict[str, Any]] = {}
    for method, path in sorted(paths, key=lambda one: (_rank(one, known), one)):
        told.setdefault(path, {})[method.lower()] = known.get((method, path)) or _unknown(method, path)
    used = {tag for item in told.values() for operation in item.values() for tag in operation["tags"]}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "Lintas",
            "version": "1",
            "summary": "Documents between agency systems, with receipts and evidence.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items() if name in used],
        "paths": told,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "lintas_<id>_<secret>"},
                "basic": {"type": "http", "scheme": "basic", "description": "The API key as the password."},
            },
            "schemas": dict(sorted({**shared(), **submissions(settings), **answers()}.items())),
        },
    }


_ABOUT = (
    "A delivery (`POST /api/v1/messages`) is recorded before its 202 leaves; from then on the gateway answers for it. "
    "A query (`POST /api/v1/queries`) waits for the answer. Send an idempotency key: a repeat of the same content gets "
    "the original receipts, other content under the same key is refused. Refusals are RFC 9457 problems, their codes "
    "a closed catalogue under `/errors/`. HEAD is answered wherever GET is."
)


def _rank(one: tuple[str, str], known: Mapping[tuple[str, str], Any]) -> int:
    order = list(known)
    return order.index(one) if one in known else len(order)


def shared() -> dict[str, Schema]:
    """The shared documents and their groups, with references inside this document."""
    found: dict[str, Schema] = {}
    for doc_type in DOCUMENTS:
        whole = json_schema(doc_type)
        for name, inner in whole.pop("$defs", {}).items():
            found.setdefault(name, _moved(inner))
        found[component(doc_type)] = _moved({k: v for k, v in whole.items() if k not in ("$schema", "$id")})
    return found


def _moved(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: item.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _moved(item)
            for key, item in value.items()
        }
    return [_moved(item) for item in value] if isinstance(value, list) else value


def submissions(settings: Settings) -> dict[str, Schema]:
    """One component per service: its envelope, its document, and parts where it carries any."""
    found: dict[str, Schema] = {"InlinePart": _inline_part(settings)}
    for service in SERVICES.values():
        found[component(service.name)] = _submission(service, settings, parts=service.parts_allowed)
        if service.kind == "query":
            assert service.answer is not None
            found[f"{component(service.name)}Answer"] = _answer(service.answer)
    return found


def _submission(service: Service, settings: Settings, *, parts: bool) -> Schema:
    envelope: Schema = {
        "allOf": [ref("Envelope1")],
        "properties": {"service": {"const": service.name}, "schema": {"const": service.request}},
        "required": ["service", "schema"],
    }
    members: dict[str, Any] = {"envelope": envelope, "document": ref(component(service.request))}
    if parts:
        members["parts"] = {"type": "array", "maxItems": settings.limits.parts, "items": ref("InlinePart")}
    told: Schema = {
        "type": "object",
        "title": service.name,
        "description": f"{service.title}.",
        "required": ["envelope", "document"],
        "properties": members,
        "additionalProperties": False,
    }
    example = examples.submission(service.name, service.request)
    return told if example is None else {**told, "examples": [example]}


def _inline_part(settings: Settings) -> Schema:
    return {
        "type": "object",
        "description": "A small part inside the JSON body; larger ones travel in multipart.",
        "required": ["mediaType", "content"],
        "properties": {
            "name": said({"type": "string", "minLength": 1, "maxLength": settings.limits.name_bytes}, "Without a path"),
            "mediaType": {"type": "string", "pattern": "^[A-Za-z0-9]+/[A-Za-z0-9.+-]{1,60}$"},
            "content": {"type": "string", "contentEncoding": "base64", "description": "RFC 4648, section 4"},
            "sha256": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$", "description": "Checked against the bytes"},
        },
        "additionalProperties": False,
    }  # fmt: skip


def _answer(doc_type: str) -> Schema:
    told: Schema = {
        "type": "object",
        "required": ["messageId", "schema", "document"],
        "properties": {
            "messageId": {"type": "string"},
            "schema": {"const": doc_type},
            "document": ref(component(doc_type)),
            "repeated": {"type": "boolean", "description": "True if this is the kept answer of an earlier call"},
        },
    }
    if doc_type in examples.ANSWERS:
        example = {"messageId": examples.MESSAGE, "schema": doc_type, "document": examples.ANSWERS[doc_type]}
        told["examples"] = [example]
    return told


def _unknown(method: str, path: str) -> dict[str, Any]:
    """A path of an adapter that this module does not know."""
    names = [in_path(name, "") for name in _PARAMETER.findall(path)]
    identity = re.sub(r"[^A-Za-z0-9]+", "_", f"{method.lower()}{path}").rstrip("_")
    answers_ = {"default": {"description": "The adapter's own."}}
    return operation("other", identity, f"{method} {path}", answers_, parameters=names)
