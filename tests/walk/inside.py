"""The whole gateway inside the test's own process, so that a test can hold a door open or move the clock.

Enters: a place, a barrier. Leaves: a started node and what asks it over a real socket. Refuses: a configuration with an
error.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from gateway import app, federation, registry, serving
from gateway.node import Node
from gateway.settings import load_settings
from schemas.catalogue import DOCUMENTS, SERVICES
from tests.e2e.process import PATIENCE, Gateway, Place


class Door:
    """A barrier that holds whoever comes to `name` while it is shut."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open = threading.Event()
        self.reached = threading.Event()
        self._open.set()

    def shut(self) -> None:
        self.reached.clear()
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def __call__(self, name: str) -> None:
        if name == self._name and not self._open.is_set():
            self.reached.set()
            self._open.wait(PATIENCE)


class Inside(Gateway):
    """Asks a node of this process as it would ask another one."""

    def __init__(self, place: Place, node: Node, url: str) -> None:
        self.place, self.node, self.url = place, node, url
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))


@contextlib.asynccontextmanager
async def inside(place: Place, barrier: Callable[[str], None] = app.no_barrier, code: int = 0) -> AsyncIterator[Inside]:
    """`code` is how the node is to end."""
    settings, _ = load_settings(place.config)
    adapters = registry.adapters()
    found, findings = federation.load(place.config, adapters, SERVICES, DOCUMENTS)
    assert settings is not None
    assert found is not None, findings
    settings = serving.with_port(settings)
    node = app.build(settings, found, adapters, barrier)
    gateway = Inside(place, node, await node.start())
    try:
        yield gateway
    finally:
        await gateway.http.close()
        assert await node.stop() == code


def pulling(**more: Any) -> dict[str, Any]:
    """A sender, and a system that pulls."""
    return {
        "pengirim": {"may_use": ["letter.deliver"]},
        "tarik": {"channel": {"pull": True}},
        **more,
    }
