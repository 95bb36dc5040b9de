"""What the examination of one signature hands over, before anyone asks whom to trust.

Enters: what a format's module read and computed. Leaves: a plain record for `assess`. Refuses: nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from asn1crypto import cms, x509

from gateway.signatures import cms_lengths as _cms_lengths  # noqa: F401  (before anything is read)
from gateway.signatures.chain import Known
from gateway.signatures.findings import Finding
from gateway.signatures.verdict import Integrity

TokenKind = Literal["signature", "content", "archive", "document"]


@dataclass(frozen=True)
class Token:
    """One RFC 3161 token. `imprint` gives the digest it must carry, by the name of a hash as in `sha256`; None if what
    it covers is gone. `covers_revocation`: its imprint is over the signature's revocation data as well. `order`: a
    token covers those of a lower order, and nothing else can prove them."""

    kind: TokenKind
    signed_data: cms.SignedData
    imprint: Callable[[str], bytes | None]
    covers_revocation: bool = False
    order: int = 0


@dataclass
class Examined:
    """One signature as it was found; a format's module fills it step by step.

    `signer` is None where no certificate could be bound to it. `digests` are names as in `sha256`; `algorithms` are
    names for people. `embedded` holds all that came along. `findings` say what was wrong with its integrity."""

    format: str
    covers: str
    name: str | None = None
    signer: x509.Certificate | None = None
    embedded: Known = field(default_factory=Known)
    claimed_at: datetime | None = None
    integrity: Integrity = "unknown"
    digests: list[str] = field(default_factory=list)
    algorithms: list[str] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    baseline: bool = True
    findings: list[Finding] = field(default_factory=list)
    purpose: Literal["signers", "timestamps"] = "signers"


@dataclass
class Outcome:
    """What a format's module found in one file: its signatures, and what concerns the file as a whole.

    `signed` are exactly the bytes that intact signatures cover, where the format wraps them (XML after its transforms,
    CMS and JWS content): a caller who needs content takes it from here and never from the file. Empty where the file
    itself is what was signed."""

    format: str
    signatures: list[Examined] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    signed: list[bytes] = field(default_factory=list)
