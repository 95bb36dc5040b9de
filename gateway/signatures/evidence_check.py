"""The story that an evidence container of a gateway tells, beside its signature: does each receipt in it hold?

Enters: the members that a signature covers. Leaves: findings: what it is about, a line for each verdict and receipt,
and for what is wrong or missing. Refuses: nothing; a container that is no evidence of a gateway has no story.

The keys are those that the container carries, so they count as much as whoever signed it: evidence_trust asks that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Any

import orjson

from gateway.signatures.findings import Finding, found
from gateway.signatures.material import Bounds, Material, TooLarge
from gateway.signatures.receipt_bundle import Bundle, NoReceipts, canonical, gather, plain_json, together
from gateway.signatures.receipt_check import Checked, Problem, check
from gateway.signatures.xml_document import clean

DOCUMENT, RELEASED = "document.json", "released.json"
RECEIPTS, KEYS, EVENTS, FACTS = "receipts.json", "jwks.json", "events.jsonl", "message.json"
VERDICTS = "verdicts.json"
EVIDENCE = "evidence_of"
"""The finding with which each story begins."""
_SHOWN = 5
_MISSING = frozenset(("gap", "no_accepted", "not_delivered"))
Open = Callable[[str], Material | None]


def story(covered: Collection[str], open_member: Open, bounds: Bounds) -> list[Finding]:
    """Findings about the receipts within, if this is a gateway's evidence."""
    if not {KEYS, EVENTS, FACTS} <= set(covered):
        return []
    facts = _value(open_member, FACTS, bounds)
    verdicts = _value(open_member, VERDICTS, bounds) if VERDICTS in covered else None
    return [found(EVIDENCE, _about(facts)), *_verdicts(verdicts), *_receipts(covered, open_member, bounds)]


def _value(open_member: Open, name: str, bounds: Bounds) -> Any:
    """The JSON of a member; None if it is not there or cannot be read, as it only says what the receipts prove."""
    material = open_member(name)
    try:
        return None if material is None else orjson.loads(material.whole(bounds.jws_bytes))
    except (TooLarge, ValueError):
        return None


def _about(facts: Any) -> str:
    """Who sent what to whom."""
    if not isinstance(facts, dict):
        return "its message.json cannot be read"
    listed = facts.get("deliveries")
    deliveries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    recipients = [_word(one.get("recipient")) for one in deliveries[:_SHOWN]] + ["…"] * (len(deliveries) > _SHOWN)
    message, service, sender = (_word(facts.get(name)) for name in ("messageId", "service", "sender"))
    return f"{message}, {service}, from {sender} to {', '.join(recipients) or '?'}"


def _verdicts(verdicts: Any) -> list[Finding]:
    listed = [one for one in verdicts if isinstance(one, dict)] if isinstance(verdicts, list) else []
    told = [f"part {_word(one.get('part'))}, {_word(one.get('conclusion'))}" for one in listed[:_SHOWN]]
    told += [f"and {len(listed) - _SHOWN} more"] * (len(listed) > _SHOWN)
    return [found("evidence_verdict", one) for one in told]


def _word(value: Any) -> str:
    """A short name out of the container, fit to be shown."""
    return clean(str(value)) if isinstance(value, (str, int)) and value != "" else "?"


def _receipts(covered: Collection[str], open_member: Open, bounds: Bounds) -> list[Finding]:
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

    documents = {name: canonical(plain_json(whole(name))) for name in (DOCUMENT, RELEASED) if name in covered}
    errors = canonical(plain_json(whole("errors.json"))) if "errors.json" in covered else None
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
