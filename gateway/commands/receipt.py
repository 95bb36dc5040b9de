"""`lintas receipt verify`: do the receipts of a message hold, and is any missing?

Enters: files with receipts, public keys from a file or from a gateway, what the receipts commit to. Leaves: every
receipt with what it says, and each problem. Refuses: files without receipts, keys that are none.

Nothing is fetched unless --url names where from; and then only the public keys.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.commands.command import Setup, command
from gateway.commands.exits import DONE, FAILED, USAGE, Failure

if TYPE_CHECKING:
    from gateway.signatures.receipt_bundle import Bundle
    from gateway.signatures.receipt_check import Checked

MOST_BYTES = 64 << 20
"""Bytes of one file of receipts, keys or a document."""
_PIECE = 1 << 20


@command("url", "timeout", "json")
def verify(
    setup: Setup,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Receipts of one message: .receipt.json, answers of …/receipts; or -."),
    ],
    jwks: Annotated[
        Path | None, typer.Option("--jwks", metavar="FILE", help="The public keys, as /.well-known/jwks.json has them.")
    ] = None,
    document: Annotated[
        list[Path] | None,
        typer.Option("--document", metavar="FILE", help="A document, in JSON, that the receipts should be about."),
    ] = None,
    part: Annotated[
        list[Path] | None,
        typer.Option("--part", metavar="FILE", help="A part of the message; name all of them, once each."),
    ] = None,
) -> int:
    """Verify the receipts of one message; ends with 0 only if all hold and none is missing."""
    from gateway.signatures.receipt_check import check

    bundle = _bundle(files, document or ())
    checked = check(bundle, _keys(setup, jwks), [_digest(one) for one in part] if part else None)
    if setup.json:
        setup.face.value(told(checked))
    else:
        _show(setup, checked)
    return DONE if checked.holds else FAILED


def told(checked: Checked) -> dict[str, Any]:
    """The JSON shape: `holds`, `message`, `receipts[]`, `problems[]`."""
    return {
        "holds": checked.holds,
        "message": checked.message,
        "receipts": [
            {
                "kind": one.kind,
                "delivery": one.delivery,
                "recipients": list(one.recipients),
                "at": one.manifest["at"],
                "node": one.manifest["node"],
                "instance": one.manifest["instance"],
                "sender": one.manifest["sender"],
                "service": one.manifest["service"],
                "document": one.manifest["document"],
                "reason": one.manifest.get("reason"),
                "kid": one.kid,
                "sha256": one.sha256,
                "previous": one.manifest.get("previous"),
                "parts": len(one.manifest["parts"]),
                "compared": list(one.checked),
            }
            for one in checked.receipts
        ],
        "problems": [
            {
                "code": one.code,
                "message": one.message,
                "advice": one.advice,
                "receipt": one.receipt,
                "about": one.about,
            }
            for one in checked.problems
        ],
    }


def _bundle(files: Sequence[Path], documents: Sequence[Path]) -> Bundle:
    from gateway.signatures.receipt_bundle import Bundle, NoReceipts, canonical, gather, together

    bundles: list[Bundle] = []
    for file in files:
        try:
            bundles.append(gather(_read(file)))
        except NoReceipts as error:
            raise Failure(USAGE, "no_receipt", f"{file}: {error}", "see `lintas receipt verify --help`") from None
    named = tuple(canonical(_json(one)) for one in documents)
    return together([*bundles, Bundle((), named)])


def _keys(setup: Setup, jwks: Path | None) -> Mapping[str, Any]:
    if jwks is None and setup.url is None:
        advice = "name the file of public keys with --jwks, or --url of the gateway that publishes them"
        raise Failure(USAGE, "no_keys", "there are no keys to verify by", advice)
    value = _json(jwks) if jwks is not None else asyncio.run(_fetched(setup))
    if not isinstance(value, dict) or not isinstance(value.get("keys"), list):
        raise Failure(USAGE, "no_keys", "this is no set of keys", "save /.well-known/jwks.json of the gateway")
    return value


async def _fetched(setup: Setup) -> dict[str, Any]:
    from gateway.commands.client import Client

    async with Client(str(setup.url).rstrip("/"), None, "anybody", setup.timeout or 90.0) as client:
        return await client.get("/.well-known/jwks.json")


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(file, error) from None
    if len(data) > MOST_BYTES:
        raise Failure(USAGE, "too_large", f"{file} has more than {MOST_BYTES} bytes", "name the receipts alone")
    return data


def _json(file: Path) -> Any:
    from gateway.signatures.receipt_bundle import Twice, plain_json

    try:
        return plain_json(_read(file))
    except Twice as error:
        advice = "do not rely on it: programs differ in which of the two they show"
        raise Failure(USAGE, "not_json", f"{file}: {error}", advice) from None
    except ValueError:
        raise Failure(USAGE, "not_json", f"{file} is no JSON", "name a document or a set of keys in JSON") from None


def _digest(file: Path) -> bytes:
    state = hashlib.sha256()
    try:
        with file.open("rb") as opened:
            while piece := opened.read(_PIECE):
                state.update(piece)
    except OSError as error:
        raise _unreadable(file, error) from None
    return state.digest()


def _unreadable(file: Path, error: OSError) -> Failure:
    return Failure(USAGE, "unreadable", f"{file} cannot be read ({error.strerror})", "see whether its name is right")


def _show(setup: Setup, checked: Checked) -> None:
    face = setup.face
    verdict = "THE RECEIPTS HOLD" if checked.holds else "THE RECEIPTS DO NOT HOLD, OR ARE NOT ALL"
    face.say(f"{verdict}: message {checked.message or '(unknown)'}")
    if checked.receipts:
        columns = ("kind", "delivery", "recipients", "at", "by node", "key", "compared with")
        face.table(
            "",
            columns,
            (
                (
                    one.kind,
                    one.delivery,
                    ", ".join(one.recipients),
                    one.manifest["at"],
                    one.manifest["node"],
                    one.kid[:12],
                    ", ".join(one.checked) or "nothing given",
                )
                for one in checked.receipts
            ),
        )
    for one in checked.problems:
        where = "" if one.receipt is None else f" (receipt {one.receipt + 1})"
        about = f": {one.about}" if one.about else ""
        face.say(f"  problem: {one.message}{about}{where} [{one.code}]")
        face.say(f"    What to do: {one.advice}")
