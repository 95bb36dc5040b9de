"""The composition root builds a gateway that starts, answers and stops, or says in one sentence why not."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.app import build, no_barrier
from gateway.contract.adapter import AdapterSpec
from gateway.contract.errors import NeedsOperator
from gateway.contract.http import HttpRoute
from gateway.federation import Federation
from gateway.serving import PortRefused, StartRefused, look_around, serve
from gateway.settings import Settings
from tests.unit.gateway.bench import STUB, Plain
from tests.unit.gateway.http.face import Post, loopback

PATIENCE = 20


def settings_of(folder: Path, **more: Any) -> Settings:
    return loopback(state_dir=folder, endpoints=(), **more)


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """What a running gateway asks of the garbage collector is not for the tests that follow."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


async def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, federation: Federation) -> None:
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(settings_of(tmp_path), federation, {"stub": STUB}, ready=address.set_result))
    async with asyncio.timeout(PATIENCE):
        url = await address
        key = (tmp_path / "keys" / "ani.key").read_text().strip()
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/api/v1/status", headers={"Authorization": f"Bearer {key}"}) as answer:
                told = await answer.json()
            async with session.get(f"{url}/health") as answer:
                assert answer.status == 200
        os.kill(os.getpid(), signal.SIGTERM)
        assert await task == 0
    assert (answer.method, told["node"], told["instance"], told["stopping"]) == ("GET", "node-1", "test", False)
    assert (told["config"], told["quarantined"]) == (federation.digest, 0)
    private = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
    assert private
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


async def test_one_state_folder_has_one_gateway(tmp_path: Path, federation: Federation) -> None:
    first = build(settings_of(tmp_path), federation, {"stub": STUB}, no_barrier)
    await first.start()
    with pytest.raises(StartRefused, match="is held by process"):
        await serve(settings_of(tmp_path), federation, {"stub": STUB})
    assert await first.stop() == 0


async def test_a_port_that_is_taken(tmp_path: Path, federation: Federation) -> None:
    first = build(settings_of(tmp_path / "one"), federation, {"stub": STUB}, no_barrier)
    port = int((await first.start()).rpartition(":")[2])
    http = first.settings.http.model_copy(update={"port": port})
    with pytest.raises(PortRefused, match=str(port)):
        await serve(settings_of(tmp_path / "two").model_copy(update={"http": http}), federation, {"stub": STUB})
    await first.stop()


async def test_what_it_cannot_start_with_is_one_sentence(tmp_path: Path, federation: Federation) -> None:
    for number, (break_it, more, why) in enumerate(
        (
            (lambda state: (state / "keys" / "ani.key").chmod(0o644), {}, r"ani\.key can be read by others"),
            (lambda state: (state / "keys" / "receipts.pem").write_text("x"), {}, "no usable private key"),
            (lambda state: (state / "keys" / "kek.key").unlink(), {}, r"kek\.key"),
            (lambda state: None, {"endpoints": ("rest",)}, "names rest"),
        )
    ):
        state = tmp_path / str(number)
        node = build(settings_of(state), federation, {"stub": STUB}, no_barrier)
        await node.start()
        await node.stop()
        break_it(state)
        settings = settings_of(state).model_copy(update=more)
        with pytest.raises(StartRefused, match=why):
            await serve(settings, federation, {"stub": STUB})


async def test_without_making_keys_a_missing_one_is_named(tmp_path: Path, federation: Federation) -> None:
    with pytest.raises(StartRefused, match=r"simpus\.key is missing|\.key is missing; make it with: lintas key new"):
        await serve(settings_of(tmp_path, create_keys=False), federation, {"stub": STUB})


class Greedy(Post):
    """An endpoint that wants an address of the gateway's own."""

    def routes(self) -> list[HttpRoute]:
        return [HttpRoute("GET", "/api/v1/status")]


class Loose(Post):
    """An endpoint that does not open."""

    async def open(self) -> None:
        raise NeedsOperator("kabel lepas")

    async def close(self) -> None:
        raise ValueError("nothing is open")


def specs(**made: Any) -> dict[str, AdapterSpec]:
    """`stub`, and further endpoints; each maker is bound at once."""
    more = {name: AdapterSpec(name, name, {"endpoint": (Plain, maker)}) for name, maker in made.items()}
    return {"stub": STUB, **more}


def broken(config: Any, host: Any) -> Any:
    raise ValueError("3273010101010001")


@pytest.mark.parametrize(
    ("maker", "told"),
    [
        (lambda config, host: Greedy(), "GET /api/v1/status belongs to pesan:endpoint and to the gateway itself; "),
        (broken, "pesan:endpoint cannot be made (ValueError at test_serving.py:"),
    ],
)
async def test_an_adapter_that_cannot_be_part_of_a_gateway_is_a_sentence(
    tmp_path: Path, federation: Federation, maker: Any, told: str
) -> None:
    settings = loopback(state_dir=tmp_path, endpoints=("pesan",))
    adapters = specs(pesan=maker)
    with pytest.raises(StartRefused) as caught:
        await serve(settings, federation, adapters)
    assert str(caught.value).startswith(told)
    said = dict(await look_around(settings, federation, adapters))
    assert "pesan:endpoint" in said["pesan:endpoint"]
    assert "3273" not in str(caught.value) + str(said)


async def test_two_endpoints_of_one_address_are_seen_before_the_start(tmp_path: Path, federation: Federation) -> None:
    settings = loopback(state_dir=tmp_path, endpoints=("one", "two"))
    adapters = specs(one=lambda config, host: Post(), two=lambda config, host: Post())
    said = await look_around(settings, federation, adapters)
    assert [sentence.partition(";")[0] for name, sentence in said if name == "two:endpoint"] == [
        "GET /contract belongs to one:endpoint and to two:endpoint",
        "POST /in/{service} belongs to one:endpoint and to two:endpoint",
    ]


async def test_an_adapter_that_does_not_open_is_told_by_a_look(tmp_path: Path, federation: Federation) -> None:
    settings = loopback(state_dir=tmp_path, endpoints=("loose",))
    said = dict(await look_around(settings, federation, specs(loose=lambda config, host: Loose())))
    assert said["loose:endpoint"] == "kabel lepas"


async def test_an_endpoint_that_does_not_open_is_told_while_the_gateway_serves(
    tmp_path: Path, federation: Federation
) -> None:
    settings = loopback(state_dir=tmp_path, endpoints=("loose",))
    node = build(settings, federation, specs(loose=lambda config, host: Loose()), no_barrier)
    url = await node.start()
    try:
        key = (tmp_path / "keys" / "ani.key").read_text().strip()
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:
            async with session.get(f"{url}/api/v1/status") as answer:
                told = (await answer.json())["attention"]
            async with session.get(f"{url}/contract") as answer:
                assert answer.status == 503
    finally:
        assert await node.stop() == 0
    assert {"name": "loose:endpoint", "says": "kabel lepas"} in told
