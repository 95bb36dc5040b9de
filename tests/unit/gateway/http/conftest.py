"""The router of a gateway with everything mounted that ships, without a socket or a store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.rest import ADAPTER as REST
from adapters.soap import ADAPTER as SOAP
from gateway.contract import Endpoint
from gateway.contract.testing import FakeHost
from gateway.http.api import Api
from gateway.http.evidence_api import EvidenceApi
from gateway.http.letter_api import LetterApi
from gateway.http.pages import Pages
from gateway.http.server import Server
from gateway.settings import Settings
from gateway.web.page import LetterPage
from tests.unit.gateway.bench import Bench
from tests.unit.gateway.http.face import Face, loopback

NOBODY: Any = None
FACTS = {
    "node": "node-1",
    "instance": "test",
    "version": "0",
    "stopping": False,
    "durability": "strict",
    "disk": {"free": 2, "reserve": 1},
    "attention": [],
}


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings()


@pytest.fixture(scope="session")
def server(settings: Settings) -> Server:
    made = Server(
        settings=settings, federation=NOBODY, schemes=(), walk=NOBODY, arrivals=NOBODY, refusals=NOBODY,
        new_id=lambda: "id", admits=lambda: None, on_unforeseen=lambda error, told: None,
    )  # fmt: skip
    for spec in (REST, SOAP):
        endpoint = spec.make("endpoint", spec.config_model("endpoint")(), FakeHost())
        assert isinstance(endpoint, Endpoint)
        made.mount(endpoint)
    Api(
        reader=NOBODY,
        operations=NOBODY,
        registrar=NOBODY,
        looks=NOBODY,
        parts=NOBODY,
        federation=NOBODY,
        settings=settings,
    ).mount(made)
    EvidenceApi(evidence=NOBODY, settings=settings).mount(made)
    LetterApi(registry=NOBODY, looks=NOBODY, settings=settings, public_url=lambda: "", send_code=NOBODY).mount(made)
    LetterPage(registry=NOBODY, verifier=NOBODY, federation=NOBODY, settings=settings).mount(made)
    return made


async def gauges() -> bytes:
    return b"# HELP lintas_made_up One gauge\n"


@pytest.fixture(scope="session")
def pages(server: Server, settings: Settings) -> Pages:
    made = Pages(jwks=lambda: {"keys": [{"kty": "EC"}]}, facts=lambda: FACTS, gauges=gauges, settings=settings)
    made.mount(server)
    return made


@pytest.fixture
async def face(bench: Bench) -> AsyncIterator[Face]:
    one = Face(bench, loopback())
    await one.open()
    yield one
    await one.close()
