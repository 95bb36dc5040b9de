"""Version 2: JSON in and out, files in base64. It draws no QR: the picture of the mark is ours.

Enters: documents and answers. Leaves: calls with the manual's field names, the signed PDF. Refuses: a mark without a
picture, an answer with no file or several, what is no base64.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import orjson

from adapters.bsre.answers import read_object, refuse_error
from adapters.bsre.dialect import NIK, Call, Elsewhere, most
from adapters.bsre.opinion import Opinion, opinion_v2
from adapters.bsre.place import Place
from gateway.contract import HttpReply, Native, PdfToSign, Reason, Refused

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_JSON = "application/json"
_AROUND = 64 * 1024
"""Bytes that an answer may have beside its file."""


class V2:
    """`secret` is the name of what the signer gives: `passphrase` or `totp`."""

    def __init__(self, *, secret: str) -> None:
        self._secret = secret

    def knows(self, signer: str) -> bool:
        return NIK.fullmatch(signer) is not None or _EMAIL.fullmatch(signer) is not None

    def status(self, signer: str) -> Call:
        return Call("POST", "/api/v2/user/check/status", _json(_who(signer)))

    def sign(self, document: PdfToSign, secret: str, at: Place | None) -> Call:
        looks: dict[str, Any] = {"tampilan": "INVISIBLE" if at is None else "VISIBLE"}
        if at is not None:
            if document.image is None:
                detail = "version 2 of the signing service draws no QR by itself; the mark has to come as a picture"
                raise Refused(Reason.BAD_REQUEST, detail)
            looks |= {**_corner(at), "imageBase64": base64.b64encode(document.image).decode()}
        looks |= {name: value for name in ("reason", "location") if (value := getattr(document, name)) is not None}
        fields = {**_who(document.signer), self._secret: secret, "signatureProperties": [looks]}
        return Call("POST", "/api/v2/sign/pdf", _with_file(fields, document.pdf, listed=True))

    def signed(self, reply: HttpReply) -> bytes | Elsewhere:
        refuse_error(reply, _AROUND)
        files = read_object(reply.body, len(reply.body)).get("file")
        if not isinstance(files, list) or len(files) != 1 or not isinstance(files[0], str):
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the signing service's answer does not hold one file")
        try:
            return base64.b64decode(files[0], validate=True)
        except (binascii.Error, ValueError):
            raise Refused(Reason.RECIPIENT_ANSWER_INVALID, "the signing service's file is no base64") from None

    def answer_bytes(self, pdf: bytes) -> int:
        return most(pdf) * 4 // 3 + _AROUND

    def code(self, signer: str) -> Call | None:
        return Call("POST", "/api/v2/sign/get/totp", _json({**_who(signer), "data": 1}))

    def verify(self, pdf: bytes) -> Call:
        return Call("POST", "/api/v2/verify/pdf", _with_file({}, pdf, listed=False))

    def opinion(self, reply: HttpReply, limit: int) -> Opinion:
        return opinion_v2(read_object(reply.body, limit))


def _who(signer: str) -> dict[str, str]:
    return {"email" if "@" in signer else "nik": signer}


def _corner(at: Place) -> dict[str, Any]:
    size = {"width": at.width, "height": at.height} if at.width > 0 and at.height > 0 else {}
    if at.tag is not None:
        return {"tag_koordinat": at.tag, **size}
    return {"page": at.page, "originX": at.x, "originY": at.y, **size}


def _json(value: Any) -> Native:
    return Native((orjson.dumps(value),), _JSON)


def _with_file(fields: dict[str, Any], pdf: bytes, *, listed: bool) -> Native:
    """The object of `fields` with the file as its last, in pieces: it is never copied into a text."""
    head = orjson.dumps(fields)[:-1] + (b"," if fields else b"") + b'"file":' + (b'["' if listed else b'"')
    return Native((head, base64.b64encode(pdf), b'"]}' if listed else b'"}'), _JSON)
