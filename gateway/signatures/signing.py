"""What it takes to sign a PDF: where the mark goes, who signs with which key, how far the signature must reach.

Enters: plain values. Leaves: frozen requests, and their JSON shape for a worker. Refuses: nothing here; what cannot be
done is a `SigningRefused` of the worker.
The work itself is done by `sign_pdf`, in a worker; the pool's `sign` sends it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from gateway.contract.frozen import frozen

Level = Literal["B-B", "B-T", "B-LT", "B-LTA"]


@frozen
class Placement:
    """Where the mark goes, in points (1/72 inch) of the page as it is seen, after its rotation and cropping.

    By coordinates: `x`, `y` of its lower left corner from that of the page; `page` counts from 1, -1 is the last.
    At a `tag`, a text that is printed once in the whole PDF: the mark's upper left corner is the text's, and its white
    background hides what of the text lies below it; `page`, `x` and `y` say nothing then."""

    page: int = -1
    x: float = 36.0
    y: float = 36.0
    width: float = 252.0
    height: float = 90.0
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
    """One signature on one PDF. `mark` is None for one that is not seen. `at` is the claimed time, ISO 8601 with its
    offset. `field` names an empty signature field to fill (its rectangle is then the place) or a new one."""

    level: Level
    at: str
    mark: Mark | None = None
    reason: str | None = None
    location: str | None = None
    field: str | None = None


@frozen
class TsaUse:
    """A timestamping authority (RFC 3161 over HTTP). `secret_file` holds `user:password` for basic authentication;
    `ca_file` further authorities for its TLS; `seconds` is the time of one request."""

    url: str
    secret_file: Path | None = None
    ca_file: Path | None = None
    seconds: float = 10.0


@frozen
class SignedPdf:
    """The result: the bytes, and what the verdict on them says about the signer. `sha256` in hex. `level` may be below
    the one asked for only where the signer's authority names no place that tells of revocation."""

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


def told(request: SigningRequest, key: SigningKeySource) -> dict[str, Any]:
    """Both as JSON."""
    place = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(key).items()}
    place["certificates"] = [str(one) for one in key.certificates]
    return {"request": asdict(request), "key": place}


def heard(shape: Mapping[str, Any]) -> tuple[SigningRequest, SigningKeySource]:
    """What `told` told."""
    request, key = dict(shape["request"]), dict(shape["key"])
    if (mark := request["mark"]) is not None:
        mark = {**mark, "placement": Placement(**mark["placement"]), "lines": tuple(mark["lines"])}
        request["mark"] = Mark(**mark)
    paths = {name: None if key[name] is None else Path(key[name]) for name in ("key_file", "module")}
    certificates = tuple(Path(one) for one in key["certificates"])
    return SigningRequest(**request), SigningKeySource(**{**key, **paths, "certificates": certificates})
