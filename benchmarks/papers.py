"""What is sent: requests of about 2 KB, each with its own key and its own subject.

Enters: a number. Leaves: the bytes of one HTTP/1.1 request; nobody in it exists. Refuses: nothing.

A request is a template with two holes of fixed width, so that making one costs little and its length is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Make = Callable[[int], bytes]

CARD_DIGITS = 13
_KEY_WIDTH = 28
_CARD, _KEY = "0" * 12 + "7", "k" * _KEY_WIDTH
_BULK = {"sourceSchema": "bench/1", "fields": {f"field{i:02}": f"nilai contoh {i:02} " + "x" * 28 for i in range(30)}}

QUESTION: dict[str, Any] = {
    "noKartu": _CARD,
    "serviceDate": "2026-11-23",
    "facility": {"code": "0114A026", "name": "Puskesmas Contoh"},
    "raw": _BULK,
}
_ANSWER: dict[str, Any] = {
    "document": {
        "noKartu": _CARD,
        "fullName": "SITI CONTOH",
        "birthDate": "1990-05-17",
        "sex": "female",
        "status": "active",
        "careClass": {"code": "1", "name": "Kelas I"},
        "primaryFacility": {"code": "0114U001", "name": "Puskesmas Contoh"},
        "validFrom": "2020-01-01",
        "validTo": "2027-12-31",
        "serviceDate": "2026-11-23",
        "raw": _BULK,
    }
}
REFERRAL: dict[str, Any] = {
    "referralNumber": "0114A0261126P000001",
    "referralDate": "2026-11-23",
    "fromFacility": {"code": "0114A026", "name": "Puskesmas Contoh"},
    "toSpecialty": {"code": "INT", "name": "Penyakit Dalam"},
    "careType": "outpatient",
    "diagnosis": {"code": "I10", "name": "Essential (primary) hypertension"},
    "complaint": "Sakit kepala sejak tiga hari, tekanan darah tinggi pada dua kali pemeriksaan. " * 8,
    "note": "Mohon pemeriksaan lanjutan dan penyesuaian obat; hasil laboratorium menyusul. " * 8,
    "doctor": {"code": "DR-0001", "name": "dr. Contoh"},
    "patient": {"fullName": "BUDI CONTOH", "noKartu": _CARD},
}


def _dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


ANSWER_HEAD, ANSWER_TAIL = _dumps(_ANSWER).split(_CARD.encode())


def query(run: str, key: str) -> Make:
    """A `coverage.lookup` by REST."""
    return _filled("/api/v1/queries", _submission("coverage.lookup", "eligibility-query/1", QUESTION), run, _rest(key))


def hop(run: str) -> Make:
    """The same body to the bare hop."""
    body = _submission("coverage.lookup", "eligibility-query/1", QUESTION)
    return _filled("/answer", body, run, {"Content-Type": "application/json"})


def accept(run: str, key: str) -> Make:
    """A `referral.deliver` by REST."""
    return _filled("/api/v1/messages", _submission("referral.deliver", "referral/1", REFERRAL), run, _rest(key))


def soap(run: str, key: str) -> Make:
    """The same question by SOAP 1.1."""
    from adapters.soap.names import words_of
    from adapters.soap.writer import document_fragment
    from schemas.catalogue import parse_json

    words = words_of("coverage.lookup")
    document = document_fragment(parse_json("eligibility-query/1", QUESTION), words).decode()
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<{words.operation} xmlns="{words.namespace}"><envelope><idempotencyKey>{_KEY}</idempotencyKey></envelope>'
        f"{document}</{words.operation}></s:Body></s:Envelope>"
    ).encode()
    fields = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": f'"{words.action}"',
    }
    return _filled("/soap/coverage.lookup", body, run, fields)


def letter(size: int, sha256: str, idempotency_key: str) -> bytes:
    """The message of a letter whose one file follows."""
    document = {
        "letterNumber": "001/CTH/2026",
        "letterDate": "2026-11-23",
        "letterType": "surat_dinas",
        "subject": "Contoh surat besar",
        "securityLevel": "B",
        "urgency": "biasa",
        "archiveClass": "000.1.2",
        "sender": {"name": "Kelurahan Contoh"},
        "recipients": [{"kind": "internal", "organisation": {"name": "Dinas Contoh"}}],
        "mainFile": {"sha256": sha256, "size": size, "mediaType": "application/pdf", "name": "surat.pdf"},
    }
    envelope = {"service": "letter.deliver", "schema": "letter/1", "idempotencyKey": idempotency_key}
    return _dumps({"envelope": envelope, "document": document})


def _rest(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


def _submission(service: str, schema: str, document: Any) -> bytes:
    envelope = {"service": service, "schema": schema, "idempotencyKey": _KEY}
    return _dumps({"envelope": envelope, "document": document})


def _filled(path: str, body: bytes, run: str, fields: Mapping[str, str]) -> Make:
    """Requests of one shape. `run` sets the keys and subjects of one series apart from another's: 6 digits."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
    whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    before, after_key = whole.split(_KEY.encode())
    between, after = after_key.split(_CARD.encode())
    prefix = f"bench-{run}-".encode()
    width = _KEY_WIDTH - len(prefix)
    template = before.replace(b"%", b"%%") + prefix + b"%%0%dd" % width + between.replace(b"%", b"%%")
    template += run[-6:].encode() + b"%%0%dd" % (CARD_DIGITS - 6) + after.replace(b"%", b"%%")
    return lambda number: template % (number, number)
