"""The verdict on a file: what it is, what was found, and each signature with who, when and how far it reaches.

Enters: findings. Leaves: frozen verdicts and their JSON shape. Refuses: nothing. Pure.

`conclusion` of a file: `unsigned` without signatures; `invalid` if anything failed; `indeterminate` if anything stays
open; else `valid`. Of a signature: by its indication (ETSI EN 319 102-1, section 5.1.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from gateway.contract.frozen import frozen
from gateway.signatures.findings import Finding, SubIndication, found

Conclusion = Literal["valid", "invalid", "indeterminate", "unsigned"]
Integrity = Literal["intact", "broken", "unknown"]
Trust = Literal["trusted", "untrusted", "unknown"]
Revocation = Literal["good", "revoked", "unknown", "unchecked"]

PASSED, FAILED, OPEN = "TOTAL-PASSED", "TOTAL-FAILED", "INDETERMINATE"
_CONCLUSIONS: Mapping[str, Conclusion] = {PASSED: "valid", FAILED: "invalid", OPEN: "indeterminate"}


@frozen
class Stamp:
    """One timestamp. `kind`: `signature`, `content`, `archive` or `document`. `trusted`: its chain and imprint hold."""

    kind: str
    time: datetime
    authority: str
    trusted: bool


@frozen
class Signature:
    """One signature. Names are RFC 4514 text; `serial` is decimal; `sha256` is of the certificate, in hex.

    `covers` says in words what it signs. `level` is `B-B`, `B-T`, `B-LT`, `B-LTA` or None where the format has none."""

    format: str
    level: str | None
    signer: str | None
    organisation: str | None
    issuer: str | None
    serial: str | None
    sha256: str | None
    signing_time: datetime | None
    timestamp_time: datetime | None
    covers: str
    algorithms: tuple[str, ...]
    integrity: Integrity
    trust: Trust
    revocation: Revocation
    stamps: tuple[Stamp, ...]
    findings: tuple[Finding, ...]
    name: str | None = None
    purpose: str = "signers"

    @property
    def indication(self) -> str:
        if any(one.weight == "error" for one in self.findings):
            return FAILED
        return OPEN if any(one.weight == "unsure" for one in self.findings) else PASSED

    @property
    def sub_indication(self) -> SubIndication | None:
        """That of the first finding of the weight which decided."""
        wanted = {FAILED: "error", OPEN: "unsure"}.get(self.indication)
        return next((one.sub_indication for one in self.findings if one.weight == wanted), None)

    @property
    def conclusion(self) -> Conclusion:
        return _CONCLUSIONS[self.indication]

    def told(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "signature" if self.purpose == "signers" else "timestamp",
            "format": self.format,
            "level": self.level,
            "conclusion": self.conclusion,
            "indication": self.indication,
            "subIndication": self.sub_indication.value if self.sub_indication else None,
            "signer": self.signer,
            "organisation": self.organisation,
            "issuer": self.issuer,
            "serial": self.serial,
            "certificateSha256": self.sha256,
            "signingTime": instant(self.signing_time),
            "timestampTime": instant(self.timestamp_time),
            "covers": self.covers,
            "algorithms": list(self.algorithms),
            "integrity": self.integrity,
            "trust": self.trust,
            "revocation": self.revocation,
            "findings": [one.code for one in self.findings],
            "timestamps": [
                {"kind": one.kind, "time": instant(one.time), "authority": one.authority, "trusted": one.trusted}
                for one in self.stamps
            ],
        }


@frozen
class Verdict:
    """All about one file. `format` is `pdf`, `xml`, `cms`, `jws`, `asic-e`, `asic-s` or `unknown`; `at` is the time it
    was judged for; `findings` are those of the whole file, before those of its signatures."""

    format: str
    sha256: str
    at: datetime
    signatures: tuple[Signature, ...] = ()
    about_file: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.about_file + tuple(one for signature in self.signatures for one in signature.findings)

    @property
    def conclusion(self) -> Conclusion:
        weights = {one.weight for one in self.findings}
        if "error" in weights:
            return "invalid"
        if "unsure" in weights:
            return "indeterminate"
        # A timestamp alone says when, and nobody says what.
        return "valid" if any(one.purpose == "signers" for one in self.signatures) else "unsigned"

    def told(self, file: str) -> dict[str, Any]:
        """The JSON shape of `lintas verify --json`."""
        return {
            "file": file,
            "format": self.format,
            "conclusion": self.conclusion,
            "sha256": self.sha256,
            "at": instant(self.at),
            "findings": [one.told() for one in self.findings],
            "signatures": [one.told() for one in self.signatures],
        }


def judged(
    format: str,
    sha256: str,
    at: datetime,
    signatures: Iterable[Signature] = (),
    about_file: Iterable[Finding] = (),
) -> Verdict:
    """A verdict; without signatures and without any finding the file is plainly unsigned."""
    every, about = tuple(signatures), tuple(about_file)
    if not every and not about:
        about = (found("unsigned"),)
    if every and all(one.purpose != "signers" for one in every):
        about = (*about, found("only_dated"))
    return Verdict(format, sha256, at, every, about)


def instant(value: datetime | None) -> str | None:
    """UTC in seconds, as `2026-11-25T08:41:39Z`."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
