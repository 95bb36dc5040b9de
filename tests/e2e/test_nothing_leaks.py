"""What is written down is searched for what was said: no NIK, name, key or secret in clear, nor its bare digest."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gateway.http import examples
from tests.e2e.process import Gateway, Place, until
from tests.e2e.recipients import Recipient
from tests.e2e.scenes import letter, question, recipients, rest

NIK, CARD, NAME, PHONE = "3273016303920007", "0009876543217", "SRIKANDI PLANTED", "+6281299887766"
KEY, SUBJECT, REGISTRATION = "kunci-3273016303920007", "Perihal PLANTED rahasia", "AGD-PLANTED-77"
SECRET, WRONG = "peer-secret-planted-9c1f", "lintas_aaaaaaaa_planted-wrong-secret"
PLANTED = [NIK, CARD, NAME, "PLANTED", PHONE, KEY, SECRET, WRONG]
OURS = ("keys", "drop")
"""Folders that hold secrets and the agencies' own files by design."""


def traces(value: str) -> Iterator[bytes]:
    """The forms in which a value would be found."""
    plain = value.encode()
    digest = hashlib.sha256(plain)
    yield from (plain, plain.lower(), value.encode("utf-16-le"), digest.digest(), digest.hexdigest().encode())
    yield from (
        base64.b64encode(plain).rstrip(b"=")[:-1],
        plain.hex().encode(),
        hashlib.md5(plain).hexdigest().encode(),
    )


def written(place: Place) -> Iterator[tuple[str, bytes]]:
    """Every file of the state folder with its name, and what the program said."""
    for path in sorted(place.state.rglob("*")):
        name = path.relative_to(place.state)
        if path.is_file() and name.parts[0] not in OURS:
            yield str(name), str(name).encode() + b"\n" + path.read_bytes()
    yield "stderr", place.errors.read_bytes()


def place_of(root: Path, found: dict[str, Recipient]) -> Place:
    source = {
        "name": "inbox",
        "adapter": "filedrop",
        "config": {
            "inbox": "drop/desa/inbox",
            "outbox": "drop/desa/outbox",
            "ready": {"mode": "rename"},
            "formats": ["csv"],
            "document": "person/1",
            "service": "person.deliver",
            "csv": {"columns": {"NIK": "nik", "NAMA": "fullName", "TELEPON": "phone"}, "unknown": "ignore"},
        },
    }
    keyed = rest(found["idem"].url, "idempotent", key={"file": "secrets/idem.key"})
    systems: dict[str, Any] = {
        "pengirim": {"may_use": ["letter.deliver", "coverage.lookup", "person.deliver"]},
        "desa": {"may_use": ["person.deliver"], "sources": [source]},
        "idem": {"channel": keyed},
        "buta": {"channel": rest(found["buta"].url, "neither")},
        "penjawab": {"channel": rest(found["penjawab"].url + "/ask", "idempotent", path="")},
    }
    routes = [
        {"service": "letter.deliver", "to": ["uji/buta"]},
        {"service": "person.deliver", "to": ["uji/idem"], "order_by": ["nik"]},
        {"service": "coverage.lookup", "to": ["uji/penjawab"]},
    ]
    return Place(root, systems, routes, {"log": {"level": "debug"}})


async def echoes(recipient: Recipient, request: web.Request) -> web.StreamResponse:
    """Refuses, and repeats what it was told in its refusal, as real ones do."""
    body = (await request.read()).decode()
    return web.Response(status=422, text=f"NIK {NIK} of {NAME} is unknown: {body}", reason=f"Bad {NIK}")


def person(**more: str) -> dict[str, Any]:
    document = {**examples.DOCUMENTS["person.deliver"], "nik": NIK, "fullName": NAME, **more}
    return {"envelope": {"service": "person.deliver", "schema": "person/1"}, "document": document}


async def say_everything(gateway: Gateway, found: dict[str, Recipient]) -> None:
    """Every way in which a value can reach a line, a column or a label."""
    found["idem"].behaviours = [echoes]
    for number in range(3):
        status, told = await gateway.post(person(), "pengirim", key=f"{KEY}-{number}")
        assert status == 202, told
    status, _ = await gateway.post(person(fullName=f"{NAME} II"), "pengirim", key=f"{KEY}-0")
    assert status == 409
    for broken in (person(nik=NIK[:-1] + "x"), person(birthDate=NIK), person(sex=NAME), {**person(), NAME: NIK}):
        status, told = await gateway.post(broken, "pengirim", key=KEY)
        assert status == 422
        assert not any(one in json.dumps(told) for one in PLANTED), told
    secret = letter("P-1")
    secret["document"]["subject"] = SUBJECT
    found["buta"].behaviours = [answers_late]
    await gateway.post(secret, "pengirim")
    found["penjawab"].behaviours = [echoes]
    for _ in range(2):
        await gateway.call("POST", "/api/v1/queries", "pengirim", {"Idempotency-Key": KEY}, json=question(CARD))
    wrong = {"Authorization": f"Bearer {WRONG}", "X-Nama": NAME}
    for path in (f"/api/v1/messages/{NIK}", f"/{NIK}?nik={NIK}", f"/errors/{NIK}", f"/soap/{NIK}?wsdl"):
        async with gateway.http.get(gateway.url + path, headers=wrong) as answer:
            assert NAME not in await answer.text()
    raw = f'{{"envelope": {{"service": "{NIK}", "schema": "{NIK}"}}, "document": {{"{NIK}": "{NAME}"}}, }}'.encode()
    for kind in ("application/json", f"text/{NIK}", "multipart/form-data; boundary=x"):
        headers = {**gateway.place.auth("pengirim"), "Content-Type": kind}
        async with gateway.http.post(gateway.url + "/api/v1/messages", data=raw, headers=headers) as answer:
            assert NIK not in await answer.text()
    for said in (
        f"form-data; {NIK} {NAME}",
        f"{NAME}; name=x",
        f"form-data; name=x; {NAME}={NIK}",
        "form-data; name=x;",
    ):
        part = f"--x\r\nContent-Disposition: {said}\r\n{NIK}: {NAME}\r\n\r\n{NAME}\r\n--x--\r\n".encode()
        headers = {**gateway.place.auth("pengirim"), "Content-Type": "multipart/form-data; boundary=x"}
        async with gateway.http.post(gateway.url + "/api/v1/messages", data=part, headers=headers) as answer:
            assert answer.status == 400
            assert NIK not in await answer.text()
    xml = f"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><{NAME.split()[0]}>{NIK}"
    headers = {**gateway.place.auth("pengirim"), "Content-Type": "text/xml", "SOAPAction": NIK}
    async with gateway.http.post(gateway.url + "/soap/coverage.lookup", data=xml, headers=headers) as answer:
        assert NIK not in await answer.text()
    inbox = gateway.place.state / "drop" / "desa" / "inbox"
    rows = f"NIK;NAMA;TELEPON\n{NIK};{NAME};{PHONE}\n{NIK}9;{NAME};x\n"
    (inbox / ".draft").write_text(rows)
    (inbox / ".draft").rename(inbox / f"{NIK} {NAME}.csv")
    broken_file = inbox / ".broken"
    broken_file.write_bytes(b"\x00" + NIK.encode())
    broken_file.rename(inbox / f"{NIK}.exe")
    await until(lambda: not list(inbox.glob("*")), "the files to be taken")


async def answers_late(recipient: Recipient, request: web.Request) -> web.StreamResponse:
    """Breaks off in the middle of repeating what it got."""
    await request.read()
    answer = web.StreamResponse(headers={"Content-Length": "9999"})
    await answer.prepare(request)
    await answer.write(f"{NAME} {NIK}".encode())
    assert request.transport is not None
    request.transport.abort()
    return answer


@pytest.mark.parametrize("killed", [False, True], ids=["drained", "killed"])
async def test_nothing_that_was_said_is_written_in_clear(tmp_path: Path, killed: bool) -> None:
    async with recipients() as found:
        place = place_of(tmp_path, found)
        secrets = place.state / "secrets"
        secrets.mkdir(parents=True, mode=0o700)
        (secrets / "idem.key").write_text(SECRET)
        os.chmod(secrets / "idem.key", 0o600)
        async with place.running() as gateway:
            await say_everything(gateway, found)
            if not killed:
                await gateway.drained()
            assert found["idem"].calls
            async with gateway.http.get(gateway.url + "/metrics") as answer:
                metrics = await answer.read()
            shown = [
                await gateway.told("/api/v1/status", "operator"),
                await gateway.events(),
                await gateway.quarantine(),
            ]
            our_keys = [place.key(name) for name in ("pengirim", "operator", "desa")]
            if killed:
                await gateway.kill()
        (secrets / "idem.key").unlink()
        looked = [*written(place), ("metrics", metrics), ("shown", json.dumps(shown).encode())]
        assert any(b"uji/pengirim" in content for where, content in looked if where.startswith("journal"))
        assert any(b"uji/pengirim" in content for where, content in looked if where.startswith("log"))
        leaks = [
            (where, value)
            for where, content in looked
            for value in [*PLANTED, *our_keys, *(key.rpartition("_")[2] for key in our_keys)]
            for trace in traces(value)
            if trace in content
        ]
        assert leaks == []
