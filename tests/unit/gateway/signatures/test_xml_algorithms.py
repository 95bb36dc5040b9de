"""Which addresses are known, and that a value fits its own key alone."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, utils

from gateway.signatures.xml_algorithms import DIGESTS, SIGNATURES, SignatureMethod, fits, without_key
from tests.zoo.pki import pki

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ECDSA, RSA = SIGNATURES[MORE + "ecdsa-sha256"], SIGNATURES[MORE + "rsa-sha256"]
CURVED = pki().curved.key
assert isinstance(CURVED, ec.EllipticCurvePrivateKey)


def pair(der: bytes, size: int) -> bytes:
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def test_ecdsa_takes_two_numbers_of_full_length_and_nothing_else() -> None:
    der = CURVED.sign(b"x", ec.ECDSA(hashes.SHA256()))
    value = pair(der, 32)
    assert fits(ECDSA, CURVED.public_key(), b"x", value)
    assert not fits(ECDSA, CURVED.public_key(), b"y", value)
    assert not fits(ECDSA, CURVED.public_key(), b"x", der)
    assert not fits(ECDSA, CURVED.public_key(), b"x", value[:-1])
    assert not fits(ECDSA, CURVED.public_key(), b"x", bytes(64))


def test_an_algorithm_fits_no_key_of_another_kind() -> None:
    key = pki().signer.key
    value = key.sign(b"x", padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr,call-arg,arg-type]
    assert fits(RSA, key.public_key(), b"x", value)
    assert not fits(RSA, CURVED.public_key(), b"x", value)
    assert not fits(ECDSA, key.public_key(), b"x", value)
    assert not fits(SignatureMethod("rsa-pss", "sha256", ""), key.public_key(), b"x", value)
    assert not fits(SIGNATURES[MORE + "rsa-sha512"], key.public_key(), b"x", value)


def test_dsa_and_edwards() -> None:
    key = dsa.generate_private_key(1024)
    value = pair(key.sign(b"x", hashes.SHA1()), 20)
    assert fits(SIGNATURES["http://www.w3.org/2000/09/xmldsig#dsa-sha1"], key.public_key(), b"x", value)
    other = ed25519.Ed25519PrivateKey.generate()
    named = SIGNATURES["http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"]
    assert fits(named, other.public_key(), b"x", other.sign(b"x"))
    wrong = SIGNATURES["http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448"]
    assert not fits(wrong, other.public_key(), b"x", other.sign(b"x"))


@pytest.mark.parametrize(
    "algorithm", ["", "none", "urn:x#none", MORE + "hmac-sha512", "http://www.w3.org/2000/09/xmldsig#hmac-sha1", "NONE"]
)
def test_what_has_no_key(algorithm: str) -> None:
    assert without_key(algorithm)
    assert algorithm not in SIGNATURES


def test_all_names_of_digests_are_known_to_the_rest() -> None:
    assert {one.digest for one in SIGNATURES.values()} - {""} <= set(DIGESTS.values())
    assert not without_key(MORE + "rsa-sha256")
