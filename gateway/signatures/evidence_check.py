"""The story that an evidence container of a gateway tells, beside its signature: does each receipt in it hold?

Enters: the members that a signature covers. Leaves: findings: a line for each receipt, and for what is wrong or
missing. Refuses: nothing; a container without receipts of a gateway has no story.

The keys are those that the container carries: whoever signed the container vouches for them, and anybody who may sign
can put own ones in. So a receipt that fits is told with its key, to be compared with those that the gateway publishes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection

import orjson

from gateway.signatures.findings import Finding, found
from gateway.signatures.material import Bounds, Material, TooLarge
from gateway.signatures.receipt_bundle import Bundle, NoReceipts, canonical, gather, together
from gateway.signatures.receipt_check import Checked, Problem, check

DOCUMENT, RELEASED = "document.json", "released.json"
RECEIPTS, KEYS, EVENTS, FACTS = "receipts.json", "jwks.json", "events.jsonl", "message.json"
_MISSING = frozenset(("gap", "no_accepted", "not_delivered"))
Open = Callable[[str], Material | None]


def story(covered: Collection[str], open_member: Open, bounds: Bounds) -> list[Finding]:
    """Findings about the receipts within, if this is a gateway's evidence."""
    if not {KEYS, EVENTS, FACTS} <= set(covered):
        return []
    if RECEIPTS not in covered:
        return [found("receipts_elsewhere")]
    try:
        checked, released = _checked(covered, open_member, bounds)
    except (NoReceipts, ValueError, TypeError, KeyError) as error:
        return [found("receipt_fails", "they cannot be read" if not isinstance(error, NoReceipts) else str(error))]
    except TooLarge as large:
        return [found("too_large", f"more than {large.limit} bytes of receipts or documents")]
    return [*_holding(checked), *_problems(checked, released)]


def _checked(covered: Collection[str], open_member: Open, bounds: Bounds) -> tuple[Checked, str | None]:
    """The check, and the SHA-256 (hex) of what is released, in its canonical form."""

    def whole(name: str) -> bytes:
        material = open_member(name)
        return b"" if material is None else material.whole(bounds.jws_bytes)

    documents = {name: canonical(orjson.loads(whole(name))) for name in (DOCUMENT, RELEASED) if name in covered}
    errors = canonical(orjson.loads(whole("errors.json"))) if "errors.json" in covered else None
    bundle = together([gather(whole(RECEIPTS)), Bundle((), tuple(documents.values()), errors)])
    parts = [
        material.digest("sha256")
        for name in covered
        if name.startswith("parts/") and (material := open_member(name)) is not None
    ]
    keys = orjson.loads(whole(KEYS))
    # Without documents it is evidence of something erased: there is nothing to compare.
    compared = parts if parts or documents else None
    released = hashlib.sha256(documents[RELEASED]).hexdigest() if RELEASED in documents else None
    return check(bundle, keys if isinstance(keys, dict) else {}, compared), released


def _holding(checked: Checked) -> list[Finding]:
    wrong = {one.receipt for one in checked.problems if one.code not in _MISSING}
    return [
        found("receipt_holds", f"{one.kind}, {str(one.manifest['at'])[:24]}, key {one.kid}" + _compared(one.checked))
        for one in checked.receipts
        if one.number not in wrong
    ]


def _compared(checked: tuple[str, ...]) -> str:
    return f", compared with its {' and '.join(checked)}" if checked else ""


def _problems(checked: Checked, released: str | None) -> list[Finding]:
    """A recipient of several has not the receipt of the whole: what is missing is said, and fails nothing. Neither does
    what is released to a recipient who has it not yet: the receipt that commits to it comes with the delivery."""
    early = released if any(one.code == "not_delivered" for one in checked.problems) else None
    findings = [
        found("receipt_missing" if one.code in _MISSING or _early(one, early) else "receipt_fails", one.message)
        for one in checked.problems
    ]
    return list(dict.fromkeys(findings))


def _early(problem: Problem, released: str | None) -> bool:
    return problem.code == "document_alone" and problem.about is not None and problem.about == released
