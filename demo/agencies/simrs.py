"""A hospital's system that sends by REST: referrals as JSON, one with a large scan as multipart, and a question.

Enters: patients and files. Leaves: calls to the gateway. Refuses: nothing. The scan is streamed, never held.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import AsyncIterablePayload, BytesPayload, MultipartWriter

from demo.agencies.caller import Answer, Caller
from demo.papers import Scan
from demo.people import Person

SERVICE = {"service": "referral.deliver", "schema": "referral/1"}
TIFF, PDF = "image/tiff", "application/pdf"


class Hospital:
    """Sends on behalf of one hospital on one day (`yyyy-MM-dd`)."""

    def __init__(self, caller: Caller, day: str) -> None:
        self._caller, self._day = caller, day
        self.system = caller.system

    def referral(self, number: str, patient: Person, note: str, files: list[dict[str, Any]]) -> dict[str, Any]:
        """A submission; `files` are the references of what travels along."""
        document: dict[str, Any] = {
            "referralNumber": number,
            "referralDate": self._day,
            "fromFacility": {"code": "0301R011", "name": "RSUD Kota Bandung (simulasi)"},
            "toFacility": {"code": "0301R099", "name": "Rumah Sakit Rujukan (simulasi)"},
            "toSpecialty": {"code": "JAN", "name": "Jantung"},
            "careType": "outpatient",
            "diagnosis": {"code": "I25.1", "name": "Penyakit jantung aterosklerotik"},
            "note": note,
            "patient": {
                "nik": patient.nik,
                "noKartu": patient.card,
                "fullName": patient.name,
                "birthDate": patient.born.isoformat(),
                "sex": patient.sex,
            },
        }
        if files:
            document["attachments"] = files
        return {"envelope": dict(SERVICE), "document": document}

    def with_result(self, number: str, patient: Person, note: str, result: bytes) -> dict[str, Any]:
        """A referral with a small PDF inside the JSON."""
        digest = hashlib.sha256(result).hexdigest()
        reference = {"sha256": digest, "size": len(result), "mediaType": PDF, "name": "hasil-lab.pdf"}
        submission = self.referral(number, patient, note, [reference])
        inline = {"name": "hasil-lab.pdf", "mediaType": PDF, "content": base64.b64encode(result).decode()}
        return {**submission, "parts": [{**inline, "sha256": digest}]}

    async def send(self, submission: dict[str, Any], key: str) -> Answer:
        return await self._caller.submit(submission, key=key)

    async def send_scan(self, number: str, patient: Person, scan: Scan, key: str) -> Answer:
        """A referral with a scan as multipart/form-data (RFC 7578), the file with its Content-Digest (RFC 9530)."""
        reference = {"sha256": scan.sha256, "size": scan.size, "mediaType": TIFF, "name": "angiografi.tif"}
        submission = self.referral(number, patient, "Hasil angiografi terlampir", [reference])
        form = MultipartWriter("form-data")
        message = BytesPayload(json.dumps(submission).encode(), content_type="application/json")
        message.set_content_disposition("form-data", name="message")
        form.append_payload(message)
        file = AsyncIterablePayload(_streamed(scan), content_type=TIFF)
        file.set_content_disposition("form-data", name="part-1", filename="angiografi.tif")
        digest = base64.b64encode(bytes.fromhex(scan.sha256)).decode()
        file.headers["Content-Digest"] = f"sha-256=:{digest}:"
        form.append_payload(file)
        return await self._caller.call("POST", "/api/v1/messages", data=form, headers={"Idempotency-Key": key})

    async def ask(self, card: str, key: str) -> Answer:
        """The same question that others ask by SOAP."""
        document = {"noKartu": card, "serviceDate": self._day}
        submission = {
            "envelope": {"service": "coverage.lookup", "schema": "eligibility-query/1"},
            "document": document,
        }
        return await self._caller.submit(submission, key=key, path="/api/v1/queries")


async def _streamed(scan: Scan) -> AsyncIterator[bytes]:
    for block in scan.blocks():
        yield block
