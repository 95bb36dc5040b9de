"""Makes XML signatures for the zoo: good ones by signxml, and any form at all from templates that are sealed here.

Enters: documents, identities. Leaves: bytes. Refuses: nothing. Nothing of the gateway is used: it is what is judged.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime

from asn1crypto import algos, tsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from lxml import etree
from signxml import CanonicalizationMethod, SignatureConstructionMethod, SignatureMethod, XMLSigner
from signxml.xades import XAdESSigner

from tests.zoo.pdf import stamper
from tests.zoo.pki import AT, DAY, Identity, pki

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES, XADES141 = "http://uri.etsi.org/01903/v1.3.2#", "http://uri.etsi.org/01903/v1.4.1#"
C10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C11 = "http://www.w3.org/2006/12/xml-c14n11"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
SHA256, SHA512 = "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"
ENVELOPED, BASE64 = DS + "enveloped-signature", DS + "base64"
NOT_SIGNATURES = (
    f'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath xmlns:ds="{DS}">'
    "not(ancestor-or-self::ds:Signature)</ds:XPath></ds:Transform>"
)
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
LETTER = (
    '<s:surat xmlns:s="urn:surat:1" xmlns="urn:isi"><nomor xml:lang="id">470/12</nomor>'
    "<isi>Dengan hormat &amp; salam &#13; é</isi></s:surat>"
)
_HASHES = {
    SHA256: "sha256",
    SHA512: "sha512",
    DS + "sha1": "sha1",
    "http://www.w3.org/2001/04/xmldsig-more#md5": "md5",
}


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def transform(algorithm: str) -> str:
    return f'<ds:Transform Algorithm="{algorithm}"/>'


def reference(uri: str | None, *transforms: str, digest: str = SHA256, kind: str = "", value: str = "") -> str:
    """One Reference; a transform is an address or a whole element."""
    inner = "".join(one if one.startswith("<") else transform(one) for one in transforms)
    return (
        "<ds:Reference"
        + (f' URI="{uri}"' if uri is not None else "")
        + (f' Type="{kind}"' if kind else "")
        + ">"
        + (f"<ds:Transforms>{inner}</ds:Transforms>" if inner else "")
        + f'<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue>{value}</ds:DigestValue></ds:Reference>'
    )


def certificates(*who: Identity) -> str:
    inner = "".join(f"<ds:X509Certificate>{b64(one.der)}</ds:X509Certificate>" for one in who)
    return f"<ds:X509Data>{inner}</ds:X509Data>"


def template(
    *references: str,
    keys: str | None = None,
    method: str = RSA256,
    c14n: str = C10,
    objects: str = "",
    name: str = "sig-1",
) -> str:
    """A Signature that is not sealed yet."""
    inside = certificates(pki().signer) if keys is None else keys
    return (
        f'<ds:Signature xmlns:ds="{DS}" Id="{name}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{c14n}"/>'
        f'<ds:SignatureMethod Algorithm="{method}"/>{"".join(references)}</ds:SignedInfo>'
        f'<ds:SignatureValue Id="{name}-value"></ds:SignatureValue>'
        + (f"<ds:KeyInfo>{inside}</ds:KeyInfo>" if inside else "")
        + objects
        + "</ds:Signature>"
    )


def seal(document: str, who: Identity | None = None, contents: Sequence[bytes | None] = (), at: int = 0) -> bytes:
    """Fill in digests and value of the `at`th signature. `contents`: what each reference digests; None is worked out
    for the document or an element, without the signatures in it if there are transforms but canonicalisations."""
    root = etree.fromstring(document.encode())
    signature = list(root.iter(f"{{{DS}}}Signature"))[at]
    info = signature.find(f"{{{DS}}}SignedInfo")
    for number, one in enumerate(info.findall(f"{{{DS}}}Reference")):
        given = contents[number] if number < len(contents) else None
        data = _content(root, one) if given is None else given
        algorithm = one.find(f"{{{DS}}}DigestMethod").get("Algorithm")
        value = one.find(f"{{{DS}}}DigestValue")
        if not value.text:
            value.text = b64(hashlib.new(_HASHES[algorithm], data).digest())
    method = info.find(f"{{{DS}}}SignatureMethod").get("Algorithm")
    c14n = info.find(f"{{{DS}}}CanonicalizationMethod").get("Algorithm")
    value = signature.find(f"{{{DS}}}SignatureValue")
    value.text = b64(_signed(canonical(info, c14n), (who or pki().signer).key, method))
    return etree.tostring(root.getroottree())


def canonical(element: etree._Element, algorithm: str = C10, *, unsigned: bool = False) -> bytes:
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    if unsigned:
        for one in list(copy.iter(f"{{{DS}}}Signature")):
            if one.getparent() is not None:
                assert not one.tail
                one.getparent().remove(one)
    exclusive = algorithm.startswith(EXC)
    return etree.tostring(copy, method="c14n", exclusive=exclusive, with_comments=algorithm.endswith("WithComments"))


def _content(root: etree._Element, one: etree._Element) -> bytes:
    uri = one.get("URI")
    if uri is None or not (uri == "" or uri.startswith("#")):
        return b""
    wanted = uri[1:]
    found = [root] if uri == "" else [each for each in root.iter() if wanted in each.attrib.values()]
    algorithms = [each.get("Algorithm") for each in one.iter(f"{{{DS}}}Transform")]
    c14n = next((each for each in algorithms if "c14n" in each), C10)
    cut = any("c14n" not in each for each in algorithms)
    return canonical(found[0], c14n, unsigned=cut) if found else b""


def _signed(data: bytes, key: object, method: str) -> bytes:
    digest: hashes.HashAlgorithm = hashes.SHA512() if method.endswith("sha512") else hashes.SHA256()
    if method.endswith("sha1"):
        digest = hashes.SHA1()
    if isinstance(key, rsa.RSAPrivateKey):
        if method.endswith("MGF1"):
            return key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        return key.sign(data, padding.PKCS1v15(), digest)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
        size = (key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return key.sign(data)


class _FixedTime(XAdESSigner):
    """The zoo's time, for signxml asks the clock."""

    moment = AT - 10 * DAY

    def add_signing_time(self, signed_signature_properties, sig_root, signing_settings):  # type: ignore[no-untyped-def]
        time = etree.SubElement(signed_signature_properties, f"{{{XADES}}}SigningTime")
        time.text = self.moment.isoformat()


def by_signxml(
    document: str = LETTER,
    who: Identity | None = None,
    *,
    form: str = "enveloped",
    xades: bool = False,
    c14n: str = C10,
    method: SignatureMethod = SignatureMethod.RSA_SHA256,
    bare_key: bool = False,
    moment: datetime = AT - 10 * DAY,
    uri: str | None = None,
) -> bytes:
    """Signed by signxml, in one of its three forms."""
    one = who or pki().signer
    kinds = {each.name: each for each in SignatureConstructionMethod}
    maker = _FixedTime if xades else XMLSigner
    signer = maker(method=kinds[form], signature_algorithm=method, c14n_algorithm=CanonicalizationMethod(c14n))
    if isinstance(signer, _FixedTime):
        signer.moment = moment
    root = signer.sign(
        etree.fromstring(document.encode()), key=one.key, cert=[one.certificate], reference_uri=uri,
        always_add_key_value=bare_key,
    )  # fmt: skip
    return etree.tostring(root)


def stamped(signed: bytes, *, time: datetime = AT - 9 * DAY, who: Identity | None = None, wrong: bool = False) -> bytes:
    """A XAdES signature with a SignatureTimeStamp (B-T)."""
    root = etree.fromstring(signed)
    value = next(root.iter(f"{{{DS}}}SignatureValue"))
    data = canonical(value, C10)
    _unsigned(root).append(_holder("SignatureTimeStamp", XADES, token(b"other" if wrong else data, time, who)))
    return etree.tostring(root)


def archived(signed: bytes, contents: Sequence[bytes], *, time: datetime = AT - 8 * DAY) -> bytes:
    """With an ArchiveTimeStamp over the octets of the references and all that was there before."""
    root = etree.fromstring(signed)
    signature = next(root.iter(f"{{{DS}}}Signature"))
    parts = [signature.find(f"{{{DS}}}{name}") for name in ("SignedInfo", "SignatureValue", "KeyInfo")]
    parts += list(_unsigned(root))
    data = b"".join(contents) + b"".join(canonical(one, C10) for one in parts)
    _unsigned(root).append(_holder("ArchiveTimeStamp", XADES141, token(data, time)))
    return etree.tostring(root)


def with_crl(signed: bytes, crl: bytes) -> bytes:
    root = etree.fromstring(signed)
    values = etree.SubElement(_unsigned(root), f"{{{XADES}}}RevocationValues")
    inner = etree.SubElement(values, f"{{{XADES}}}CRLValues")
    etree.SubElement(inner, f"{{{XADES}}}EncapsulatedCRLValue").text = b64(crl)
    return etree.tostring(root)


def _unsigned(root: etree._Element) -> etree._Element:
    qualifying = next(root.iter(f"{{{XADES}}}QualifyingProperties"))
    found = qualifying.find(f"{{{XADES}}}UnsignedProperties/{{{XADES}}}UnsignedSignatureProperties")
    if found is not None:
        return found
    outer = etree.SubElement(qualifying, f"{{{XADES}}}UnsignedProperties")
    return etree.SubElement(outer, f"{{{XADES}}}UnsignedSignatureProperties")


def _holder(name: str, space: str, der: bytes) -> etree._Element:
    holder = etree.Element(f"{{{space}}}{name}", nsmap={"xades": XADES, "x141": XADES141})
    etree.SubElement(holder, f"{{{DS}}}CanonicalizationMethod", Algorithm=C10)
    etree.SubElement(holder, f"{{{XADES}}}EncapsulatedTimeStamp").text = b64(der)
    return holder


def token(data: bytes, time: datetime, who: Identity | None = None) -> bytes:
    """An RFC 3161 token over the SHA-256 of `data`."""
    imprint = tsp.MessageImprint(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "hashed_message": hashlib.sha256(data).digest(),
        }
    )
    request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True})
    der: bytes = stamper(time, who).request_tsa_response(request)["time_stamp_token"].dump()
    return der
