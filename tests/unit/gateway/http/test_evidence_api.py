"""The evidence of a message goes out to who may have it, and to nobody else."""

from __future__ import annotations

import io
import zipfile

from tests.unit.gateway.bench import SIMPUS, VCLAIM, organisation
from tests.unit.gateway.http.face import Face


async def recorded(face: Face) -> str:
    _, told = await face.value("POST", "/in/organisation.deliver", SIMPUS, json=organisation())
    return str(told["messageId"])


async def test_a_party_gets_a_container_and_a_head_gets_its_names_only(face: Face) -> None:
    path = f"/api/v1/messages/{await recorded(face)}/evidence"
    async with face.ask("GET", path, SIMPUS) as answer:
        assert (answer.status, answer.content_type) == (200, "application/vnd.etsi.asic-e+zip")
        assert answer.headers["Cache-Control"] == "private, no-store"
        names = zipfile.ZipFile(io.BytesIO(await answer.read())).namelist()
    assert names[0] == "mimetype"
    assert {"events.jsonl", "receipts.json", "jwks.json", "document.json"} <= set(names)
    async with face.ask("HEAD", path, SIMPUS) as answer:
        assert (answer.status, await answer.read()) == (200, b"")


async def test_who_is_no_party_learns_nothing(face: Face) -> None:
    path = f"/api/v1/messages/{await recorded(face)}/evidence"
    assert await face.code("GET", path, VCLAIM) == (404, "not_found")
    assert await face.code("GET", "/api/v1/messages/0190aaaa-0000-7000-8000-000000000000/evidence", SIMPUS) == (
        404,
        "not_found",
    )


async def test_what_is_brought_must_be_receipts(face: Face) -> None:
    path = f"/api/v1/messages/{await recorded(face)}/evidence"
    assert await face.code("POST", path, SIMPUS, json={"receipts": []}) == (404, "not_found")
