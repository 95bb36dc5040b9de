"""`lintas log`: the events, as they are numbered.

Enters: filters. Leaves: one line per event, or JSON lines. Refuses: names of events and reasons that do not exist; it
needs an auditor's or operator's key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gateway.commands.command import REMOTE, Setup, command
from gateway.commands.exits import DONE, USAGE, Failure
from gateway.commands.face import Face, clean

_PAGE = 1000
_COLUMNS = "{:>8}  {:<24}  {:<20}  {:<52}  {:<20}  {}"


@command(*REMOTE)
def log(
    setup: Setup,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Stay and print what comes.")] = False,
    message: Annotated[str | None, typer.Option(metavar="ID", help="Only of this message.", show_default=False)] = None,
    event: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this event, such as delivered.", show_default=False)
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only with this reason.", show_default=False)
    ] = None,
    sender: Annotated[
        str | None, typer.Option(metavar="AGENCY/SYSTEM", help="Only from this agency/system.", show_default=False)
    ] = None,
    recipient: Annotated[
        str | None, typer.Option(metavar="AGENCY/SYSTEM", help="Only to this agency/system.", show_default=False)
    ] = None,
    since: Annotated[
        int | None, typer.Option(metavar="NUMBER", min=0, help="From this number on, to the end.", show_default=False)
    ] = None,
    tail: Annotated[
        int, typer.Option(metavar="COUNT", min=1, max=1000, help="The last so many, when --since is absent.")
    ] = 50,
    interval: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=3600, help="Seconds between two looks of --follow.")
    ] = 1.0,
) -> int:
    """Print the events of the audit log."""
    wanted = {"message": message, "event": event, "reason": reason, "sender": sender, "recipient": recipient}
    filters = {name: value for name, value in wanted.items() if value is not None}
    _known(event, reason)
    asyncio.run(_print(setup, filters, since, tail, interval if follow else None))
    return DONE


def _known(event: str | None, reason: str | None) -> None:
    """A slip in a name of a closed catalogue would look as if nothing had happened."""
    if event is None and reason is None:
        return
    from gateway.audit.catalogue import EventName
    from gateway.contract.reasons import Reason
    from gateway.federation.findings import near

    for option, given, known in (("event", event, [*EventName]), ("reason", reason, [*Reason])):
        if given is not None and given not in known:
            found = near(given, known)
            meant = f"did you mean '{found}'? " if found else ""
            advice = f"{meant}Known: {', '.join(sorted(known))}"
            raise Failure(USAGE, f"unknown_{option}", f"--{option}: no {option} has this name", advice)


async def _print(
    setup: Setup, filters: Mapping[str, str], since: int | None, tail: int, interval: float | None
) -> None:
    """Page by page, so that the length of the log does not matter."""
    face = setup.face
    if not setup.json:
        face.say(_COLUMNS.format("number", "time", "event", "from > to", "reason", "message"))
    # `after` of the interface is exclusive, `--since` names the first event wanted.
    after = since - 1 if since is not None else None
    seen = False
    async with setup.client("an auditor or an operator") as client:
        while True:
            where: dict[str, str | int] = {"tail": tail} if after is None else {"limit": _PAGE}
            if after is not None and after >= 0:
                where["after"] = after
            try:
                page = await client.get("/api/v1/events", {**filters, **where})
            except Failure as failure:
                if interval is not None and after is not None:
                    failure.advice = f"{failure.advice}; go on with: lintas log --follow --since {after + 1}"
                raise
            events = page.get("events") or []
            seen = seen or bool(events)
            for one in events:
                _line(face, one)
            reached = _reached(page, events, after)
            if reached == after or (after is None and interval is None):
                if interval is None:
                    if filters and not seen:
                        options = ", ".join(f"--{name}" for name in filters)
                        face.note(f"No event fits {options}; if there should be one, check the spelling.")
                    return
                await asyncio.sleep(interval)
            after = reached


def _reached(page: Mapping[str, Any], events: list[dict[str, Any]], after: int | None) -> int:
    """The number of the last event seen: what a filter passed over counts as seen."""
    known = [int(one["number"]) for one in events[-1:]]
    if isinstance(page.get("next"), int):
        known.append(int(page["next"]))
    return max([-1 if after is None else after, *known])


def _line(face: Face, one: Mapping[str, Any]) -> None:
    if face.machine:
        face.line(one)
        return
    event = one.get("event") or {}
    ends = [clean(event[name]) for name in ("sender", "recipient") if event.get(name)]
    told = (one.get("number"), event.get("time"), event.get("event"), " > ".join(ends), event.get("reason"))
    face.say(_COLUMNS.format(*map(clean, told), clean(event.get("message"))).rstrip())
