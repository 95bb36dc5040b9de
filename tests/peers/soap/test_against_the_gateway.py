"""The same foreign clients against the real process: a REST system answers the question and takes the letter."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.process import Gateway, Place, until
from tests.e2e.recipients import Recipient

pytestmark = pytest.mark.peers

HERE = Path(__file__).parent
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
CLIENTS = {
    "zeep": (sys.executable, str(HERE / "python" / "client.py")),
    "php": ("php", str(HERE / "php" / "client.php")),
    "node": ("node", str(HERE / "node" / "client.js")),
}


@contextlib.asynccontextmanager
async def gateway(root: Path) -> AsyncIterator[tuple[Gateway, Recipient]]:
    """A sender with both rights, and one REST system that answers and takes letters."""
    recipient = Recipient(idempotent=True)
    await recipient.start()
    config = {"url": recipient.url + "/in", "recipient": "idempotent"}
    asked = {"adapter": "rest", "config": {"url": recipient.url + "/ask", "recipient": "idempotent"}}
    systems: dict[str, Any] = {
        "pengirim": {"may_use": ["coverage.lookup", "letter.deliver"]},
        "penerima": {"channel": {"adapter": "rest", "config": config}, "channels": {"coverage.lookup": asked}},
    }
    routes: list[dict[str, Any]] = [
        {"service": "coverage.lookup", "to": ["uji/penerima"]},
        {"service": "letter.deliver", "to": ["uji/penerima"]},
    ]
    try:
        async with Place(root, systems, routes).running() as running:
            yield running, recipient
    finally:
        await recipient.stop()


async def told(running: Gateway, *command: str, version: str) -> list[dict[str, Any]]:
    env = {
        **os.environ,
        "LINTAS_URL": running.url,
        "LINTAS_KEY": running.place.key("pengirim"),
        "LINTAS_SOAP": version,
        "LINTAS_RECIPIENT": "uji/penerima",
    }
    process = await asyncio.create_subprocess_exec(
        *command, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode(errors="replace")[-4000:]
    return [json.loads(line) for line in out.decode().splitlines() if line.startswith("{")]


async def check(running: Gateway, recipient: Recipient, said: list[dict[str, Any]], letters: int) -> None:
    for answers, fault in zip(said[::2], said[1::2], strict=True):
        assert answers["query"]["status"] == "active"
        assert answers["delivery"]["state"] == "accepted"
        assert answers["delivery"]["jws"].count(".") == 2
        assert fault["code"] == "schema_invalid"
    await until(lambda: len(recipient.taken) == letters, "the letters to arrive")
    digest = hashlib.sha256(PDF).hexdigest()
    assert list(recipient.files.values()) == [[digest]] * letters
    await running.healthy()


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("client", sorted(CLIENTS))
async def test_a_foreign_client_asks_and_delivers(client: str, version: str, tmp_path: Path) -> None:
    async with gateway(tmp_path) as (running, recipient):
        said = await told(running, *CLIENTS[client], version=version)
        await check(running, recipient, said, 1)


async def test_jax_ws_asks_and_delivers(tmp_path: Path) -> None:
    (tmp_path / "java").mkdir()
    async with gateway(tmp_path) as (running, recipient):
        said = await told(running, str(HERE / "java" / "run.sh"), str(tmp_path / "java"), version="1.1")
        await check(running, recipient, said, 2)
