"""Timestamps: does a token belong to what it stands beside, and does a trusted authority stand behind it?

Enters: tokens (RFC 3161), the trust store, a time. Leaves: each as a `Judged`, the latest first. Refuses: nothing.

A token whose own authority has expired since is proven by a later trusted token of the archive kind, and so on back in
time: each trusted token moves the moment for which the earlier ones are asked (EN 319 102-1, section 5.6.2.4).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, tsp, x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.sign.general import CMSExtractionError, extract_certificate_info, extract_signer_info
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from gateway.contract.frozen import frozen
from gateway.signatures import chain
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.constraints import DEFAULT, Constraints
from gateway.signatures.examined import Token
from gateway.signatures.findings import Finding, found
from gateway.signatures.names import readable
from gateway.signatures.trust import TrustStore
from gateway.signatures.verdict import Stamp

_WRONG = (
    SignatureValidationError, CMSExtractionError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
    AssertionError, NotImplementedError, RecursionError, UnsupportedAlgorithm,
)  # fmt: skip


@frozen
class Judged:
    """A token with its stamp. `problem` is what spoils it, or why it proves nothing."""

    token: Token
    stamp: Stamp | None
    problem: Finding | None = None

    @property
    def proven(self) -> datetime | None:
        return self.stamp.time if self.stamp is not None and self.stamp.trusted else None


@frozen
class _Read:
    token: Token
    time: datetime
    authority: x509.Certificate | None
    known: chain.Known
    fault: str = ""
    weak: bool = False


async def judge(
    tokens: list[Token], known: chain.Known, trust: TrustStore, at: datetime, constraints: Constraints = DEFAULT
) -> list[Judged]:
    """All tokens of one signature. `known` adds what came along beside them."""
    every = [_read(token, constraints) for token in tokens]
    judged: list[tuple[_Read, Judged]] = []
    # By what covers what, never by what a token says of its own time: that may be anything.
    for one in sorted(every, key=lambda one: (_place(one.token), one.time), reverse=True):
        over = [each.proven for other, each in judged if _place(other.token) > _place(one.token)]
        moment = min([at, *(time for time in over if time is not None)])
        judged.append((one, await _judge(one, known, trust, at, moment, constraints)))
    return [each for _, each in judged]


def _place(token: Token) -> int:
    """An archive timestamp covers what is no archive timestamp, also where its format tells no order."""
    return token.order or int(token.kind in ("archive", "document"))


async def _judge(
    one: _Read, known: chain.Known, trust: TrustStore, at: datetime, moment: datetime, constraints: Constraints
) -> Judged:
    name = readable(one.authority.subject) if one.authority is not None else "unknown"
    if one.fault or one.authority is None:
        stamp = Stamp(one.token.kind, one.time, name, False) if one.authority is not None else None
        return Judged(one.token, stamp, found("timestamp_broken", one.fault))
    if one.weak:
        return Judged(
            one.token, Stamp(one.token.kind, one.time, name, False), found("timestamp_untrusted", "it is weak")
        )
    if one.time > at:
        return Judged(one.token, Stamp(one.token.kind, one.time, name, False), found("time_in_future", "a timestamp"))
    together = chain.Known(
        one.known.certificates + known.certificates, one.known.crls + known.crls, one.known.ocsps + known.ocsps
    )
    ended = await chain.judge(one.authority, together, trust, "timestamps", at, constraints=constraints)
    if ended.ending in ("expired", "revoked") and moment < at:
        ended = await chain.judge(
            one.authority, together, trust, "timestamps", moment, used_at=moment, constraints=constraints
        )
    # That a token's authority says nothing about revocation does not make its time unknown: its signature holds.
    trusted = ended.ending in ("holds", "no_revocation_data") and _for_stamping(one.authority)
    stamp = Stamp(one.token.kind, one.time, name, trusted)
    return Judged(one.token, stamp, None if trusted else found("timestamp_untrusted", ended.ending.replace("_", " ")))


def _for_stamping(certificate: x509.Certificate) -> bool:
    """RFC 3161, section 2.3: the one extended use is timestamping."""
    usage = certificate.extended_key_usage_value
    return usage is not None and "time_stamping" in usage.native


def _read(token: Token, constraints: Constraints) -> _Read:
    try:
        return _opened(token, constraints)
    except _WRONG:
        return _Read(token, datetime.fromtimestamp(0, UTC), None, chain.Known(), "it cannot be read")


def _opened(token: Token, constraints: Constraints) -> _Read:
    signed = token.signed_data
    content = signed["encap_content_info"]["content"]
    info: Any = content.parsed if content.native is not None else None
    if not isinstance(info, tsp.TSTInfo):
        return _Read(token, datetime.fromtimestamp(0, UTC), None, chain.Known(), "it holds no time")
    time: Any = info["gen_time"].native
    if not isinstance(time, datetime) or time.tzinfo is None:
        # Without a zone, or of a year that no clock has: it cannot be set beside other times.
        return _Read(token, datetime.fromtimestamp(0, UTC), None, chain.Known(), "its time cannot be read")
    certificates = extract_certificate_info(signed)
    signer = certificates.signer_cert
    known = chain.Known((signer, *certificates.other_certs), *_revocations(signed))
    algorithm = info["message_imprint"]["hash_algorithm"]["algorithm"].native
    weak = bool(constraints.weak_digests([algorithm])) or constraints.weak_key(signer.public_key) is not None
    expected = token.imprint(algorithm)
    if expected is None or expected != info["message_imprint"]["hashed_message"].native:
        return _Read(token, time, signer, known, "it was made for something else")
    info_signer = extract_signer_info(signed)
    digest = digest_of(info_signer["digest_algorithm"]["algorithm"].native, [bytes(content)])
    intact, valid = validate_sig_integrity(info_signer, signer, "tst_info", digest)
    if not intact or not valid:
        return _Read(token, time, signer, known, "its own signature is broken")
    return _Read(token, time, signer, known, weak=weak)


def _revocations(signed: cms.SignedData) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    crls = signed["crls"]
    if not crls or crls.native is None:
        return (), ()
    return tuple(one.chosen.dump() for one in crls if one.name == "crl"), ()
