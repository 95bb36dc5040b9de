"""One submission per shared service that fits its schema, for the OpenAPI document. Nobody in them exists.

Enters: nothing. Leaves: bodies of `POST /api/v1/messages` and `/api/v1/queries` by service. Refuses: nothing; a test
reads each of them as the gateway would.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

_LETTER = b"%PDF-1.7\n% simulated\n%%EOF\n"
_SHA256 = hashlib.sha256(_LETTER).hexdigest()

MESSAGE = "019a0000-0000-7000-8000-000000000001"
DOCUMENTS: dict[str, dict[str, Any]] = {
    "coverage.lookup": {"noKartu": "0001234567890", "serviceDate": "2026-11-23"},
    "person.deliver": {
        "otherIdentifiers": [{"scheme": "simulation", "value": "P-0001"}],
        "fullName": "SITI CONTOH",
        "birthDate": "1990-05-17",
        "sex": "female",
    },
    "organisation.deliver": {
        "id": "PKM-0001",
        "scheme": "simulation",
        "name": "Puskesmas Contoh",
        "kind": "puskesmas",
        "timeZone": "Asia/Jakarta",
    },
    "letter.deliver": {
        "letterNumber": "001/CTH/2026",
        "letterDate": "2026-11-23",
        "letterType": "surat_dinas",
        "subject": "Contoh surat",
        "securityLevel": "B",
        "urgency": "biasa",
        "archiveClass": "000.1.2",
        "sender": {"name": "Kelurahan Contoh"},
        "recipients": [{"kind": "internal", "organisation": {"name": "Dinas Contoh"}}],
        "mainFile": {"sha256": _SHA256, "size": len(_LETTER), "mediaType": "application/pdf", "name": "surat.pdf"},
    },
    "letter.sign": {
        "file": {"sha256": _SHA256, "size": len(_LETTER), "mediaType": "application/pdf", "name": "surat.pdf"},
        "signer": "kepala-dinas",
        "letterNumber": "001/CTH/2026",
        "letterDate": "2026-11-23",
        "subject": "Contoh surat",
        "placement": {"tag": "#ttd"},
    },
    "referral.deliver": {
        "referralNumber": "R-0001",
        "referralDate": "2026-11-23",
        "fromFacility": {"code": "PKM-0001", "name": "Puskesmas Contoh"},
        "toSpecialty": {"code": "INT"},
        "diagnosis": {"code": "I10"},
        "patient": {"fullName": "BUDI CONTOH", "noKartu": "0001234567890"},
    },
    "acknowledgement.deliver": {
        "relatedToMessageId": MESSAGE,
        "status": "registered",
        "registrationNumber": "AGD-12/2026",
        "at": "2026-11-23T08:15:00Z",
    },
}
_PART = {
    "name": "surat.pdf",
    "mediaType": "application/pdf",
    "content": base64.b64encode(_LETTER).decode(),
    "sha256": _SHA256,
}
PARTS: dict[str, list[dict[str, str]]] = {"letter.deliver": [_PART], "letter.sign": [_PART]}
ANSWERS: dict[str, dict[str, Any]] = {
    "coverage/1": {"noKartu": "0001234567890", "status": "active"},
    "signed-document/1": {
        "code": "K7QM-2XWD-9PTR-H4CA",
        "url": "https://gateway.example/v/K7QM2XWD9PTRH4CA",
        "sha256": _SHA256,
        "size": len(_LETTER),
        "signer": "Dr. Ani Contoh",
        "position": "Kepala Dinas",
        "level": "B-T",
        "signedAt": "2026-11-23T08:15:00Z",
    },
}


def submission(service: str, schema: str, *, parts: bool = True) -> dict[str, Any] | None:
    """A whole body, or None for a service without an example."""
    if service not in DOCUMENTS:
        return None
    told: dict[str, Any] = {
        "envelope": {"service": service, "schema": schema, "idempotencyKey": "example-0001"},
        "document": DOCUMENTS[service],
    }
    if parts and service in PARTS:
        told["parts"] = PARTS[service]
    return told
