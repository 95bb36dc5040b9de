"""What the public page says of one letter: pure.

Enters: an opened letter, the time zone of its agency, a language. Leaves: words and values for the template. Refuses:
to tell more than the letter's privacy class allows.

| class    | shown beside the state, the code and the agency         |
|----------|---------------------------------------------------------|
| public   | everything                                              |
| personal | everything but the subject                              |
| specific | who signed, in which office, and when; no number either |
| secret   | nothing else                                            |

The subject of a letter/1 is marked personal: only an agency that says `public` of this letter opens it. What a letter
was withdrawn for is shown like its subject, since an agency may write anything there. Which letter replaces it is said
where neither of the two is secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from gateway.letters.code import grouped
from gateway.letters.letter import Facts, Letter
from gateway.web.render import Language, day, findings, moment, words
from schemas.marks import Privacy

TONES = {"active": "good", "replaced": "warn", "withdrawn": "bad", "reserved": "bad", "gone": "warn"}
_COMMON = re.compile(r"(?:^|,)CN=((?:\\.|[^,\\])*)")
Carried = tuple[int, str | None, int | None]


def state_of(letter: Letter) -> str:
    return "gone" if letter.facts is None else letter.state


def told(
    letter: Letter, zone: str, language: Language, carried: Carried | None = None, other: Letter | None = None
) -> dict[str, Any]:
    """Values of `letter.html`. `other` is the letter that replaces this one."""
    state = state_of(letter)
    values: dict[str, Any] = {
        "tone": TONES[state],
        "said": words(language)["states"][state],
        "facts": [],
        "hidden": False,
        "other": None,
        "sha256": letter.file.sha256 if letter.file is not None else None,
    }
    facts = letter.facts
    if facts is None:
        return values
    shown = _facts(facts, language) if state != "reserved" else {"code": grouped(facts.code), "agency": facts.agency}
    may = {name: value for name, value in shown.items() if facts.opens(name)}
    named = other is not None and letter.names(other)
    values["hidden"] = len(may) < len(shown) or (other is not None and not named)
    values["facts"] = [*may.items(), *_times(letter, facts, zone, language, carried)]
    values["other"] = _other(other, language) if named else None
    return values


def _facts(facts: Facts, language: Language) -> dict[str, str]:
    every = {
        "code": grouped(facts.code),
        "agency": facts.agency,
        "signer": facts.name,
        "position": facts.position,
        "number": facts.number,
        "date": day(facts.date, language),
        "subject": facts.subject,
    }
    return {name: value for name, value in every.items() if value}


def _times(
    letter: Letter, facts: Facts, zone: str, language: Language, carried: Carried | None
) -> list[tuple[str, str]]:
    if facts.shown > Privacy.specific:
        return []
    found: list[tuple[str, str]] = []

    def add(name: str, at: int | None) -> None:
        if at is not None:
            found.append((name, moment(at, zone, language)))

    add("issued", letter.activated_at)
    if carried is not None:
        received, state, at = carried
        add("received", received)
        add("registered" if state == "registered" else "delivered", at if state != "overdue" else None)
    add("ended", letter.ended_at)
    if letter.ending is not None and letter.ending.reason and facts.opens("reason"):
        found.append(("reason", letter.ending.reason))
    return found


def _other(other: Letter | None, language: Language) -> Mapping[str, str] | None:
    if other is None or other.facts is None:
        return None
    facts, said = other.facts, words(language)
    by_number = facts.opens("number") and facts.number
    name = f"{said['open_other']} {facts.number}" if by_number else f"{said['open_code']} {grouped(facts.code)}"
    return {"path": f"/v/{facts.code}", "told": name}


def report(verdict: Mapping[str, Any], zone: str, language: Language) -> dict[str, Any]:
    """A verdict as `report.html` shows it: for people who have no use for the advice that operators get."""
    return {
        "conclusion": verdict["conclusion"],
        "sha256": verdict["sha256"],
        "findings": [{"weight": one["weight"], "told": _finding(one, language)} for one in verdict["findings"]],
        "signatures": [{"facts": list(_signature(one, zone, language))} for one in verdict["signatures"]],
    }


def _finding(one: Mapping[str, Any], language: Language) -> str:
    known = findings().get(one["code"]) if language == "id" else None
    message = str(one["message"])
    return known or f"{message[:1].upper()}{message[1:]}."


def _signature(one: Mapping[str, Any], zone: str, language: Language) -> Iterator[tuple[str, str]]:
    for name, value in (
        ("signer", _common(one["signer"])),
        ("organisation", one["organisation"]),
        ("issuer", _common(one["issuer"])),
        ("claimed", _time(one["signingTime"], zone, language)),
        ("stamped", _time(one["timestampTime"], zone, language)),
        ("covers", one["covers"] if language == "en" else None),
        ("integrity", words(language)["report"]["integrities"].get(one["integrity"], one["integrity"])),
    ):
        if value:
            yield name, value


def _common(name: str | None) -> str | None:
    """The common name alone, which is what people call somebody (RFC 4514 text)."""
    found = None if name is None else _COMMON.search(name)
    return name if found is None else re.sub(r"\\(.)", r"\1", found[1])


def _time(instant: str | None, zone: str, language: Language) -> str | None:
    if instant is None:
        return None
    return moment(int(datetime.fromisoformat(instant).timestamp() * 1000), zone, language)
