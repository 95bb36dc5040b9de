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

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from asn1crypto import crl, ocsp, x509
from pyhanko_certvalidator import ValidationContext
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

Ending = Literal["holds", "unknown", "expired", "not_yet_valid", "revoked", "no_revocation_data", "weak", "broken"]

MOST_PATHS, MOST_CERTIFICATES, MOST_REVOCATIONS, MOST_LOOKS = 8, 200, 200, 100
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
    anchors = trust.anchors(purpose)
    if not anchors:
        return Chain("unknown", detail="the trust folder holds no authority for this purpose")
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
    try:
        await async_validate_path(_context(anchors, others, at, at, constraints), path)
    except _WRONG as error:
        return _ended(error)
    revocation: Revocation = "unchecked"
    embedded = False
    certificates = list(path.iter_certs(include_root=False))
    for number, certificate in enumerate(reversed(certificates)):
        ended = await _asked(certificate, path, anchors, others, known, trust, at, used_at, constraints)
        if ended.ending != "holds":
            return Chain(ended.ending, ended.revocation, ended.detail, ended.at, number == 0, ended.embedded)
        if number == 0:
            revocation = ended.revocation
        embedded = embedded or ended.embedded
    return Chain("holds", revocation, embedded=embedded)


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
        return Chain("no_revocation_data", "unknown")
    return Chain("holds", "unchecked")


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
    for embedded, crls, ocsps in ((False, trust.crls(), trust.ocsps()), (True, known.crls, known.ocsps)):
        listed, answers = _crls_of(certificate, crls), _ocsps_of(certificate, ocsps)
        if listed or answers:
            yield embedded, listed, answers
        if listed and answers:
            yield embedded, listed, []


def _crls_of(certificate: x509.Certificate, crls: Iterable[bytes]) -> list[crl.CertificateList]:
    found = []
    for der in crls:
        try:
            one = crl.CertificateList.load(der)
            # After a certificate expired its authority need not list it any more (RFC 5280, section 3.3).
            if (
                one.issuer == certificate.issuer
                and one["tbs_cert_list"]["this_update"].native <= certificate.not_valid_after
            ):
                found.append(one)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return found[:MOST_REVOCATIONS]


def _ocsps_of(certificate: x509.Certificate, answers: Iterable[bytes]) -> list[ocsp.OCSPResponse]:
    found = []
    for der in answers:
        try:
            one = ocsp.OCSPResponse.load(der)
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
        trust_roots=list(anchors),
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
