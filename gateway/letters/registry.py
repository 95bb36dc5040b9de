"""The registry of letters: which codes there are, in which state, and what stands behind them.

Enters: codes, facts, the signed file. Leaves: letters; steps that become durable together with an answer. Refuses
(`LetterEnded`): to change what is not in force any more, or belongs to somebody else.

    reserved → active → replaced | withdrawn

1. `reserve`: the code is durable before anything is drawn, so that no two letters can have one.
2. `keep`: the signed file is durable in the part store, under the letter's own data key.
3. `activation`: steps of the unit that also holds the answer. What ends before it leaves a reserved code, whose file
   the next start sweeps away; what ends after it leaves a letter in force whose answer is known.

Each change is one event in the same unit. Codes are looked up by a keyed digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, cast

from gateway.audit.catalogue import EventName
from gateway.audit.events import Event, EventWriter, event_step
from gateway.contract.frozen import frozen
from gateway.letters.code import plain
from gateway.letters.letter import Ending, Facts, Letter, SignedFile, State, ending_of, facts_of, file_of, packed
from gateway.store.engine import Journal, Row, Step, Unexpected, Unit
from gateway.store.hmac_keys import HmacKeys
from gateway.store.parts import PartStore
from gateway.store.sealing import DataKey, binding
from gateway.vault import Vault

PIECE = 256 * 1024
SERVICE, DOCUMENT = "letter.sign", "signed-document/1"


class LetterEnded(Exception):
    """The letter is not in force, or the one that is to replace it is not."""


@frozen
class Reserved:
    """A code that is durable and not in force yet."""

    code: str
    key: bytes
    id: str
    agency: str
    system: str
    question: str
    facts: Facts
    data_key: DataKey


class Registry:
    """`keep_ms` is how long a letter is kept from its reservation on; `barrier` marks every step."""

    def __init__(
        self,
        *,
        journal: Journal,
        vault: Vault,
        lookup: HmacKeys,
        parts: PartStore,
        events: EventWriter,
        new_id: Callable[[], str],
        now_ms: Callable[[], int],
        keep_ms: int,
        barrier: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._journal, self._vault, self._lookup, self._parts = journal, vault, lookup, parts
        self._events, self._new_id, self._now_ms, self._keep_ms = events, new_id, now_ms, keep_ms
        self._barrier = barrier

    async def reserve(self, facts: Facts, system: str, question: str) -> Reserved:
        """Durable when it returns. `system` is `agency/system`, `question` the message id of who asked."""
        now, identity, data_key = self._now_ms(), self._new_id(), DataKey.random()
        agency = system.partition("/")[0]
        held = Reserved(facts.code, self._key(facts.code), identity, agency, system, question, facts, data_key)
        row: dict[str, Any] = {
            "code": held.key,
            "id": identity,
            "agency": agency,
            "system": system,
            "question": question,
            "now": now,
            "retain_until": now + self._keep_ms,
            "sealed_key": self._vault.wrap(data_key, identity),
            "facts": data_key.seal(packed(facts), binding("letter-facts", identity)),
        }
        event = self._event(EventName.LETTER_RESERVED, system, question, f"system:{system}")
        await self._journal.commit(Unit([Step("reserve_letter", row), event_step(event)]))
        self._barrier("letters.after_reserve")
        return held

    async def keep(self, held: Reserved, data: bytes) -> tuple[str, str]:
        """The signed file, durable: its SHA-256 in hex, and its address."""
        writer = await self._parts.open_writer(held.id, held.data_key, held.agency, len(data))
        try:
            for at in range(0, len(data), PIECE):
                await writer.write(data[at : at + PIECE])
            stored = await writer.finish()
        except BaseException:
            await writer.abort()
            raise
        self._barrier("letters.after_file")
        return stored.sha256.hex(), stored.address

    async def drop(self, held: Reserved) -> None:
        """Nothing came of it: the code stays reserved, what was kept goes."""
        await self._parts.delete_message(held.id)

    def activation(self, held: Reserved, file: SignedFile) -> tuple[Step, ...]:
        """What puts the code in force, with its event."""
        digest = bytes.fromhex(file.sha256)
        row: dict[str, Any] = {
            "code": held.key,
            "digest": self._lookup.lookup("letter-file", file.sha256),
            "file": held.data_key.seal(packed(file), binding("letter-file", held.id)),
            "now": self._now_ms(),
        }
        committed = hashlib.sha256(held.facts.salt + digest).hexdigest()
        told = self._event(
            EventName.LETTER_ACTIVATED,
            held.system,
            held.question,
            f"system:{held.system}",
            commit_out=committed,
            bytes=file.size,
        )
        return Step("activate_letter", row, rows=1), event_step(told)

    async def find(self, code: str) -> Letter | None:
        """By a code as somebody typed it. What can be no code is looked for all the same."""
        rows = await self._journal.read("find_letter", {"code": self._key(plain(code) or "")})
        return self._opened(rows[0]) if rows else None

    async def end(self, letter: Letter, ending: Ending, actor: str, by: Letter | None = None) -> None:
        """Withdrawn, or replaced by another of the same agency. Raises `LetterEnded`."""
        data_key = await self._data_key(letter)
        state, name = (
            ("withdrawn", EventName.LETTER_WITHDRAWN) if by is None else ("replaced", EventName.LETTER_REPLACED)
        )
        row: dict[str, Any] = {
            "code": letter.key,
            "state": state,
            "ending": data_key.seal(packed(ending), binding("letter-ending", letter.id)),
            "now": self._now_ms(),
        }
        steps = [Step("end_letter", row, rows=1), event_step(self._event(name, letter.system, letter.question, actor))]
        if by is not None:
            steps.insert(0, Step("letter_in_force", {"code": by.key, "agency": letter.agency}, rows=1))
        try:
            await self._journal.commit(Unit(steps))
        except Unexpected as error:
            raise LetterEnded from error

    async def read(self, letter: Letter) -> AsyncGenerator[bytes, None]:
        """The signed file's bytes. Raises the part store's errors."""
        if letter.file is None:
            return
        data_key = await self._data_key(letter)
        async with aclosing(await self._parts.read(letter.id, letter.file.address, data_key)) as pieces:
            async for piece in pieces:
                yield piece

    async def carried(self, letter: Letter) -> tuple[int, str | None, int | None] | None:
        """When a message first carried the file; the state and the time of its first delivery."""
        rows = await self._journal.read("letter_carried", {"letter": letter.id})
        return cast("tuple[int, str | None, int | None]", rows[0]) if rows else None

    def _key(self, code: str) -> bytes:
        return self._lookup.lookup("letter-code", code)

    async def _data_key(self, letter: Letter) -> DataKey:
        rows = await self._journal.read("find_letter", {"code": letter.key})
        return self._vault.unwrap(_blob(rows[0][9]) if rows else None, letter.id)

    def _opened(self, row: Row) -> Letter:
        identity, wrapped = str(row[1]), _blob(row[9])
        facts, file, ending = _blob(row[10]), _blob(row[11]), _blob(row[12])
        key = None if wrapped is None else self._vault.unwrap(wrapped, identity)

        def opened(sealed: bytes | None, purpose: str) -> bytes | None:
            return None if key is None or sealed is None else key.open(sealed, binding(purpose, identity))

        told, kept, ended = opened(facts, "letter-facts"), opened(file, "letter-file"), opened(ending, "letter-ending")
        return Letter(
            _blob(row[0]) or b"", identity, str(row[2]), str(row[3]), cast("State", row[4]), str(row[5]),
            int(row[6] or 0), _number(row[7]), _number(row[8]),
            None if told is None else facts_of(told), None if kept is None else file_of(kept),
            None if ended is None else ending_of(ended),
        )  # fmt: skip

    def _event(self, name: EventName, system: str, question: str, actor: str, **more: Any) -> Event:
        return self._events.write(
            name, message=question, sender=system, actor=actor, service=SERVICE, document=DOCUMENT, **more
        )


def _blob(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
