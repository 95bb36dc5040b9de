"""What all agencies share while calls are handled, so that none of them, slow or hostile, takes it from the others.

Enters: an agency and how much it takes or gives back. Leaves: nothing. Refuses (`busy`): what is over the agency's own
share, and what is over the whole.
"""

from __future__ import annotations

from gateway.contract.errors import TryLater
from gateway.contract.reasons import Reason

AFTER_SECONDS = 2.0


class Shares:
    """A number of things of which one agency gets a part. The number of agencies is that of the federation."""

    def __init__(self, what: str, limit: int, per_agency: int) -> None:
        self._what, self._limit, self._left, self._share = what, limit, limit, min(limit, per_agency)
        self._taken: dict[str, int] = {}

    @property
    def taken(self) -> int:
        """How much is taken, by all."""
        return self._limit - self._left

    def take(self, agency: str, count: int = 1) -> None:
        taken = self._taken.get(agency, 0) + count
        if taken > self._share:
            detail = f"too many {self._what} of one agency at once; at most {self._share}"
            raise TryLater(Reason.BUSY, detail, after=AFTER_SECONDS)
        if count > self._left:
            raise TryLater(Reason.BUSY, f"too many {self._what} at once", after=AFTER_SECONDS)
        self._left -= count
        self._taken[agency] = taken

    def give_back(self, agency: str, count: int = 1) -> None:
        self._left += count
        self._taken[agency] = self._taken.get(agency, 0) - count
