"""What is shown of a morning: the timeline, the checks, the places to look at; or one JSON document.

Enters: what was played and found. Leaves: text on standard output. Refuses: nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from demo import places as where
from demo.authority import Authority
from demo.checks import Check
from demo.morning import Morning, Played
from demo.places import Places
from demo.proofs import Proofs, said
from demo.timeline import Row, rows
from gateway.commands.face import Face


def timeline(morning: Morning, played: Played) -> list[Row]:
    """The gateway's events and what the agencies saw themselves, in order."""
    seen = []
    if played.up_at is not None:
        seen.append(Row(0.0, where.LETTERS, "its system is down", "", "comes up", played.up_at - played.began_at))
    if (scan := _scan(morning, played)) is not None:
        seen.append(scan)
    if (table := _returned(morning, played)) is not None:
        seen.append(table)
    for one in played.proofs.rows:
        seen.append(Row(one.at - played.began_at, one.who, one.what, one.whom, one.outcome, one.took))
    return rows(played.events, played.began, played.labels, seen)


def document(url: str, morning: Morning, played: Played, found: list[Check]) -> dict[str, Any]:
    """Everything as one JSON document."""
    report = played.report or {}
    errors = [{name: one.get(name) for name in ("row", "column", "code")} for one in report.get("errors", [])]
    return {
        "run": played.run,
        "gateway": url,
        "ok": all(check.ok for check in found),
        "seconds": round(played.seconds, 3),
        "rows": {
            "sent": report.get("rows"),
            "accepted": report.get("accepted"),
            "moved": morning.persons_due - morning.persons_missing(),
            "errors": errors,
        },
        "checks": [check.to_dict() for check in found],
        "timeline": [row.to_dict() for row in timeline(morning, played)],
    }


def show(face: Face, url: str, morning: Morning, played: Played, found: list[Check]) -> None:
    """Timeline and checks."""
    if face.machine:
        face.value(document(url, morning, played, found))
        return
    face.table(
        "What moved",
        ("time", "from", "what", "to", "outcome", "how long"),
        [
            (
                f"+{max(row.at, 0.0):.2f} s",
                face.short(row.sender),
                _many(row),
                face.short(row.recipient),
                row.outcome,
                _seconds(row.took),
            )
            for row in timeline(morning, played)
        ],
    )
    errors = (played.report or {}).get("errors", [])
    names = ("row", "column", "code", "message", "value")
    face.table(
        "Rows of the table that came back, their values masked", names, [[one.get(n) for n in names] for one in errors]
    )
    face.table("Checks", ("", "what must be true", "found"), [(_mark(one), one.name, one.detail) for one in found])
    failed = sum(not one.ok for one in found)
    face.say(f"{len(found) - failed} of {len(found)} checks hold; the morning took {played.seconds:.1f} s")


def show_places(face: Face, url: str, places: Places, proofs: Proofs, authority: Authority) -> None:
    """Where to go on, while the gateway stays up."""
    if face.machine:
        return
    village = places.folders[where.VILLAGE]
    face.facts(
        "The gateway stays up. Look at:",
        [
            ("start page", f"{url}/"),
            ("documentation", f"{url}/docs"),
            ("OpenAPI", f"{url}/openapi.json"),
            ("WSDL", f"{url}/soap/coverage.lookup?wsdl"),
            ("schemas", f"{url}/schemas/"),
            ("health", f"{url}/health"),
            ("a folder to drop letters in", village.inbox),
            ("what comes back", village.outbox),
            ("key of the operator", places.operator_key),
            ("the log, as it grows", _typed("lintas", "--url", url, "--key-file", places.operator_key, "log --follow")),
        ],
    )
    if proofs.url_now and proofs.evidence is not None and proofs.paper is not None:
        face.facts("Letters that prove themselves. Open, as a citizen with a phone would:", list(_pages(proofs)))
        face.facts("and try, in another terminal:", list(_commands(url, places, proofs, authority)))
    face.say("Ctrl-C drains and stops it.")


def _pages(proofs: Proofs) -> Iterator[tuple[str, str]]:
    yield "a letter in force", proofs.url_now
    yield "the one it replaced", proofs.url


def _commands(url: str, places: Places, proofs: Proofs, authority: Authority) -> Iterator[tuple[str, str]]:
    trust, code, clerk = authority.trust, said(proofs.second, "code"), places.keys[where.CLERK]
    folder = (proofs.paper or authority.trust).parent
    own = ("--url", url, "--key-file", clerk)
    about = f"--number 1/{date.today():%Y} --date {date.today()} --subject Contoh --privacy public"
    yield "verify offline", _typed("lintas verify", proofs.paper, proofs.evidence, "--trust", trust)
    yield "a letter's record", _typed("lintas letter show", code, *own)
    yield "evidence of its way", _typed("lintas evidence", proofs.message, "-o", folder / "again.asice", *own)
    yield "its receipts", _typed("lintas receipt verify", folder / "receipts.json", "--jwks", folder / "jwks.json")
    yield "sign one yourself", _typed(
        "lintas letter issue examples/letter.pdf", "--signer", where.SIGNER, about,
        "-o", folder / "mine.pdf", "--passphrase-file", authority.passphrase_file,
        *own,
    )  # fmt: skip


def _typed(*words: object) -> str:
    """A command as it can be typed here; paths below the present folder in short."""
    return " ".join(shlex.quote(_near(one)) if isinstance(one, Path) else str(one) for one in words)


def _near(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _scan(morning: Morning, played: Played) -> Row | None:
    """What the referral hospital saw of the scan."""
    kept = morning.referrals.referrals.get(played.referrals.get("scan", ""))
    fetched = next((one for one in kept.attachments if one.took is not None), None) if kept else None
    entry = morning.referrals.books.entries.get(kept.delivery) if kept else None
    if kept is None or fetched is None or entry is None:
        return None
    outcome = "digest right" if fetched.intact else "digest wrong"
    size = f"{fetched.size / 2**20:.0f} MiB"
    return Row(entry.at - played.began_at, "gateway", f"scan of {size}, fetched by URL", where.REFERRALS, outcome,
               fetched.took, kept.message)  # fmt: skip


def _returned(morning: Morning, played: Played) -> Row | None:
    """What the population office found in its outbox."""
    for path, told in morning.population.came_back(played.csv_name):
        if path.name.endswith(".rows.json"):
            at = path.stat().st_mtime - played.began.timestamp()
            outcome = f"{told['accepted']} rows taken, {told['rejected']} returned"
            return Row(at, "gateway", "report on the table's rows", where.POPULATION, outcome, None, told["messageId"])
    return None


def _many(row: Row) -> str:
    return row.what if row.count == 1 else f"{row.count} × {row.what}"


def _seconds(took: float | None) -> str:
    return "" if took is None else f"{took:.2f} s" if took >= 0.1 else f"{took * 1000:.0f} ms"


def _mark(check: Check) -> str:
    return "OK" if check.ok else "FAILED"
