"""What it takes to sign a PDF: where the mark goes, who signs with which key, how far the signature must reach.

Enters: plain values. Leaves: frozen requests that travel to a worker as JSON. Refuses: a level or place that is none.
The work itself is done by `sign_pdf`, in a worker; the pool's `sign` sends it there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from gateway.contract.frozen import frozen

Level = Literal["B-B", "B-T", "B-LT", "B-LTA"]


@frozen
class Placement:
    """Where the mark goes: at a `tag` that is printed in the PDF, or at `x`, `y` (points from the lower left corner of
    the page). `page` counts from 1, -1 is the last. `width` and `height` in points (1/72 inch)."""

    page: int = -1
    x: float = 36.0
    y: float = 36.0
    width: float = 220.0
    height: float = 84.0
    tag: str | None = None


@frozen
class Mark:
    """What is seen: a QR that carries `qr`, and `lines` of text beside it. Both lie inside the signature's own
    appearance: nothing else of the document is touched."""

    placement: Placement
    qr: str | None = None
    lines: tuple[str, ...] = ()


@frozen
class SigningKeySource:
    """Where the key is: a PEM file (`key_file`, its passphrase given with the request) or a PKCS#11 token (`module`,
    `token`, `label`; the PIN given with the request). `certificates`: PEM files, the signer's first, then its chain."""

    kind: Literal["file", "pkcs11"]
    certificates: tuple[Path, ...] = ()
    key_file: Path | None = None
    module: Path | None = None
    token: str | None = None
    label: str | None = None


@frozen
class SigningRequest:
    """One signature on one PDF. `mark` is None for one that is not seen. `at` is the claimed time, ISO 8601."""

    level: Level
    at: str
    mark: Mark | None = None
    reason: str | None = None
    location: str | None = None
    field: str | None = None


@frozen
class SignedPdf:
    """The result: the bytes, and what the verdict on them says about the signer. `sha256` in hex."""

    data: bytes
    sha256: str
    signer: str
    organisation: str | None
    certificate_sha256: str
    level: str


class SigningRefused(Exception):
    """The PDF was not signed. `code` is stable: `already_signed`, `tag_missing`, `tag_ambiguous`, `place_outside`,
    `not_a_pdf`, `changes_forbidden`, `key_refused`, `passphrase_wrong`, `certificate_expired`, `timestamp_failed`,
    `revocation_missing`, `too_large`, `too_costly`, `no_room`."""

    def __init__(self, code: str, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.code, self.advice = code, advice
