import asyncio
import json
import socket

import pytest
from aiohttp import web

from gateway.commands.client import MAX_ANSWER, Client
from gateway.commands.exits import Failure

SECRET = "lintas_0011223344_" + "ab" * 32


def client(url: str, silence: float = 5) -> Client:
    return Client(url, SECRET, "an operator", silence)


async def failure_of(url: str, silence: float = 5) -> Failure:
    with pytest.raises(Failure) as caught:
        async with client(url, silence) as one:
            await one.get("/api/v1/status")
    assert SECRET not in str(caught.value.to_dict())
    return caught.value


async def test_nobody_answers() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        failure = await failure_of(f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert failure.exit_code == 3
    assert "lintas run" in failure.advice


@pytest.mark.parametrize("url", ["", "localhost:8700", "ftp://x", "http://", "http:///path"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(Failure) as caught:
        client(url)
    assert caught.value.exit_code == 2


def test_an_unencrypted_way_through_a_network_is_noticed() -> None:
    assert client("http://gateway.example").exposed
    assert not client("https://gateway.example").exposed
    for near in ("http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"):
        assert not client(near).exposed


async def test_an_unknown_key_is_not_authorised(gateway) -> None:
    failure = await failure_of(gateway.url)
    assert failure.exit_code == 4
    assert failure.advice == "show the key of an operator with --key-file. mend it"


async def test_the_key_does_not_follow_a_redirect(gateway, lintas) -> None:
    gateway.answers["/api/v1/status"] = web.json_response({}, status=307, headers={"Location": "/api/v1/elsewhere"})
    result = await lintas("status")
    assert result.exit_code == 1
    assert [one["path"] for one in gateway.asked] == ["/api/v1/status"]


@pytest.mark.parametrize("answer", ["<html>", "[]", "[" * 100_000, '"x"'])
async def test_what_is_not_a_gateways_answer(gateway, lintas, answer) -> None:
    for status in (200, 502):
        gateway.answers["/api/v1/status"] = web.Response(text=answer, status=status)
        result = await lintas("status", "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)["error"]["code"] == "not_a_gateway"


async def test_an_answer_without_end_is_cut(gateway, lintas) -> None:
    gateway.answers["/api/v1/status"] = web.Response(body=b"x" * (MAX_ANSWER + 1))
    result = await lintas("status")
    assert result.exit_code == 1
    assert "answer_too_large" in result.stderr


async def test_silence_ends_in_a_sentence() -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    try:
        failure = await failure_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", silence=0.2)
    finally:
        server.close()
    assert (failure.exit_code, failure.code) == (3, "timed_out")
    assert "--timeout" in failure.advice
