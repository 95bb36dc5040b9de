"""What is kept for a time only: answers and idempotency keys, dropped in small steps.

Enters: the clock. Leaves: fewer rows. Refuses: to hold anybody up: one step touches a bounded number of rows, and a
walk over all keys is spread over many steps.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.store.engine import Journal, Step, Unit

ROWS = 500


class Keeper:
    """`keep_ms` is how long an answer is kept. Message ids are time-ordered: old answers are the first ones."""

    def __init__(self, journal: Journal, *, keep_ms: int, now_ms: Callable[[], int]) -> None:
        self._journal, self._keep_ms, self._now_ms = journal, keep_ms, now_ms
        self._after = b""

    async def step(self) -> None:
        now = self._now_ms()
        before = f"{now - self._keep_ms:012x}"
        steps = [Step("drop_answers_before", {"before": f"{before[:8]}-{before[8:]}", "limit": ROWS})]
        rows = await self._journal.read("keys_after", {"after": self._after, "limit": ROWS})
        expired = [{"key": row[0], "now": now} for row in rows if int(row[1] or 0) <= now]
        if expired:
            steps.append(Step("drop_expired_key", expired))
        last = rows[-1][0] if len(rows) == ROWS else b""
        self._after = last if isinstance(last, bytes) else b""
        await self._journal.commit(Unit(steps))
