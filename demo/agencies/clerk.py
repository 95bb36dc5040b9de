"""An office's own letter system: it has letters signed at the gateway, fetches them, sends them, replaces them.

Enters: PDFs, what the letter says, the passphrase of who signs (a header, and never kept). Leaves: calls to the
gateway. Refuses: nothing; a refusal is an answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import BytesPayload, MultipartWriter

from demo.agencies.caller import Answer, Caller

SIGN = {"service": "letter.sign", "schema": "signature-request/1"}
SEND = {"service": "letter.deliver", "schema": "letter/1"}
PDF = "application/pdf"


class Clerk:
    """Works for one system of the office on one day (`yyyy-MM-dd`)."""

    def __init__(self, caller: Caller, day: str, signer: str) -> None:
        self._caller, self._day, self._signer = caller, day, signer
        self.system = caller.system

    async def sign(self, pdf: bytes, number: str, subject: str, passphrase: str, key: str) -> Answer:
        """The letter with its mark and code, of which the answer tells."""
        document = {
            "file": _reference(pdf, "konsep.pdf"),
            "signer": self._signer,
            "letterNumber": number,
            "letterDate": self._day,
            "subject": subject,
            "privacy": "public",
        }
        headers = {"Idempotency-Key": key, "Lintas-Passphrase": passphrase}
        form = _form({"envelope": SIGN, "document": document}, pdf, "konsep.pdf")
        return await self._caller.call("POST", "/api/v1/queries", data=form, headers=headers)

    async def file(self, code: str) -> Answer:
        return await self._caller.get(f"/api/v1/letters/{code}/file")

    async def replace(self, code: str, by: str) -> Answer:
        body, headers = json.dumps({"by": by}).encode(), {"Content-Type": "application/json"}
        return await self._caller.call("POST", f"/api/v1/letters/{code}/replace", data=body, headers=headers)

    async def send(self, pdf: bytes, letter: Mapping[str, Any], recipient: str, key: str) -> Answer:
        """The signed letter to another office."""
        submission = {
            "envelope": {**SEND, "recipients": [recipient]},
            "document": {**letter, "mainFile": _reference(pdf, "surat.pdf")},
        }
        form = _form(submission, pdf, "surat.pdf")
        return await self._caller.call("POST", "/api/v1/messages", data=form, headers={"Idempotency-Key": key})

    async def state(self, message: str) -> Answer:
        return await self._caller.get(f"/api/v1/messages/{message}")

    async def keys(self) -> Answer:
        """The public keys of the gateway's receipts."""
        return await self._caller.get("/.well-known/jwks.json")

    async def receipts(self, message: str) -> Answer:
        return await self._caller.get(f"/api/v1/messages/{message}/receipts")


def _reference(pdf: bytes, name: str) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(pdf).hexdigest(), "size": len(pdf), "mediaType": PDF, "name": name}


def _form(message: Mapping[str, Any], pdf: bytes, name: str) -> MultipartWriter:
    """multipart/form-data (RFC 7578): the message, then its one file."""
    form = MultipartWriter("form-data")
    head = BytesPayload(json.dumps(message).encode(), content_type="application/json")
    head.set_content_disposition("form-data", name="message")
    form.append_payload(head)
    file = BytesPayload(pdf, content_type=PDF)
    file.set_content_disposition("form-data", name="part-1", filename=name)
    form.append_payload(file)
    return form
