"""One animal of the zoo: how it is made, and the verdict that it must get.

Enters: a name and a function that builds the file. Leaves: a `Case`, asserted of a verdict by `assert_verdict`.
Refuses: nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from gateway.signatures.verdict import Verdict
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


def assert_verdict(verdict: Verdict, case: Case) -> None:
    """Everything that the case says of its verdict; and that each finding tells a person what to do."""
    codes = {each.code for each in verdict.findings}
    told = [f"{each.code}: {each.message}" for each in verdict.findings]
    assert verdict.conclusion == case.conclusion, told
    assert set(case.codes) <= codes, told
    assert not codes & set(case.never), told
    if case.signatures is not None:
        assert len(verdict.signatures) == case.signatures, told
    if case.level is not None:
        assert verdict.signatures[0].level == case.level, told
    if case.sub_indication is not None:
        failed = next(each for each in verdict.signatures if each.conclusion != "valid")
        assert failed.sub_indication == case.sub_indication, told
    assert all(each.advice for each in verdict.findings), told
