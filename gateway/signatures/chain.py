"""Is there a trusted chain behind a certificate, at a time, and was any of it revoked?

Enters: a certificate, what came with it, the trust store, a time. Leaves: a `Chain`, which says how it ended. Refuses:
nothing; every error of the library becomes an ending. No network, ever: only what is in hand is asked.

1. Build each path from the certificate to an anchor, over the certificates that came and those of the trust store.
2. Validate it at the time (RFC 5280, section 6.1), first without revocation.
3. For each certificate below the anchor, ask the CRLs and OCSP answers in hand. Where its authority names a place that
   tells of revocation, or a CRL of it is in hand, an answer is needed; else the certificate stays `unchecked`.

The home of pyhanko-certvalidator.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from asn1crypto import crl, ocsp, x509
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor, derive_quals_from_cert
from pyhanko_certvalidator.errors import (
    CRLValidationError,
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    OCSPValidationError,
    PathBuildingError,
    PathError,
    RevokedError,
    StaleRevinfoError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    DisallowWeakAlgorithmsPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import CertificateRegistry, TrustManager
from pyhanko_certvalidator.validate import async_validate_path

from gateway.contract.frozen import frozen
from gateway.signatures.constraints import DEFAULT, Constraints
from gateway.signatures.trust import Purpose, TrustStore
from gateway.signatures.verdict import Revocation

Data = TypeVar("Data")
Ending = Literal["holds", "unknown", "expired", "not_yet_valid", "revoked", "no_revocation_data", "weak", "broken"]

MOST_PATHS, MOST_CERTIFICATES, MOST_REVOCATIONS, MOST_LOOKS = 8, 200, 200, 100
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?&=%+-]{1,200}")
_TOLERANCE = timedelta(seconds=1)
_WEAK = frozenset(("md2", "md5", "sha1"))
_LIBRARY = (ValidationError, PathError, CRLValidationError, OCSPValidationError)
_WRONG = (*_LIBRARY, ValueError, TypeError, KeyError, AttributeError, OverflowError, NotImplementedError)


@frozen
class Chain:
    """How it ended. `at` of a revocation or of the edge of validity that was crossed; `detail` names the certificate by
    its place in the chain; `fetched_from` tells where the answer on revocation came from."""

    ending: Ending
    revocation: Revocation = "unchecked"
    detail: str = ""
    at: datetime | None = None
    leaf: bool = True
    embedded: bool = False


@frozen
class Known:
    """What came with a signature: certificates, CRLs and OCSP answers, in DER."""

    certificates: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


async def judge(
    certificate: x509.Certificate,
    known: Known,
    trust: TrustStore,
    purpose: Purpose,
    at: datetime,
    *,
    used_at: datetime | None = None,
    constraints: Constraints = DEFAULT,
) -> Chain:
    """The chain behind `certificate` as of `at`. `used_at`: a proven earlier time of its use, for which revocation
    counts."""
    named = trust.anchors(purpose)
    if not named:
        return Chain("unknown", detail="the trust folder holds no authority for this purpose")
    anchors = [one for one in named if _may_vouch(one, certificate, at)]
    if not anchors:
        return Chain("unknown", detail="no authority in the trust folder may vouch for it at that time")
    # Of two with one issuer and number the library keeps the first: none that came along hides one of the folder.
    others = [*trust.intermediates(), *known.certificates[:MOST_CERTIFICATES]]
    try:
        plain = _context(anchors, others, at, at, constraints)
        paths = [one async for one in _paths(plain, certificate)]
    except _WRONG:
        return Chain("unknown")
    best: Chain | None = None
    for path in paths:
        ended = await _along(path, anchors, others, known, trust, at, used_at, constraints)
        if ended.ending == "holds":
            return ended
        best = best or ended
    return best or Chain("unknown")


def _may_vouch(anchor: x509.Certificate, certificate: x509.Certificate, at: datetime) -> bool:
    """An anchor counts while it lives. One that is no authority counts as the signer itself and issues for nobody."""
    if not anchor.not_valid_before <= at <= anchor.not_valid_after:
        return bool(anchor.dump() == certificate.dump())
    old = anchor["tbs_certificate"]["version"].native == "v1" and anchor.self_signed != "no"
    return bool(anchor.ca or old or anchor.dump() == certificate.dump())


def _anchor(certificate: x509.Certificate) -> CertTrustAnchor:
    """What the anchor says of itself holds for its chains: names, length; its own policies do not narrow them."""
    said = derive_quals_from_cert(certificate)
    if said.standard_parameters is not None:
        every = replace(
            said.standard_parameters, user_initial_policy_set=frozenset(("any_policy",)), initial_explicit_policy=False
        )
        said = replace(said, standard_parameters=every)
    return CertTrustAnchor(certificate, said)


class _Registry(CertificateRegistry):
    """Looks for issuers so often and no more: certificates of one name and key make more ways than can be walked."""

    looks = 0

    def find_potential_issuers(self, cert: x509.Certificate, trust_manager: TrustManager) -> Iterator[Any]:
        self.looks += 1
        if self.looks > MOST_LOOKS:
            raise PathBuildingError("too many ways")
        return super().find_potential_issuers(cert, trust_manager)


async def _paths(context: ValidationContext, certificate: x509.Certificate) -> Any:
    number = 0
    try:
        async for path in context.path_builder.async_build_paths_lazy(certificate):
            yield path
            number += 1
            if number >= MOST_PATHS:
                return
    except PathBuildingError:
        return


async def _along(
    path: ValidationPath,
    anchors: list[x509.Certificate],
    others: list[x509.Certificate],
    known: Known,
    trust: TrustStore,
    at: datetime,
    used_at: datetime | None,
    constraints: Constraints,
) -> Chain:
    certificates = list(reversed(list(path.iter_certs(include_root=False))))
    asked = (path, anchors, others, known, trust, at, used_at, constraints)
    first = await _asked(certificates[0], *asked) if certificates else Chain("holds")
    # An answer "good" on the last certificate validated the whole path with it; else that is done now, and comes first.
    if first.revocation != "good" or used_at is not None:
        try:
            await async_validate_path(_context(anchors, others, at, at, constraints), path)
        except _WRONG as error:
            return _ended(error)
    embedded = False
    for number, certificate in enumerate(certificates):
        ended = first if number == 0 else await _asked(certificate, *asked)
        if ended.ending != "holds":
            return Chain(ended.ending, ended.revocation, ended.detail, ended.at, number == 0, ended.embedded)
        embedded = embedded or ended.embedded
    return Chain("holds", first.revocation, embedded=embedded)


async def _asked(
    certificate: x509.Certificate,
    path: ValidationPath,
    anchors: list[x509.Certificate],
    others: list[x509.Certificate],
    known: Known,
    trust: TrustStore,
    at: datetime,
    used_at: datetime | None,
    constraints: Constraints,
) -> Chain:
    """Whether one certificate of the path was revoked: by what the trust folder knows, then by what came along."""
    if certificate.self_signed in ("yes", "maybe") or certificate.ocsp_no_check_value is not None:
        return Chain("holds", "unchecked")
    own = _up_to(path, certificate)
    if own is None:
        return Chain("holds", "unchecked")
    good: Chain | None = None
    last: Chain | None = None
    for embedded, crls, ocsps in _revocations(certificate, known, trust):
        context = _context(anchors, others, at, used_at or at, constraints, crls, ocsps)
        try:
            await async_validate_path(context, own)
        except _WRONG as error:
            ended = _ended(error)
            if ended.ending == "revoked":
                return Chain("revoked", "revoked", ended.detail, ended.at, embedded=embedded)
            last = ended
            continue
        good = good or Chain("holds", "good", embedded=embedded)
    if good is not None or last is not None:
        return good or last or Chain("unknown")
    if certificate.crl_distribution_points or certificate.ocsp_urls:
        return Chain("no_revocation_data", "unknown", _told_at(certificate))
    return Chain("holds", "unchecked")


def _told_at(certificate: x509.Certificate) -> str:
    """Where its authority would tell of revocation, for `lintas trust update`."""
    for point in certificate.crl_distribution_points:
        if _ADDRESS.fullmatch(str(point.url)):
            return f"`lintas trust update {point.url}` would bring the list"
    return "its authority answers by OCSP only"


def _up_to(path: ValidationPath, certificate: x509.Certificate) -> ValidationPath | None:
    """The part of the path that ends with this certificate."""
    certificates = list(path.iter_certs(include_root=False))
    number = next((n for n, one in enumerate(certificates) if one.dump() == certificate.dump()), None)
    if number is None:
        return None
    return ValidationPath(path.trust_anchor, certificates[:number], certificates[number])


def _revocations(
    certificate: x509.Certificate, known: Known, trust: TrustStore
) -> Iterator[tuple[bool, list[crl.CertificateList], list[ocsp.OCSPResponse]]]:
    """Whether they came along, CRLs of its issuer, OCSP answers about it: first those of the trust folder.

    CRLs are asked alone too: the library is content with an OCSP answer, which may be older than its revocation."""
    for embedded, (crls, ocsps) in ((False, (trust.crls(), trust.ocsps())), (True, _read(known))):
        listed, answers = _crls_of(certificate, crls), _ocsps_of(certificate, ocsps)
        if listed or answers:
            yield embedded, listed, answers
        if listed and answers:
            yield embedded, listed, []


def _read(known: Known) -> tuple[list[crl.CertificateList], list[ocsp.OCSPResponse]]:
    """What came along and can be read."""
    return _loaded(crl.CertificateList.load, known.crls), _loaded(ocsp.OCSPResponse.load, known.ocsps)


def _loaded(load: Callable[[bytes], Data], encoded: Iterable[bytes]) -> list[Data]:
    found = []
    for der in encoded:
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            found.append(load(der))
    return found


def _crls_of(certificate: x509.Certificate, crls: Iterable[crl.CertificateList]) -> list[crl.CertificateList]:
    found = []
    for one in crls:
        try:
            if one.issuer == certificate.issuer and _speaks_of(one, certificate):
                found.append(one)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return found[:MOST_REVOCATIONS]


def _speaks_of(one: crl.CertificateList, certificate: x509.Certificate) -> bool:
    """After a certificate expired its authority need not list it any more (RFC 5280, section 3.3): from then on only an
    entry tells something, never that there is none."""
    if one["tbs_cert_list"]["this_update"].native <= certificate.not_valid_after:
        return True
    listed = one["tbs_cert_list"]["revoked_certificates"]
    return any(each["user_certificate"].native == certificate.serial_number for each in listed)


def _ocsps_of(certificate: x509.Certificate, answers: Iterable[ocsp.OCSPResponse]) -> list[ocsp.OCSPResponse]:
    found = []
    for one in answers:
        try:
            serials = {each["cert_id"]["serial_number"].native for each in one.response_data["responses"]}
            if certificate.serial_number in serials:
                found.append(one)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return found[:MOST_REVOCATIONS]


def _context(
    anchors: Sequence[x509.Certificate],
    others: Sequence[x509.Certificate],
    at: datetime,
    used_at: datetime,
    constraints: Constraints,
    crls: Sequence[crl.CertificateList] = (),
    ocsps: Sequence[ocsp.OCSPResponse] = (),
) -> ValidationContext:
    # What is asked is asked of the last certificate alone: each has its turn.
    rule = RevocationCheckingRule.CRL_OR_OCSP_REQUIRED if crls or ocsps else RevocationCheckingRule.NO_CHECK
    policy = RevocationCheckingPolicy(rule, RevocationCheckingRule.NO_CHECK)
    return ValidationContext(
        trust_roots=[_anchor(one) for one in anchors],
        certificate_registry=_Registry.build(others),
        moment=at,
        best_signature_time=used_at,
        allow_fetching=False,
        crls=list(crls),
        ocsps=list(ocsps),
        # Data younger than `at` may speak of it: each entry has its date (see `_crls_of` for what may be missing).
        revinfo_policy=CertRevTrustPolicy(policy, retroactive_revinfo=True),
        time_tolerance=_TOLERANCE,
        algorithm_usage_policy=DisallowWeakAlgorithmsPolicy(  # type: ignore[no-untyped-call]
            _WEAK - constraints.digests, rsa_key_size_threshold=constraints.rsa_bits
        ),
    )


def _ended(error: Exception) -> Chain:
    """An error of the library as an ending; the texts of the library name certificates and stay here."""
    leaf = bool(getattr(error, "is_ee_cert", True))
    if isinstance(error, RevokedError):
        return Chain("revoked", "revoked", _reason(error), _aware(error.revocation_dt), leaf)
    if isinstance(error, ExpiredError):
        return Chain("expired", detail=_which(leaf), at=_aware(error.expired_dt), leaf=leaf)
    if isinstance(error, NotYetValidError):
        return Chain("not_yet_valid", detail=_which(leaf), at=_aware(error.valid_from), leaf=leaf)
    if isinstance(error, StaleRevinfoError):
        return Chain("no_revocation_data", "unknown", "what is known about it is too old", leaf=leaf)
    if isinstance(error, InsufficientRevinfoError):
        return Chain("no_revocation_data", "unknown", leaf=leaf)
    if isinstance(error, DisallowedAlgorithmError):
        return Chain("weak", detail="in its chain", leaf=leaf)
    if isinstance(error, PathBuildingError):
        return Chain("unknown")
    return Chain("broken", detail=_which(leaf), leaf=leaf)


def _which(leaf: bool) -> str:
    return "the signer's own" if leaf else "that of an authority in the chain"


def _reason(error: RevokedError) -> str:
    return str(error.reason.human_friendly)


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)
