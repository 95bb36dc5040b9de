"""The trust folder: whose signatures count, and what is known about revocation without asking anybody.

Enters: a folder of files in PEM or DER. Leaves: anchors per purpose, further certificates, CRLs and OCSP answers.
Refuses: nothing at once; what cannot be used is told in `problems`, by file.

What a file is, its contents say. A certificate that is its own issuer is an anchor; any other only helps to build
chains, unless it lies in a folder `anchors`. The folder `signers` holds anchors for signatures alone, `timestamps` for
timestamps alone; what lies elsewhere counts for both. A certificate in the folder `gateways` is a gateway's own: it
counts for the evidence that it signed itself, and for nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from asn1crypto import core, crl, ocsp, pem, x509

from gateway.contract.frozen import frozen

Purpose = Literal["signers", "timestamps", "gateways"]
Role = Literal["anchor", "intermediate", "crl", "ocsp"]

MOST_FILES, MOST_BYTES, _DEPTH = 2_000, 32 << 20, 3
KEPT_BYTES = 64 << 10
"""Revocation data up to this size stays parsed; the entries of a larger list would fill the memory of a worker."""

Made = TypeVar("Made")


@frozen
class Entry:
    """One thing of a trust folder: its encoding, its path within the folder, and for anchors what they count for."""

    role: Role
    path: str
    der: bytes
    purposes: tuple[Purpose, ...] = ()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def certificate(self) -> x509.Certificate:
        return x509.Certificate.load(self.der)


@frozen
class TrustStore:
    """All of a trust folder, in the order of its paths.

    One store serves many verifications in one thread, so what is parsed is kept: the names and keys of the authorities,
    read anew for each signature, cost more than the signature itself."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()
    _kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def anchors(self, purpose: Purpose) -> list[x509.Certificate]:
        return [self._certificate(one) for one in self.entries if one.role == "anchor" and purpose in one.purposes]

    def intermediates(self) -> list[x509.Certificate]:
        return [self._certificate(one) for one in self.entries if one.role == "intermediate"]

    def crls(self) -> list[crl.CertificateList]:
        return self._data("crl", crl.CertificateList.load)

    def ocsps(self) -> list[ocsp.OCSPResponse]:
        return self._data("ocsp", ocsp.OCSPResponse.load)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, the first time; nothing of a signature that is judged may be in it."""
        if key not in self._kept:
            self._kept[key] = make()
        made: Made = self._kept[key]
        return made

    def _certificate(self, entry: Entry) -> x509.Certificate:
        return self.once(entry.der, entry.certificate)

    def _data(self, role: Role, read: Callable[[bytes], Made]) -> list[Made]:
        found = []
        for one in self.entries:
            if one.role == role:
                small = len(one.der) <= KEPT_BYTES
                # What `load` did not see may be damaged, and spoils no other.
                with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
                    found.append(self.once(one.der, partial(read, one.der)) if small else read(one.der))
        return found


class NotOfTrust(ValueError):
    """The bytes are no certificate, CRL or OCSP answer; the message says what was found."""


def load(folder: Path) -> TrustStore:
    """Everything below `folder`; a folder that is not there trusts nobody."""
    entries: list[Entry] = []
    problems: list[str] = []
    for number, path in enumerate(_files(folder, _DEPTH, problems)):
        name = path.relative_to(folder).as_posix()
        if number >= MOST_FILES:
            problems.append(f"more than {MOST_FILES} files; the rest is left out")
            break
        try:
            if path.stat().st_size > MOST_BYTES:
                raise NotOfTrust(f"larger than {MOST_BYTES} bytes")
            entries.extend(read(path.read_bytes(), name))
        except NotOfTrust as error:
            problems.append(f"{name}: {error}")
        except OSError as error:
            problems.append(f"{name}: {error.strerror}")
    return TrustStore(tuple(entries), tuple(problems))


def read(data: bytes, path: str) -> list[Entry]:
    """What one file holds: any number of PEM blocks, or one DER value. `path` says which folders it lies in."""
    folders = path.split("/")[:-1]
    return [_entry(der, path, folders) for der in _values(data)]


def _values(data: bytes) -> Iterable[bytes]:
    if not pem.detect(data):
        return [data]
    try:
        blocks = list(pem.unarmor(data, multiple=True))
    except (ValueError, TypeError) as error:
        raise NotOfTrust("damaged PEM") from error
    if any("PRIVATE KEY" in (name or "") for name, _, _ in blocks):
        raise NotOfTrust("it holds a private key, which has no place in a trust folder; move it away")
    return [der for name, _, der in blocks if name not in ("DH PARAMETERS", "EC PARAMETERS")]


def _entry(der: bytes, path: str, folders: list[str]) -> Entry:
    certificate = _certificate(der)
    if certificate is not None:
        if "gateways" in folders:
            return Entry("anchor", path, der, ("gateways",))
        own = certificate.subject == certificate.issuer
        if not own and "anchors" not in folders:
            return Entry("intermediate", path, der)
        purposes: tuple[Purpose, ...] = ("signers", "timestamps")
        chosen = tuple(one for one in purposes if one in folders)
        return Entry("anchor", path, der, chosen or purposes)
    if _is_crl(der):
        return Entry("crl", path, der)
    if _is_ocsp(der):
        return Entry("ocsp", path, der)
    raise NotOfTrust("no certificate, CRL or OCSP answer in PEM or DER")


def _certificate(der: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.Certificate.load(der, strict=True)
        # asn1crypto reads lazily: what is used later must be readable now.
        certificate.native  # noqa: B018
        certificate.public_key.algorithm  # noqa: B018
        _ = certificate.subject.hashable, certificate.issuer.hashable
        if not (_is_time(certificate.not_valid_before) and _is_time(certificate.not_valid_after)):
            return None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    return certificate


def _is_crl(der: bytes) -> bool:
    try:
        found = crl.CertificateList.load(der, strict=True)
        since, until = (found["tbs_cert_list"][name].native for name in ("this_update", "next_update"))
        return _is_time(since) and (until is None or _is_time(until)) and bool(found.issuer.native)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def _is_ocsp(der: bytes) -> bool:
    try:
        found = ocsp.OCSPResponse.load(der, strict=True)
        if found["response_status"].native != "successful" or isinstance(found.response_data, core.Void):
            return False
        until = [one["next_update"].native for one in found.response_data["responses"]]
        return all(one is None or _is_time(one) for one in until)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def _is_time(value: object) -> bool:
    """A time without a zone, or in the year 0, cannot be set beside others."""
    return isinstance(value, datetime) and value.tzinfo is not None


def _files(folder: Path, depth: int, problems: list[str]) -> Iterator[Path]:
    """Regular files below a folder by name; hidden ones, `README*` and the list of addresses are none."""
    try:
        found = sorted(os.scandir(folder), key=lambda one: one.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        problems.append(f"{folder.name}: {error.strerror}")
        return
    for one in found:
        if one.name.startswith(".") or one.name.lower().startswith("readme") or one.name == "urls.txt":
            continue
        if one.is_dir(follow_symlinks=False):
            if depth > 1:
                yield from _files(Path(one.path), depth - 1, problems)
        elif _is_file(one):
            yield Path(one.path)


def _is_file(one: os.DirEntry[str]) -> bool:
    try:
        return one.is_file()
    except OSError:  # a link that leads to itself
        return False
