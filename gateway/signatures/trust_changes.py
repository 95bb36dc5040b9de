"""Changes to the trust folder, each checked before it is made.

Enters: bytes of a certificate, CRL or OCSP answer. Leaves: what was added, under a name that tells what it is. Refuses
(`TrustRefused`): what is expired, weak, not signed by whom it says, older than what is there, or no authority.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Literal

from asn1crypto import crl, ocsp, x509
from cryptography import x509 as pyca
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from gateway.signatures.constraints import DEFAULT
from gateway.signatures.names import readable
from gateway.signatures.trust import Entry, NotOfTrust, Purpose, Role, TrustStore, load, read

URLS = "urls.txt"
"""The file of a trust folder that lists from where CRLs are brought, one address a line."""


class TrustRefused(Exception):
    """The change is not made; the message says why, `advice` what to do."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


def add(
    folder: Path, data: bytes, at: datetime, purpose: Purpose | None = None, only: Role | None = None
) -> list[Entry]:
    """Everything in `data` is checked, then added; nothing is, if one of them is refused. `only`: what it may be, where
    it comes over a network and nobody looks at it."""
    store = load(folder)
    prefix = f"{purpose}/" if purpose is not None else ""
    try:
        entries = read(data, f"{prefix}new")
    except NotOfTrust as error:
        raise TrustRefused(str(error), "name a file of certificates, CRLs or OCSP answers in PEM or DER") from error
    if only is not None and any(one.role != only for one in entries):
        raise TrustRefused(f"it is no {only}", "see what lies at this address")
    known = TrustStore((*store.entries, *entries))
    for entry in entries:
        check(entry, known, at)
        if entry.role == "crl":
            _newer(entry, store)
    return [_written(folder, prefix, entry, store) for entry in entries]


def check(entry: Entry, store: TrustStore, at: datetime) -> None:
    """Raises what is wrong with one entry as of `at`."""
    if entry.role in ("anchor", "intermediate"):
        _check_certificate(entry, at)
    elif entry.role == "crl":
        _check_crl(entry, store, at)
    else:
        _check_ocsp(entry, at)


def _check_certificate(entry: Entry, at: datetime) -> None:
    certificate = entry.certificate()
    name = readable(certificate.subject)
    if certificate.not_valid_after <= at:
        raise TrustRefused(
            f"{name} expired on {certificate.not_valid_after:%Y-%m-%d}", "ask for the present certificate"
        )
    weak = DEFAULT.weak_key(certificate.public_key)
    if weak is not None:
        raise TrustRefused(f"{name} has a weak key: {weak}", "ask the authority for a stronger one")
    if not certificate.ca and certificate.self_signed == "no" and "gateways" not in entry.purposes:
        raise TrustRefused(f"{name} is no authority", "add the certificate of the authority that issued it")
    if entry.role == "anchor" and certificate.subject == certificate.issuer:
        _signed_by(_pyca(entry.der), _pyca(entry.der), name)


def _signed_by(certificate: pyca.Certificate, issuer: pyca.Certificate, name: str) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise TrustRefused(
            f"{name} is not signed by whom it says", "get it again, from the authority itself"
        ) from error


def _check_crl(entry: Entry, store: TrustStore, at: datetime) -> None:
    found = crl.CertificateList.load(entry.der)
    until = found["tbs_cert_list"]["next_update"].native
    name = readable(found.issuer)
    if until is not None and until <= at:
        raise TrustRefused(f"the CRL of {name} ended on {until:%Y-%m-%d}", "get the present one")
    issuers = [one for one in store.entries if one.role in ("anchor", "intermediate") and _subject(one) == found.issuer]
    if not issuers:
        raise TrustRefused(f"nobody here is called {name}, who issued the CRL", "add the authority's certificate first")
    if not any(_holds(entry.der, one) for one in issuers):
        raise TrustRefused(f"the CRL is not signed by {name}", "get it again, from the authority itself")


def _holds(der: bytes, issuer: Entry) -> bool:
    try:
        key = _pyca(issuer.der).public_key()
        return pyca.load_der_x509_crl(der).is_signature_valid(key)  # type: ignore[arg-type]
    except (ValueError, TypeError, UnsupportedAlgorithm, TrustRefused):
        return False


def _check_ocsp(entry: Entry, at: datetime) -> None:
    for one in ocsp.OCSPResponse.load(entry.der).response_data["responses"]:
        until = one["next_update"].native
        if until is not None and until <= at:
            raise TrustRefused(f"the OCSP answer ended on {until:%Y-%m-%d}", "get the present one")


def _newer(entry: Entry, store: TrustStore) -> None:
    """A CRL never gives way to an older one of the same authority: that would bring a revoked certificate back."""
    new = crl.CertificateList.load(entry.der)
    for one in _same_crl(new, store):
        old = crl.CertificateList.load(one.der)
        if _since(old) > _since(new):
            raise TrustRefused(f"a newer CRL of {readable(new.issuer)} is here, of {_since(old):%Y-%m-%d %H:%M}")


def _since(found: crl.CertificateList) -> datetime:
    since: datetime = found["tbs_cert_list"]["this_update"].native
    return since


def _same_crl(new: crl.CertificateList, store: TrustStore) -> list[Entry]:
    return [
        one for one in store.entries if one.role == "crl" and _whose(crl.CertificateList.load(one.der)) == _whose(new)
    ]


def _whose(found: crl.CertificateList) -> str:
    """Alike for the CRLs of which one takes the other's place: of one authority, by one key, of one part of its
    certificates (RFC 5280, sections 5.2.1, 5.2.4 and 5.2.5)."""
    state = hashlib.sha256(found.issuer.hashable.encode())
    for value in (
        found.authority_key_identifier_value,
        found.issuing_distribution_point_value,
        found.delta_crl_indicator_value,
    ):
        state.update(b"-" if value is None else hashlib.sha256(value.dump()).digest())
    return state.hexdigest()


def _written(folder: Path, prefix: str, entry: Entry, store: TrustStore) -> Entry:
    """The entry in its file; a CRL takes the place of the one before it."""
    path = folder / f"{prefix}{_file_name(entry)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(entry.der)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    if entry.role == "crl":
        for one in _same_crl(crl.CertificateList.load(entry.der), store):
            if (old := folder / one.path) != path:
                old.unlink(missing_ok=True)
    return Entry(entry.role, path.relative_to(folder).as_posix(), entry.der, entry.purposes)


_ENDINGS: dict[str, Literal["crt", "crl", "ocsp"]] = {
    "anchor": "crt", "intermediate": "crt", "crl": "crl", "ocsp": "ocsp"
}  # fmt: skip


def _file_name(entry: Entry) -> str:
    if entry.role in ("anchor", "intermediate"):
        name, tail = readable(entry.certificate().subject), f"-{entry.sha256[:12]}"
    elif entry.role == "crl":
        # Without a digest of its own: the next one takes its place. Authorities may share a common name.
        loaded = crl.CertificateList.load(entry.der)
        name, tail = readable(loaded.issuer), f"-{_whose(loaded)[:12]}"
    else:
        name, tail = "answer", f"-{entry.sha256[:12]}"
    plain = unicodedata.normalize("NFKD", name.partition(",")[0].removeprefix("CN="))
    kept = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60] or entry.role
    return f"{kept}{tail}.{_ENDINGS[entry.role]}"


def addresses(folder: Path, store: TrustStore) -> list[str]:
    """From where CRLs are brought: what `urls.txt` lists, and what the certificates here name."""
    listed: list[str] = []
    if (folder / URLS).is_file():
        listed = [line.strip() for line in _listed(folder / URLS)]
    named = [url for one in store.entries if one.role in ("anchor", "intermediate") for url in _points(one)]
    every = [one for one in (*listed, *named) if one.startswith(("http://", "https://"))]
    return list(dict.fromkeys(every))


def remember(folder: Path, urls: list[str]) -> None:
    """Further addresses into `urls.txt`."""
    path = folder / URLS
    known = _listed(path) if path.is_file() else []
    new = [one for one in urls if one not in known]
    if new:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*known, *new]) + "\n", encoding="utf-8")


def _listed(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _points(entry: Entry) -> list[str]:
    try:
        return [str(one.url) for one in entry.certificate().crl_distribution_points if one.url]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


def _subject(entry: Entry) -> x509.Name:
    return entry.certificate().subject


def _pyca(der: bytes) -> pyca.Certificate:
    try:
        return pyca.load_der_x509_certificate(der)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TrustRefused("the certificate breaks a rule of its format", "ask the authority for another") from error
