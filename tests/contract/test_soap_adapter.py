"""The SOAP adapter over real sockets, called by zeep, and the kit every adapter passes."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
import zeep
import zeep.exceptions
from zeep.transports import Transport

from gateway.contract import Reason, Refused, Rejected


def _shell() -> ModuleType:
    path = Path(__file__).parents[1] / "peers" / "soap" / "shell.py"
    spec = importlib.util.spec_from_file_location("soap_shell", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["soap_shell"] = module
    spec.loader.exec_module(module)
    return module


SHELL = _shell()
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
LETTER: dict[str, Any] = {
    "letterNumber": "000.1/12/2026",
    "letterDate": "2026-11-23",
    "letterType": "surat_dinas",
    "subject": "Undangan rapat <koordinasi> & evaluasi",
    "securityLevel": "B",
    "urgency": "biasa",
    "sender": {"name": "Kelurahan Antapani"},
    "recipients": [{"kind": "internal", "organisation": {"name": "Dinas Kominfo"}}],
    "mainFile": {
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "size": len(PDF),
        "mediaType": "application/pdf",
        "name": "surat.pdf",
    },
}


@pytest.fixture
async def shell() -> AsyncIterator[Any]:
    async with SHELL.serve() as running:
        yield running


def _client(url: str, service: str, port: str) -> Any:
    session = requests.Session()
    session.auth = ("peer", SHELL.KEY)
    client = zeep.Client(
        f"{url}/soap/{service}?wsdl",
        transport=Transport(session=session),
        settings=zeep.Settings(force_https=False, forbid_dtd=True),
    )
    name = next(iter(client.wsdl.services))
    return client.bind(name, next(found for found in client.wsdl.services[name].ports if found.endswith(port)))


@pytest.mark.parametrize("port", ["Soap11", "Soap12"])
async def test_zeep_asks_and_reads_the_answer(shell: Any, port: str) -> None:
    def ask() -> Any:
        service = _client(shell.url, "coverage.lookup", port)
        return service.CoverageLookup(document={"noKartu": "0001234567891", "serviceDate": "2026-11-23"})

    answer = await asyncio.to_thread(ask)
    assert answer.document.noKartu == "0001234567891"
    assert answer.document.fullName == "Siti <Aminah> & Rekan"
    assert answer.document.careClass.name == "Kelas I"
    assert answer.messageId == shell.inbounds[0].message_id


@pytest.mark.parametrize("port", ["Soap11", "Soap12"])
async def test_zeep_delivers_with_an_inline_attachment_and_repeats(shell: Any, port: str) -> None:
    def deliver() -> Any:
        service = _client(shell.url, "letter.deliver", port)
        return service.LetterDeliver(
            envelope={"idempotencyKey": "surat-12", "recipients": ["dinas-kominfo/surat"]},
            document=LETTER,
            part=[{"name": "surat.pdf", "mediaType": "application/pdf", "content": PDF}],
        )

    first = await asyncio.to_thread(deliver)
    second = await asyncio.to_thread(deliver)
    assert (first.state, second.state) == ("accepted", "duplicate")
    assert second.messageId == first.messageId
    assert [copy.jws for copy in second.receipt] == [copy.jws for copy in first.receipt]
    assert shell.part(0) == PDF
    assert shell.inbounds[0].recipients == ("dinas-kominfo/surat",)
    assert shell.inbounds[0].key == "surat-12"


@pytest.mark.parametrize("port", ["Soap11", "Soap12"])
async def test_zeep_sees_a_fault_with_code_message_id_and_advice(shell: Any, port: str) -> None:
    shell.refuse_with = Rejected("", Refused(Reason.NO_ROUTE))

    def ask() -> None:
        service = _client(shell.url, "coverage.lookup", port)
        service.CoverageLookup(document={"noKartu": "0001234567891", "serviceDate": "2026-11-23"})

    with pytest.raises(zeep.exceptions.Fault) as caught:
        await asyncio.to_thread(ask)
    assert "No route" in caught.value.message
    detail = {child.tag.rpartition("}")[2]: child.text for child in caught.value.detail.iter()}
    assert detail["code"] == "no_route"
    assert detail["messageId"] == shell.inbounds[0].message_id
    assert detail["advice"]
