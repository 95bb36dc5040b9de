"""`lintas verify`: is this signed file what it says it is?

Enters: files, a detached signature, a trust folder, a time. Leaves: a verdict per file, for a person or one JSON object
per line. Refuses: two files beside one detached signature, a time that is none.

Every file is examined in a worker that may be killed: what hangs or devours memory gets a verdict as well. Nothing is
fetched from anywhere.
"""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.commands.command import Setup, command
from gateway.commands.exits import DONE, FAILED, USAGE, Failure
from gateway.commands.face import Face

_COMMON = re.compile(r"CN=((?:\\.|[^,\\])*)")
_TOLD = {"valid": "VALID", "invalid": "NOT VALID", "indeterminate": "CANNOT BE TOLD", "unsigned": "NOT SIGNED"}


@command("config", "json")
def verify(
    setup: Setup,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Signed files: PDF, XML, CMS, JWS, ASiC.")],
    detached: Annotated[
        Path | None,
        typer.Option("--detached", metavar="SIG", help="The signature of FILE, which lies in a file of its own."),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            "--trust",
            metavar="DIR",
            help="Folder of trusted authorities. [default: that of the settings, <config>/trust]",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="Judge as of this time: 2026-06-01 or 2026-06-01T12:00:00Z."),
    ] = None,
) -> int:
    """Verify the signatures of files; ends with 0 only if every file is valid."""
    if detached is not None and len(files) != 1:
        raise Failure(USAGE, "usage", "--detached goes with one file", "verify them one by one")
    moment = _moment(at)
    folder = setup.trust_folder(trust)
    if not folder.is_dir():
        if trust is not None:
            raise Failure(USAGE, "no_trust_folder", f"{folder} is not a folder", "name a folder of certificates")
        setup.face.note(
            f"warning: there is no trust folder {folder}: no authority is trusted (see `lintas trust --help`)"
        )
    verdicts = asyncio.run(_verdicts(setup.face, files, detached, folder, moment))
    return DONE if all(one["conclusion"] == "valid" for one in verdicts) else FAILED


def _moment(at: str | None) -> datetime | None:
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        advice = "write it as 2026-06-01 or 2026-06-01T12:00:00+07:00"
        raise Failure(USAGE, "usage", f"'{at}' is not a time", advice) from None


async def _verdicts(
    face: Face, files: Sequence[Path], detached: Path | None, folder: Path, at: datetime | None
) -> list[dict[str, Any]]:
    from gateway.signatures.workers import Workers

    workers, verdicts = Workers(), []
    try:
        with face.progress("verifying", len(files)) as advance:
            for file in files:
                told = await _one(workers, file, detached, folder, at)
                verdicts.append(told)
                advance(1)
                _show(face, told)
    finally:
        await workers.close()
    return verdicts


async def _one(workers: Any, file: Path, detached: Path | None, folder: Path, at: datetime | None) -> dict[str, Any]:
    from gateway.signatures.workers import Source

    for path in [file] if detached is None else [file, detached]:
        problem = _unreadable(path)
        if problem is not None:
            return _no_verdict(file, problem, at)
    if detached is None:
        told = await workers.verify(Source(str(file), file), trust=folder, at=at)
        return dict(told)
    told = await workers.verify(Source(detached.name, detached), Source(file.name, file), trust=folder, at=at)
    # The file is what was asked about; its signature is told beside it.
    digests = {"sha256": told.pop("contentSha256", ""), "detachedSha256": told["sha256"]}
    return {**told, **digests, "file": str(file), "detached": str(detached)}


def _unreadable(path: Path) -> str | None:
    try:
        if not stat.S_ISREG(mode := path.stat().st_mode):
            # Opening a pipe would wait for somebody to write into it.
            return f"{path} is a folder" if stat.S_ISDIR(mode) else f"{path} is no regular file"
        with path.open("rb"):
            return None
    except OSError as error:
        return f"{path}: {error.strerror}"


def _no_verdict(file: Path, problem: str, at: datetime | None) -> dict[str, Any]:
    from gateway.signatures.findings import found
    from gateway.signatures.verdict import judged

    return judged("unknown", "", at or datetime.now(UTC), about_file=[found("unreadable", problem)]).told(str(file))


def _show(face: Face, told: Mapping[str, Any]) -> None:
    if face.machine:
        face.line(told)
        return
    face.say(f"{told['file']}: {_TOLD[told['conclusion']]} ({told['format']}, sha256 {told['sha256'][:16] or '-'})")
    if told["signatures"]:
        columns = (
            "#",
            "signer",
            "organisation",
            "issued by",
            "signed at",
            "timestamp",
            "level",
            "covers",
            "indication",
        )
        face.table("", columns, (_row(number, one) for number, one in enumerate(told["signatures"])))
    for finding in _ordered(told["findings"]):
        where = "" if finding["signature"] is None else f" (signature {finding['signature'] + 1})"
        face.say(f"  {finding['weight']}: {finding['message']}{where} [{finding['code']}]")
        if finding["weight"] in ("error", "unsure"):
            face.say(f"    What to do: {finding['advice']}")
    face.say("")


def _row(number: int, one: Mapping[str, Any]) -> tuple[Any, ...]:
    indication = one["indication"] + (f" / {one['subIndication']}" if one["subIndication"] else "")
    return (
        number + 1, _common(one["signer"]), one["organisation"], _common(one["issuer"]), one["signingTime"],
        one["timestampTime"], one["level"], one["covers"], indication,
    )  # fmt: skip


def _common(name: str | None) -> str | None:
    """The common name alone, which is what people call somebody; in RFC 4514 text a comma in it is escaped."""
    found = None if name is None else _COMMON.match(name)
    return name if found is None else re.sub(r"\\(.)", r"\1", found[1])


def _ordered(findings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    order = ("error", "unsure", "warning", "info")
    return sorted(findings, key=lambda one: order.index(one["weight"]))
