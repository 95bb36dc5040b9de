"""What an agency writes down of what it received, so that a count can prove that nothing is missing or doubled.

Enters: an identifier, a digest, what it was. Leaves: entries, and how often something was offered again. Refuses
(`OtherContent`): the same identifier with another digest.
"""

from __future__ import annotations

import time
from dataclasses import dataclass


class OtherContent(Exception):
    """The same identifier came with other content."""


@dataclass(frozen=True)
class Entry:
    """One thing that was taken over. `at` is monotonic, in seconds; `matter` is what the agency calls it by."""

    id: str
    sha256: str
    matter: str
    message: str
    at: float


class Books:
    """Entries by identifier, in the order they came."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.repeats = 0

    def take(self, identifier: str, sha256: str, matter: str, message: str = "") -> bool:
        """True if this is new; False for a repeat, which changes nothing. Raises OtherContent."""
        known = self.entries.get(identifier)
        if known is None:
            self.entries[identifier] = Entry(identifier, sha256, matter, message, time.monotonic())
            return True
        if known.sha256 != sha256:
            raise OtherContent
        self.repeats += 1
        return False

    def about(self, matter: str) -> list[Entry]:
        """Every entry of one matter: exactly one, if all is well."""
        return [entry for entry in self.entries.values() if entry.matter == matter]

    def matters(self) -> list[str]:
        return [entry.matter for entry in self.entries.values()]
