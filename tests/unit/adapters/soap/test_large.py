"""Large and hostile calls: off the event loop, a few at a time, and without a trace in the process's memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from adapters.soap import SoapEndpoint, large, request
from adapters.soap.envelope import SOAP11
from adapters.soap.names import words_of
from gateway.contract import Reason, Refused
from gateway.contract.testing import LIMITS, FakeCall
from schemas.eligibility_query_1 import EligibilityQuery1

Wrap = Callable[..., str]
Post = Callable[..., FakeCall]
STEPS = ("parse", "wrapper_findings", "from_xml")


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The thread each costly step ran in."""
    ran: dict[str, int] = {}

    def watched(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            ran[name] = threading.get_ident()
            return step(*args)

        return run

    for name in STEPS:
        monkeypatch.setattr(request, name, watched(name, getattr(request, name)))
    return ran


async def test_a_large_call_is_parsed_and_judged_in_a_thread(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, threads: dict[str, int]
) -> None:
    inbound = await endpoint.decode(post(wrap(question + " " * 65_536)))
    (document,) = endpoint.codec.to_documents(inbound)
    assert isinstance(document, EligibilityQuery1)
    assert set(threads) == {"parse", "from_xml"}
    assert threading.get_ident() not in threads.values()


@pytest.mark.parametrize("inside", ["<x/>" * 1001, "<envelope>" + "<x>=</x>" * 600 + "</envelope>"])
async def test_a_small_call_of_many_elements_is_large(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, threads: dict[str, int], inside: str
) -> None:
    with pytest.raises(Refused) as caught:
        await endpoint.decode(post(wrap(inside + question)))
    assert caught.value.reason is Reason.SCHEMA_INVALID
    assert "wrapper_findings" in threads
    assert threading.get_ident() not in threads.values()


async def test_a_small_call_stays_on_the_loop(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, threads: dict[str, int]
) -> None:
    await endpoint.decode(post(wrap(question)))
    assert threads == {"parse": threading.get_ident()}


async def test_a_large_document_outside_its_schema_is_refused_with_its_path(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str
) -> None:
    with pytest.raises(Refused) as caught:
        await endpoint.decode(post(wrap(question.replace("0001234567891", "1") + " " * 65_536)))
    assert caught.value.reason is Reason.SCHEMA_INVALID
    assert "document.noKartu" in [path for path, _, _ in caught.value.errors]


async def test_the_loop_turns_while_a_large_call_is_read(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = threading.Event()

    def waiting(*args: Any) -> Any:
        # Were the loop blocked by this, nothing could set the event.
        assert turned.wait(10)
        return request.take_apart(*args)

    monkeypatch.setattr(large, "take_apart", waiting)
    asyncio.get_running_loop().call_soon(turned.set)
    assert await endpoint.decode(post(wrap(question + " " * 65_536)))


async def test_a_few_are_read_at_once_and_one_that_went_away_keeps_its_turn(
    monkeypatch: pytest.MonkeyPatch, wrap: Wrap, question: str
) -> None:
    going, started, peak, gate = 0, threading.Semaphore(0), 0, threading.Event()

    def slow(*args: Any) -> Any:
        nonlocal going, peak
        going += 1
        peak = max(peak, going)
        started.release()
        assert gate.wait(10)
        going -= 1
        return request.take_apart(*args)

    monkeypatch.setattr(large, "take_apart", slow)
    calls, body = large.LargeCalls(), wrap(question).encode()
    tasks = [asyncio.create_task(calls.read(body, None, words_of("coverage.lookup"), SOAP11, LIMITS)) for _ in range(6)]
    for _ in range(2):
        assert await asyncio.to_thread(started.acquire, timeout=10)
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    gate.set()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert all(isinstance(one, request.Request) for one in done[1:])
    assert peak == 2


async def test_recipients_are_counted_before_the_schema_logs_each_of_them(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, threads: dict[str, int]
) -> None:
    many = "<recipients>!</recipients>" * (LIMITS.recipients + 1)
    with pytest.raises(Refused) as caught:
        await endpoint.decode(post(wrap(f"<envelope>{many}</envelope>{question}")))
    assert caught.value.reason is Reason.TOO_MANY_RECIPIENTS
    assert "wrapper_findings" not in threads


async def test_attributes_are_counted_before_the_schema_logs_each_of_them(
    endpoint: SoapEndpoint, wrap: Wrap, post: Post, question: str, threads: dict[str, int]
) -> None:
    said = " ".join(f'a{n}="1"' for n in range(1001))
    with pytest.raises(Refused) as caught:
        await endpoint.decode(post(wrap(f"<envelope {said}/>{question}")))
    assert [code for _, code, _ in caught.value.errors] == ["attribute"]
    assert "wrapper_findings" not in threads


_HOSTILE = """
import asyncio
from adapters.soap.envelope import SOAP11
from adapters.soap.large import LargeCalls, is_large
from adapters.soap.names import words_of
from gateway.contract import Refused
from gateway.contract.testing import LIMITS

words = words_of("coverage.lookup")

def resident():
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

def body(call, elements, attributes):
    children = "".join(f"<e{call}-{n}{'x' * 40}/>" for n in range(elements))
    said = " ".join(f"a{call}-{n}{'x' * 40}='1'" for n in range(attributes))
    return (
        f'<s:Envelope xmlns:s="{SOAP11.namespace}"><s:Body><{words.operation} xmlns="{words.namespace}">'
        f"<envelope {said}>{children}</envelope><document/></{words.operation}></s:Body></s:Envelope>"
    ).encode()

async def main():
    calls, reasons = LargeCalls(), set()

    async def hostile(call, elements, attributes):
        sent = body(call, elements, attributes)
        assert is_large(sent)
        try:
            await calls.read(sent, None, words, SOAP11, LIMITS)
        except Refused as error:
            reasons.add(str(error.reason))

    for call in range(3):
        await hostile(f"w{call}", 9900, 9900)
    before = resident()
    for call in range(20):
        await hostile(call, 9900, 9900)
        await hostile(call, 0, 100_000)
    print(resident() - before, *sorted(reasons))

asyncio.run(main())
"""


def test_hostile_names_do_not_stay_in_memory() -> None:
    ran = subprocess.run([sys.executable, "-c", _HOSTILE], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    grown, *reasons = ran.stdout.split()
    assert reasons == ["schema_invalid", "too_many_elements"]
    assert int(grown) < 30 * 1024, f"{grown} KiB stay"
