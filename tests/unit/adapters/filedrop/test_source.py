from __future__ import annotations

import hashlib

from schemas.person_1 import Person1

PDF = b"%PDF-1.7\n" + b"x" * 5000


async def test_a_bare_document_moves_and_its_receipt_comes_back(desk, person):
    d = await desk()
    d.drop("warga.json", person)
    (taken,) = await d.round()
    assert isinstance(taken.documents[0], Person1)
    assert (taken.inbound.service, taken.inbound.document_type) == ("person.deliver", "person/1")
    assert d.names(d.inbox) == d.names(d.work) == d.names(d.errors) == []
    assert d.names(d.archive) == [f"warga.json.{taken.inbound.item.claim.id}"]
    notice = d.notice(d.outbox, "warga.json.accepted.receipt.json")
    assert notice["messageId"] == taken.inbound.message_id
    assert notice["receipt"] == f"header.{taken.inbound.message_id}.signature"
    assert await d.host.claims.unsettled() == []


async def test_a_submission_brings_its_own_envelope(desk, person):
    d = await desk(service=None, document=None)
    envelope = {
        "service": "person.deliver",
        "schema": "person/1",
        "recipients": ["dinas-contoh/arsip"],
        "idempotencyKey": "kunci-1",
        "purpose": "UU 24/2013",
    }
    d.drop("warga.json", {"envelope": envelope, "document": person})
    (taken,) = await d.round()
    inbound = taken.inbound
    assert (inbound.key, inbound.recipients, inbound.purpose) == ("kunci-1", ("dinas-contoh/arsip",), "UU 24/2013")
    assert len(taken.documents) == 1


async def test_a_letter_is_a_pdf_with_its_sidecar(desk, letter):
    d = await desk(service=None, document=None, formats=["pdf"])
    d.drop("surat.pdf", PDF)
    d.drop("surat.pdf.json", {"document": letter})
    (taken,) = await d.round()
    digest = hashlib.sha256(PDF).hexdigest()
    (document,) = taken.documents
    assert document.main_file.sha256 == digest
    assert document.main_file.size == len(PDF)
    assert document.main_file.name == "surat.pdf"
    assert [part.sha256 for part in taken.inbound.parts] == [digest]
    claim = taken.inbound.item.claim.id
    assert d.names(d.archive) == [f"surat.pdf.{claim}", f"surat.pdf.json.{claim}"]
    assert d.names(d.outbox) == ["surat.pdf.accepted.receipt.json"]


async def test_bad_input_goes_to_the_errors_with_its_reason(desk):
    d = await desk()
    d.drop("rusak.json", b'{"nik": NaN}')
    (taken,) = await d.round()
    assert d.names(d.errors) == ["rusak.json", "rusak.json.error.json"]
    notice = d.notice(d.errors, "rusak.json.error.json")
    assert (notice["code"], notice["messageId"]) == ("not_a_number", taken.inbound.message_id)
    assert notice["advice"]
    assert d.names(d.outbox) == d.names(d.archive) == d.names(d.work) == []
