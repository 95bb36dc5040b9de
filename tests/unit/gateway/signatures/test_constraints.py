"""`gateway/signatures/constraints.py`: what is strong enough."""

import pytest
from asn1crypto import core, keys
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519

from gateway.signatures.constraints import DEFAULT, Constraints, plain


def public(private: object) -> keys.PublicKeyInfo:
    encoded = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return keys.PublicKeyInfo.load(encoded)


def test_digests_by_any_spelling() -> None:
    told = ["SHA-256", "sha1", "SHA512", "sha3_256", "md5", "SHA512/256", "sha512_256", "ripemd160", ""]
    assert DEFAULT.weak_digests(told) == ["sha1", "md5", "ripemd160", ""]
    assert plain("SHA-512/256") == "sha512_256"


@pytest.mark.parametrize(
    ("private", "told"),
    [
        (rsa.generate_private_key(65537, 2048), None),
        (rsa.generate_private_key(65537, 1024), "RSA with 1024 bits"),
        (ec.generate_private_key(ec.SECP256R1()), None),
        (ec.generate_private_key(ec.BrainpoolP384R1()), None),
        (ec.generate_private_key(ec.SECP192R1()), "the curve secp192r1"),
        (ec.generate_private_key(ec.SECP256K1()), "the curve secp256k1"),
        (ed25519.Ed25519PrivateKey.generate(), None),
        (ed448.Ed448PrivateKey.generate(), None),
    ],
    ids=["rsa2048", "rsa1024", "p256", "brainpool", "p192", "secp256k1", "ed25519", "ed448"],
)
def test_keys(private: object, told: str | None) -> None:
    assert DEFAULT.weak_key(public(private)) == told


def test_keys_that_sign_nothing_or_cannot_be_read() -> None:
    assert DEFAULT.weak_key(public(x25519.X25519PrivateKey.generate())) is not None
    whole = public(ec.generate_private_key(ec.SECP256R1())).dump()
    for cut in (b"\x30\x00", whole[:20], whole.replace(bytes.fromhex("2a8648ce3d0301"), bytes(7))):
        assert DEFAULT.weak_key(keys.PublicKeyInfo.load(cut[:1] + bytes([len(cut) - 2]) + cut[2:])) is not None


def test_dsa_by_its_size() -> None:
    for bits, told in ((1024, "DSA with 1024 bits"), (2048, None)):
        parameters = keys.DSAParams({"p": (1 << (bits - 1)) + 1, "q": 7, "g": 2})
        algorithm = keys.PublicKeyAlgorithm({"algorithm": "dsa", "parameters": parameters})
        assert DEFAULT.weak_key(keys.PublicKeyInfo({"algorithm": algorithm, "public_key": core.Integer(5)})) == told


def test_a_stricter_house() -> None:
    strict = Constraints(digests=frozenset({"sha512"}), rsa_bits=3072, curves=frozenset({"secp521r1"}))
    assert strict.weak_digests(["sha256", "sha512"]) == ["sha256"]
    assert strict.weak_key(public(rsa.generate_private_key(65537, 2048))) == "RSA with 2048 bits"
    assert strict.weak_key(public(ec.generate_private_key(ec.SECP256R1()))) == "the curve secp256r1"
