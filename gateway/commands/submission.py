"""What `lintas send` sends: a submission out of a file, and its parts as a form that streams.

Enters: a document or a submission as JSON, names of part files. Leaves: `Submission`, digests, a multipart/form-data
body of known length. Refuses: what is not strict JSON, unknown services, unreadable parts, contradictions between the
file and the options.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import mimetypes
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from gateway.commands.exits import USAGE, Failure
from gateway.federation.findings import did_you_mean
from schemas.catalogue import DOCUMENTS, SERVICES
from schemas.references import PartRef
from schemas.strict_json import JsonLimits, JsonRefused, loads

MAX_FILE = 64 * 1024**2
"""Bytes of one submission file; the gateway's own limit is lower by default."""
_DEPTH = 512
_CHUNK = 1024**2


@dataclass(frozen=True)
class Submission:
    """One message as it will be sent. `body` is the JSON of the submission, `parts` the files beside it."""

    name: str
    body: dict[str, Any]
    parts: tuple[Path, ...]
    key: str
    is_query: bool


def read(name: str, service: str | None, to: Sequence[str], parts: Sequence[Path], key: str) -> Submission:
    """A submission out of a file; `-` is standard input. `key` stands in where the file has none."""
    value = _json(name)
    whole = set(value) <= {"envelope", "document", "parts"} and isinstance(value.get("envelope"), dict)
    if whole and parts and value.get("parts"):
        raise Failure(USAGE, "usage", f"{name} holds its parts itself", "leave --part out")
    envelope = dict(value["envelope"]) if whole else {}
    named = service or envelope.get("service")
    if not isinstance(named, str):
        raise Failure(USAGE, "usage", f"{name} does not say what it is for", "name a service with --service")
    if whole and envelope.get("service", named) != named:
        raise Failure(USAGE, "usage", f"{name} names another service than --service", "leave --service out")
    if named not in SERVICES:
        hint = did_you_mean(named, SERVICES) or "`lintas schemas` lists them"
        raise Failure(USAGE, "unknown_service", "no shared service has this name", hint)
    envelope = {"service": named, "schema": SERVICES[named].request, **envelope}
    if to:
        envelope["recipients"] = list(to)
    body = {**value, "envelope": envelope} if whole else {"envelope": envelope, "document": value}
    own = envelope.get("idempotencyKey")
    for path in parts:
        if not path.is_file() or not path.name.isprintable():
            raise Failure(USAGE, "no_part", f"{path} is no readable file", "name a regular file with --part")
    return Submission(name, body, tuple(parts), own if isinstance(own, str) else key, SERVICES[named].kind == "query")


def _json(name: str) -> dict[str, Any]:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Failure(USAGE, "no_file", f"{name} cannot be read ({error.strerror})", "check the name") from None
    try:
        value = loads(data, JsonLimits(MAX_FILE, _DEPTH))
    except JsonRefused as error:
        raise Failure(
            USAGE, error.code, f"{name}: {error}", "send a document as JSON; other files go as --part"
        ) from None
    if not isinstance(value, dict):
        raise Failure(
            USAGE, "not_json", f"{name} holds no JSON object", "`lintas schemas NAME` shows a document's fields"
        )
    return value


def described(submission: Submission, known: Sequence[bytes]) -> Submission:
    """The submission with what the document must say of its only part, where the document leaves it out.

    What it does say stays: the gateway refuses it if it is not true of the file."""
    document = submission.body.get("document")
    field = _part_field(submission.body["envelope"]["schema"])
    if len(known) != 1 or field is None or not isinstance(document, dict):
        return submission
    said = document.get(field, {})
    if not isinstance(said, dict):
        return submission
    [path], [digest] = submission.parts, known
    facts = {"sha256": digest.hex(), "size": path.stat().st_size, "mediaType": _media_type(path), "name": path.name}
    return replace(submission, body={**submission.body, "document": {**document, field: {**facts, **said}}})


def _part_field(schema: object) -> str | None:
    """The field of a document that is a part and must be there, by its wire name; None if none or several are."""
    if not isinstance(schema, str) or schema not in DOCUMENTS:
        return None
    fields = DOCUMENTS[schema].model_fields.items()
    found = [one.alias or name for name, one in fields if one.annotation is PartRef and one.is_required()]
    return found[0] if len(found) == 1 else None


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def digests(parts: Sequence[Path], advance: Callable[[int], None]) -> list[bytes]:
    """SHA-256 of each part."""
    found = []
    for path in parts:
        state = hashlib.sha256()
        with _open(path) as file:
            while chunk := file.read(_CHUNK):
                state.update(chunk)
                advance(len(chunk))
        found.append(state.digest())
    return found


class _Watched(io.BufferedReader):
    """A file that says how far it was read."""

    def __init__(self, path: Path, advance: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path, "rb"))
        self._advance = advance

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._advance(len(data))
        return data


def _open(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise Failure(USAGE, "no_part", f"{path} cannot be read ({error.strerror})", "check the name") from None


@contextmanager
def form(
    submission: Submission, known: Sequence[bytes], advance: Callable[[int], None]
) -> Iterator[aiohttp.MultipartWriter]:
    """The message first, then the parts with their digests (RFC 7578, RFC 9530); files are closed afterwards."""
    with ExitStack() as stack:
        writer = aiohttp.MultipartWriter("form-data")
        message = writer.append(
            json.dumps(submission.body, ensure_ascii=False).encode(),
            {"Content-Type": "application/json"},
        )
        message.set_content_disposition("form-data", name="message")
        for number, (path, digest) in enumerate(zip(submission.parts, known, strict=True), start=1):
            _open(path).close()
            file = stack.enter_context(_Watched(path, advance))
            media_type = _media_type(path)
            field = f"sha-256=:{base64.b64encode(digest).decode()}:"
            payload = writer.append(file, {"Content-Type": media_type, "Content-Digest": field})
            # Names go out in UTF-8 as they are: percent signs of a quoted name would stay in it (RFC 7578, 4.2).
            payload.set_content_disposition("form-data", quote_fields=False, name=f"part-{number}", filename=path.name)
        yield writer
