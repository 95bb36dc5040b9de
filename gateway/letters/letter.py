"""One letter as the registry knows it, and how much of it anybody may see.

Enters: a row of the registry with its sealed columns. Leaves: frozen values. Refuses: sealed bytes that do not open
(`SealBroken`).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

import orjson

from gateway.contract.frozen import frozen
from schemas.marks import Privacy

State = Literal["reserved", "active", "replaced", "withdrawn"]

#: What a security level (derajat keamanan) of a letter means for the public page, at least.
LEAST: Mapping[str, Privacy] = {
    "B": Privacy.public,
    "T": Privacy.personal,
    "R": Privacy.specific,
    "SR": Privacy.secret,
}

#: The strictest class of a letter of which so much is still shown to people. `by` is the letter in its place.
UNTIL: Mapping[str, Privacy] = {
    "agency": Privacy.secret,
    "code": Privacy.secret,
    "signer": Privacy.specific,
    "position": Privacy.specific,
    "by": Privacy.specific,
    "number": Privacy.personal,
    "date": Privacy.personal,
    "subject": Privacy.public,
    "reason": Privacy.public,
}


@frozen
class Facts:
    """What a letter says of itself, sealed. `signer` is the name of the signer in the configuration; `name` and
    `position` are the person's and the office's; `date` is `yyyy-MM-dd`; `salt` (16 bytes) hides the
    digest in events."""

    code: str
    agency: str
    signer: str
    name: str
    position: str
    number: str
    date: str
    subject: str
    security: str
    privacy: str
    salt: bytes

    @property
    def shown(self) -> Privacy:
        """The class the public page obeys: the letter's own, or its security level's if that is stricter."""
        return max(Privacy[self.privacy], LEAST[self.security])

    def opens(self, name: str) -> bool:
        """Whether people may see this much (`UNTIL`)."""
        return self.shown <= UNTIL[name]


@frozen
class SignedFile:
    """The signed PDF. `sha256` and `certificate` (SHA-256 of the certificate) in hex; `address` is the part store's;
    `subject` and `organisation` are the certificate's words."""

    sha256: str
    size: int
    address: str
    level: str
    subject: str
    organisation: str | None
    certificate: str


@frozen
class Ending:
    """Why a letter is no longer in force: `reason` in words, or `by`, the code of the letter that replaces it."""

    reason: str | None = None
    by: str | None = None


@frozen
class Letter:
    """One row, opened. `key` finds the row, `id` its file. Without `facts` its time of keeping is over."""

    key: bytes
    id: str
    agency: str
    system: str
    state: State
    question: str
    reserved_at: int
    activated_at: int | None
    ended_at: int | None
    facts: Facts | None
    file: SignedFile | None
    ending: Ending | None

    def names(self, other: Letter | None) -> bool:
        """Whether people may be told which letter is in its place: neither hides that it is there."""
        both = (self.facts, None if other is None else other.facts)
        return all(facts is not None and facts.opens("by") for facts in both)


def packed(value: Facts | SignedFile | Ending) -> bytes:
    told: dict[str, Any] = asdict(value)
    if isinstance(value, Facts):
        told["salt"] = b64encode(value.salt).decode()
    return orjson.dumps(told)


def facts_of(data: bytes) -> Facts:
    told = orjson.loads(data)
    return Facts(**{**told, "salt": b64decode(told["salt"])})


def file_of(data: bytes) -> SignedFile:
    return SignedFile(**orjson.loads(data))


def ending_of(data: bytes) -> Ending:
    return Ending(**orjson.loads(data))
