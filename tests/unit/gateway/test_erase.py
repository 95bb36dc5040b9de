"""When a message's time is over its content is gone for good, and only then; a crash anywhere is made good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway import erase
from gateway.contract.errors import NeedsOperator, Refused
from gateway.contract.exchange import Accepted, Caller, Rejected
from gateway.contract.reasons import Reason
from gateway.store.engine import Step, Unit
from gateway.store.parts import PartsBusy
from tests.unit.gateway.bench import (
    ARSIP,
    FOLDER,
    GUDANG,
    KOTAK,
    OPERATOR,
    PDF,
    SIMPUS,
    Bench,
    letter,
    organisation,
    person,
)  # fmt: skip

AT = "2026-11-23T01:00:00Z"
MONTH, YEAR = 30 * 86_400, 365 * 86_400
STEPS = ("erase.after_key", "erase.after_parts", "erase.after_rows", "journal.after_commit", "journal.before_commit")


class Killed(BaseException):
    """The process ends here."""


async def delivered(bench: Bench, **more: Any) -> str:
    """A letter with its file that was delivered and registered, so that nothing of it is open."""
    message = bench.ids.new()
    part = await bench.spool(message, PDF)
    await bench.take("letter.deliver", letter(), message_id=message, parts=(part,), **more)
    await bench.run(ARSIP)
    acknowledgement = {"relatedToMessageId": message, "status": "registered", "registrationNumber": "AGD-1", "at": AT}
    taken = await bench.take("acknowledgement.deliver", acknowledgement, sender=ARSIP, recipients=(SIMPUS,))
    assert isinstance(taken, Accepted), taken
    return message


def rows(bench: Bench, table: str, message: str, column: str = "message") -> int:
    found: list[Any] = bench.journal._db.execute(
        f"SELECT COUNT(*) FROM {table} WHERE {column} = ?", (message,)
    ).fetchall()
    return int(found[0][0])


def sealed(bench: Bench, message: str) -> tuple[bool, bool]:
    """Whether the key and the body are there."""
    query = "SELECT sealed_key IS NOT NULL, body IS NOT NULL FROM messages WHERE id = ?"
    key, body = bench.journal._db.execute(query, (message,)).fetchall()[0]
    return bool(key), bool(body)


def files(bench: Bench, message: str) -> list[Path]:
    return list((bench.folder / "parts").glob(f"*/{message}/*"))


async def test_when_its_time_is_over_nothing_of_its_content_is_left(bench: Bench) -> None:
    message = await delivered(bench)
    bench.clock.advance(MONTH - 1)
    await bench.eraser.step()
    assert sealed(bench, message) == (True, True)
    bench.clock.advance(1)
    await bench.eraser.step()
    assert (sealed(bench, message), files(bench, message)) == ((False, False), [])
    assert rows(bench, "receipts", message) == 0
    answers = bench.journal._db.execute("SELECT answer FROM deliveries WHERE message = ?", (message,)).fetchall()
    assert answers == [(None,)]


async def test_its_events_stay_and_say_so_and_a_reader_is_told(bench: Bench) -> None:
    message = await delivered(bench)
    bench.clock.advance(MONTH)
    await bench.eraser.step()
    assert await bench.names(message) == ["accepted", "attempt_started", "delivered", "registered", "erased"]
    told = (await bench.told(message))[-1]
    assert (told["sender"], told["service"], told["actor"]) == (SIMPUS, "letter.deliver", "gateway")
    assert (told["document"], told["route"], told["subjects"]) == ("letter/1", "letter.deliver", [])
    assert (await bench.reader.message(message, Caller(ARSIP)))["erased"] is True
    for read in (bench.reader.receipts(message, Caller(SIMPUS)), bench.reader.part(message, 1, Caller(ARSIP))):
        with pytest.raises(Refused) as caught:
            await read
        assert caught.value.reason is Reason.ERASED


async def test_a_key_that_was_in_use_does_not_outlive_it(bench: Bench) -> None:
    message = await delivered(bench)
    part = await bench.reader.part(message, 1, Caller(SIMPUS))
    assert b"".join([piece async for piece in bench.host_parts.read(message, part)]) == PDF
    bench.clock.advance(MONTH)
    await bench.eraser.step()
    with pytest.raises(NeedsOperator, match="Erased"):
        await anext(bench.host_parts.read(message, part))


async def test_no_wrapped_key_is_left_in_the_file(bench: Bench) -> None:
    for number in range(30):
        await bench.record("organisation.deliver", organisation(name="D" * (number + 1)))
    while await bench.run(GUDANG):
        pass
    keys: list[Any] = bench.journal._db.execute("SELECT sealed_key FROM messages").fetchall()
    file = bench.folder / "journal" / "journal.db"
    await bench.journal.checkpoint_idle()
    assert sum(key in file.read_bytes() for (key,) in keys) == 30
    bench.clock.advance(YEAR)
    assert await bench.eraser.step() == 30
    await bench.journal.checkpoint_idle()
    assert sum(key in file.read_bytes() for (key,) in keys) == 0


async def test_never_under_legal_hold(bench: Bench) -> None:
    message = await delivered(bench)
    bench.journal._db.execute("UPDATE messages SET legal_hold = 1 WHERE id = ?", (message,))
    bench.clock.advance(YEAR)
    await bench.eraser.step()
    assert (sealed(bench, message), len(files(bench, message))) == ((True, True), 1)
    bench.journal._db.execute("UPDATE messages SET legal_hold = 0 WHERE id = ?", (message,))
    await bench.eraser.step()
    assert sealed(bench, message) == (False, False)


async def test_a_hold_that_comes_at_the_last_moment_is_in_time(bench: Bench) -> None:
    held, other = await delivered(bench), await delivered(bench)
    bench.clock.advance(MONTH)
    read = bench.journal.read

    async def slow(query: str, params: Any = None) -> Any:
        found = await read(query, params)
        if query == "erasable":
            bench.journal._db.execute("UPDATE messages SET legal_hold = 1 WHERE id = ?", (held,))
        return found

    bench.journal.read = slow  # type: ignore[method-assign]
    await bench.eraser.step()
    assert (sealed(bench, held), sealed(bench, other)) == ((True, True), (False, False))
    assert len(files(bench, held)) == 1
    assert "erased" not in await bench.names(held)


async def test_never_while_a_delivery_is_open(bench: Bench) -> None:
    waits = await bench.record("organisation.deliver", organisation())
    fetched = await bench.record("letter.deliver", letter(), recipients=(KOTAK,))
    awaits = await bench.record("letter.deliver", letter())
    await bench.run(ARSIP)
    bench.sink(GUDANG).says = [NeedsOperator("look at it")]
    stuck = await bench.record("person.deliver", person())
    back = await bench.record("organisation.deliver", organisation(name="B"), by=FOLDER)
    while await bench.run(GUDANG):
        pass
    # One of these got stuck, whichever came first; its receipt goes back by a folder that nobody served yet.
    assert len(await bench.quarantined()) == 1
    bench.clock.advance(2 * YEAR)
    await bench.eraser.step()
    states = {one: await bench.state(f"{one}.1") for one in (waits, fetched, awaits, stuck, back)}
    open_ = {one for one, state in states.items() if state not in ("delivered", "registered")} | {back}
    assert {states[fetched], states[awaits]} == {"ready", "awaiting_registration"}
    assert {one for one in states if sealed(bench, one) == (True, True)} == open_


async def test_what_was_in_quarantine_goes_once_it_is_closed(bench: Bench) -> None:
    bench.sink(GUDANG).says = [NeedsOperator("look at it")]
    message = await bench.record("person.deliver", person())
    await bench.run(GUDANG)
    bench.clock.advance(2 * YEAR)
    await bench.eraser.step()
    assert sealed(bench, message) == (True, True)
    await bench.operations.decide((await bench.quarantined())[0]["id"], "close", OPERATOR)
    await bench.eraser.step()
    assert sealed(bench, message) == (False, False)


@pytest.mark.parametrize("step", STEPS)
async def test_after_a_crash_at_any_step_the_next_walk_finishes(bench: Bench, step: str) -> None:
    message = await delivered(bench)
    bench.clock.advance(MONTH)

    def die() -> None:
        raise Killed

    if step.startswith("journal"):
        # The journal's own promise is that of its tests; here only the steps around it are interrupted.
        committed = bench.journal.commit

        async def commit(unit: Unit) -> Any:
            if step == "journal.after_commit":
                await committed(unit)
            raise Killed

        bench.journal.commit = commit  # type: ignore[method-assign]
        with pytest.raises(Killed):
            await bench.eraser.step()
        bench.journal.commit = committed  # type: ignore[method-assign]
    else:
        bench.barriers[step] = die
        with pytest.raises(Killed):
            await bench.eraser.step()
        del bench.barriers[step]
    again = erase.Eraser(
        journal=bench.journal, parts=bench.parts, events=bench.events, forget=lambda name: None, now_ms=bench.now_ms
    )
    await again.step()
    assert (sealed(bench, message), files(bench, message)) == ((False, False), [])
    assert rows(bench, "receipts", message) == 0
    assert (await bench.names(message)).count("erased") == 1


async def test_parts_that_cannot_be_removed_now_are_removed_later(bench: Bench) -> None:
    message = await delivered(bench)
    bench.clock.advance(MONTH)
    delete = bench.parts.delete_message

    async def busy(message: str) -> None:
        raise PartsBusy(1)

    bench.parts.delete_message = busy  # type: ignore[method-assign]
    assert await bench.eraser.step() == 0
    assert sealed(bench, message) == (False, True)
    bench.parts.delete_message = delete  # type: ignore[method-assign]
    assert await bench.eraser.step() == 1
    assert (sealed(bench, message), files(bench, message)) == ((False, False), [])


async def test_a_walk_is_bounded_and_comes_round(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase, "STRETCH", 3)
    monkeypatch.setattr(erase, "STRETCHES", 2)
    monkeypatch.setattr(erase, "ROWS", 2)
    names = [await bench.record("organisation.deliver", organisation(name=f"D{n}")) for n in range(10)]
    await bench.run(GUDANG)
    bench.clock.advance(YEAR)
    sizes = []
    while any(sealed(bench, one)[0] for one in names):
        sizes.append(await bench.eraser.step())
    assert sum(sizes) == 10
    assert max(sizes) <= 4
    # What was erased from the beginning on is not walked again.
    assert bench.eraser._floor >= names[-3]
    late = await bench.record("organisation.deliver", organisation(name="late"))
    await bench.run(GUDANG)
    bench.clock.advance(YEAR)
    while sealed(bench, late)[0]:
        await bench.eraser.step()


async def test_a_batch_goes_with_its_report_and_its_copy_of_the_key(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase, "ROWS", 2)
    lines = b"bad\nbad bad\nbad\nbad\nbad\n"
    taken = await bench.take("organisation.deliver", sender=FOLDER, batch=True, stream=lambda: iter([lines]), key="f")
    message = taken.message_id
    assert rows(bench, "row_problems", message) == 6
    bench.clock.advance(YEAR)
    await bench.eraser.step()
    assert sealed(bench, message) == (False, False)
    assert (rows(bench, "batches", message), rows(bench, "row_problems", message)) == (0, 0)


async def test_a_repeat_of_what_was_erased_is_told_so_and_not_sent_again(bench: Bench) -> None:
    """The window of its key may be open longer than it was kept."""
    await bench.take("organisation.deliver", organisation(name="E"), key="k", sender=FOLDER)
    await bench.run(GUDANG)
    await bench.run(f"{FOLDER}#receipts")
    await bench.commit(Step("take_over_key", await _key(bench)))
    bench.clock.advance(YEAR)
    assert await bench.eraser.step() == 1
    told = await bench.take("organisation.deliver", organisation(name="E"), key="k", sender=FOLDER)
    assert isinstance(told, Rejected)
    assert told.error.reason is Reason.ERASED
    assert bench.unforeseen == []
    assert len(bench.sink(GUDANG).taken) == 1


async def _key(bench: Bench) -> dict[str, Any]:
    """The only idempotency key, open for ever."""
    key, message, content = bench.journal._db.execute("SELECT key, message, content FROM idempotency").fetchall()[0]
    return {"key": key, "message": message, "content": content, "expires": 2**60}
