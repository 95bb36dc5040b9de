"""Which certificate made a signature, and what contradicts it."""

from __future__ import annotations

import hashlib

from asn1crypto import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from lxml import etree

from gateway.signatures.xml_keys import Bound, Keys, choose, read_keys
from tests.zoo.pki import Identity, pki
from tests.zoo.xml_maker import b64, certificates

DS = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'


def info(inner: str) -> Keys:
    return read_keys(etree.fromstring(f"<ds:KeyInfo {DS}>{inner}</ds:KeyInfo>"))


def loaded(one: Identity) -> x509.Certificate:
    return x509.Certificate.load(one.der)


def same(one: x509.Certificate | None, other: Identity) -> bool:
    """asn1crypto's certificates are equal only to themselves."""
    return one is not None and one.dump() == other.der


def of(one: Identity):  # type: ignore[no-untyped-def]
    own = one.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def fits(key: PublicKeyTypes) -> bool:
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo) == own

    return fits


def bound(one: Identity, **more: object) -> tuple[Bound, ...]:
    return (Bound("sha256", hashlib.sha256(one.der).digest(), **more),)  # type: ignore[arg-type]


def test_the_one_whose_key_fits_is_the_signer_wherever_it_stands() -> None:
    keys = info(certificates(pki().root, pki().office, pki().signer, pki().second))
    choice = choose(keys, [], [], of(pki().second))
    assert same(choice.signer, pki().second)
    assert choice.fits


def test_if_no_key_fits_it_is_the_last_of_the_chain() -> None:
    keys = info(certificates(pki().root, pki().office, pki().signer))
    choice = choose(keys, [], [], of(pki().second))
    assert same(choice.signer, pki().signer)
    assert choice.fits is False


def test_the_bound_one_is_the_signer_and_no_other() -> None:
    keys = info(certificates(pki().second, pki().signer))
    assert choose(keys, [], [bound(pki().signer)], of(pki().signer)).findings == ()
    other = choose(keys, [], [bound(pki().signer)], of(pki().second))
    assert same(other.signer, pki().signer)
    assert other.fits is False


def test_contradictions() -> None:
    keys = info(certificates(pki().signer))
    wrong = [bound(pki().second)], [bound(pki().signer, serial=1)], [bound(pki().signer, issuer=b"x")]
    for one in (*wrong, [bound(pki().signer), bound(pki().second)]):
        codes = [each.code for each in choose(keys, [], one, of(pki().signer)).findings]
        assert codes == ["certificate_mismatch"]
    right = bound(pki().signer, serial=loaded(pki().signer).serial_number, issuer=loaded(pki().signer).issuer.dump())
    assert choose(keys, [], [right], of(pki().signer)).findings == ()


def test_certificates_from_elsewhere_serve_where_there_is_none() -> None:
    choice = choose(info(""), [loaded(pki().signer)], [], of(pki().signer))
    assert same(choice.signer, pki().signer)
    assert choice.fits


def test_bare_keys_are_read_in_their_forms() -> None:
    public = pki().curved.key.public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    space = 'xmlns:d="http://www.w3.org/2009/xmldsig11#"'
    curve = '<d:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/>'
    both = f"{curve}<d:PublicKey>{b64(point)}</d:PublicKey>"
    for inner in (
        f"<d:DEREncodedKeyValue {space}>{b64(der)}</d:DEREncodedKeyValue>",
        f"<ds:KeyValue><d:ECKeyValue {space}>{both}</d:ECKeyValue></ds:KeyValue>",
    ):
        choice = choose(info(inner), [], [], of(pki().curved))
        assert (choice.signer, choice.fits) == (None, True)
    broken = f"<d:DEREncodedKeyValue {space}>{b64(b'x')}</d:DEREncodedKeyValue>"
    assert choose(info(broken), [], [], of(pki().curved)).fits is None


def test_what_cannot_be_read_is_told_and_the_rest_is_used() -> None:
    broken = "<ds:X509Data><ds:X509Certificate>eA==</ds:X509Certificate></ds:X509Data>"
    keys = info(broken + certificates(pki().signer))
    assert [one.code for one in keys.findings] == ["format_broken"]
    assert [one.dump() for one in keys.certificates] == [pki().signer.der]
    assert [one.code for one in info(certificates(pki().signer) * 40).findings] == ["too_large"]
    assert read_keys(None) == Keys()
