"""The story that an evidence container of a gateway tells, beside its signature: does each receipt in it hold?

Enters: the members that a signature covers. Leaves: findings: a line for each receipt, and for what is wrong or
missing. Refuses: nothing; a container without receipts of a gateway has no story.

The keys are those that the container carries: whoever signed the container vouches for them. Compare them with those
that the gateway publishes, where you doubt that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import orjson

from gateway.signatures.findings import Finding, found
from gateway.signatures.material import Bounds, Material, TooLarge
from gateway.signatures.receipt_bundle import Bundle, NoReceipts, canonical, gather, together
from gateway.signatures.receipt_check import Checked, check

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
        checked = _checked(covered, open_member, bounds)
    except (NoReceipts, ValueError, TypeError, KeyError) as error:
        return [found("receipt_fails", "they cannot be read" if not isinstance(error, NoReceipts) else str(error))]
    except TooLarge as large:
        return [found("too_large", f"more than {large.limit} bytes of receipts or documents")]
    return [*_holding(checked), *_problems(checked)]


def _checked(covered: Collection[str], open_member: Open, bounds: Bounds) -> Checked:
    def whole(name: str) -> bytes:
        material = open_member(name)
        return b"" if material is None else material.whole(bounds.jws_bytes)

    documents = [canonical(orjson.loads(whole(name))) for name in ("document.json", "released.json") if name in covered]
    errors = canonical(orjson.loads(whole("errors.json"))) if "errors.json" in covered else None
    bundle = together([gather(whole(RECEIPTS)), Bundle((), tuple(documents), errors)])
    parts = [
        material.digest("sha256")
        for name in covered
        if name.startswith("parts/") and (material := open_member(name)) is not None
    ]
    keys = orjson.loads(whole(KEYS))
    # Without documents it is evidence of something erased: there is nothing to compare.
    compared = parts if parts or documents else None
    return check(bundle, keys if isinstance(keys, dict) else {}, compared)


def _holding(checked: Checked) -> list[Finding]:
    wrong = {one.receipt for one in checked.problems if one.code not in _MISSING}
    return [
        found(
            "receipt_holds", f"{one.kind}, {str(one.manifest['at'])[:24]}, key {one.kid[:12]}" + _compared(one.checked)
        )
        for one in checked.receipts
        if one.number not in wrong
    ]


def _compared(checked: tuple[str, ...]) -> str:
    return f", compared with its {' and '.join(checked)}" if checked else ""


def _problems(checked: Checked) -> list[Finding]:
    """A recipient of several has not the receipt of the whole: what is missing is said, and fails nothing."""
    findings = [
        found("receipt_missing" if one.code in _MISSING else "receipt_fails", one.message) for one in checked.problems
    ]
    return list(dict.fromkeys(findings))
