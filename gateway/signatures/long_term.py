"""What must lie in a signed file so that it can be checked when authorities have long ceased to answer.

Enters: the signer's certificates, the timestamps' tokens, the trust store. Leaves: certificates, CRLs and OCSP answers
of their chains. Refuses: nothing; whether it is enough, the verification of the result says. No network: what is not in
the trust folder is not had.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asn1crypto import cms, crl, ocsp, x509

from gateway.contract.frozen import frozen
from gateway.signatures.trust import TrustStore


@frozen
class Lasting:
    """All that is known about the chains."""

    certificates: tuple[x509.Certificate, ...]
    crls: tuple[crl.CertificateList, ...]
    ocsps: tuple[ocsp.OCSPResponse, ...]


def lasting(own: Sequence[x509.Certificate], tokens: Iterable[cms.ContentInfo], trust: TrustStore) -> Lasting:
    """`own`: the signer's certificate, then the others that were named with it."""
    stamping = [one.chosen for token in tokens for one in token["content"]["certificates"] if one.name == "certificate"]
    pool = [*own, *stamping, *trust.intermediates(), *trust.anchors("signers"), *trust.anchors("timestamps")]
    chains = _upward([own[0], *stamping], pool)
    issuers = {one.issuer.hashable for one in chains}
    crls = [one for one in trust.crls() if one.issuer.hashable in issuers]
    serials = {one.serial_number for one in chains}
    ocsps = [one for one in trust.ocsps() if _speaks_of(one, serials)]
    return Lasting(tuple(chains), tuple(crls), tuple(ocsps))


def _upward(leaves: Sequence[x509.Certificate], pool: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """The leaves and all that may have issued them, each once."""
    by_subject: dict[str, list[x509.Certificate]] = {}
    for one in pool:
        by_subject.setdefault(one.subject.hashable, []).append(one)
    found: dict[bytes, x509.Certificate] = {}
    waiting = list(leaves)
    while waiting:
        one = waiting.pop()
        if one.dump() not in found:
            found[one.dump()] = one
            waiting += by_subject.get(one.issuer.hashable, [])
    return list(found.values())


def _speaks_of(answer: ocsp.OCSPResponse, serials: set[int]) -> bool:
    return any(one["cert_id"]["serial_number"].native in serials for one in answer.response_data["responses"])
