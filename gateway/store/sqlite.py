"""The journal in SQLite: one writer thread, a few reader threads, one file that one process holds.

Enters: units and reads from the event loop. Leaves: rows, after the WAL was synced (`synchronous=FULL`).
Refuses: an SQLite older than 3.51.3, a file another process holds, a schema that does not fit, and everything after
an I/O error: the journal is then poisoned, every waiter gets `JournalFailed`, and `on_fatal` is called once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import apsw

from gateway.store import migrate
from gateway.store.disk import sync_folder
from gateway.store.engine import (
    Journal,
    JournalClosed,
    JournalFailed,
    JournalHealth,
    JournalRefused,
    Results,
    Row,
    Unit,
    Value,
)
from gateway.store.gather import Gather
from gateway.store.holder import Holder
from gateway.store.inserts import STATEMENTS
from gateway.store.lane import Lane
from gateway.store.migrate import Applied, Migration
from gateway.store.queries import Query
from gateway.store.sqlite_threads import Reader, Writer

OLDEST = (3, 51, 3)
"""Older versions can lose committed data when two connections write and checkpoint at once (sqlite.org/wal.html)."""

PATIENCE_MS = 100
"""How long commits wait for a reader that keeps the WAL from being emptied."""

Read = tuple[str, Mapping[str, Value]]


def check_version(version: str) -> None:
    """Refuse an SQLite that can lose committed data."""
    numbers = tuple(int(part) for part in version.split(".")[:3])
    if numbers < OLDEST:
        raise JournalRefused(
            f"SQLite {version} can lose committed data; {'.'.join(map(str, OLDEST))} or later is needed: "
            "install the apsw wheel, which brings its own"
        )


class SqliteJournal(Journal):
    """`directory` holds `journal.db` and its lock. `now` stamps migrations. `barrier` is called in the writer thread at
    `journal.before_begin`, `journal.before_commit` and `journal.after_commit`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        queries: Mapping[str, Query],
        migrations: Sequence[Migration],
        now: Callable[[], datetime],
        on_fatal: Callable[[BaseException], None],
        barrier: Callable[[str], None] = lambda name: None,
        max_waiting: int = 10_000,
        max_batch: int = 512,
        readers: int = 2,
        max_rows: int = 10_000,
        busy_timeout_ms: int = 5_000,
        wal_pages: int = 1_000,
        cache_kib: int = 8_192,
    ) -> None:
        self._path = directory / "journal.db"
        self._holder = Holder(directory / "journal.lock")
        self._queries = queries
        self._migrations = migrations
        self._now = now
        self._on_fatal = on_fatal
        self._barrier = barrier
        self._max_waiting = max_waiting
        self._max_batch = max_batch
        self._reader_count = readers
        self._max_rows = max_rows
        self._busy_timeout_ms = busy_timeout_ms
        self._wal_pages = wal_pages
        self._cache_kib = cache_kib
        self._main_connection: list[apsw.Connection] = []
        self._read_connections: list[apsw.Connection] = []
        self._state = "new"
        self._failure: BaseException | None = None

    # On the event loop.

    async def open(self) -> None:
        if self._state != "new":
            raise JournalClosed("a journal is opened once")
        check_version(apsw.sqlite_lib_version())
        self._loop = asyncio.get_running_loop()
        await self._loop.run_in_executor(None, self._open_files)
        self._writer = Lane("journal-writer")
        self._writer.start()
        self._writes: Gather[Unit, Results] = Gather(
            self._loop, self._send_writes, max_waiting=self._max_waiting, max_batch=self._max_batch
        )
        self._readers = [Lane(f"journal-reader-{number}") for number in range(self._reader_count)]
        self._reads: list[Gather[Read, list[Row]]] = []
        for lane, connection in zip(self._readers, self._read_connections, strict=True):
            lane.start()
            self._reads.append(self._gather_reads(lane, Reader(connection, self._queries, self._max_rows)))
        self._state = "open"

    async def close(self) -> None:
        if self._state not in ("open", "failed"):
            return
        failed, self._state = self._state == "failed", "closed"
        if not failed:
            for gather in self._reads:
                await gather.quiet()
            await self._writes.quiet()
        lanes = [*self._readers, self._writer]
        for lane in lanes:
            lane.stop()
        await self._loop.run_in_executor(None, self._close_files, lanes)

    async def commit(self, unit: Unit) -> Results:
        if self._state != "open":
            self._refuse()
        return await self._writes.put(unit)

    async def read(self, query: str, params: Mapping[str, Value] | None = None) -> list[Row]:
        if self._state != "open":
            self._refuse()
        gather = self._reads[0] if len(self._reads) == 1 else min(self._reads, key=_waiting)
        return await gather.put((query, params or {}))

    async def checkpoint_idle(self) -> bool:
        if self._state != "open" or self._writes.waiting:
            return False
        return await self._between_batches(self._thread.checkpoint)

    async def scour(self) -> bool:
        if self._state != "open":
            return False
        return await self._between_batches(lambda: self._thread.scour(PATIENCE_MS, self._busy_timeout_ms))

    async def _between_batches(self, task: Callable[[], bool]) -> bool:
        """In the writer's thread, behind the batch in flight."""
        done: asyncio.Future[bool] = self._loop.create_future()

        def work() -> None:
            try:
                answer = task()
            except Exception as error:
                answer = False
                self._loop.call_soon_threadsafe(self._poison, error)
            self._loop.call_soon_threadsafe(_answer, done, answer)

        self._writer.put(work)
        return await done

    def health(self) -> JournalHealth:
        started = self._state != "new"
        return JournalHealth(
            open=self._state == "open",
            failed=self._failure is not None,
            waiting=self._writes.waiting if started else 0,
            units=self._writes.items if started else 0,
            batches=self._writes.batches if started else 0,
            seconds_in_flight=self._writes.seconds_in_flight if started else 0.0,
        )

    def seconds_in_flight(self) -> float:
        return self._writes.seconds_in_flight if self._state != "new" else 0.0

    def _refuse(self) -> None:
        if self._failure is not None:
            raise JournalFailed("the journal failed; end the process and start again")
        raise JournalClosed("the journal is not open")

    def _poison(self, error: BaseException) -> None:
        if self._failure is not None:
            return
        self._failure = error
        if self._state == "open":
            self._state = "failed"

        def failed() -> JournalFailed:
            return JournalFailed(f"the journal failed: {type(error).__name__}")

        self._writes.fail(failed)
        for gather in self._reads:
            gather.fail(failed)
        self._on_fatal(error)

    def _send_writes(self, units: list[Unit]) -> None:
        def work() -> None:
            try:
                outcomes = self._thread.run(units)
                self._loop.call_soon_threadsafe(self._landed, self._writes, outcomes)
                self._thread.checkpoint_if_due()
            except BaseException as error:
                self._loop.call_soon_threadsafe(self._poison, error)

        self._writer.put(work)

    def _gather_reads(self, lane: Lane, reader: Reader) -> Gather[Read, list[Row]]:
        def send(reads: list[Read]) -> None:
            def work() -> None:
                try:
                    outcomes = [reader.run(*read) for read in reads]
                except BaseException as error:
                    self._loop.call_soon_threadsafe(self._poison, error)
                else:
                    self._loop.call_soon_threadsafe(self._landed, gather, outcomes)

            lane.put(work)

        gather: Gather[Read, list[Row]] = Gather(
            self._loop, send, max_waiting=self._max_waiting, max_batch=self._max_batch
        )
        return gather

    def _landed(self, gather: Gather[Any, Any], outcomes: Sequence[Any]) -> None:
        # A reader may have poisoned the journal while this batch was on its way back: its waiters were answered.
        if self._failure is None:
            gather.landed(outcomes)

    # In any thread, before the lanes start and after they end.

    def _open_files(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._holder.take()
        try:
            _create(self._path)
            self._db = apsw.Connection(str(self._path), statementcachesize=STATEMENTS)
            self._main_connection = [self._db]
            self._set_up(self._db)
            self._db.pragma("journal_mode", "wal")
            self._db.pragma("synchronous", "full")
            self._cursor = self._db.cursor()
            self._migrate()
            self._compile()
            self._thread = Writer(self._db, self._queries, self._barrier, self._wal_pages)
            flags = apsw.SQLITE_OPEN_READONLY
            self._read_connections = [apsw.Connection(str(self._path), flags=flags) for _ in range(self._reader_count)]
            for connection in self._read_connections:
                self._set_up(connection)
        except BaseException as error:
            self._abandon()
            if isinstance(error, (apsw.Error, OSError)):
                raise JournalRefused(f"the journal {self._path} cannot be opened: {error}") from error
            raise

    def _abandon(self) -> None:
        for connection in (*self._read_connections, *self._main_connection):
            if self._failure is not None:
                # Closing would carry the WAL into the file; after an I/O error only the next start may judge it.
                connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.close(True)
        self._holder.let_go()

    def _set_up(self, connection: apsw.Connection) -> None:
        connection.set_busy_timeout(self._busy_timeout_ms)
        connection.pragma("foreign_keys", 0)
        # A key that was deleted must not be found in what is left of its page, nor in a page that is free.
        connection.pragma("secure_delete", 1)
        connection.pragma("cache_size", -self._cache_kib)
        connection.pragma("temp_store", 2)

    def _migrate(self) -> None:
        execute = self._cursor.execute
        execute(migrate.in_dialect(migrate.LEDGER, "sqlite"))
        rows: list[Any] = execute("SELECT number, name, sha256 FROM schema_migrations").fetchall()
        for one in migrate.pending(self._migrations, [Applied(*row) for row in rows]):
            execute("BEGIN IMMEDIATE")
            try:
                execute(one.sql("sqlite"))
                execute(
                    "INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES (?, ?, ?, ?)",
                    (one.number, one.name, one.sha256, self._now().isoformat()),
                )
                execute("COMMIT")
            except apsw.SQLError as error:
                execute("ROLLBACK")
                raise migrate.MigrationRefused(f"migration {one.number:04}_{one.name}: {error}") from error

    def _compile(self) -> None:
        for query in self._queries.values():
            try:
                self._cursor.execute(f"EXPLAIN {query.sql}", dict.fromkeys(query.params)).fetchall()
            except apsw.Error as error:
                raise JournalRefused(f"the query {query.name} does not fit the schema: {error}") from error

    def _close_files(self, lanes: Sequence[Lane]) -> None:
        for lane in lanes:
            lane.join()
        self._abandon()


def _waiting(gather: Gather[Read, list[Row]]) -> int:
    return gather.waiting


def _answer(future: asyncio.Future[bool], answer: bool) -> None:
    if not future.done():
        future.set_result(answer)


def _create(path: Path) -> None:
    # SQLite would make it readable by others, and does not sync the folder for it; its WAL takes over the mode.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    sync_folder(path.parent)
