"""What the host gives an adapter over the real stores; the contract itself is in the conformance tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from gateway import hosting
from gateway.contract.errors import NeedsOperator, Refused
from gateway.contract.host import Fingerprint
from gateway.contract.reasons import Reason
from gateway.hosting import FileSecrets, HostClaims, HostMetrics, HostState, SystemClock, contract_limits
from gateway.settings import Settings
from tests.unit.gateway.bench import PDF, Bench, changed, letter, organisation

ITEM = Fingerprint("inbox/a.json", 1, 2, 3, 4)


def claims(bench: Bench, source: str = "kota/folder:source:inbox") -> HostClaims:
    return HostClaims(
        journal=bench.journal, lookup=bench.lookup, arrivals=bench.arrivals, vault=bench.vault, source=source,
        agency="kota", node="node-1", new_id=bench.ids.new, now_ms=bench.now_ms,
    )  # fmt: skip


async def recorded_part(bench: Bench) -> object:
    part = await bench.spool("m-1", PDF)
    await bench.take("letter.deliver", letter(), message_id="m-1", parts=(part,))
    return part


async def test_parts_of_a_recorded_message_are_read_with_its_own_key(bench: Bench) -> None:
    part = await recorded_part(bench)
    assert b"".join([piece async for piece in bench.host_parts.read("m-1", part, 1, 4)]) == PDF[1:4]


async def test_a_part_that_cannot_be_read_is_for_an_operator(bench: Bench) -> None:
    part = await recorded_part(bench)
    [path] = [one for one in (bench.folder / "parts").rglob("*") if one.is_file()]
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(NeedsOperator, match="SealBroken"):
        [piece async for piece in bench.host_parts.read("m-1", part)]
    path.unlink()
    with pytest.raises(NeedsOperator, match="PartMissing"):
        [piece async for piece in bench.host_parts.read("m-1", part)]


async def test_a_part_of_an_erased_message_is_gone(bench: Bench) -> None:
    part = await recorded_part(bench)
    bench.journal._db.execute("UPDATE messages SET sealed_key = NULL")
    with pytest.raises(NeedsOperator, match="Erased"):
        [piece async for piece in bench.host_parts.read("m-1", part)]
    with pytest.raises(Refused) as caught:
        [piece async for piece in bench.host_parts.read("m-2", part)]
    assert caught.value.reason is Reason.PART_MISSING


async def test_only_the_last_few_keys_are_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "KEYS_KEPT", 2)
    part = await recorded_part(bench)
    for number in range(3):
        await bench.record("organisation.deliver", organisation(), message_id=f"o-{number}", key=str(number))
        await bench.host_parts._key(f"o-{number}")
    assert list(bench.host_parts._keys) == ["o-1", "o-2"]
    assert b"".join([piece async for piece in bench.host_parts.read("m-1", part)]) == PDF


async def test_two_sources_have_claims_of_their_own(bench: Bench) -> None:
    one, other = claims(bench), claims(bench, "kota/folder:source:other")
    assert await one.claim(ITEM) is not None
    assert await other.claim(ITEM) is not None
    assert len(await one.unsettled()) == 1


async def test_a_claim_that_a_process_left_behind_counts_as_an_attempt(bench: Bench) -> None:
    await claims(bench).claim(ITEM)
    for attempts in (2, 3):
        later = claims(bench)
        assert [one.attempts for one in await later.unsettled()] == [attempts]
        assert [one.attempts for one in await later.unsettled()] == [attempts]


async def test_to_give_an_item_back_is_no_attempt_and_to_die_holding_it_is_one(bench: Bench) -> None:
    for died in (0, 1, 2):
        here = claims(bench)
        for left in await here.unsettled():
            await here.release(left)
        for _ in range(3):
            claim = await here.claim(ITEM)
            assert claim is not None
            assert claim.attempts == died + 1
            await here.release(claim)
        assert await here.claim(ITEM) is not None


async def test_a_recorded_item_is_neither_given_back_nor_given_up(bench: Bench) -> None:
    claim = await claims(bench).claim(ITEM)
    assert claim is not None
    await bench.record("organisation.deliver", organisation(), message_id=claim.message_id)
    later = claims(bench)
    [again] = await later.unsettled()
    assert (again.state, again.message_id) == ("committed", claim.message_id)
    await later.release(again)
    assert await claims(bench).claim(ITEM) is None
    assert [one.state for one in await claims(bench).unsettled()] == ["committed"]


async def test_a_claim_of_another_process_is_settled_too(bench: Bench) -> None:
    claim = await claims(bench).claim(ITEM)
    assert claim is not None
    await claims(bench).settle(claim)
    assert await claims(bench).unsettled() == []
    await claims(bench).settle(changed(claim, id="nobody"))


async def test_an_arrival_of_a_recorded_item_uses_the_messages_own_key(bench: Bench) -> None:
    one = claims(bench)
    claim = await one.claim(ITEM)
    assert claim is not None
    part = await bench.spool(claim.message_id, PDF)
    await bench.take("letter.deliver", letter(), message_id=claim.message_id, parts=(part,))
    arrival = one.arrive(claim)
    key = await arrival.recorded()
    assert key is not None
    read = await bench.parts.read(claim.message_id, part.address, key)
    assert b"".join([piece async for piece in read]) == PDF


async def test_state_of_two_adapters_is_apart(bench: Bench) -> None:
    one, other = HostState(bench.journal, "a"), HostState(bench.journal, "b")
    assert await one.put("k", b"1", 0)
    assert await other.get("k") is None
    held = await one.get("k")
    assert held == (b"1", 1)
    assert await one.put("k", b"2", 1)
    assert not await one.put("k", b"3", 1)
    assert await one.get("k") == (b"2", 2)


def test_secrets_by_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys" / "bpjs.key"
    path.parent.mkdir()
    path.write_text("rahasia\n")
    path.chmod(0o600)
    monkeypatch.setenv("LINTAS_TEST_SECRET", "lain")
    secrets = FileSecrets(tmp_path)
    assert (secrets.get("file:keys/bpjs.key"), secrets.get("env:LINTAS_TEST_SECRET")) == ("rahasia", "lain")
    assert repr(secrets) == "FileSecrets()"
    path.chmod(0o644)
    with pytest.raises(NeedsOperator, match="can be read by others") as caught:
        secrets.get("file:keys/bpjs.key")
    assert "rahasia" not in str(caught.value)
    for reference, why in (("file:keys/none.key", "cannot be read"), ("env:LINTAS_NO_SUCH", "is not set")):
        with pytest.raises(NeedsOperator, match=why):
            secrets.get(reference)


def test_a_key_of_the_gateways_own_is_no_secret_for_an_adapter(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "kek.key"
    path.parent.mkdir()
    path.write_text("rahasia")
    path.chmod(0o600)
    (tmp_path / "alias.key").symlink_to("keys/kek.key")
    for reference in ("file:keys/kek.key", "file:alias.key", f"file:{path}"):
        with pytest.raises(NeedsOperator, match="a key of the gateway's own"):
            FileSecrets(tmp_path).get(reference)


def test_counters_are_told_by_adapter() -> None:
    metrics = HostMetrics("a-test")
    metrics.count("rows", 3)
    metrics.count("rows")
    labels = {"adapter": "a-test", "name": "rows"}
    assert REGISTRY.get_sample_value("lintas_adapter_events_total", labels) == 4


def test_the_clock_is_the_machines() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() is not None
    assert clock.monotonic() <= clock.monotonic()


def test_limits_are_the_settings() -> None:
    settings = Settings()
    limits = contract_limits(settings)
    assert (limits.parts, limits.row_bytes, limits.nesting) == (64, 65_536, 64)
    assert limits.part_bytes == settings.limits.part_bytes
