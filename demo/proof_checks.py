"""What must be true of the letters that prove themselves.

Enters: what was played, what the offices have. Leaves: statements, each with what was found. Refuses: nothing; a
statement that cannot be judged has failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from demo.agencies.citizen import Seen
from demo.agencies.dinas_sosial import SocialOffice
from demo.agencies.folders import Folders
from demo.proofs import OTHER_SUM, Proofs, said

Found = tuple[str, bool, str]
_IN_FORCE = {"id": "masih berlaku", "en": "in force"}
_NUMBER, _SIGNER, _REACHED = (
    {"id": "Nomor surat", "en": "Letter number"},
    {"id": "Ditandatangani oleh", "en": "Signed by"},
    "Reached its recipient",
)


def judged(proofs: Proofs, social: SocialOffice, village: Folders, stamped: int) -> Iterator[Found]:
    """The statements in the order of the scenes. `stamped` counts the timestamps of the authority."""
    yield from _signed(proofs, social, stamped)
    yield from _page(proofs)
    yield from _dropped(proofs, social, village)
    yield from _evidence(proofs)


def _signed(proofs: Proofs, social: SocialOffice, stamped: int) -> Iterator[Found]:
    level, code = said(proofs.first, "level"), said(proofs.first, "code")
    got = f"{level or 'nothing'}, {stamped} timestamps"
    yield "a letter is signed with a timestamp and gets a code", level == "B-LT" and bool(code) and stamped >= 2, got
    verdict = proofs.verdicts.get("letter")
    found = verdict.json() if verdict is not None else {}
    valid = verdict is not None and verdict.code == 0 and found.get("conclusion") == "valid"
    yield "the signed PDF is valid to `lintas verify`, offline", valid, str(found.get("conclusion", "no verdict"))
    status = proofs.sent.status if proofs.sent is not None else None
    same = bool(proofs.copy) and social.files.get(proofs.number) == proofs.copy
    yield "another office gets the signed PDF byte-identical", status == 202 and same, f"{len(proofs.copy):,} bytes"


def _page(proofs: Proofs) -> Iterator[Found]:
    signer = said(proofs.first, "signer")
    for language, name in (("id", "Indonesian"), ("en", "English")):
        seen = proofs.looks.get(language)
        holds = seen is not None and seen.status == 200 and _IN_FORCE[language] in seen.said
        holds = holds and _fact(seen, _NUMBER[language]) == proofs.number and _fact(seen, _SIGNER[language]) == signer
        yield f"anybody with the code sees in {name} who signed what, and that it is in force", holds, _told(seen)
    reached = _fact(proofs.looks.get("en"), _REACHED)
    yield "the page says when the letter reached its recipient", bool(reached), reached or "nothing"
    seen = proofs.looks.get("id")
    yield "the digest on the page is that of the copy", seen is not None and seen.fits(proofs.copy), "SHA-256"
    wrong, other = proofs.looks.get("wrong"), proofs.looks.get("elsewhere")
    same = wrong is not None and other is not None and (wrong.status, wrong.text) == (other.status, other.text)
    bare = wrong is not None and wrong.status == 404 and not wrong.facts and wrong.sha256 is None
    yield "a wrong code is told, and nothing else", same and bare, _told(wrong)
    after, status = proofs.looks.get("after"), proofs.replaced.status if proofs.replaced is not None else None
    code = said(proofs.second, "url").rpartition("/")[2]
    leads = after is not None and bool(code) and f"/v/{code}" in after.text
    replaced = status == 200 and after is not None and "diganti" in after.said and leads
    yield "a letter that was replaced says so and leads to the new one", replaced, _told(after)


def _dropped(proofs: Proofs, social: SocialOffice, village: Folders) -> Iterator[Found]:
    good, bad = proofs.good, proofs.bad
    passed = good is not None and social.files.get(good.number) == good.pdf
    yield "a letter that the village head signed passes the policy", passed, f"{len(good.pdf) if good else 0:,} bytes"
    notices = village.refusals(bad.name) if bad is not None else []
    codes = [str(one["code"]) for notice in notices for one in notice.get("errors", [])]
    beside = bad is not None and (village.errors / bad.name).is_file()
    refused = [notice.get("code") for notice in notices] == ["policy_unmet"] and codes == ["hash_mismatch"]
    yield "an altered copy is refused, with its reasons beside it", refused and beside, ", ".join(codes) or "no reason"
    arrived = [content for content in social.files.values() if OTHER_SUM in content]
    yield "the altered copy reaches nobody", not arrived, f"{len(arrived)} arrived"


def _evidence(proofs: Proofs) -> Iterator[Found]:
    saved, verdict = proofs.verdicts.get("saved"), proofs.verdicts.get("evidence")
    found = verdict.json() if verdict is not None else {}
    holding = sum(one.get("code") == "receipt_holds" for one in found.get("findings", []))
    valid = verdict is not None and verdict.code == 0 and found.get("conclusion") == "valid"
    whole = saved is not None and saved.code == 0 and valid and holding >= 2
    detail = f"{found.get('conclusion', 'no verdict')}, {holding} receipts hold"
    yield "the evidence of the letter's way is valid to `lintas verify`, offline", whole, detail
    verdict = proofs.verdicts.get("receipts")
    told = verdict.json() if verdict is not None else {}
    kinds = [str(one["kind"]) for one in told.get("receipts", [])]
    holds = verdict is not None and verdict.code == 0 and told.get("holds") is True
    yield "its receipts hold, and none is missing", holds and "delivered" in kinds, ", ".join(kinds) or "no receipt"


def unspoken(passphrase: str, events: bytes, log: Path) -> Found:
    """The passphrase went along with two calls; it must not be in what was written about them."""
    try:
        written = events + log.read_bytes()
    except OSError:
        return "the signer's passphrase is in no log", False, "the log cannot be read"
    return (
        "the signer's passphrase is in no log",
        passphrase.encode() not in written,
        f"{len(written):,} bytes looked at",
    )


def _fact(seen: Seen | None, name: str) -> str:
    return seen.facts.get(name, "") if seen is not None else ""


def _told(seen: Seen | None) -> str:
    return "no page" if seen is None else f"{seen.status} {seen.said}"
