"""Signed letters through the real process: what meets the policy of its route goes on, what does not is told why."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import FormData

from tests.e2e.process import Gateway, Place
from tests.zoo import pdf
from tests.zoo.pki import pki

OURS, STRICT = "uji/dinas", "letter.deliver"


def letter(data: bytes, recipient: str) -> FormData:
    document = {
        "letterNumber": "005/12/Kel", "letterDate": "2026-11-20", "letterType": "undangan", "subject": "Rapat",
        "securityLevel": "B", "urgency": "biasa", "archiveClass": "000.1.2", "sender": {"name": "Kelurahan"},
        "recipients": [{"kind": "internal", "organisation": {"name": "Dinas"}}],
        "mainFile": {
            "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "mediaType": "application/pdf"
        },
    }  # fmt: skip
    envelope = {"service": "letter.deliver", "schema": "letter/1", "recipients": [recipient]}
    form = FormData()
    form.add_field("message", json.dumps({"envelope": envelope, "document": document}), content_type="application/json")
    form.add_field("part-1", data, filename="surat.pdf", content_type="application/pdf")
    return form


def place(root: Path, policy: dict[str, Any]) -> Place:
    systems = {"pengirim": {"may_use": [STRICT]}, "dinas": {"channel": {"pull": True}}}
    route = {"service": STRICT, "to": [OURS], "recipients": "named", "purpose": "Uji", "signature": policy}
    made = Place(root, systems, [route], {"config_dir": str(root / "config")})
    file = made.config / "agencies" / "uji.yaml"
    agency = yaml.safe_load(file.read_text(encoding="utf-8"))
    made.write("agencies/uji.yaml", {**agency, "signed_as": [{"organisation": "Dinas Contoh"}]})
    # Without its list of revoked certificates, which is as of the zoo's own time.
    pki().trust(made.config / "trust", with_crl=False)
    return made


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with place(tmp_path, {"parts": ["mainFile"], "signer": "sender"}).running() as one:
        yield one


async def send(gateway: Gateway, data: bytes) -> tuple[int, Any]:
    return await gateway.call("POST", "/api/v1/messages", "pengirim", data=letter(data, OURS))


async def test_a_letter_signed_by_its_agency_goes_on_as_it_is_with_its_verdict(gateway: Gateway) -> None:
    data = await _made(pdf.good)
    status, told = await send(gateway, data)
    assert status == 202, told
    seen = await gateway.told(f"/api/v1/messages/{told['messageId']}", "pengirim")
    (verdict,) = seen["verdicts"]
    assert (verdict["conclusion"], verdict["part"], verdict["file"]) == ("valid", 1, "surat.pdf")
    assert verdict["signatures"][0]["organisation"] == "Dinas Contoh"
    (waiting,) = (await gateway.told("/api/v1/inbox", "dinas"))["deliveries"]
    assert waiting["parts"][0]["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (pdf.plain, "unsigned"),
        (lambda: pdf.updated(pdf.good(), pdf._repaint), "changed_after"),
        (pdf.skipping, "not_covered"),
        (lambda: pdf.signed(pdf.plain(), pki().stranger), "unknown_authority"),
        (lambda: pdf.signed(pdf.plain(), pki().second), "foreign_signer"),
        (lambda: b"%PDF-1.7 broken", "format_broken"),
    ],
)
async def test_what_does_not_meet_the_policy_is_refused_with_its_reason(
    gateway: Gateway, build: Any, code: str
) -> None:
    status, told = await send(gateway, await _made(build))
    assert (status, told["code"], told["stage"]) == (422, "policy_unmet", "verify")
    assert code in [one["code"] for one in told["errors"]]
    assert all(one["message"] for one in told["errors"])
    assert (await gateway.told("/api/v1/inbox", "dinas"))["deliveries"] == []


async def test_a_route_may_keep_it_for_a_person_who_sends_it_on(tmp_path: Path) -> None:
    async with place(tmp_path, {"failing": "quarantine"}).running() as gateway:
        status, told = await send(gateway, await _made(pdf.plain))
        assert status == 202, told
        assert (await gateway.told("/api/v1/inbox", "dinas"))["deliveries"] == []
        (held,) = (await gateway.told("/api/v1/quarantine", "operator"))["items"]
        assert (held["reason"], held["messageId"]) == ("policy_unmet", told["messageId"])
        assert held["detail"].startswith("unsigned")
        status, answer = await gateway.call("POST", f"/api/v1/quarantine/{held['id']}/replay", "operator")
        assert status == 200, answer
        assert len((await gateway.told("/api/v1/inbox", "dinas"))["deliveries"]) == 1


async def _made(build: Any) -> bytes:
    """The builders of the zoo run loops of their own."""
    return bytes(await asyncio.to_thread(build))
