"""`lintas trust`: list, add, update; whatever a server answers."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.commands import trust as command
from gateway.signatures.trust import load
from tests.unit.gateway.commands.conftest import call
from tests.zoo.chains import answer
from tests.zoo.pki import DAY, YEAR, crl, issue, pki

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "trust"
    path.mkdir()
    (path / "root.pem").write_bytes(pki().root.pem)
    (path / "office.pem").write_bytes(pki().office.pem)
    return path


def office_crl(at: datetime = NOW) -> bytes:
    return crl(pki().office, {}, at=at)


# list


def test_the_list(folder: Path) -> None:
    (folder / "office.crl").write_bytes(office_crl())
    told = json.loads((result := call("trust", "list", "--trust", folder, "--json")).stdout)
    assert (result.exit_code, told["folder"], told["problems"]) == (0, str(folder), [])
    assert [(one["path"], one["role"], one["purposes"], one["state"]) for one in told["entries"]] == [
        ("office.crl", "crl", [], "good"), ("office.pem", "intermediate", [], "good"),
        ("root.pem", "anchor", ["signers", "timestamps"], "good"),
    ]  # fmt: skip
    assert told["entries"][2]["who"].startswith("CN=Akar Kebun")
    text = call("trust", "list", "--trust", folder).stdout
    assert "CN=Akar Kebun" in text
    assert "signers, timestamps" in text


def test_the_list_says_what_needs_care(folder: Path) -> None:
    (folder / "old.crl").write_bytes(crl(pki().office, {}, at=NOW - YEAR))
    (folder / "ended.pem").write_bytes(
        issue("Berakhir", kind="ec", authority=True, end=NOW - DAY, begin=NOW - YEAR).pem
    )
    (folder / "key.pem").write_bytes(pki().root.key_pem)
    result = call("trust", "list", "--trust", folder, "--json")
    told = json.loads(result.stdout)
    states = {one["path"]: one["state"] for one in told["entries"]}
    assert result.exit_code == 1
    assert "expired" in states["ended.pem"]
    assert "ended on" in states["old.crl"]
    assert ["private key" in one for one in told["problems"]] == [True]
    assert "not used: key.pem: it holds a private key" in call("trust", "list", "--trust", folder).stderr


def test_no_folder(tmp_path: Path) -> None:
    result = call("trust", "list", "--config", tmp_path)
    assert (result.exit_code, "lintas trust add" in result.stderr) == (2, True)


# add


def test_add(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(pki().root.pem)
    (tmp_path / "office.crt").write_bytes(pki().office.der)
    folder = tmp_path / "config" / "trust"
    result = call(
        "trust", "add", tmp_path / "ca.pem", tmp_path / "office.crt", "--config", tmp_path / "config", "--json"
    )
    told = json.loads(result.stdout)
    assert (result.exit_code, told["folder"]) == (0, str(folder))
    assert [(one["role"], (folder / one["path"]).is_file()) for one in told["added"]] == [
        ("anchor", True), ("intermediate", True)
    ]  # fmt: skip
    text = call("trust", "add", tmp_path / "ca.pem", "--trust", folder, "--for", "timestamps").stdout
    assert "added anchor timestamps/akar-kebun-" in text
    assert told["added"][0]["sha256"] in text


def test_add_compares_the_digest(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(pki().root.pem)
    digest = hashlib.sha256(pki().root.der).hexdigest()
    spelled = ":".join(digest[at : at + 2] for at in range(0, 64, 2)).upper()
    folder = tmp_path / "trust"
    wrong = call("trust", "add", tmp_path / "ca.pem", "--trust", folder, "--sha256", "00" * 32)
    assert (wrong.exit_code, folder.exists(), digest in wrong.stderr) == (1, False, True)
    assert call("trust", "add", tmp_path / "ca.pem", "--trust", folder, "--sha256", spelled).exit_code == 0
    (tmp_path / "none").write_bytes(b"Surat")
    assert call("trust", "add", tmp_path / "none", "--trust", folder, "--sha256", spelled).exit_code == 1


def test_add_refuses(folder: Path, tmp_path: Path) -> None:
    for name, data, code in (
        ("leaf", pki().signer.pem, "trust_refused"), ("key", pki().root.key_pem, "trust_refused"),
        ("text", b"Surat", "trust_refused"), ("crl", crl(pki().office, {}, at=NOW - YEAR), "trust_refused"),
        ("ocsp", answer(pki().declared, pki().responder, at=NOW - YEAR), "trust_refused"),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(data)
        result = call("trust", "add", tmp_path / name, "--trust", folder, "--json")
        told = json.loads(result.stdout)["error"]
        assert (result.exit_code, told["code"]) == (1, code), name
    assert len(load(folder).entries) == 2
    assert call("trust", "add", tmp_path / "gone", "--trust", folder).exit_code == 2
    assert call("trust", "add", tmp_path / "text", "--trust", folder, "--for", "friends").exit_code == 2


def test_add_where_it_may_not_write(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(pki().root.pem)
    (tmp_path / "trust").write_bytes(b"a file")
    result = call("trust", "add", tmp_path / "ca.pem", "--trust", tmp_path / "trust")
    assert (result.exit_code, "not_written" in result.stderr) == (1, True)
    result = call("trust", "update", "http://127.0.0.1:1/x.crl", "--trust", tmp_path / "trust")
    assert (result.exit_code, "not_written" in result.stderr) == (1, True)


# update


class Web:
    """A server of CRLs: by path, what it answers."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        found = self.answers.get(request.path)
        if isinstance(found, bytes):
            return web.Response(body=found)
        if isinstance(found, str):
            raise web.HTTPFound(found)
        return web.Response(status=404, body=b"\x00" * 100)


@pytest.fixture
async def server() -> AsyncIterator[Web]:
    one = Web()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", one.handle)
    async with TestServer(app) as running:
        one.url = str(running.make_url("")).rstrip("/")
        yield one


async def update(folder: Path, *urls: str) -> tuple[int, dict[str, str]]:
    """The exit code, and what is told by the last part of each address."""
    result = await asyncio.to_thread(call, "trust", "update", *urls, "--trust", folder, "--json")
    told = json.loads(result.stdout)
    return result.exit_code, {one["url"].rsplit("/", 1)[1]: one["result"] for one in told["results"]}


async def test_update_brings_a_crl_and_remembers_from_where(folder: Path, server: Web) -> None:
    server.answers["/a.crl"] = office_crl(NOW - 3 * DAY)
    code, told = await update(folder, f"{server.url}/a.crl")
    assert (code, told["a.crl"].startswith("kantor-penerbit-")) == (0, True)
    server.answers["/a.crl"] = office_crl(NOW)
    assert (await update(folder))[0] == 0
    assert server.asked == ["/a.crl", "/a.crl"]
    assert [one.dump() for one in load(folder).crls()] == [server.answers["/a.crl"]]
    text = (await asyncio.to_thread(call, "trust", "update", "--trust", folder)).stdout
    assert f"{server.url}/a.crl" in text


async def test_update_takes_nothing_unchecked(folder: Path, server: Web) -> None:
    await update(folder, f"{server.url}/good.crl")
    fresh = issue("Segar", kind="ec", authority=True)
    foreign = issue("Kantor Penerbit", kind="ec", authority=True)
    server.answers |= {
        "/good.crl": office_crl(NOW), "/older.crl": crl(pki().office, {}, at=NOW - 9 * DAY),
        "/foreign.crl": crl(foreign, {}, at=NOW), "/nobody.crl": crl(fresh, {}, at=NOW), "/ca.crl": fresh.pem,
        "/page.crl": b"<html>", "/empty.crl": b"", "/moved.crl": "/good.crl", "/circle.crl": "/circle.crl",
        "/file.crl": "file:///etc/passwd", "/ended.crl": crl(pki().office, {}, at=NOW - YEAR),
    }  # fmt: skip
    code, told = await update(folder, *(f"{server.url}{path}" for path in server.answers))
    assert code == command.PARTLY == 5
    assert told.pop("good.crl") == told.pop("moved.crl")
    for name, words in (
        ("older.crl", "a newer CRL"), ("foreign.crl", "not signed by"), ("nobody.crl", "nobody here is called"),
        ("ca.crl", "it is no crl"), ("page.crl", "no certificate, CRL"), ("empty.crl", "no certificate, CRL"),
        ("circle.crl", "not reached (TooManyRedirects)"), ("file.crl", "not reached"), ("ended.crl", "ended on"),
    ):  # fmt: skip
        assert words in told.pop(name)
    assert told == {}
    store = load(folder)
    assert ([one.dump() for one in store.crls()], store.problems) == ([server.answers["/good.crl"]], ())
    assert {one.role for one in store.entries} == {"anchor", "intermediate", "crl"}


async def test_update_that_reaches_nothing(folder: Path, server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_MOST", 100_000)
    server.answers["/large.crl"] = bytes(100_001)
    code, told = await update(
        folder, "http://127.0.0.1:1/down.crl", f"{server.url}/gone.crl", f"{server.url}/large.crl"
    )
    assert code == 1
    assert told["down.crl"].startswith("not reached (")
    assert (told["gone.crl"], told["large.crl"]) == ("the server answered 404", "larger than 100000 bytes")
    assert len(load(folder).entries) == 2


def test_update_without_an_address(folder: Path) -> None:
    assert call("trust", "update", "--trust", folder).exit_code == 2
    wrong = call("trust", "update", "ftp://a.test/x.crl", "--trust", folder)
    assert (wrong.exit_code, "is no address" in wrong.stderr, (folder / "urls.txt").exists()) == (2, True, False)
