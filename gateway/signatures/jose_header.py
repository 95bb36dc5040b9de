"""What the header of a JWS or JAdES says: algorithm, certificate, time, what is critical.

Enters: the protected and the unprotected header. Leaves: the algorithm, certificates, names of findings. Refuses: keys
without a certificate, anything that would have to be fetched, extensions that are not known here. The home of joserfc.

After RFC 7515, section 4.1, and ETSI TS 119 182-1 V1.2.1, section 5.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from asn1crypto import x509
from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from gateway.contract.frozen import frozen
from gateway.signatures.cms_signer import readable_certificate
from gateway.signatures.examined import Examined
from gateway.signatures.findings import found
from gateway.signatures.jose_text import NotJose, b64_bytes, b64url_bytes

MOST_CERTIFICATES = 50

_ALGORITHMS: Mapping[str, tuple[str, str, str]] = {
    "RS256": ("RSA", "sha256", "RSA PKCS#1 v1.5"), "RS384": ("RSA", "sha384", "RSA PKCS#1 v1.5"),
    "RS512": ("RSA", "sha512", "RSA PKCS#1 v1.5"), "PS256": ("RSA", "sha256", "RSA PSS"),
    "PS384": ("RSA", "sha384", "RSA PSS"), "PS512": ("RSA", "sha512", "RSA PSS"), "ES256": ("EC", "sha256", "ECDSA"),
    "ES384": ("EC", "sha384", "ECDSA"), "ES512": ("EC", "sha512", "ECDSA"), "Ed25519": ("OKP", "sha512", "Ed25519"),
    "EdDSA": ("OKP", "sha512", "Ed25519"),
}  # fmt: skip
"""By name in `alg`: the kind of key, the digest, a name for people. `EdDSA` is the older name (RFC 9864)."""

_KEYS: Mapping[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_KEY_KINDS = {"rsa": "RSA", "rsassa_pss": "RSA", "ec": "EC", "ed25519": "OKP"}
_SECRETS = ("none", "HS256", "HS384", "HS512")
_UNDERSTOOD = frozenset(("b64", "sigT", "sigD", "x5t#o", "sigX5ts", "iat", "adoTst", "srCms", "sigPl", "srAts"))
_REGISTERED = frozenset(("alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"))
_LOOSE = frozenset(
    ("etsiU", "x5c", "x5t", "x5t#S256", "x5t#o", "sigX5ts", "x5u", "jku", "jwk", "kid", "alg", "crit", "b64")
)
"""What may stand in the unprotected header without a further word: it is checked, refused, or never used."""
_ADES = ("sigT", "sigD", "x5t#o", "sigX5ts", "srCms", "sigPl", "srAts", "sigPId", "adoTst")
_NAMED = {"s256": "sha256", "s384": "sha384", "s512": "sha512", "sha256": "sha256", "sha384": "sha384",
          "sha512": "sha512", "sha1": "sha1"}  # fmt: skip


@frozen
class Header:
    """Both headers of one signature, which share no name."""

    protected: dict[str, Any]
    loose: dict[str, Any]

    def get(self, name: str) -> Any:
        return self.protected.get(name, self.loose.get(name))

    @property
    def ades(self) -> bool:
        return any(self.protected.get(name) is not None for name in _ADES) or self.loose.get("etsiU") is not None

    @property
    def plain(self) -> bool:
        """Whether the payload is signed as it is, without base64url (RFC 7797)."""
        return self.protected.get("b64") is False


def digest_called(name: Any) -> str:
    """`S256`, `SHA-256` and the end of an XML URI as `sha256`; `NotJose` if it is none."""
    key = str(name).rsplit("#", 1)[-1].lower().replace("-", "") if isinstance(name, str) else ""
    if key not in _NAMED:
        raise NotJose("a digest of unknown name")
    return _NAMED[key]


def read_algorithm(one: Examined, header: Header) -> str | None:
    """The name of a usable algorithm; else None, with a finding."""
    name = header.get("alg")
    if "alg" in header.loose:
        # RFC 7515, section 10.7: what is not signed may be exchanged, and the kind of check with it.
        one.findings.append(found("format_broken", "the algorithm stands outside of what is signed"))
        return None
    if name in _SECRETS:
        one.integrity = "unknown"
        one.findings.append(found("no_key_signature", name))
        return None
    if not isinstance(name, str) or name not in _ALGORITHMS:
        one.findings.append(found("unsupported", "the algorithm of the signature"))
        return None
    one.algorithms = [name, _ALGORITHMS[name][2]]
    one.digests = [_ALGORITHMS[name][1]]
    return name


def check_critical(one: Examined, header: Header) -> None:
    """RFC 7515, section 4.1.11; RFC 7797, section 6."""
    critical = header.protected.get("crit")
    b64 = header.get("b64")
    if "crit" in header.loose or "b64" in header.loose:
        one.findings.append(found("format_broken", "crit or b64 outside of the protected header"))
    if b64 is not None and not isinstance(b64, bool):
        one.findings.append(found("format_broken", "b64 is neither true nor false"))
    if critical is None:
        if b64 is False:
            one.findings.append(found("format_broken", "b64 is not named as critical"))
        return
    names = critical if isinstance(critical, list) and all(isinstance(each, str) for each in critical) else []
    sound = bool(names) and len(set(names)) == len(names) and not _REGISTERED & set(names)
    if not sound or any(each not in header.protected for each in names):
        one.findings.append(found("format_broken", "crit lists what it may not list"))
    elif b64 is False and "b64" not in names:
        one.findings.append(found("format_broken", "b64 is not named as critical"))
    if any(each not in _UNDERSTOOD for each in names):
        one.findings.append(found("unsupported", "a critical extension that is not known here"))


def check_loose(one: Examined, header: Header) -> None:
    """What else the unprotected header says (RFC 7515, section 7.2.1), as what kind of content it is."""
    more = len(set(header.loose) - _LOOSE)
    if more:
        one.findings.append(found("unsigned_beside", f"{more} member(s) of its unprotected header"))


def read_certificates(one: Examined, header: Header, others: list[x509.Certificate]) -> list[x509.Certificate]:
    """Sets the signer. From a signed `x5c`, or by a signed digest in the other header's `x5c` or among `others`: a bare
    key vouches for itself, a URL is not fetched, and what nobody signed can be exchanged."""
    chain = _x5c(header)
    named = _thumbprints(header.protected) is not None
    one.baseline = header.ades and named
    signed = "x5c" in header.protected or named
    candidates = (chain[:1] if signed else []) or [each for each in others if named and _bound(header, each)]
    if candidates:
        one.signer = candidates[0]
        if _bound(header, one.signer) is False:
            one.findings.append(found("certificate_mismatch"))
        one.digests += [name for name, _ in (_thumbprints(header.protected) or [])[:1] if "x5c" not in header.protected]
    elif chain:
        one.findings.append(found("no_certificate", "it stands outside of what is signed, which names none"))
    elif header.get("x5u") is not None or header.get("jku") is not None:
        one.findings.append(found("external_reference", "the key is named by its address"))
    else:
        one.findings.append(found("no_certificate"))
    return chain


def _x5c(header: Header) -> list[x509.Certificate]:
    told = header.get("x5c")
    if told is None:
        return []
    if not isinstance(told, list) or not told or len(told) > MOST_CERTIFICATES:
        raise NotJose("x5c is no list of certificates")
    found_here = [readable_certificate(b64_bytes(each)) for each in told]
    if any(each is None for each in found_here):
        raise NotJose("x5c holds what is no certificate")
    return [each for each in found_here if each is not None]


def _thumbprints(header: Mapping[str, Any]) -> list[tuple[str, bytes]] | None:
    """Digests that name the signer's certificate; None where there are none."""
    told: list[tuple[str, bytes]] = []
    for key, name in (("x5t#S256", "sha256"), ("x5t", "sha1")):
        if header.get(key) is not None:
            told.append((name, b64url_bytes(_text(header.get(key)))))
    several = header.get("sigX5ts")
    for each in (header.get("x5t#o"), several[0] if isinstance(several, list) and several else None):
        if isinstance(each, dict):
            told.append((digest_called(each.get("digAlg")), b64url_bytes(_text(each.get("digVal")))))
        elif each is not None:
            raise NotJose("x5t#o is no object")
    return told or None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise NotJose("no text where base64url must stand")
    return value


def _bound(header: Header, certificate: x509.Certificate) -> bool | None:
    told = _thumbprints({**header.loose, **header.protected})
    if told is None:
        return None
    der = certificate.dump()
    return all(hashlib.new(name, der, usedforsecurity=False).digest() == value for name, value in told)


def claimed_at(header: Header) -> datetime | None:
    """`sigT`, or `iat` in the protected header (TS 119 182-1, sections 5.1.11 and 5.2.1)."""
    told, seconds = header.protected.get("sigT"), header.protected.get("iat")
    try:
        if isinstance(told, str):
            at = datetime.fromisoformat(told)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        if isinstance(seconds, int | float) and not isinstance(seconds, bool):
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NotJose("a signing time that is none") from error
    if told is not None or seconds is not None:
        raise NotJose("a signing time that is none")
    return None


def holds(algorithm: str, certificate: x509.Certificate, signing_input: bytes, signature: bytes) -> bool:
    """Whether the signature is by the key of the certificate, with exactly this algorithm."""
    kind = _ALGORITHMS[algorithm][0]
    try:
        if _KEY_KINDS.get(certificate.public_key.algorithm) != kind:
            return False
        with warnings.catch_warnings():
            # What is too weak is told by `constraints`, not by a warning.
            warnings.simplefilter("ignore")
            key = _KEYS[kind].import_key(certificate.public_key.dump())
            model = JWSRegistry.algorithms[algorithm]
            model.check_key(key)
            return bool(model.verify(signing_input, signature, key))
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError, AssertionError):
        return False
