"""One animal of the zoo: how it is made, and the verdict that it must get.

Enters: a name and a function that builds the file. Leaves: a `Case`. Refuses: nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tests.zoo.pki import AT


@dataclass(frozen=True)
class Case:
    """`codes` must all be among the findings; `never` must not. `sub_indication` is that of the first signature that
    did not pass. `beside` builds the content of a detached signature."""

    name: str
    build: Callable[[], bytes]
    conclusion: str
    codes: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    sub_indication: str | None = None
    level: str | None = None
    signatures: int | None = None
    at: datetime = AT
    beside: Callable[[], bytes] | None = None
    tags: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return self.name
