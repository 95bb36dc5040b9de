"""`lintas receipt verify` on files as they are handed out."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.unit.gateway.commands.conftest import call
from tests.unit.gateway.signatures.test_receipt_check import DOCUMENT, JWKS, Chain


def written(folder: Path, **values: Any) -> list[Path]:
    paths = []
    for name, value in values.items():
        path = folder / f"{name}.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        paths.append(path)
    return paths


def test_files_beside_the_keys(tmp_path: Path) -> None:
    accepted, delivered = Chain("c/d").whole()
    keys, one, two = written(tmp_path, jwks=JWKS, one={"receipt": accepted}, two=delivered)
    result = call("receipt", "verify", one, two, "--jwks", keys)
    assert result.exit_code == 0, result.output
    assert "THE RECEIPTS HOLD: message m" in result.stdout
    told = json.loads(call("receipt", "verify", one, "--jwks", keys, "--json").stdout)
    assert (told["holds"], [one["code"] for one in told["problems"]]) == (False, ["not_delivered"])
    assert told["receipts"][0]["kind"] == "accepted"
    result = call("receipt", "verify", one, "--jwks", keys)
    assert result.exit_code == 1
    assert "no receipt says that this recipient has it" in result.stdout


def test_documents_and_parts_are_compared(tmp_path: Path) -> None:
    whole = "\n".join(Chain("c/d").whole())
    keys, document, other = written(tmp_path, jwks=JWKS, document=DOCUMENT.decode(), other={"subject": "Lain"})
    good = call("receipt", "verify", "-", "--jwks", keys, "--document", document, stdin=whole)
    assert good.exit_code == 0, good.output
    bad = call("receipt", "verify", "-", "--jwks", keys, "--document", other, stdin=whole)
    assert (bad.exit_code, bad.stdout.count("document_differs")) == (1, 2)
    both = call("receipt", "verify", "-", "--jwks", keys, "--document", document, "--document", other, stdin=whole)
    assert (both.exit_code, both.stdout.count("[document_alone]"), "What to do: " in both.stdout) == (1, 1, True)
    part = call("receipt", "verify", "-", "--jwks", keys, "--part", other, "--json", stdin=whole)
    abouts = [one["about"] for one in json.loads(part.stdout)["problems"] if one["code"] == "part_differs"]
    assert abouts == [hashlib.sha256(other.read_bytes()).hexdigest()]


def test_a_document_beside_the_genuine_one_does_not_hold(tmp_path: Path) -> None:
    held = {"receipts": [{"jws": one} for one in Chain("c/d").whole()], "document": {"subject": "Lain"}}
    genuine = json.loads(DOCUMENT)
    keys, forged, named = written(tmp_path, jwks=JWKS, forged={**held, "released": genuine}, named=genuine)
    for more in ((), ("--document", named)):
        told = json.loads(call("receipt", "verify", forged, "--jwks", keys, *more, "--json").stdout)
        assert (told["holds"], [one["code"] for one in told["problems"]]) == (False, ["document_alone"])
        assert told["problems"][0]["advice"]


def test_a_document_that_says_a_thing_twice_is_none(tmp_path: Path) -> None:
    whole = Chain("c/d").whole()
    twice = '{"subject":"Palsu",' + DOCUMENT.decode()[1:]
    beside = json.dumps({"receipts": whole, "document": 0}).replace('"document": 0', f'"document": {twice}')
    keys, document, good, bad = written(tmp_path, jwks=JWKS, document=twice, good="\n".join(whole), bad=beside)
    for arguments in ((good, "--document", document), (bad,)):
        result = call("receipt", "verify", *arguments, "--jwks", keys)
        assert (result.exit_code, "stands twice" in result.stderr) == (2, True), result.output


@pytest.fixture
async def publisher() -> AsyncIterator[tuple[str, list[Any]]]:
    seen: list[Any] = []

    async def public(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("Authorization")))
        return web.json_response(JWKS)

    app = web.Application()
    app.router.add_get("/{path:.*}", public)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), seen


async def test_keys_are_fetched_without_a_key_of_ones_own(tmp_path: Path, publisher: tuple[str, list[Any]]) -> None:
    [receipts] = written(tmp_path, receipts="\n".join(Chain("c/d").whole()))
    url, seen = publisher
    result = await asyncio.to_thread(call, "receipt", "verify", receipts, "--url", url)
    assert (result.exit_code, seen) == (0, [("/.well-known/jwks.json", None)]), result.output


def test_what_cannot_be_checked_is_said(tmp_path: Path) -> None:
    keys, empty, one = written(tmp_path, jwks=JWKS, empty={}, one=Chain("c/d").whole()[0])
    for arguments, why in (
        ((one,), "no_keys"),
        ((one, "--jwks", empty), "no_keys"),
        ((empty, "--jwks", keys), "no_receipt"),
        ((tmp_path / "absent", "--jwks", keys), "unreadable"),
        ((one, "--jwks", keys, "--document", tmp_path / "absent"), "unreadable"),
    ):
        result = call("receipt", "verify", *arguments)
        assert (result.exit_code, why in result.stderr) == (2, True), result.output
