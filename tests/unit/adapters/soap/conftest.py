"""Messages by the pieces: an envelope around a wrapper around a document."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from adapters.soap import EndpointConfig, SoapEndpoint
from adapters.soap.envelope import SOAP11, Version
from gateway.contract.testing import FakeCall, FakeHost

PDF = b"%PDF-1.7 surat"


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def endpoint(host: FakeHost) -> SoapEndpoint:
    return SoapEndpoint(EndpointConfig(), host)


@pytest.fixture
def pdf() -> bytes:
    return PDF


@pytest.fixture
def letter() -> dict[str, Any]:
    return {
        "letterNumber": "000.1/12/2026",
        "letterDate": "2026-11-23",
        "letterType": "surat_dinas",
        "subject": "Undangan",
        "securityLevel": "B",
        "urgency": "biasa",
        "archiveClass": "000.1.2",
        "sender": {"name": "Kelurahan Antapani"},
        "recipients": [{"kind": "internal", "personName": "Kepala Dinas"}],
        "mainFile": {"sha256": hashlib.sha256(PDF).hexdigest(), "size": len(PDF), "mediaType": "application/pdf"},
    }


@pytest.fixture
def question() -> str:
    return (
        '<document xmlns:d="urn:lintas:schema:eligibility-query:1"><d:noKartu>0001234567891</d:noKartu>'
        "<d:serviceDate>2026-11-23</d:serviceDate></document>"
    )


Wrap = Callable[..., str]


@pytest.fixture
def wrap() -> Wrap:
    """`wrap(inside, service=…, version=…, header=…)` gives a whole message."""

    def make(inside: str, *, service: str = "coverage.lookup", version: Version = SOAP11, header: str = "") -> str:
        operation = "".join(word.capitalize() for word in service.split("."))
        return (
            f'<s:Envelope xmlns:s="{version.namespace}">{header}<s:Body>'
            f'<{operation} xmlns="urn:lintas:service:{service}">{inside}</{operation}></s:Body></s:Envelope>'
        )

    return make


Post = Callable[..., FakeCall]


@pytest.fixture
def post(host: FakeHost) -> Post:
    """`post(message, service=…, content_type=…, **headers)` gives the call."""

    def make(
        message: str | bytes, *, service: str = "coverage.lookup", content_type: str = "text/xml", **headers: str
    ) -> FakeCall:
        body = message.encode() if isinstance(message, str) else message
        fields = {"Content-Type": content_type, **headers}
        return FakeCall(host, "POST", f"/soap/{service}", body, headers=fields, match={"service": service})

    return make
