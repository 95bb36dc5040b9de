"""`lintas status`: how the gateway is, or what became of one message.

Enters: nothing, or a message id. Leaves: tables. Refuses: a message to who is not a party of it (the gateway does).
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.commands.command import REMOTE, Setup, command
from gateway.commands.exits import DONE, FAILED, Failure


@command(*REMOTE)
def status(
    setup: Setup,
    message: Annotated[
        str | None, typer.Argument(help="Identifier of a message or a question.", show_default=False)
    ] = None,
) -> int:
    """Show how the gateway is, or one message's deliveries and timeline."""
    import asyncio

    answer = asyncio.run(_get(setup, message))
    if setup.json:
        setup.face.value(answer)
    elif message is None:
        _gateway(setup, answer)
    else:
        _message(setup, answer)
    return DONE


async def _get(setup: Setup, message: str | None) -> dict[str, Any]:
    async with setup.client("a party, an operator or an auditor") as client:
        if message is None:
            return await client.get("/api/v1/status")
        try:
            return await client.get(f"/api/v1/messages/{quote(message, safe='')}")
        except Failure as failure:
            if failure.exit_code == FAILED and failure.more.get("status") == 404:
                failure.advice = "check the identifier, and that the key is a party's, an operator's or an auditor's"
            raise


def _gateway(setup: Setup, answer: dict[str, Any]) -> None:
    face, disk, log = setup.face, answer.get("disk") or {}, answer.get("log") or {}
    journal = answer.get("journal")
    face.facts(
        f"Lintas {answer.get('version', '')}".rstrip(),
        [
            ("node", answer.get("node")),
            ("instance", answer.get("instance")),
            ("configuration", answer.get("config")),
            ("quarantined", answer.get("quarantined")),
            ("disk free", _disk(disk)),
            ("journal", _journal(journal)),
            ("log", _pairs(log or None)),
        ],
    )
    if attention := answer.get("attention"):
        said = [(one.get("name"), one.get("says")) for one in attention]
        face.table("Look at", ("adapter", "what it says"), said)
    lanes = answer.get("lanes") or []
    if lanes:
        rows = [(one.get("lane"), one.get("queued"), one.get("leased"), one.get("oldestDue")) for one in lanes]
        face.table("Deliveries by recipient", ("recipient", "queued", "leased", "oldest due"), rows)
    else:
        face.say("No delivery waits.")
    if answer.get("quarantined"):
        face.say("Look at what is held: lintas replay --list")


def _message(setup: Setup, answer: dict[str, Any]) -> None:
    face = setup.face
    names = ("kind", "sender", "service", "schema", "conversationId", "purpose", "createdAt", "expiresAt", "bytes")
    face.facts(f"Message {answer.get('messageId', '')}", [(name, answer.get(name)) for name in names])
    if parts := answer.get("parts"):
        rows = [(one.get("number"), one.get("name"), one.get("mediaType"), one.get("size")) for one in parts]
        face.table("Parts", ("part", "name", "media type", "bytes"), rows)
    if deliveries := answer.get("deliveries"):
        columns = ["delivery", "recipient", "state", "attempts", "reason", "ended", "register by"]
        keys = ["deliveryId", "recipient", "state", "attempts", "reason", "endedAt", "registerBy"]
        held = any(one.get("quarantine") for one in deliveries)
        if held:
            columns, keys = [*columns, "held as"], [*keys, "quarantine"]
        face.table("Deliveries", columns, [[one.get(key) for key in keys] for one in deliveries])
        if held:
            face.say(f"Held for a person to decide: lintas replay {answer.get('messageId')} (or --close, --skip)")
    if timeline := answer.get("timeline"):
        rows = []
        for one in timeline:
            event = one.get("event") or {}
            told = (event.get(key) for key in ("time", "event", "reason", "delivery", "actor"))
            rows.append((one.get("number"), *told))
        face.table("Timeline", ("number", "time", "event", "reason", "delivery", "actor"), rows)


def _journal(value: Any) -> str | None:
    """How the journal is, for a person; what it counted is in `--json`."""
    if not isinstance(value, dict):
        return None
    if not value.get("open"):
        return "closed: nothing is taken"
    waiting = value.get("waiting")
    return f"open, {waiting} waiting to be written" if waiting else "open"


def _pairs(value: Any) -> str | None:
    if isinstance(value, dict):
        return ", ".join(f"{name} {told}" for name, told in value.items())
    return None if value is None else str(value)


def _disk(disk: dict[str, Any]) -> str | None:
    free, reserve = disk.get("free"), disk.get("reserve")
    if not isinstance(free, int):
        return None
    return f"{size(free)} ({size(reserve)} kept in reserve)" if isinstance(reserve, int) else size(free)


def size(count: int) -> str:
    """Bytes as a person reads them, in powers of 1024."""
    value, units = float(count), ("B", "KiB", "MiB", "GiB", "TiB")
    for unit in units[:-1]:
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} {units[-1]}"
