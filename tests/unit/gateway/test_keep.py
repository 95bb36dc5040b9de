"""Answers and keys are dropped when their time is over, a bounded number at a time."""

from __future__ import annotations

from typing import Any

import pytest

from gateway import keep
from gateway.contract.errors import NeedsOperator
from gateway.keep import Keeper
from gateway.letters.erase import LetterEraser
from gateway.policy import DAY_MS
from gateway.store.engine import JournalBusy, Step
from tests.unit.gateway.bench import GUDANG, OPERATOR, QUERY, Bench, organisation, person
from tests.unit.gateway.letters.example import code_of, issued


def keeper(bench: Bench) -> Keeper:
    return Keeper(bench.journal, keep_ms=600_000, retain_ms=365 * DAY_MS, eraser=bench.eraser, now_ms=bench.now_ms)


async def answers(bench: Bench) -> int:
    return len(bench.journal._db.execute("SELECT message FROM answers").fetchall())


async def keys(bench: Bench) -> int:
    return len(await bench.journal.read("keys_after", {"after": b"", "now": 0, "limit": 1000}))


async def test_an_answer_is_kept_for_its_time_and_no_longer(bench: Bench) -> None:
    await bench.take("coverage.lookup", QUERY, key="k")
    one = keeper(bench)
    bench.clock.advance(599)
    await one.step()
    assert (await answers(bench), await keys(bench)) == (1, 1)
    bench.clock.advance(2)
    await one.step()
    assert (await answers(bench), await keys(bench)) == (0, 0)


async def test_a_key_whose_window_is_open_stays(bench: Bench) -> None:
    await bench.record("organisation.deliver", organisation(), key="short")
    await bench.record("person.deliver", {"nik": "3273014107900001", "fullName": "Siti", "birthDate": "1990-07-01",
                                          "sex": "female"}, key="long")  # fmt: skip
    bench.clock.advance(3600)
    await keeper(bench).step()
    assert await keys(bench) == 1
    assert len(await bench.queued(GUDANG)) == 2


async def test_many_keys_are_walked_in_small_steps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "ROWS", 4)
    rows: list[dict[str, Any]] = [
        {"key": bytes([n]) * 32, "message": "m", "content": b"", "expires": 0 if n % 2 else 2**60} for n in range(10)
    ]
    await bench.commit(Step("insert_key", rows))
    one = keeper(bench)
    left = []
    for _ in range(3):
        await one.step()
        left.append(await keys(bench))
    assert left == [8, 6, 5]
    await one.step()
    assert await keys(bench) == 5


def count(bench: Bench, table: str) -> int:
    found: list[Any] = bench.journal._db.execute(f"SELECT COUNT(*) FROM {table}").fetchall()
    return int(found[0][0])


async def test_the_persons_of_an_erased_message_are_forgotten(bench: Bench) -> None:
    await bench.record("person.deliver", person())
    await bench.run(GUDANG)
    one = keeper(bench)
    bench.clock.advance(365 * 86_400 - 1)
    await one.step()
    assert count(bench, "subjects") == 1
    bench.clock.advance(1)
    await one.step()
    assert count(bench, "subjects") == 0


async def test_the_persons_of_a_held_message_are_kept(bench: Bench) -> None:
    await bench.record("person.deliver", person())
    await bench.run(GUDANG)
    bench.journal._db.execute("UPDATE messages SET legal_hold = 1")
    bench.clock.advance(730 * 86_400)
    await keeper(bench).step()
    assert count(bench, "subjects") == 1


async def test_the_persons_of_a_question_go_by_its_age(bench: Bench) -> None:
    await bench.take("coverage.lookup", QUERY)
    assert count(bench, "subjects") == 1
    one = keeper(bench)
    bench.clock.advance(365 * 86_400 - 1)
    await one.step()
    assert count(bench, "subjects") == 1
    bench.clock.advance(2)
    await one.step()
    assert count(bench, "subjects") == 0


async def test_old_claims_go_and_those_that_are_open_stay(bench: Bench) -> None:
    rows: list[dict[str, Any]] = [
        {"fingerprint": bytes([n]) * 32, "id": f"c-{n}", "source": "s", "message": f"m-{n}", "node": "n", "now": 0}
        for n in range(2)
    ]
    await bench.commit(Step("insert_claim", rows))
    await bench.commit(Step("settle_claim", {"fingerprint": bytes(32), "id": "c-0", "now": bench.now_ms()}))
    one = keeper(bench)
    await one.step()
    assert count(bench, "claims") == 2
    bench.clock.advance(365 * 86_400 + 1)
    await one.step()
    assert bench.journal._db.execute("SELECT id FROM claims").fetchall() == [("c-1",)]


async def test_a_closed_quarantine_goes_with_its_message(bench: Bench) -> None:
    bench.sink(GUDANG).says = [NeedsOperator("look at it")]
    await bench.record("person.deliver", person())
    await bench.run(GUDANG)
    bench.clock.advance(730 * 86_400)
    one = keeper(bench)
    await one.step()
    assert count(bench, "quarantine") == 1
    await bench.operations.decide((await bench.quarantined())[0]["id"], "close", OPERATOR)
    await one.step()
    assert count(bench, "quarantine") == 0


async def test_a_journal_that_is_busy_is_left_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*arguments: object) -> None:
        raise JournalBusy(1)

    monkeypatch.setattr(bench.journal, "read", busy)
    await keeper(bench).step()


async def test_nothing_of_a_deleted_key_or_pseudonym_is_left_in_any_file_of_the_journal(bench: Bench) -> None:
    """Free pages and the log of the journal keep what a query no longer finds."""
    for number in range(120):
        await bench.record("person.deliver", person(nik=f"3273014107{number // 100 + 90:02d}{number % 99 + 1:04d}"))
    while await bench.run(GUDANG):
        pass
    database = bench.journal._db
    secrets = [
        bytes(row[0]) for row in database.execute("SELECT sealed_key FROM messages UNION SELECT key FROM subjects")
    ]
    assert len(secrets) == 240

    def found() -> int:
        stored = b"".join(path.read_bytes() for path in (bench.folder / "journal").iterdir())
        return sum(secret in stored for secret in secrets)

    assert found() == 240
    bench.clock.advance(366 * 86_400)
    one = keeper(bench)
    for _ in range(3):
        await one.step()
    assert database.execute("SELECT count(*) FROM subjects").fetchone() == (0,)
    assert found() == 0


async def test_a_reader_in_the_way_puts_off_scouring_and_stops_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    async def scour() -> bool:
        asked.append(True)
        return len(asked) > 2

    monkeypatch.setattr(bench.journal, "scour", scour)
    one = keeper(bench)
    for _ in range(5):
        await one.step()
    assert len(asked) == 3
    await bench.record("organisation.deliver", organisation(), key="short")
    bench.clock.advance(366 * 86_400)
    await one.step()
    await one.step()
    assert len(asked) == 4


async def test_letters_whose_time_is_over_are_erased_and_scoured(bench: Bench) -> None:
    letter = await issued(bench)
    letters = LetterEraser(journal=bench.journal, parts=bench.parts, events=bench.events, now_ms=bench.now_ms)
    one = Keeper(bench.journal, keep_ms=1, retain_ms=DAY_MS, eraser=bench.eraser, letters=letters, now_ms=bench.now_ms)
    await one.step()
    assert one._scoured
    bench.clock.advance(bench.settings.letters.keep_days * DAY_MS / 1000 + 1)
    await one.step()
    assert (await bench.letters.find(code_of(letter))).facts is None  # type: ignore[union-attr]


async def test_answers_that_were_dropped_are_scoured_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kept answer is sealed, but its key stands beside it."""
    scoured: list[bool] = []

    async def scour() -> bool:
        scoured.append(True)
        return True

    monkeypatch.setattr(bench.journal, "scour", scour)
    one = keeper(bench)
    await one.step()
    await one.step()
    assert len(scoured) == 1
    found: list[list[Any]] = [[(1,)], []]

    async def read(name: str, values: Any) -> Any:
        return found.pop(0) if name == "answers_before" and found else []

    monkeypatch.setattr(bench.journal, "read", read)
    await one.step()
    assert len(scoured) == 2
    await one.step()
    assert len(scoured) == 2
