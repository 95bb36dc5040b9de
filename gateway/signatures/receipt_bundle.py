"""Receipts as they are handed out, in any of their forms, gathered for a check.

Enters: bytes of files. Leaves: a `Bundle`: the receipts, and what they commit to where that stands beside them.
Refuses: bytes in which no receipt stands (`NoReceipts`). Pure.

Forms: compact JWS, one a line; JSON with `jws` or `receipt` (the `.receipt.json` files); JSON with `receipts` (what
`GET …/receipts` and the answer to a sender hold); JSON lines of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from gateway.contract.frozen import frozen
from schemas.strict_json import JsonLimits, JsonRefused, loads

MOST = 10_000
"""Receipts of one check."""
_DEEP = 100
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")


class NoReceipts(Exception):
    """There is no receipt in it; the message says what was expected."""


@frozen
class Given:
    """One receipt as given: compact JWS, and the registration number that stood beside it."""

    jws: str
    registration: str | None = None


@frozen
class Bundle:
    """What one file, or several, gave. `documents` are in canonical JSON; `errors` are a batch's row problems."""

    receipts: tuple[Given, ...] = ()
    documents: tuple[bytes, ...] = ()
    errors: bytes | None = None


def together(bundles: Iterable[Bundle]) -> Bundle:
    """Several as one, each receipt and each document once."""
    receipts: dict[str, Given] = {}
    documents: dict[bytes, None] = {}
    errors: bytes | None = None
    for one in bundles:
        for given in one.receipts:
            if given.jws not in receipts or given.registration is not None:
                receipts[given.jws] = given
        documents.update(dict.fromkeys(one.documents))
        errors = one.errors if one.errors is not None else errors
    return Bundle(tuple(receipts.values()), tuple(documents), errors)


def gather(data: bytes) -> Bundle:
    """All receipts that one file holds."""
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise NoReceipts("this is no text: a receipt is compact JWS, or JSON around it") from None
    bundle = together(_bundles(text))
    if not bundle.receipts:
        raise NoReceipts("no receipt stands in it: give .receipt.json files, or the answer of …/receipts")
    if len(bundle.receipts) > MOST:
        raise NoReceipts(f"more than {MOST} receipts")
    return bundle


class Twice(ValueError):
    """A name stands twice in an object: programs differ in which value they show."""


def plain_json(data: bytes) -> Any:
    """The value, or ValueError: `Twice` where the text can be read in more than one way."""
    value = orjson.loads(data)
    try:
        loads(data, JsonLimits(max_bytes=len(data), max_depth=_DEEP, max_values=len(data)))
    except JsonRefused as refused:
        if refused.code == "duplicate_key":
            raise Twice("a name stands twice in an object") from None
        if refused.code == "too_deep":  # nothing of ours is, and it could not be written again
            raise
    return value


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of a value whose keys are ASCII and which holds no fractions, as documents do."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _bundles(text: str) -> Iterator[Bundle]:
    whole = _json(text)
    if whole is not None:
        yield from _of_value(whole)
        return
    for line in text.splitlines():
        word = line.strip()
        if _COMPACT.match(word):
            yield Bundle((Given(word),))
        elif word:
            yield from _of_value(_json(word))


def _json(text: str) -> Any:
    try:
        return plain_json(text.encode())
    except Twice as error:
        raise NoReceipts(str(error)) from None
    except ValueError:
        return None


def _of_value(value: Any, deep: int = 0) -> Iterator[Bundle]:
    if isinstance(value, str) and _COMPACT.match(value):
        yield Bundle((Given(value),))
    elif isinstance(value, list) and deep < 2:
        for one in value:
            yield from _of_value(one, deep + 1)
    elif isinstance(value, Mapping):
        yield from _of_object(value, deep)


def _of_object(value: Mapping[str, Any], deep: int) -> Iterator[Bundle]:
    registration = value.get("registrationNumber")
    for name in ("jws", "receipt"):
        jws = value.get(name)
        if isinstance(jws, str) and _COMPACT.match(jws):
            yield Bundle((Given(jws, registration if isinstance(registration, str) else None),))
    documents = tuple(canonical(value[name]) for name in ("document", "released") if isinstance(value.get(name), dict))
    errors = value.get("errors")
    yield Bundle((), documents, canonical(errors) if isinstance(errors, list) else None)
    if deep < 2 and isinstance(value.get("receipts"), list):
        yield from _of_value(value["receipts"], deep + 1)
