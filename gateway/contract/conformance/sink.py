"""What holds for every sink: what left is what was given, under the delivery's own id, once per attempt.

Enters: outbounds and what the recipient saw of them. Leaves: tests. Refuses: a sink that retries on its own, makes a
new identity for the same delivery, calls an unclear outcome clear, or holds a part in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.contract.adapter import Sink
from gateway.contract.conformance.adapter import HUGE, MARKER, SECRET, AdapterConformance, flat_memory
from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.exchange import Attempt, Delivered, Outbound, Part
from gateway.contract.testing import FakeHost


class SinkConformance(AdapterConformance[Sink]):
    """Fill `make`, `outbound`, `receipt`, `seen` and, where the recipient must be scripted, `succeed`."""

    def outbound(self, host: FakeHost, delivery_id: str) -> Outbound:
        """A document to deliver, without parts."""
        raise NotImplementedError

    def receipt(self, host: FakeHost, delivery_id: str) -> Outbound:
        """A receipt on its way back to a sender."""
        raise NotImplementedError

    def seen(self, host: FakeHost) -> Sequence[str]:
        """The delivery ids that reached the recipient, in order, a repeat as often as it can be told apart."""
        raise NotImplementedError

    def succeed(self, host: FakeHost) -> None:
        """Scripts a recipient that takes everything."""

    async def prepare_check(self, host: FakeHost) -> None:
        self.succeed(host)

    @pytest.mark.asyncio
    async def test_check_delivers_nothing(self, adapter: Sink, host: FakeHost) -> None:
        await self.prepare_check(host)
        findings = await adapter.check()
        assert all(isinstance(finding, str) and finding for finding in findings)
        assert list(self.seen(host)) == []

    @pytest.mark.asyncio
    async def test_a_document_is_delivered_under_its_id(self, adapter: Sink, host: FakeHost) -> None:
        self.succeed(host)
        delivered = await adapter.deliver(self.outbound(host, "delivery-1"), Attempt(1, 10.0))
        assert isinstance(delivered, Delivered)
        assert list(self.seen(host)) == ["delivery-1"]

    @pytest.mark.asyncio
    async def test_another_attempt_is_the_same_delivery(self, adapter: Sink, host: FakeHost) -> None:
        self.succeed(host)
        for number in (1, 2):
            await adapter.deliver(self.outbound(host, "delivery-1"), Attempt(number, 10.0))
        await adapter.deliver(self.outbound(host, "delivery-2"), Attempt(1, 10.0))
        assert set(self.seen(host)) == {"delivery-1", "delivery-2"}

    @pytest.mark.asyncio
    async def test_a_receipt_is_delivered(self, adapter: Sink, host: FakeHost) -> None:
        self.succeed(host)
        delivered = await adapter.deliver(self.receipt(host, "delivery-1"), Attempt(1, 10.0))
        assert isinstance(delivered, Delivered)

    @pytest.mark.asyncio
    async def test_it_delivers_after_a_restart(self, host: FakeHost) -> None:
        for number in (1, 2):
            self.succeed(host)
            made = self.make(host)
            await made.open()
            delivered = await made.deliver(self.outbound(host, f"delivery-{number}"), Attempt(1, 10.0))
            assert isinstance(delivered, Delivered)
            await made.close()
            host = host.restart()


class SinkWithParts(SinkConformance):
    """Fill `with_part` and `part_bytes` as well."""

    def with_part(self, host: FakeHost, delivery_id: str, part: Part) -> Outbound:
        raise NotImplementedError

    def part_bytes(self, host: FakeHost) -> bytes:
        """The part's bytes as the recipient has them."""
        raise NotImplementedError

    @pytest.mark.asyncio
    async def test_a_part_arrives_byte_for_byte(self, adapter: Sink, host: FakeHost) -> None:
        self.succeed(host)
        data = bytes(range(256)) + b"\r\n--\r\n]]>&<"
        part = host.parts.put("message-out", data, media_type="application/pdf", name="surat.pdf")
        await adapter.deliver(self.with_part(host, "delivery-1", part), Attempt(1, 10.0))
        assert self.part_bytes(host) == data

    @pytest.mark.asyncio
    async def test_a_huge_part_is_never_held(self, adapter: Sink, host: FakeHost) -> None:
        self.succeed(host)
        outbound = self.with_part(host, "delivery-1", host.parts.put_huge("message-out", HUGE))
        with flat_memory():
            delivered = await adapter.deliver(outbound, Attempt(1, 10.0))
        assert isinstance(delivered, Delivered)


class HttpSinkConformance(SinkConformance):
    """For sinks that call by HTTP. Fill `fail`; answers that mean something in the protocol are the adapter's tests."""

    statuses: Sequence[tuple[int, tuple[type[Exception], ...]]] = (
        (429, (TryLater,)),
        (503, (TryLater,)),
        (408, (Ambiguous,)),
        (502, (Ambiguous,)),
        (504, (Ambiguous,)),
        (302, (NeedsOperator,)),
        (401, (NeedsOperator,)),
        (403, (NeedsOperator,)),
        (407, (NeedsOperator,)),
        (400, (Refused,)),
        (404, (Refused, NeedsOperator)),
    )

    def fail(self, host: FakeHost, status: int) -> None:
        """Scripts a recipient that answers `status` with `MARKER` in a body that is no message of the protocol."""
        host.http.on_json("POST", "http", status, MARKER.encode(), {"Retry-After": "7"})

    @pytest.mark.asyncio
    async def test_what_a_status_means(self, adapter: Sink, host: FakeHost) -> None:
        for status, meant in self.statuses:
            host.http.forget()
            self.fail(host, status)
            with pytest.raises(meant) as caught:
                await adapter.deliver(self.outbound(host, "delivery-1"), Attempt(1, 10.0))
            assert MARKER not in str(caught.value)
            assert SECRET not in f"{caught.value!r} {vars(caught.value)}"
            if isinstance(caught.value, TryLater):
                assert caught.value.after == 7.0

    @pytest.mark.asyncio
    @pytest.mark.parametrize("outcome", [TryLater(), Ambiguous(), NeedsOperator("a certificate expired")])
    async def test_what_the_host_found_out_is_passed_on(
        self, adapter: Sink, host: FakeHost, outcome: Exception
    ) -> None:
        host.http.on("POST", "http", outcome)
        with pytest.raises(type(outcome)) as caught:
            await adapter.deliver(self.outbound(host, "delivery-1"), Attempt(1, 10.0))
        assert caught.value is outcome

    @pytest.mark.asyncio
    async def test_one_attempt_is_one_call_within_its_deadline(self, adapter: Sink, host: FakeHost) -> None:
        self.fail(host, 503)
        with pytest.raises(TryLater):
            await adapter.deliver(self.outbound(host, "delivery-1"), Attempt(1, 2.5))
        assert len(host.http.sent) == 1
        assert host.http.sent[0].timeout <= 2.5
