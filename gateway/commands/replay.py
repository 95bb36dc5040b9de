"""`lintas replay`: what is held for a person to decide.

Enters: identifiers of quarantined items, of deliveries or of messages, or `--all`. Leaves: the state of each
afterwards. Refuses: to close or skip everything without `--yes`: what is closed is never delivered.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from gateway.commands.command import REMOTE, Setup, command
from gateway.commands.exits import DONE, PARTLY, UNREACHABLE, USAGE, Failure

if TYPE_CHECKING:
    from gateway.commands.client import Client

_PAGE = 200


@command(*REMOTE)
def replay(
    setup: Setup,
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Held items; a message or a delivery stands for what is held of it."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List what is held; what happens without an ID.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="Act on everything that is held.")] = False,
    close: Annotated[bool, typer.Option("--close", help="Give up: it will not be delivered.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="Keep it held, let those behind it pass.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask back; needed with --all and --close or --skip.")
    ] = False,
    limit: Annotated[
        int, typer.Option(metavar="COUNT", min=1, max=1_000_000, help="Most items to list or to act on.")
    ] = 1000,
) -> int:
    """Send quarantined deliveries on their way again, or close or skip them."""
    import asyncio

    given = items or []
    wrong = [
        (close and skip, "--close and --skip exclude each other"),
        (bool(given) and all_, "name items or say --all, not both"),
        (list_ and (bool(given) or all_ or close or skip), "--list goes with nothing else"),
        ((close or skip) and not given and not all_, "name the items, or say --all"),
        ((close or skip) and all_ and not yes, "--all with --close or --skip needs --yes"),
    ]
    for is_wrong, told in wrong:
        if is_wrong:
            raise Failure(USAGE, "usage", told, "see `lintas replay --help`")
    verb = "close" if close else "skip" if skip else "replay"
    return asyncio.run(_act(setup, given, verb, limit) if given or all_ else _list(setup, limit))


async def _list(setup: Setup, limit: int) -> int:
    async with setup.client("an operator") as client:
        held, more = await _held(client, limit)
    if setup.json:
        setup.face.value({"items": held, "more": more})
        return DONE
    if not held:
        setup.face.say("Nothing is held.")
        return DONE
    keys = ("id", "at", "recipient", "reason", "detail", "messageId")
    columns = ("id", "held since", "recipient", "reason", "detail", "message")
    setup.face.table("Held for a person to decide", columns, [[one.get(key) for key in keys] for one in held])
    if more:
        setup.face.say(f"There are more; --limit is {limit}.")
    setup.face.say("Next: lintas replay ID... (or --close, --skip)")
    return DONE


async def _held(client: Client, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """Up to `limit` items in their order, and whether there are more."""
    held: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        params: dict[str, str | int] = {"limit": min(_PAGE, limit + 1 - len(held))}
        if after is not None:
            params["after"] = after
        page = (await client.get("/api/v1/quarantine", params)).get("items") or []
        held += page
        if len(held) > limit:
            return held[:limit], True
        last = str(page[-1].get("id")) if page else after
        if last == after:
            return held, False
        after = last


async def _act(setup: Setup, items: list[str], verb: str, limit: int) -> int:
    done: list[dict[str, Any]] = []
    failed: list[tuple[str, Failure]] = []
    async with setup.client("an operator") as client:
        more = False
        if not items:
            held, more = await _held(client, limit)
            items = [str(one["id"]) for one in held]
        with setup.face.progress(f"{verb} {len(items)}", len(items)) as advance:
            for item in items:
                try:
                    async for one in _decide(client, item, verb):
                        done.append(one)
                except Failure as failure:
                    failed.append((item, failure))
                    if failure.exit_code == UNREACHABLE:
                        break
                advance(1)
    return _report(setup, done, failed, len(items), more)


async def _decide(client: Client, item: str, verb: str) -> AsyncIterator[dict[str, Any]]:
    """One item; or, when the name is a delivery's or a message's, everything that is held of it."""
    path = "/api/v1/quarantine"
    try:
        yield await client.post(f"{path}/{quote(item, safe='')}/{verb}")
        return
    except Failure as failure:
        if failure.more.get("status") != 404:
            raise
        message = item.partition(".")[0]
        page = (await client.get(path, {"message": message, "limit": _PAGE})).get("items") or []
        held = [one for one in page if one.get("messageId") == message and item in (message, one.get("deliveryId"))]
        if not held:
            failure.advice = "`lintas replay --list` shows what is held; what was decided already is not"
            raise
    for one in held:
        yield await client.post(f"{path}/{quote(str(one['id']), safe='')}/{verb}")


def _report(setup: Setup, done: list[dict[str, Any]], failed: list[tuple[str, Failure]], total: int, more: bool) -> int:
    untried = total - len(done) - len(failed)
    if setup.json:
        errors = [{"id": item, "error": failure.to_dict()} for item, failure in failed]
        setup.face.value({"items": done, "failed": errors, "untried": untried, "more": more})
    else:
        if done:
            setup.face.table("Done", ("id", "state"), [(one.get("id"), one.get("state")) for one in done])
        elif not failed:
            setup.face.say("Nothing is held.")
        for item, failure in failed:
            setup.face.note(f"{item}:")
            setup.face.failure(failure)
        if untried:
            setup.face.note(f"{untried} not tried.")
        if more:
            setup.face.say("More is held; say it again, or raise --limit.")
    if not failed:
        return DONE
    return PARTLY if done else failed[-1][1].exit_code
