"""The operations about letters in words, as `operations` has the others.

Enters: nothing. Leaves: OpenAPI operations by method and path. Refuses: nothing; tests compare them with the router.
"""

from __future__ import annotations

from typing import Any

from gateway.contract.reasons import Reason
from gateway.http.operations import HTML, PROBLEM, in_path, ok, operation
from gateway.http.shapes import ref

_CODE = in_path("code", "Code of the letter; upper or lower case, with or without dashes", pattern="^[^/]{1,64}$")


def letter_operations() -> dict[tuple[str, str], dict[str, Any]]:
    return _public()


def _public() -> dict[tuple[str, str], dict[str, Any]]:
    language = {"name": "lang", "in": "query", "description": "Language of the page", "schema": {"enum": ["id", "en"]}}
    page = ok("A page.", {"type": "string"}, HTML)
    # What is refused before anybody looks at the address is told as everywhere else.
    refused = {**page, "content": {**page["content"], PROBLEM: {"schema": ref("Problem")}}}
    waits = {
        "description": "A page that says to wait; see Retry-After.",
        "content": refused["content"],
        "headers": {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds"}},
    }
    unknown = {**page, "description": "A page that says that no letter has this code."}
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "contentMediaType": "application/pdf"}},
    }
    body = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    moved = {
        "description": "To the page of the code in `code`.",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
    typed = {"name": "code", "in": "query", "description": "A code, as typed", "schema": {"type": "string"}}
    asking = {"200": page, "303": moved}
    text = {"schema": {"type": "string"}}
    file = {
        "200": {"description": "CSS or JavaScript.", "content": dict.fromkeys(("text/css", "text/javascript"), text)}
    }
    return {
        ("GET", "/v/{code}"): operation(
            "published", "letterPage", "What anybody may know of the letter with this code",
            {"200": page, "404": unknown, "429": waits, "503": waits}, parameters=[_CODE, language],
        ),
        ("POST", "/v/{code}/check"): operation(
            "published", "checkLetter", "Compare a file with the letter, and check its signatures",
            {"200": page, "400": refused, "404": unknown, "413": page, "429": waits, "503": waits},
            parameters=[_CODE, language], requestBody=body,
        ),
        ("GET", "/v/"): operation(
            "published", "typeCode", "Where a code is typed", asking, parameters=[typed, language]
        ),
        ("GET", "/v"): operation(
            "published", "typeCodeBare", "Where a code is typed, without the slash", asking,
            parameters=[typed, language],
        ),
        ("GET", "/v/assets/{file}"): operation(
            "published", "letterAsset", "Style and script of these pages", file, (Reason.NOT_FOUND,),
            parameters=[in_path("file", "letter.css or letter.js")],
        ),
    }  # fmt: skip
