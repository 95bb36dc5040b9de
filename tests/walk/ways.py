"""The ways by which files come into the gateway, and those by which they leave it: two tables.

Enters: letters with files. Leaves: the files as a recipient holds them. Refuses: by an assertion, what was not taken.

An attachment form that is built later joins by one line: in `IN` with a function that sends the files of one letter in
that form, or in `OUT` with the channel of a recipient and a function that gives the files as that recipient has them.
`test_carry.py` then sends everything it knows through it. A way in that cannot carry every file says by `fits` what it
makes of the files before they are sent.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from adapters.soap.names import words_of
from adapters.soap.writer import document_fragment
from schemas.catalogue import parse_json
from tests.e2e.process import until
from tests.e2e.scenes import rest
from tests.walk.carrier import NS, SERVICE, SOAP11, Office, World, document, inline, sha256, submission

Files = Sequence[bytes]
BORDER = "batas-7f3a9c"
PIECE = 1021
"""Bytes of a body that are written at once: a prime, so that borders meet every offset."""


def as_they_are(files: Files) -> list[bytes]:
    return list(files)


def one_pdf(files: Files) -> list[bytes]:
    """A folder knows a letter by the first bytes of its one file."""
    return [files[0] if b"%PDF-" in files[0][:1024] else b"%PDF-" + files[0]]


class WayIn(NamedTuple):
    """`send` the files of the letter with a number, as a media type; `fits` makes files that this way can carry."""

    send: Callable[[World, str, Files, str], Awaitable[None]]
    fits: Callable[[Files], list[bytes]] = as_they_are


class WayOut(NamedTuple):
    """`channel` of a recipient; `files` of the letter with a number, in order, as that recipient has them."""

    channel: Callable[[Office, str], Mapping[str, Any]]
    files: Callable[[World, str, str], Awaitable[list[bytes]]]


async def _posted(world: World, path: str, data: Any, kind: str, **headers: str) -> None:
    sent = {**world.place.auth("kirim"), "Content-Type": kind, **headers}
    async with world.gateway.http.post(world.gateway.url + path, data=data, headers=sent) as answer:
        assert answer.status in (200, 202), await answer.text()


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), PIECE):
        yield body[at : at + PIECE]


def border_of(files: Files) -> str:
    """A border that begins no line of the files, as a sender must choose it (RFC 2046, section 5.1.1)."""
    border = BORDER
    while any(f"\r\n--{border}".encode() in b"\r\n" + one for one in files):
        border += "x"
    return border


def _body(number: str, files: Files, media_type: str, *, form: bool, length: bool = False) -> bytes:
    """A multipart body, made by hand."""
    border = border_of(files)

    def head(name: str, kind: str, data: bytes) -> bytes:
        said = f'Content-Disposition: form-data; name="{name}"\r\n' if form else ""
        size = f"Content-Length: {len(data)}\r\n" if length else ""
        return f"--{border}\r\n{said}Content-Type: {kind}\r\n{size}\r\n".encode() + data + b"\r\n"

    message = json.dumps(submission(number, files, media_type)).encode()
    parts = [head(f"part-{at}", media_type, one) for at, one in enumerate(files, 1)]
    return b"".join([head("message", "application/json", message), *parts, f"--{border}--\r\n".encode()])


async def by_form(world: World, number: str, files: Files, media_type: str) -> None:
    kind = f"multipart/form-data; boundary={border_of(files)}"
    await _posted(world, "/api/v1/messages", _body(number, files, media_type, form=True), kind)


async def by_form_in_pieces(world: World, number: str, files: Files, media_type: str) -> None:
    body = _body(number, files, media_type, form=True)
    await _posted(world, "/api/v1/messages", _pieces(body), f"multipart/form-data; boundary={border_of(files)}")


async def by_form_with_lengths(world: World, number: str, files: Files, media_type: str) -> None:
    body = _body(number, files, media_type, form=True, length=True)
    await _posted(world, "/api/v1/messages", _pieces(body), f"multipart/form-data; boundary={border_of(files)}")


async def by_form_zipped(world: World, number: str, files: Files, media_type: str) -> None:
    body = gzip.compress(_body(number, files, media_type, form=True))
    kind = f"multipart/form-data; boundary={border_of(files)}"
    await _posted(world, "/api/v1/messages", body, kind, **{"Content-Encoding": "gzip"})


async def by_related(world: World, number: str, files: Files, media_type: str) -> None:
    kind = f'multipart/related; type="application/json"; boundary="{border_of(files)}"'
    await _posted(world, "/api/v1/messages", _body(number, files, media_type, form=False), kind)


async def by_json(world: World, number: str, files: Files, media_type: str) -> None:
    body = {**submission(number, files, media_type), "parts": inline(files, media_type)}
    await _posted(world, "/api/v1/messages", json.dumps(body).encode(), "application/json")


def _soap(number: str, files: Files, media_type: str, encode: Callable[[bytes], bytes]) -> bytes:
    value = document_fragment(parse_json("letter/1", document(number, files, media_type)), words_of(SERVICE)).decode()
    parts = "".join(
        f"<part><mediaType>{media_type}</mediaType><size>{len(one)}</size><sha256>{sha256(one)}</sha256>"
        f"<content>{encode(one).decode()}</content></part>"
        for one in files
    )
    inside = f'<LetterDeliver xmlns="{NS}">{value}{parts}</LetterDeliver>'
    return f'<s:Envelope xmlns:s="{SOAP11}"><s:Body>{inside}</s:Body></s:Envelope>'.encode()


async def by_soap(world: World, number: str, files: Files, media_type: str) -> None:
    await _posted(world, f"/soap/{SERVICE}", _soap(number, files, media_type, base64.b64encode), "text/xml")


async def by_soap_in_lines(world: World, number: str, files: Files, media_type: str) -> None:
    await _posted(world, f"/soap/{SERVICE}", _soap(number, files, media_type, base64.encodebytes), "text/xml")


async def by_folder_pdf(world: World, number: str, files: Files, media_type: str) -> None:
    (data,) = files
    name = f"{number.replace('/', '-')}.pdf"
    value = document(number, files, "application/pdf")
    value["mainFile"].pop("name")
    world.drop(f"{name}.json", json.dumps(value).encode())
    world.drop(name, data)


async def by_folder_json(world: World, number: str, files: Files, media_type: str) -> None:
    body = {**submission(number, files, media_type), "parts": inline(files, media_type)}
    world.drop(f"{number.replace('/', '-')}.json", json.dumps(body).encode())


IN: dict[str, WayIn] = {
    "REST multipart/form-data": WayIn(by_form),
    "REST multipart/form-data in small pieces": WayIn(by_form_in_pieces),
    "REST multipart/form-data with lengths": WayIn(by_form_with_lengths),
    "REST multipart/form-data in gzip": WayIn(by_form_zipped),
    "REST multipart/related": WayIn(by_related),
    "REST base64": WayIn(by_json),
    "SOAP base64": WayIn(by_soap),
    "SOAP base64 in lines": WayIn(by_soap_in_lines),
    "folder PDF with sidecar": WayIn(by_folder_pdf, one_pdf),
    "folder JSON with base64": WayIn(by_folder_json),
}


def _rest_with(parts: str) -> Callable[[Office, str], Mapping[str, Any]]:
    return lambda office, name: rest(office.url, "idempotent", path=f"/rest/{name}", parts=parts)


def _soap_with(**more: Any) -> Callable[[Office, str], Mapping[str, Any]]:
    def channel(office: Office, name: str) -> Mapping[str, Any]:
        config = {"url": f"{office.url}/soap/{name}", "recipient": "idempotent", "timeout": "30s", **more}
        return {"adapter": "soap", "config": config}

    return channel


def _folder_with(form: str) -> Callable[[Office, str], Mapping[str, Any]]:
    return lambda office, name: {"adapter": "filedrop", "config": {"outbox": f"drop/{name}", "format": form}}


async def from_form(world: World, name: str, number: str) -> list[bytes]:
    _, files = await world.arrived(name, number)
    return list(files)


async def from_reference(world: World, name: str, number: str) -> list[bytes]:
    message, _ = await world.arrived(name, number)
    return await _all(world, name, [part["href"] for part in message["parts"]])


async def from_soap(world: World, name: str, number: str) -> list[bytes]:
    parts = await world.arrived(name, number)
    assert all("href" not in part for part in parts)
    return [base64.b64decode(part["content"], validate=True) for part in parts]


async def from_soap_url(world: World, name: str, number: str) -> list[bytes]:
    parts = await world.arrived(name, number)
    # An empty part is inline under any limit.
    return [
        (await _all(world, name, [part["href"]]))[0] if "href" in part else base64.b64decode(part["content"])
        for part in parts
    ]


async def from_folder(world: World, name: str, number: str) -> list[bytes]:
    folder = world.place.state / "drop" / name

    def there() -> Any:
        for path in folder.glob("*.json"):
            value = json.loads(path.read_bytes())
            if "parts" in value and _numbered(path, value) == number:
                return value["parts"]
        return None

    parts = await until(there, f"{number} in {name}")
    return [(folder / part["file"]).read_bytes() for part in parts]


def _numbered(path: Any, value: Any) -> str:
    """The letter's number; where the document is XML, it stands in the file beside."""
    if "document" in value:
        return str(value["document"]["letterNumber"])
    beside = path.with_name(path.name.replace(".envelope.json", ".xml"))
    # The envelope is written before the document.
    text = beside.read_text(encoding="utf-8") if beside.exists() else ""
    return text.partition("letterNumber>")[2].partition("<")[0]


async def from_inbox(world: World, name: str, number: str) -> list[bytes]:
    told = await world.waiting(name, number)
    files = await _all(world, name, [part["href"] for part in told["parts"]])
    await world.taken(name, told["envelope"]["deliveryId"])
    return files


async def from_inbox_by_ranges(world: World, name: str, number: str) -> list[bytes]:
    told = await world.waiting(name, number)
    files = [await _ranges(world, name, part["href"], part["size"]) for part in told["parts"]]
    await world.taken(name, told["envelope"]["deliveryId"])
    return files


async def _all(world: World, who: str, hrefs: Sequence[str]) -> list[bytes]:
    found = []
    for href in hrefs:
        status, data = await world.fetched(href, who)
        assert status == 200
        found.append(data)
    return found


async def _ranges(world: World, who: str, href: str, size: int) -> bytes:
    """Put together from ranges, some of which end beside the borders of chunks."""
    if not size:
        return (await _all(world, who, [href]))[0]
    borders = sorted({0, size // 3, min(size, 65_537), size - 1, size})
    pieces = []
    for start, stop in itertools.pairwise(borders):
        status, data = await world.fetched(href, who, {"Range": f"bytes={start}-{stop - 1}"})
        assert (status, len(data)) == (206, stop - start)
        pieces.append(data)
    return b"".join(pieces)


OUT: dict[str, WayOut] = {
    "rest-form": WayOut(_rest_with("multipart"), from_form),
    "rest-url": WayOut(_rest_with("reference"), from_reference),
    "soap-inline": WayOut(_soap_with(inline_limit=1 << 30), from_soap),
    "soap12-inline": WayOut(_soap_with(inline_limit=1 << 30, version="1.2"), from_soap),
    "soap-url": WayOut(_soap_with(inline_limit=0), from_soap_url),
    "folder-json": WayOut(_folder_with("json"), from_folder),
    "folder-xml": WayOut(_folder_with("xml"), from_folder),
    "inbox": WayOut(lambda office, name: {"pull": True}, from_inbox),
    "inbox-ranges": WayOut(lambda office, name: {"pull": True}, from_inbox_by_ranges),
}


def channels(office: Office) -> dict[str, Mapping[str, Any]]:
    """The channels of all recipients, by their names."""
    return {name: way.channel(office, name) for name, way in OUT.items()}


async def carry(world: World, way: str, files: Files, media_type: str) -> dict[str, list[str]]:
    """Sends the files of one letter by a way in. Gives the SHA-256 of what every recipient has of them."""
    number = world.number()
    await IN[way].send(world, number, files, media_type)
    found = await asyncio.gather(*[one.files(world, name, number) for name, one in OUT.items()])
    return {name: [sha256(one) for one in got] for name, got in zip(OUT, found, strict=True)}
