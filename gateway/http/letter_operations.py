"""The operations about letters in words, as `operations` has the others.

Enters: nothing. Leaves: OpenAPI operations by method and path. Refuses: nothing; tests compare them with the router.
"""

from __future__ import annotations

from typing import Any

from gateway.contract.reasons import Reason
from gateway.http.operations import ANY, BODY, FOUND, HTML, JSON, PROBLEM, in_path, ok, operation
from gateway.http.shapes import ref

_ELSEWHERE = (Reason.RECIPIENT_DOWN, Reason.RECIPIENT_REFUSED, Reason.RECIPIENT_UNSURE,
              Reason.RECIPIENT_ANSWER_INVALID, Reason.OPERATOR_NEEDED)  # fmt: skip
_CODE = in_path("code", "Code of the letter; upper or lower case, with or without dashes", pattern="^[^/]{1,64}$")


def letter_operations() -> dict[tuple[str, str], dict[str, Any]]:
    return {**_own(), **_public()}


def _own() -> dict[tuple[str, str], dict[str, Any]]:
    base = "/api/v1/letters/{code}"
    letter = {"200": ok("The letter.", ref("Letter"))}
    text: dict[str, Any] = {"required": True, "schema": {"type": "string"}}
    headers = {"Repr-Digest": text, "ETag": {**text, "description": "Strong: the SHA-256 of the file"}}
    pdf: dict[str, Any] = {
        "description": "The PDF.",
        "content": {"application/pdf": {"schema": {"type": "string"}}},
        "headers": headers,
    }

    def change(name: str, field: str, summary: str, told: str, most: int) -> dict[str, Any]:
        shape = {"type": "string", "minLength": 1, "maxLength": most, "description": told, "pattern": "^[ -~]+$"}
        schema = {"type": "object", "required": [field], "properties": {field: shape}, "additionalProperties": False}
        return operation(
            "letters", name, summary, letter, (*FOUND, *BODY, Reason.ERASED, Reason.LETTER_ENDED),
            description="For systems of the issuing agency, and operators. The same once more changes nothing.",
            parameters=[_CODE], requestBody={"required": True, "content": {JSON: {"schema": schema}}},
        )  # fmt: skip

    return {
        ("GET", base): operation(
            "letters", "readLetter", "State of a letter and what stands behind its code", letter, FOUND,
            description="For systems of the issuing agency; for operators and auditors.", parameters=[_CODE],
        ),
        ("GET", f"{base}/file"): operation(
            "letters", "readLetterFile", "The signed PDF of a letter", {"200": pdf}, (*FOUND, Reason.ERASED,
            Reason.OPERATOR_NEEDED), description="For systems of the issuing agency.", parameters=[_CODE],
        ),
        ("POST", "/api/v1/signers/{signer}/code"): operation(
            "letters", "sendCode", "Have a one-time code sent to a signer",
            {"200": ok("It was sent.", ref("CodeSent"))},
            (*ANY, Reason.UNKNOWN_SIGNER, Reason.SIGNER_NOT_READY, Reason.TIMED_OUT, *_ELSEWHERE),
            description="For signers whose key lies with a service that takes such codes; give it as `Lintas-Totp`.",
            parameters=[in_path("signer", "Name of the signer in the configuration of the agency")],
        ),
        ("POST", f"{base}/withdraw"): change(
            "withdrawLetter", "reason", "Withdraw a letter", "Why; the public page shows it where the class allows", 500
        ),
        ("POST", f"{base}/replace"): change(
            "replaceLetter", "by", "Put another letter in the place of this one", "Code of the other letter", 64
        ),
    }  # fmt: skip


def _public() -> dict[tuple[str, str], dict[str, Any]]:
    language = {
        "name": "lang",
        "in": "query",
        "description": "`id` or `en`; anything else is passed over",
        "schema": {},
    }
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
    typed = {"name": "code", "in": "query", "description": "A code, as typed", "schema": {}}
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
