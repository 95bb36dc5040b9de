"""What must be true after a morning: nothing missing, nothing doubled, nothing changed, everybody answered.

Enters: what was played and what the agencies have. Leaves: one `Check` a statement, each with what was found. Refuses:
nothing; a statement that cannot be judged has failed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demo import places as where
from demo.agencies.dinas_sosial import SocialOffice
from demo.agencies.kominfo import LettersOffice
from demo.morning import Morning, Played
from demo.proof_checks import judged


@dataclass(frozen=True)
class Check:
    """One statement about the morning."""

    name: str
    ok: bool
    detail: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


Found = tuple[str, bool, str]


def checks(morning: Morning, played: Played) -> list[Check]:
    """Every statement, in the order of the morning."""
    judges: tuple[Callable[[Morning, Played], Iterator[Found]], ...] = (
        _questions,
        _letters,
        _registrations,
        _referrals,
        _table,
        _absence,
        _refusals,
        _proofs,
        _custody,
    )
    return [Check(*found) for judge in judges for found in judge(morning, played)]


def _questions(morning: Morning, played: Played) -> Iterator[Found]:
    fits = [
        answer.fields.get("noKartu") == person.card and answer.fields.get("nik") == person.nik
        and answer.fields.get("status") == "active"
        for person, answer in played.covered
    ]  # fmt: skip
    yield "a SOAP caller gets the coverage that a REST system knows", len(fits) == 3 and all(fits), f"{sum(fits)} of 3"
    said = played.uncovered.fault if played.uncovered else None
    yield "a question about an unknown card gets a named fault", said == "recipient_refused", f"fault: {said}"
    person, answer = played.asked_by_rest or (None, None)
    got = answer.json().get("document", {}).get("noKartu") if answer else None
    yield "a REST caller gets the same answer", person is not None and got == person.card, f"{answer and answer.status}"


def _letters(morning: Morning, played: Played) -> Iterator[Found]:
    holders: dict[str, LettersOffice | SocialOffice] = {where.LETTERS: morning.letters, where.SOCIAL: morning.social}
    pairs = [(sent, holders[one]) for sent in played.letters for one in sent.recipients]
    same = [office.files.get(sent.number) == sent.pdf for sent, office in pairs]
    yield "every letter's PDF arrives byte-identical", len(same) == 3 and all(same), f"{sum(same)} of {len(same)}"
    once = [len(office.books.about(sent.number)) == 1 for sent, office in pairs]
    yield "every letter arrives once", all(once), f"{sum(once)} of {len(once)}"


def _registrations(morning: Morning, played: Played) -> Iterator[Found]:
    numbers = {entry.letter: entry.number for entry in morning.letters.registered}
    found = []
    for sent in played.letters:
        receipts = morning.village.receipts(sent.name, "registered")
        said = [notice.get("registrationNumber") for _, notice in receipts]
        found.append(said == [numbers.get(sent.number)] and said != [None])
    detail = f"{sum(found)} of {len(found)} in {morning.village.outbox.name}/"
    # Letters that an interrupted morning left behind are registered, too; only our own count here.
    own = len({numbers.get(sent.number) for sent in played.letters}) == len(played.letters)
    yield "each letter's registration number comes back as a receipt file", own and bool(found) and all(found), detail


def _referrals(morning: Morning, played: Played) -> Iterator[Found]:
    kept = morning.referrals.referrals
    first, second = (kept.get(played.referrals.get(kind, "")) for kind in ("json", "scan"))
    inline = bool(first and [(a.sha256, a.took) for a in first.attachments] == [(played.result_sha256, None)])
    yield "a SOAP system gets the referral with its small file inline", inline, _told(played, "referral")
    fetched = [a for a in second.attachments if a.took is not None] if second else []
    scan = played.scan
    whole = bool(scan and len(fetched) == 1 and (fetched[0].sha256, fetched[0].size) == (scan.sha256, scan.size))
    detail = f"{fetched[0].size:,} bytes" if fetched else "not fetched"
    yield "it fetches the large scan by its URL, byte-identical", whole, detail
    count = Counter(entry.matter for entry in morning.referrals.books.entries.values())
    once = all(count[number] == 1 for number in played.referrals.values())
    yield "every referral arrives once", once, f"{sum(count[number] for number in played.referrals.values())} of 2"


def _table(morning: Morning, played: Played) -> Iterator[Found]:
    table, report = played.table, played.report or {}
    assert table is not None
    wanted, count = set(table.good), Counter(morning.registry.books.matters())
    missing = len(wanted - count.keys())
    doubled = sum(1 for nik in wanted if count[nik] > 1)
    strange = sum(1 for nik in _spoilt(table.content) if nik in count and nik not in wanted)
    moved = len(wanted) - missing
    yield "993 rows of the table reach the registry", moved == 993, f"{moved} moved, {missing} missing"
    yield "no row reaches it twice, no bad row at all", not doubled and not strange, f"{doubled} doubled"
    found = [(one.get("row"), one.get("column"), one.get("code")) for one in report.get("errors", [])]
    due = [(bad.row, bad.column, bad.code) for bad in table.bad]
    yield "7 rows come back with row, column and code", found == due and len(due) == 7, f"{len(found)} came back"
    counts = (report.get("rows"), report.get("accepted"), report.get("rejected"))
    yield "the report's counts add up", counts == (1000, 993, 7), "{} rows: {} taken, {} returned".format(*counts)
    values = " ".join(str(one.get("value")) for one in report.get("errors", []))
    bare = not any(nik in values for nik in _spoilt(table.content))
    yield "row errors show no personal data", bool(found) and bare, "values are masked"


def _spoilt(content: bytes) -> set[str]:
    return {line.partition(";")[0] for line in content.decode().splitlines()[1:]}


def _absence(morning: Morning, played: Played) -> Iterator[Found]:
    up = played.up_at
    letters = [entry.at for sent in played.letters for entry in morning.letters.books.about(sent.number)]
    waited = played.seen_down and up is not None and len(letters) == 2 and min(letters) >= up
    yield "letters to a system that is down wait, then arrive", waited, f"{len(letters)} of 2"
    others = [entry.at for entry in morning.social.books.about(played.letters[0].number)]
    others += [entry.at for entry in morning.referrals.books.about(played.referrals.get("json", ""))]
    served = up is not None and len(others) == 2 and max(others) < up
    yield "the others are served meanwhile", served, f"{len(others)} of 2 before it came up"


def _refusals(morning: Morning, played: Played) -> Iterator[Found]:
    first, again = played.answers.get("referral"), played.answers.get("duplicate")
    same = False
    if first is not None and again is not None:
        one, two = first.json(), again.json()
        kept = one.get("messageId") == two.get("messageId") and one.get("receipts") == two.get("receipts") != []
        same = (first.status, again.status, two.get("state")) == (202, 200, "duplicate") and kept
    yield "a repeat gets the original receipt, byte for byte", same, _told(played, "duplicate")
    for kind, status, code, name in (
        ("conflict", 409, "conflict", "the same key with other content is refused"),
        ("stranger", 403, "no_right", "a stranger without rights is refused"),
    ):
        answer = played.answers.get(kind)
        got = (answer.status, answer.code) if answer else None
        yield name, got == (status, code), _told(played, kind)


def _proofs(morning: Morning, played: Played) -> Iterator[Found]:
    yield from judged(played.proofs, morning.social, morning.village, morning.stamping.stamped)


def _custody(morning: Morning, played: Played) -> Iterator[Found]:
    names = Counter(str(event.get("event")) for event in played.events)
    stuck = {name: names[name] for name in ("quarantined", "held", "expired", "delivery_refused") if names[name]}
    yield (
        "nothing is left in a lane or in quarantine",
        not played.waiting and not stuck,
        _listed(played.waiting or stuck),
    )
    accepted = {event["message"] for event in played.events if event.get("event") == "accepted"}
    closing = {
        e["message"] for e in played.events if e.get("service") == "acknowledgement.deliver" and e.get("message")
    }
    # A receipt goes back to who sent the message: that is no delivery of the message itself.
    forth = (e for e in played.events if e.get("event") == "delivered" and e.get("recipient") != e.get("sender"))
    lost = accepted - closing - {event["message"] for event in forth}
    yield "every message that was accepted has left", not lost, f"{len(accepted)} accepted, {len(lost)} lost"
    log = b"".join(repr(event).encode() for event in played.events)
    people_seen = any(nik.encode() in log for nik in (played.table.good if played.table else ()))
    digest = played.table is not None and hashlib.sha256(played.table.content).hexdigest().encode() in log
    yield (
        "the log holds no personal data",
        bool(played.events) and not people_seen and not digest,
        (f"{len(played.events)} events"),
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} in {name}" for name, count in counts.items()) or "nothing"


def _told(played: Played, kind: str) -> str:
    answer = played.answers.get(kind)
    if answer is None:
        return "no answer"
    return f"{answer.status} {answer.code or answer.json().get('state') or ''}".strip()
