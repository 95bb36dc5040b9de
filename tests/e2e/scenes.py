"""One federation that the tests of custody share, its traffic, and what must be true of it in the end.

Enters: a temporary folder. Leaves: a place, its recipients, and a sender that repeats what was not answered. Refuses,
by an assertion: a message lost or doubled, an answer that is not the first one again.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from gateway.http import examples
from tests.e2e.evidence import nothing_is_held, parts_are_of_messages, receipts_verify, the_log_is_whole
from tests.e2e.process import Gateway, Place, until
from tests.e2e.recipients import Recipient

LOST = (aiohttp.ClientError, OSError, TimeoutError)
"""How a caller sees that the other side is gone."""


def letter(number: str, size: int = 200) -> dict[str, Any]:
    """A submission whose letter has this number, with its PDF of about this size inline."""
    content = b"%PDF-1.7\n% " + number.encode() * (size // len(number))
    digest = hashlib.sha256(content).hexdigest()
    main = {"sha256": digest, "size": len(content), "mediaType": "application/pdf", "name": "surat.pdf"}
    document = {**examples.DOCUMENTS["letter.deliver"], "letterNumber": number, "mainFile": main}
    part = {"name": "surat.pdf", "mediaType": "application/pdf", "content": base64.b64encode(content).decode()}
    envelope = {"service": "letter.deliver", "schema": "letter/1"}
    return {"envelope": envelope, "document": document, "parts": [part]}


def question(card: str = "0001234567890") -> dict[str, Any]:
    return {
        "envelope": {"service": "coverage.lookup", "schema": "eligibility-query/1"},
        "document": {"noKartu": card, "serviceDate": "2026-11-23"},
    }


class Scene:
    """A sender, one recipient of every kind, and a source of answers.

    `idem`, `tanya` (reconcilable) and `buta` (neither) are called by REST; `tarik` pulls; `kotak` is a folder.
    """

    def __init__(
        self,
        root: Path,
        recipients: Mapping[str, Recipient],
        settings: Mapping[str, Any] | None = None,
        route: Mapping[str, Any] | None = None,
        to: tuple[str, ...] = ("idem", "tanya", "buta", "tarik", "kotak"),
    ) -> None:
        self.recipients, self.to = recipients, to
        urls = {name: one.url for name, one in recipients.items()}
        channels: dict[str, Any] = {
            "idem": rest(urls["idem"], "idempotent"),
            "tanya": rest(urls["tanya"], "reconcilable", reconcile_url=urls["tanya"] + "/state"),
            "buta": rest(urls["buta"], "neither"),
            "tarik": {"pull": True},
            "kotak": {"adapter": "filedrop", "config": {"outbox": "drop/kotak"}},
        }
        systems: dict[str, Any] = {
            "pengirim": {
                "may_use": ["letter.deliver", "coverage.lookup", "person.deliver"],
                "receipts": {"adapter": "filedrop", "config": {"outbox": "drop/bukti"}},
            },
            **{name: {"channel": channels[name]} for name in to},
            "penjawab": {"channel": {**rest(urls["penjawab"] + "/ask", "idempotent", path="")}},
        }
        routes: list[dict[str, Any]] = [
            {"service": "letter.deliver", "to": [f"uji/{name}" for name in to], **(route or {})},
            {"service": "coverage.lookup", "to": ["uji/penjawab"]},
        ]
        self.place = Place(root, systems, routes, settings)

    def folder(self, name: str = "kotak") -> Path:
        return self.place.state / "drop" / name

    def boxed(self) -> dict[str, int]:
        """What the folder recipient has: files of JSON per letter number."""
        found: dict[str, int] = {}
        for path in self.folder().glob("*.json"):
            number = json.loads(path.read_bytes())["document"]["letterNumber"]
            found[number] = found.get(number, 0) + 1
        return found


def rest(url: str, recipient: str, *, path: str = "/in", **more: Any) -> dict[str, Any]:
    return {"adapter": "rest", "config": {"url": url + path, "recipient": recipient, "timeout": "15s", **more}}


@contextlib.asynccontextmanager
async def recipients() -> AsyncIterator[dict[str, Recipient]]:
    found = {name: Recipient(idempotent=name == "idem") for name in ("idem", "tanya", "buta", "penjawab")}
    for one in found.values():
        await one.start()
    try:
        yield found
    finally:
        for one in found.values():
            await one.stop()


class Sender:
    """Sends letters, one after the other, each under its own key, and remembers what it was told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent: dict[str, dict[str, Any]] = {}
        self.told: dict[str, dict[str, Any]] = {}
        self.picked: set[str] = set()

    async def step(self, gateway: Gateway) -> None:
        """A letter, a question, and a look into the inbox of the system that pulls."""
        number = f"{self.name}-{len(self.sent) + 1:03d}"
        self.sent[number] = letter(number)
        await self.send(gateway, number)
        with contextlib.suppress(*LOST):
            status, _ = await gateway.call(
                "POST", "/api/v1/queries", "pengirim", {"Idempotency-Key": f"{number}-tanya"}, json=question()
            )
            assert status in (200, 409, 502, 504), status
        await self.pull(gateway)

    async def send(self, gateway: Gateway, number: str) -> None:
        """Once; what was not answered is sent again by `repeat`. The same key is answered the same for ever."""
        with contextlib.suppress(*LOST):
            status, told = await gateway.post(self.sent[number], "pengirim", key=number)
            assert status in (200, 202), told
            first = self.told.setdefault(number, told)
            assert (first["messageId"], first["receipts"]) == (told["messageId"], told["receipts"])

    async def repeat(self, gateway: Gateway) -> None:
        """Everything again: nobody is told anything else than the first time."""
        for number in self.sent:
            await self.send(gateway, number)
        assert set(self.told) == set(self.sent)

    async def pull(self, gateway: Gateway) -> None:
        with contextlib.suppress(*LOST):
            for one in (await gateway.told("/api/v1/inbox", "tarik"))["deliveries"]:
                identity = one["envelope"]["deliveryId"]
                # Custody is taken by the ack; what was looked at and not acked comes again under the same id.
                status, _ = await gateway.call(
                    "POST", f"/api/v1/inbox/{identity}/ack", "tarik", json={"outcome": "delivered"}
                )
                assert status == 200
                self.picked.add(identity)


async def play(gateway: Gateway, sender: Any, most: int = 40) -> None:
    """Traffic until the process stands still at its barrier; then it is killed."""
    for _ in range(most):
        if gateway.hit.done():
            break
        step = asyncio.create_task(sender.step(gateway))
        await asyncio.wait({step, gateway.hit}, return_when=asyncio.FIRST_COMPLETED)
        if not step.done():
            step.cancel()
            await asyncio.wait({step})
        if not step.cancelled():
            step.result()
    await asyncio.wait_for(asyncio.shield(gateway.hit), 10)
    await gateway.kill()


async def decide_held(gateway: Gateway, recipient: Recipient) -> int:
    """The operator looks whether the recipient has it: what it has is closed, what it has not is sent again."""
    held = [item for item in await gateway.quarantine() if item["reason"] == "recipient_unsure"]
    for item in held:
        await gateway.decide(item, "close" if recipient.taken[item["deliveryId"]] else "replay")
    return len(held)


async def settle(scene: Scene, sender: Sender, gateway: Gateway) -> None:
    """Lets everything come to rest, with the operator deciding what only a person can."""

    async def rested() -> bool:
        await sender.pull(gateway)
        await decide_held(gateway, scene.recipients["buta"])
        return await gateway.at_rest() and not await gateway.quarantine()

    await until(rested, "everything to come to rest")


async def nothing_lost_nothing_doubled(scene: Scene, sender: Sender, gateway: Gateway) -> None:
    """Every letter is once at every recipient, whole, with its receipts."""
    messages = {told["messageId"]: number for number, told in sender.told.items()}
    assert len(messages) == len(sender.sent)
    for name in ("idem", "tanya", "buta"):
        if name in scene.to:
            found = sorted(once(scene.recipients[name]))
            assert found == sorted(sender.sent), name
    if "tarik" in scene.to:
        assert {one.rpartition(".")[0] for one in sender.picked} <= set(messages)
    if "kotak" in scene.to:
        assert scene.boxed() == dict.fromkeys(sender.sent, 1)
    for message, number in messages.items():
        told = await gateway.told(f"/api/v1/messages/{message}", "pengirim")
        documents = [one for one in told["deliveries"] if one["kind"] == "document"]
        assert len(documents) == len(scene.to)
        assert {one["state"] for one in documents} <= {"delivered", "closed"}, documents
        found = await receipts_verify(gateway, message, "pengirim")
        assert found["accepted", None] == sender.told[number]["receipts"][0]["jws"]
        ended = {one["deliveryId"] for one in documents if one["state"] == "delivered"}
        assert {delivery for kind, delivery in found if kind == "delivered"} == ended


def once(recipient: Recipient) -> Iterator[str]:
    """The letter numbers it acted on; each delivery once, each whole."""
    for key, count in recipient.taken.items():
        assert count == 1, f"{key} was acted on {count} times"
        document = recipient.documents[key]
        assert recipient.files[key] == [document["mainFile"]["sha256"]]
        yield document["letterNumber"]


def the_state_is_whole(scene: Scene, sender: Sender) -> None:
    """After the process has ended well."""
    events = the_log_is_whole(scene.place.state)
    nothing_is_held(scene.place.state)
    parts_are_of_messages(scene.place.state)
    accepted = [event["message"] for event in events if event["event"] == "accepted"]
    assert sorted(accepted) == sorted(told["messageId"] for told in sender.told.values())
    delivered = [event["delivery"] for event in events if event["event"] == "delivered"]
    assert len(set(delivered)) == len(delivered)
    assert {event["event"] for event in events} >= {"node_started", "node_stopped", "attempt_started"}
