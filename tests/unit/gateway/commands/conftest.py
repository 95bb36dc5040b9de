"""A small gateway on a loopback port that answers as the real one does, and the command line called beside it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner, Result

from gateway.cli import build

KEY = "lintas_00112233aabb_" + "5e" * 32

Lintas = Callable[..., Awaitable[Result]]


def refusal(status: int, code: str, **more: Any) -> web.Response:
    body = {"type": f"http://x/errors/{code}", "title": code, "status": status, "code": code, "detail": f"told {code}"}
    told = json.dumps({**body, "messageId": "m-9", "advice": "mend it", **more})
    return web.Response(status=status, text=told, content_type="application/problem+json")


@dataclass
class Gateway:
    """What was asked, and what is answered: by path, a response or a function of the request."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)

    def queries(self) -> list[dict[str, str]]:
        return [one["query"] for one in self.asked]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        seen: dict[str, Any] = {
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "headers": request.headers.copy(),
            "parts": [],
        }
        if request.content_type == "multipart/form-data":
            reader = await request.multipart()
            async for part in reader:
                seen["parts"].append((part.name, part.filename, part.headers, bytes(await part.read())))
        else:
            seen["body"] = await request.read()
        self.asked.append(seen)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return refusal(401, "not_authenticated")
        answer = self.answers.get(request.path, lambda _: refusal(404, "not_found"))
        found = answer(seen) if callable(answer) else answer
        return found if isinstance(found, web.StreamResponse) else web.json_response(found)


@pytest.fixture
async def gateway() -> Any:
    fake = Gateway()
    app = web.Application(client_max_size=64 * 1024**2)
    app.router.add_route("*", "/{path:.*}", fake.handle)
    async with TestServer(app) as server:
        fake.url = str(server.make_url("")).rstrip("/")
        yield fake


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "system.key"
    path.write_text(KEY + "\n")
    return path


def call(*arguments: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(build(), [str(one) for one in arguments], input=stdin)


@pytest.fixture
def lintas(gateway: Gateway, key_file: Path) -> Lintas:
    """The command line against the fake gateway; it has a loop of its own, so it gets a thread of its own."""

    async def run(*arguments: object, stdin: str | bytes | None = None) -> Result:
        return await asyncio.to_thread(call, "--url", gateway.url, "--key-file", key_file, *arguments, stdin=stdin)

    return run


@pytest.fixture
def problem() -> Callable[..., web.Response]:
    """Makes a refusal as the gateway words it."""
    return refusal
