"""What holds for every endpoint.

Enters: good and bad calls of the protocol. Leaves: tests. Refuses: an endpoint that mints its own ids, loses a receipt,
answers a refusal without its code, repeats what it refused, or holds a part in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import orjson
import pytest

from gateway.contract.adapter import Endpoint
from gateway.contract.conformance.adapter import HUGE, MARKER, AdapterConformance, flat_memory
from gateway.contract.errors import Refused
from gateway.contract.exchange import Accepted, Answered, Duplicate, ReceiptCopy, Rejected
from gateway.contract.reasons import REASONS, Reason
from gateway.contract.testing import FakeCall, FakeHost
from schemas.catalogue import canonical, parse_json

RECEIPT = ReceiptCopy("accepted", "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl")


class EndpointConformance(AdapterConformance[Endpoint]):
    """Fill `make`, `delivery` and `bad_calls`."""

    def delivery(self, host: FakeHost, key: str) -> FakeCall:
        """A valid delivery of the same content each time, with `key` as its idempotency key."""
        raise NotImplementedError

    def bad_calls(self, host: FakeHost) -> Sequence[tuple[FakeCall, Reason]]:
        """Calls that are refused, by `decode` or the codec. Put `MARKER` where a value is refused."""
        raise NotImplementedError

    def test_its_routes_are_its_own(self, host: FakeHost) -> None:
        routes = self.make(host).routes()
        assert routes
        assert len({(route.method, route.path) for route in routes}) == len(routes)
        assert all(route.path.startswith("/") and route.method.isupper() for route in routes)

    @pytest.mark.asyncio
    async def test_what_arrives_keeps_the_hosts_id_and_time(self, adapter: Endpoint, host: FakeHost) -> None:
        call = self.delivery(host, "key-1")
        inbound = await adapter.decode(call)
        assert inbound.message_id == call.arrival.message_id
        assert inbound.received_at == call.arrival.at
        assert inbound.service
        assert inbound.size > 0
        assert len(list(adapter.codec.to_documents(inbound))) == 1

    @pytest.mark.asyncio
    async def test_the_same_call_is_the_same_key_and_content(self, adapter: Endpoint, host: FakeHost) -> None:
        seen = set()
        for _ in range(2):
            inbound = await adapter.decode(self.delivery(host, "key-1"))
            [document] = adapter.codec.to_documents(inbound)
            assert not isinstance(document, tuple)
            seen.add((inbound.service, inbound.key, canonical(document)))  # type: ignore[arg-type]
        assert len(seen) == 1
        assert next(iter(seen))[1] == "key-1"

    @pytest.mark.asyncio
    async def test_a_receipt_is_handed_out_byte_for_byte(self, adapter: Endpoint, host: FakeHost) -> None:
        for settlement in (Accepted("message-0", (RECEIPT,)), Duplicate("message-0", (RECEIPT,))):
            reply = adapter.encode(self.delivery(host, "key-1"), settlement)
            assert 200 <= reply.status < 300
            assert RECEIPT.jws.encode() in reply.body
            assert b"message-0" in reply.body

    @pytest.mark.asyncio
    async def test_a_duplicate_can_be_told_from_a_first(self, adapter: Endpoint, host: FakeHost) -> None:
        first = adapter.encode(self.delivery(host, "key-1"), Accepted("message-0", (RECEIPT,)))
        again = adapter.encode(self.delivery(host, "key-1"), Duplicate("message-0", (RECEIPT,)))
        assert (first.status, first.body) != (again.status, again.body)

    @pytest.mark.asyncio
    async def test_every_refusal_has_its_name(self, adapter: Endpoint, host: FakeHost) -> None:
        call = self.delivery(host, "key-1")
        for reason in REASONS:
            reply = adapter.encode(call, Rejected("message-0", Refused(reason, limit=4096), retry_after=3))
            assert reply.status >= 400
            assert reason.value.encode() in reply.body
            assert b"message-0" in reply.body
            assert b"4096" in reply.body
            assert reply.headers["Retry-After"] == "3"

    @pytest.mark.asyncio
    async def test_bad_input_is_a_named_refusal_without_the_value(self, adapter: Endpoint, host: FakeHost) -> None:
        calls = self.bad_calls(host)
        assert calls
        for call, reason in calls:
            with pytest.raises(Refused) as caught:
                list(adapter.codec.to_documents(await adapter.decode(call)))
            error = caught.value
            assert error.reason is reason
            reply = adapter.encode(call, Rejected(call.arrival.message_id, error))
            assert MARKER not in f"{error} {error.detail} {error.errors}"
            assert MARKER.encode() not in reply.body


class EndpointWithQueries(EndpointConformance):
    """Fill `query` as well."""

    answer: tuple[str, dict[str, object]] = (
        "coverage/1",
        {"noKartu": "0001234567890", "status": "active", "fullName": "Budi Santoso"},
    )

    def query(self, host: FakeHost) -> FakeCall:
        """A valid question whose answer is of the type in `answer`."""
        raise NotImplementedError

    @pytest.mark.asyncio
    async def test_an_answer_is_the_document(self, adapter: Endpoint, host: FakeHost) -> None:
        document_type, value = self.answer
        call = self.query(host)
        inbound = await adapter.decode(call)
        assert inbound.message_id == call.arrival.message_id
        assert len(list(adapter.codec.to_documents(inbound))) == 1
        document = parse_json(document_type, value)
        settlement = Answered("message-0", document_type, orjson.dumps(value), lambda: document)
        reply = adapter.encode(call, settlement)
        assert reply.status == 200
        assert b"message-0" in reply.body
        assert all(text.encode() in reply.body for text in value.values() if isinstance(text, str))


class EndpointWithParts(EndpointConformance):
    """Fill `stream` as well."""

    def stream(self, host: FakeHost, chunks: AsyncIterator[bytes]) -> FakeCall:
        """A valid delivery with one part whose bytes are `chunks`, streamed with the call's body."""
        raise NotImplementedError

    @pytest.mark.asyncio
    async def test_a_part_that_comes_byte_by_byte(self, adapter: Endpoint, host: FakeHost) -> None:
        data = bytes(range(256)) + b"\r\n--\r\n"

        async def drip() -> AsyncIterator[bytes]:
            for byte in data:
                yield bytes([byte])

        inbound = await adapter.decode(self.stream(host, drip()))
        [part] = inbound.parts
        assert b"".join([chunk async for chunk in host.parts.read(inbound.message_id, part)]) == data

    @pytest.mark.asyncio
    async def test_a_huge_part_is_never_held(self, adapter: Endpoint, host: FakeHost) -> None:
        async def flood() -> AsyncIterator[bytes]:
            chunk = bytes(64 * 1024)
            for _ in range(HUGE // len(chunk)):
                yield chunk

        call = self.stream(host, flood())
        with flat_memory():
            inbound = await adapter.decode(call)
        assert inbound.parts[0].size == HUGE

    @pytest.mark.asyncio
    async def test_a_call_that_is_given_up_leaves_nothing(self, adapter: Endpoint, host: FakeHost) -> None:
        begun, never = asyncio.Event(), asyncio.Event()

        async def stall() -> AsyncIterator[bytes]:
            yield bytes(200 * 1024)
            begun.set()
            await never.wait()

        call = self.stream(host, stall())
        task = asyncio.ensure_future(adapter.decode(call))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert call.arrival.spooled == []
        assert (await adapter.decode(self.delivery(host, "key-1"))).key == "key-1"
