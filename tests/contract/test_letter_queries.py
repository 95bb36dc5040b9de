"""What the registry's queries promise, whatever keeps the journal. A further backend joins by a line in `BACKENDS`."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.store import migrate, queries
from gateway.store.engine import Journal, Row, Step, Taken, Unexpected, Unit
from gateway.store.sqlite import SqliteJournal


def sqlite(directory: Path) -> Journal:
    return SqliteJournal(
        directory,
        queries=queries.load("sqlite"),
        migrations=migrate.load(migrate.MIGRATIONS),
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        on_fatal=lambda error: None,
    )


BACKENDS: dict[str, Callable[[Path], Journal]] = {"sqlite": sqlite}
STATE = 4


@pytest.fixture(params=BACKENDS.values(), ids=BACKENDS.keys())
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Journal]:
    one: Journal = request.param(tmp_path)
    await one.open()
    yield one
    await one.close()


async def run(journal: Journal, query: str, rows: int | None = None, **params: Any) -> list[Row]:
    return (await journal.commit(Unit([Step(query, params, rows)])))[0]


async def reserve(journal: Journal, code: bytes, agency: str = "kota", until: int = 100) -> None:
    await run(
        journal, "reserve_letter", code=code, id=code.decode(), agency=agency, system=f"{agency}/x", question="q",
        now=1, retain_until=until, sealed_key=b"key", facts=b"facts",
    )  # fmt: skip


async def activate(journal: Journal, code: bytes, digest: bytes = b"d") -> None:
    await run(journal, "activate_letter", 1, code=code, digest=digest, file=b"file", now=2)


async def find(journal: Journal, code: bytes) -> Row:
    return (await journal.read("find_letter", {"code": code}))[0]


async def message(
    journal: Journal, identity: str, *deliveries: tuple[str, int | None], sender: str = "kota/x", at: int = 5
) -> None:
    await run(
        journal, "insert_message", id=identity, kind="message", parent=None, sender=sender, service="letter.deliver",
        document="letter/1", conversation=None, route="r", purpose="p", parts=1, bytes=1, created_at=at,
        expires_at=None, trace=None, sealed_key=b"k", body=b"b", retain_until=100,
    )  # fmt: skip
    for number, (state, ended) in enumerate(deliveries, 1):
        delivery = f"{identity}.{number}"
        await run(
            journal, "insert_delivery", id=delivery, message=identity, kind="document", recipient="c/d", state="ready",
            order_key=None, receipt=None, head=None,
        )  # fmt: skip
        await run(
            journal, "set_state", 1, state=state, reason=None, ended_at=ended, head=None, delivery=delivery, was="ready"
        )


async def test_a_code_is_reserved_once(journal: Journal) -> None:
    await reserve(journal, b"a")
    with pytest.raises(Taken):
        await reserve(journal, b"a")
    assert (await find(journal, b"a"))[1:] == (
        "a", "kota", "kota/x", "reserved", "q", 1, None, None, b"key", b"facts", None, None,
    )  # fmt: skip
    assert await journal.read("find_letter", {"code": b"b"}) == []


async def test_states_follow_one_another_and_never_go_back(journal: Journal) -> None:
    ending = {"state": "withdrawn", "ending": b"why", "now": 3}
    await reserve(journal, b"a")
    with pytest.raises(Unexpected):
        await run(journal, "end_letter", 1, code=b"a", **ending)
    await activate(journal, b"a")
    with pytest.raises(Unexpected):
        await activate(journal, b"a")
    await run(journal, "end_letter", 1, code=b"a", **ending)
    with pytest.raises(Unexpected):
        await run(journal, "end_letter", 1, code=b"a", **{**ending, "state": "replaced"})
    assert (await find(journal, b"a"))[STATE] == "withdrawn"


async def test_only_what_is_in_force_of_that_agency_replaces(journal: Journal) -> None:
    await reserve(journal, b"a")
    with pytest.raises(Unexpected):
        await run(journal, "letter_in_force", 1, code=b"a", agency="kota")
    await activate(journal, b"a")
    await run(journal, "letter_in_force", 1, code=b"a", agency="kota")
    with pytest.raises(Unexpected):
        await run(journal, "letter_in_force", 1, code=b"a", agency="other")


async def test_files_are_known_once_they_are_in_force(journal: Journal) -> None:
    async def known(identity: str) -> bool:
        return bool(await journal.read("known_messages", {"first": identity, "last": identity}))

    await reserve(journal, b"a")
    assert not await known("a")
    await activate(journal, b"a")
    await message(journal, "m")
    assert await known("a")
    assert await known("m")
    assert not await known("n")


async def test_the_first_message_that_carried_a_file_is_told(journal: Journal) -> None:
    await reserve(journal, b"a")
    await run(journal, "note_carried", digest=b"d", message="early")
    assert await journal.read("letter_carried", {"letter": "a"}) == []
    await activate(journal, b"a")
    await message(journal, "m", ("refused", 6), ("registered", 9), ("delivered", 7))
    for _ in range(2):
        await run(journal, "note_carried", digest=b"d", message="m")
    await run(journal, "note_carried", digest=b"other", message="m")
    assert await journal.read("letter_carried", {"letter": "a"}) == [(5, "delivered", 7)]
    await reserve(journal, b"b")
    await activate(journal, b"b", b"e")
    await message(journal, "n", ("refused", 6))
    await run(journal, "note_carried", digest=b"e", message="n")
    assert await journal.read("letter_carried", {"letter": "b"}) == [(5, None, None)]


@pytest.mark.parametrize("sender", ["lain/x", "kota-lain/x", "kot/a", "k%/x", "kota", "KOTA/x"])
async def test_a_file_that_another_agency_sends_on_is_not_carried(journal: Journal, sender: str) -> None:
    await reserve(journal, b"a")
    await activate(journal, b"a")
    await message(journal, "m", ("delivered", 4), sender=sender, at=3)
    await run(journal, "note_carried", digest=b"d", message="m")
    assert await journal.read("letter_carried", {"letter": "a"}) == []
    await message(journal, "n", ("delivered", 7))
    await run(journal, "note_carried", digest=b"d", message="n")
    assert await journal.read("letter_carried", {"letter": "a"}) == [(5, "delivered", 7)]


async def test_what_was_noted_of_another_agency_before_does_not_count(journal: Journal, tmp_path: Path) -> None:
    await reserve(journal, b"a")
    await activate(journal, b"a")
    await message(journal, "m", ("delivered", 4), sender="lain/x", at=3)
    await message(journal, "n", at=9)
    await run(journal, "note_carried", digest=b"d", message="n")
    with closing(sqlite3.connect(tmp_path / "journal.db")) as beside, beside:
        beside.execute("INSERT INTO letters_carried (letter, message) VALUES ('a', 'm')")
    assert await journal.read("letter_carried", {"letter": "a"}) == [(9, None, None)]


async def test_what_is_over_is_erased_in_two_steps(journal: Journal) -> None:
    await reserve(journal, b"a", until=10)
    await reserve(journal, b"b", until=20)
    await activate(journal, b"a")

    async def due(now: int) -> list[tuple[Any, Any]]:
        rows = await journal.read("letters_after", {"after": b"", "now": now, "limit": 10})
        return [(row[0], row[5]) for row in rows]

    assert await due(9) == [(b"a", 0), (b"b", 0)]
    assert await due(10) == [(b"a", 1), (b"b", 0)]
    with pytest.raises(Unexpected):
        await run(journal, "erase_letter_key", 1, code=b"b", now=10)
    await run(journal, "erase_letter_key", 1, code=b"a", now=10)
    assert await due(10) == [(b"a", 2), (b"b", 0)]
    with pytest.raises(Unexpected):
        await run(journal, "end_letter", 1, code=b"a", state="withdrawn", ending=b"x", now=11)
    await run(journal, "erase_letter", 1, code=b"a")
    assert (await find(journal, b"a"))[9:] == (None, None, None, None)
    assert await due(10) == [(b"a", 0), (b"b", 0)]
    page = await journal.read("letters_after", {"after": b"a", "now": 10, "limit": 10})
    assert [row[0] for row in page] == [b"b"]


def test_every_query_is_written_for_both_databases() -> None:
    names = {name for name in queries.load("postgresql") if "letter" in name or name == "note_carried"}
    assert names == {name for name in queries.load("sqlite") if "letter" in name or name == "note_carried"}
    for one in migrate.load(migrate.MIGRATIONS):
        assert "BLOB" not in one.sql("postgresql")
        assert "ROWID" not in one.sql("postgresql")
