"""Pages that load nothing from elsewhere, lead nowhere that is not there, and say all there is to say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from typing import Any

import orjson
import pytest
from aiohttp.test_utils import make_mocked_request

from gateway.audit.catalogue import EventName
from gateway.contract.errors import Refused
from gateway.contract.http import Reply
from gateway.contract.reasons import REASONS, Reason
from gateway.http.html import indonesian, kind
from gateway.http.pages import Pages
from gateway.http.server import Server
from gateway.settings import Settings
from schemas.catalogue import SERVICES
from schemas.published import files

PAGES = [
    "/",
    "/docs",
    "/errors/",
    "/schemas/",
    "/errors",
    "/schemas",
    "/audit/events",
    *(f"/errors/{reason.value}" for reason in Reason),
]
VOID = {"meta", "link", "br"}
Get = Callable[[str], Awaitable[Reply]]


@pytest.fixture(scope="module")
def get(server: Server, pages: Pages) -> Get:
    async def asked(path: str) -> Reply:
        found = server.router.find("GET", path)
        assert found is not None, path
        mounted, match = found
        assert mounted.open
        assert mounted.handler is not None
        reply = await mounted.handler(make_mocked_request("GET", path), match, None)
        assert isinstance(reply, Reply)
        return reply

    return asked


class Page(HTMLParser):
    """Collects elements, links and names; raises where an element is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_whole_and_loads_nothing_from_elsewhere(path: str, get: Get) -> None:
    reply = await get(path)
    page = Page(reply.body.decode())
    assert reply.status == 200
    assert reply.media_type == "text/html; charset=utf-8"
    assert page.open == []
    assert not {"script", "iframe", "img", "style", "form"} & {tag for tag, _ in page.elements}
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("style", "src")]
    assert all(value.startswith(("/", "#", "data:,")) for value in page.values("href"))


@pytest.mark.parametrize("path", PAGES)
async def test_every_link_leads_to_something(path: str, get: Get, server: Server) -> None:
    page = Page((await get(path)).body.decode())
    for link in page.values("href"):
        target, _, name = link.partition("#")
        if target and target != "data:,":
            assert server.router.find("GET", target.partition("?")[0]) is not None, link
        if name:
            there = page if not target else Page((await get(target)).body.decode())
            assert name in there.values("id"), link


@pytest.mark.parametrize("path", [*PAGES, "/health", "/openapi.json", "/assets/lintas.css", "/schemas/letter-1.xsd"])
async def test_every_page_carries_the_security_headers(path: str, get: Get) -> None:
    headers = (await get(path)).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("reason", Reason)
async def test_a_reason_is_told_in_two_languages(reason: Reason, get: Get) -> None:
    text = Page((await get(f"/errors/{reason.value}")).body.decode()).text
    title, advice = indonesian()["errors"][reason.value]
    assert {REASONS[reason].title, REASONS[reason].advice, title, advice} <= {
        line.strip() for line in text.splitlines()
    }


def test_the_indonesian_words_are_complete_and_of_one_line_each() -> None:
    words = indonesian()
    assert words["errors"].keys() == {reason.value for reason in Reason}
    assert words["events"].keys() == {name.value for name in EventName}
    for told in words["errors"].values():
        assert [type(one) for one in told] == [str, str]


async def test_every_published_file_is_served_as_it_is(get: Get) -> None:
    for name, body in files().items():
        reply = await get(f"/schemas/{name}")
        assert reply.body == body
        assert reply.media_type == ("application/xml" if name.endswith(".xsd") else "application/schema+json")


@pytest.mark.parametrize("path", ["/schemas/nothing.xsd", "/schemas/..", "/errors/CONFLICT", "/assets/base.html"])
async def test_what_is_not_published_is_not_found(path: str, get: Get) -> None:
    with pytest.raises(Refused) as caught:
        await get(path)
    assert caught.value.reason is Reason.NOT_FOUND


async def test_the_docs_show_every_call_and_every_component(get: Get, settings: Settings) -> None:
    described = orjson.loads((await get("/openapi.json")).body)
    named = Page((await get("/docs")).body.decode()).values("id")
    assert set(named) >= {call["operationId"] for item in described["paths"].values() for call in item.values()}
    assert set(named) >= {f"schema-{name}" for name in described["components"]["schemas"]}


async def test_the_readable_page_says_how_an_inbox_is_acknowledged(get: Get) -> None:
    page = (await get("/docs")).body.decode()
    assert "envelope.deliveryId as GET /api/v1/inbox gives it" in page
    for name in ("Taken and registered", "Refused, with the reason in words"):
        assert name in page


async def test_the_start_page_leads_to_every_wsdl(get: Get) -> None:
    links = Page((await get("/")).body.decode()).values("href")
    assert {f"/soap/{name}?wsdl" for name in SERVICES} <= set(links)


async def test_the_events_page_names_every_event_and_field(get: Get) -> None:
    page = Page((await get("/audit/events")).body.decode())
    assert {name.value for name in EventName} <= set(page.values("id"))
    assert "commit_in" in page.text
    assert "subjects" in page.text


async def test_the_document_is_made_once(get: Get) -> None:
    assert (await get("/openapi.json")).body is (await get("/openapi.json")).body


async def test_health_says_what_is_missing(settings: Settings) -> None:
    facts: dict[str, Any] = {
        "node": "n", "instance": "test", "version": "0", "stopping": False, "durability": "relaxed",
        "disk": {"free": 1, "reserve": 2}, "attention": [{"name": "a", "says": "b"}],
    }  # fmt: skip
    page = Pages(jwks=dict, facts=lambda: facts, gauges=lambda: asyncio.sleep(0, b""), settings=settings)
    reply = await page.health(make_mocked_request("GET", "/health"), {}, None)
    told = orjson.loads(reply.body)
    assert reply.status == 503
    assert told["status"] == "degraded"
    assert told["durability"] == "relaxed"
    assert "disk" in told["advice"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"const": "x"}, "“x”"),
        ({"enum": ["a", "b"]}, "one of a, b"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"type": "string", "format": "date", "maxLength": 10}, "string (date) 0 to 10 characters"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "integer 1 to 9"),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Part"}}, "list of"),
        ({}, ""),
    ],
)
def test_a_schema_in_few_words(schema: dict[str, Any], words: str) -> None:
    assert kind(schema) == words


async def test_the_metrics_are_counters_and_gauges(get: Get) -> None:
    text = (await get("/metrics")).body.decode()
    assert "\n# HELP lintas_events_total " in text
    assert text.endswith("# HELP lintas_made_up One gauge\n")
