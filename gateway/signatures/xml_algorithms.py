"""The algorithms of XML signatures: digests by their address, and whether a signature value fits a key.

Enters: addresses, keys, octets. Leaves: names, and yes or no. Refuses: nothing; what is unknown here is None.

The home of `cryptography` for XML signatures. Addresses: XML Signature 1.1, section 6.1, and RFC 9231.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from gateway.contract.frozen import frozen

_DSIG, _MORE, _11 = (
    "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2009/xmldsig11#"
)  # fmt: skip
_2007, _2021 = "http://www.w3.org/2007/05/xmldsig-more#", "http://www.w3.org/2021/04/xmldsig-more#"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"

DIGESTS = {
    _MORE + "md5": "md5",
    _DSIG + "sha1": "sha1",
    _MORE + "sha224": "sha224",
    _XMLENC + "sha256": "sha256",
    _MORE + "sha384": "sha384",
    _XMLENC + "sha512": "sha512",
    **{f"{_2007}sha3-{size}": f"sha3_{size}" for size in (224, 256, 384, 512)},
}
"""Address to name as in `hashlib`."""

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303  # computed so that it can be called weak
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_224": hashes.SHA3_224(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}


@frozen
class SignatureMethod:
    """`kind`: `rsa`, `rsa-pss`, `ecdsa`, `dsa` or `eddsa`; `digest` is empty where the algorithm has its own."""

    kind: str
    digest: str
    name: str


def _methods() -> dict[str, SignatureMethod]:
    known: dict[str, SignatureMethod] = {}
    for digest in ("sha1", "sha224", "sha256", "sha384", "sha512", "md5"):
        rsa_home = _DSIG if digest == "sha1" else _MORE
        known[f"{rsa_home}rsa-{digest}"] = SignatureMethod("rsa", digest, f"RSA with {digest}")
        if digest != "md5":
            known[f"{_MORE}ecdsa-{digest}"] = SignatureMethod("ecdsa", digest, f"ECDSA with {digest}")
            known[f"{_2007}{digest}-rsa-MGF1"] = SignatureMethod("rsa-pss", digest, f"RSA-PSS with {digest}")
    for size in (224, 256, 384, 512):
        name = f"sha3_{size}"
        known[f"{_2021}ecdsa-sha3-{size}"] = SignatureMethod("ecdsa", name, f"ECDSA with {name}")
        known[f"{_2007}sha3-{size}-rsa-MGF1"] = SignatureMethod("rsa-pss", name, f"RSA-PSS with {name}")
    known[_DSIG + "dsa-sha1"] = SignatureMethod("dsa", "sha1", "DSA with sha1")
    known[_11 + "dsa-sha256"] = SignatureMethod("dsa", "sha256", "DSA with sha256")
    known[_2021 + "eddsa-ed25519"] = SignatureMethod("eddsa", "", "Ed25519")
    known[_2021 + "eddsa-ed448"] = SignatureMethod("eddsa", "", "Ed448")
    return known


SIGNATURES = _methods()


def without_key(algorithm: str) -> bool:
    """Whether this is a shared secret, or no signature at all."""
    name = algorithm.rpartition("#")[2].lower()
    return "hmac" in algorithm.lower() or name in ("", "none") or name.endswith("/none")


def fits(method: SignatureMethod, key: PublicKeyTypes, octets: bytes, value: bytes) -> bool:
    """Whether `value` is this key's signature over `octets`."""
    try:
        return _verified(method, key, octets, value)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, OverflowError):
        return False


def _verified(method: SignatureMethod, key: PublicKeyTypes, octets: bytes, value: bytes) -> bool:
    digest = _HASHES.get(method.digest, hashes.SHA256())
    if method.kind == "rsa" and isinstance(key, rsa.RSAPublicKey):
        key.verify(value, octets, padding.PKCS1v15(), digest)
    elif method.kind == "rsa-pss" and isinstance(key, rsa.RSAPublicKey):
        # RFC 9231, section 2.3.10: the salt is as long as the digest.
        key.verify(value, octets, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    elif method.kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(_pair(value, (key.key_size + 7) // 8), octets, ec.ECDSA(digest))
    elif method.kind == "dsa" and isinstance(key, dsa.DSAPublicKey):
        key.verify(_pair(value, (key.parameters().parameter_numbers().q.bit_length() + 7) // 8), octets, digest)
    elif method.kind == "eddsa" and isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        expected = "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "Ed448"
        if method.name != expected:
            return False
        key.verify(value, octets)
    else:
        return False
    return True


def _pair(value: bytes, size: int) -> bytes:
    """Two numbers of equal length (XML Signature 1.1, section 6.4.3) as DER."""
    if len(value) != 2 * size:
        raise ValueError("a signature value of the wrong length")
    return utils.encode_dss_signature(int.from_bytes(value[:size]), int.from_bytes(value[size:]))
