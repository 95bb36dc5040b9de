"""`lintas send`: documents into the gateway, answers and receipts out of it.

Enters: files that hold a document or a whole submission, and files that travel as parts. Leaves: message id, state and
receipts, or the answer of a query. Refuses: what `submission` refuses; whatever else is wrong the gateway says.

Every submission goes out under an idempotency key, made here if none is given: when the connection breaks, the same
call with the same key is safe.
"""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.commands.command import REMOTE, Setup, command
from gateway.commands.exits import DONE, NOT_AUTHORISED, PARTLY, UNREACHABLE, USAGE, Failure

if TYPE_CHECKING:
    from gateway.commands.client import Client
    from gateway.commands.submission import Submission


@command(*REMOTE)
def send(
    setup: Setup,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Documents or whole submissions as JSON; - reads one from standard input."
        ),
    ],
    service: Annotated[
        str | None,
        typer.Option(metavar="SERVICE", help="Such as letter.deliver; not for whole submissions.", show_default=False),
    ] = None,
    to: Annotated[
        list[str] | None, typer.Option(metavar="AGENCY/SYSTEM", help="Recipient as agency/system; may be repeated.")
    ] = None,
    part: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="File that travels along; may be repeated. A single one is described in the document (a letter's "
            "mainFile: sha256, size, mediaType, name) where that says nothing of it.",
        ),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Logical identity of the message; made here if absent.", show_default=False),
    ] = None,
    wait: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS", min=1, max=3600, help="Seconds to wait for the answer of a query.", show_default=False
        ),
    ] = None,
    receipts: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to put the receipts in, one file each.", show_default=False),
    ] = None,
) -> int:
    """Send documents to their recipients, or ask a question."""
    from gateway.commands.submission import read

    if len(files) > 1 and (part or idempotency_key is not None):
        raise Failure(USAGE, "usage", "--part and --idempotency-key belong to one file", "send the files one by one")
    if receipts is not None and not receipts.is_dir():
        raise Failure(USAGE, "usage", f"{receipts} is no folder", "make it first")
    made = [read(name, service, to or (), part or (), idempotency_key or f"cli-{uuid.uuid4()}") for name in files]
    return asyncio.run(_send_all(setup, made, wait, receipts))


async def _send_all(setup: Setup, made: list[Submission], wait: int | None, receipts: Path | None) -> int:
    answers: list[dict[str, Any]] = []
    failed: list[Failure] = []
    async with setup.client("the system that sends") as client:
        for submission in made:
            try:
                answer = await _send(setup, client, submission, wait)
            except Failure as failure:
                failed.append(failure)
                if setup.json:
                    answers.append({"file": submission.name, "error": failure.to_dict()})
                else:
                    setup.face.note(f"{submission.name}:")
                    setup.face.failure(failure)
                if failure.exit_code in (UNREACHABLE, NOT_AUTHORISED):
                    break
                continue
            if receipts is not None:
                await asyncio.to_thread(_keep, answer, receipts)
            answers.append({"file": submission.name, "idempotencyKey": submission.key, **answer})
            if not setup.json:
                _show(setup, submission, answer)
    if setup.json:
        setup.face.value(answers[0] if len(made) == 1 else {"sent": answers, "untried": len(made) - len(answers)})
    elif len(made) > 1:
        untried = f", {left} not tried" if (left := len(made) - len(failed) - _taken(answers)) else ""
        setup.face.say(f"{_taken(answers)} of {len(made)} sent, {len(failed)} failed{untried}")
    if not failed:
        return DONE
    return PARTLY if _taken(answers) else failed[-1].exit_code


def _taken(answers: list[dict[str, Any]]) -> int:
    return sum("error" not in one for one in answers)


async def _send(setup: Setup, client: Client, submission: Submission, wait: int | None) -> dict[str, Any]:
    from gateway.commands.submission import described, digests, form

    headers = {"Idempotency-Key": submission.key}
    if submission.is_query and wait is not None:
        headers["Prefer"] = f"wait={wait}"
    path = "/api/v1/queries" if submission.is_query else "/api/v1/messages"
    try:
        if not submission.parts:
            return await client.post(path, body=submission.body, headers=headers)
        size = sum(one.stat().st_size for one in submission.parts)
        with setup.face.progress("Reading", size, sizes=True) as advance:
            known = await asyncio.to_thread(digests, submission.parts, advance)
        submission = described(submission, known)
        with setup.face.progress("Sending", size, sizes=True) as advance:
            with form(submission, known, advance) as body:
                return await client.post(path, form=body, headers=headers)
    except Failure as failure:
        if failure.exit_code == UNREACHABLE and failure.code != "unreachable":
            failure.detail += "; it is not known whether the message was taken"
            failure.advice = f"send it again with --idempotency-key {submission.key}: it is taken once at most"
        raise


def _show(setup: Setup, submission: Submission, answer: dict[str, Any]) -> None:
    face = setup.face
    if submission.is_query:
        repeated = " (a kept answer)" if answer.get("repeated") else ""
        face.note(f"Message {answer.get('messageId')}: {answer.get('schema')}{repeated}")
        face.value(answer.get("document"))
        return
    receipts = [_short(one) for one in answer.get("receipts") or []]
    told = [("state", answer.get("state")), ("key", submission.key), *(("receipt", one) for one in receipts)]
    face.facts(f"Message {answer.get('messageId')} ({submission.name})", told)


def _short(receipt: dict[str, Any]) -> str:
    jws = str(receipt.get("jws") or "")
    delivery = f" of delivery {receipt['delivery']}" if receipt.get("delivery") else ""
    return f"{receipt.get('kind')}{delivery}, signed: {jws[:32]}{'…' if len(jws) > 32 else ''}"


def _keep(answer: dict[str, Any], folder: Path) -> None:
    """Each receipt as a file of its own, named by what identifies it."""
    import json

    for one in answer.get("receipts") or []:
        names = [
            str(answer.get("messageId")),
            str(one["delivery"]) if one.get("delivery") else "",
            str(one.get("kind")),
        ]
        name = ".".join("".join(c for c in part if c.isalnum() or c in "-_") for part in names if part)
        (folder / f"{name}.receipt.json").write_text(json.dumps(one, indent=2) + "\n", encoding="utf-8")
