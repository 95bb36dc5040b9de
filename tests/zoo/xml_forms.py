"""How the XML files of the zoo are made: the good ones and the attacks, each by a function.

Enters: the authorities of `pki`. Leaves: files. Refuses: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from lxml import etree

from tests.zoo.pki import AT, DAY, Identity, issue, pki
from tests.zoo.xml_maker import (
    C10,
    C11,
    DS,
    ENVELOPED,
    EXC,
    LETTER,
    NOT_SIGNATURES,
    SHA512,
    SIGNED_PROPERTIES,
    XADES,
    archived,
    b64,
    by_signxml,
    canonical,
    certificates,
    reference,
    seal,
    stamped,
    template,
    with_crl,
)  # fmt: skip

END = "</s:surat>"
FORGED = '<s:surat xmlns:s="urn:surat:1" Id="{id}"><isi>uang sejuta</isi>{more}</s:surat>'
FILE = b"isi berkas\r\n" * 100
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
EDDSA = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"
PSS = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"


def within(signature: str, document: str = LETTER) -> str:
    return document.replace(END, signature + END)


def sealed(*references: str, who: Identity | None = None, document: str = LETTER, **form: str) -> bytes:
    """An enveloped signature from a template."""
    one = who or pki().signer
    form.setdefault("keys", certificates(one))
    return seal(within(template(*(references or (reference("", ENVELOPED, C10),)), **form), document), one)


def with_id(identity: str = "surat-1") -> str:
    return LETTER.replace("<s:surat ", f'<s:surat Id="{identity}" ', 1)


@cache
def by_id() -> bytes:
    """The root is named by its id: what wrapping needs."""
    return seal(within(template(reference("#surat-1", ENVELOPED, EXC), c14n=EXC), with_id()))


@cache
def good_xades() -> bytes:
    return by_signxml(xades=True)


def replaced(data: Callable[[], bytes], old: bytes, new: bytes) -> bytes:
    made = data()
    assert made.count(old) >= 1
    return made.replace(old, new, 1)


# ---- good ones


def enveloping(content: str = '<isi xmlns="urn:isi">470/12</isi>', *transforms: str, **form: str) -> bytes:
    inside = f'<ds:Object Id="isi-1">{content}</ds:Object>'
    return seal(template(reference("#isi-1", *transforms), objects=inside, **form))


def detached(uri: str = "berkas.txt", *transforms: str, content: bytes = FILE, **form: str) -> bytes:
    return seal(template(reference(uri, *transforms), **form), contents=[content])


def siblings(more: str = "", root: str = "internally-detached", attributes: str = "") -> bytes:
    """Signature and content beside each other in one document."""
    part = '<a xmlns="urn:a" Id="bagian">470/12</a>'
    made = seal(f"<{root}{attributes}>{part}{template(reference('#bagian', EXC))}</{root}>")
    return made.replace(f"</{root}>".encode(), f"{more}</{root}>".encode())


def held(begin: str, name: str) -> bytes:
    """An enveloping signature within a root that only holds it."""
    inner = template(reference("#o", C10), objects='<ds:Object Id="o">satu</ds:Object>')
    return seal(f"<{begin}>{inner}</{name}>")


def two(second: Identity | None = None) -> bytes:
    one = template(reference("", NOT_SIGNATURES, C10))
    other = template(
        reference("", NOT_SIGNATURES, C10), name="sig-2", keys=certificates(second or pki().second), c14n=C11
    )
    document = within(one + other)
    return seal(seal(document).decode(), second or pki().second, at=1)


def counter(uri: str = "#sig-1-value", base: bytes | None = None) -> bytes:
    """A XAdES signature confirmed by another."""
    root = etree.fromstring(base or good_xades())
    signature = root.find(f".//{{{DS}}}Signature")
    signature.find(f"{{{DS}}}SignatureValue").set("Id", "sig-1-value")
    qualifying = next(root.iter(f"{{{XADES}}}QualifyingProperties"))
    place = etree.SubElement(qualifying, f"{{{XADES}}}UnsignedProperties")
    inner = etree.SubElement(place, f"{{{XADES}}}UnsignedSignatureProperties")
    holder = etree.SubElement(inner, f"{{{XADES}}}CounterSignature")
    made = template(
        reference(uri, kind="http://uri.etsi.org/01903#CountersignedSignature"),
        name="sig-2", keys=certificates(pki().second),
    )  # fmt: skip
    holder.append(etree.fromstring(made))
    return seal(etree.tostring(root).decode(), pki().second, at=1)


def long_term(*, archive: bool = True) -> bytes:
    """B-LT or B-LTA over signxml's B-B."""
    base = good_xades()
    made = with_crl(stamped(base), pki().office_crl())
    root = etree.fromstring(base)
    properties = next(root.iter(f"{{{XADES}}}SignedProperties"))
    keys = next(root.iter(f"{{{DS}}}KeyInfo"))
    contents = [canonical(root, C10, unsigned=True), canonical(properties, C10), canonical(keys, C10)]
    return archived(made, contents) if archive else made


def short_lived(*, stamp: bool = True) -> bytes:
    """Signed and stamped while the certificate was valid; it has expired since."""
    moment = AT - 500 * DAY
    signed = by_signxml(who=pki().expired, xades=True, moment=moment)
    return stamped(signed, time=moment + DAY) if stamp else signed


# ---- attacks


def wrapped_aside() -> bytes:
    """The signed element moved below another root, a forged one before it."""
    return b"<bungkus>" + FORGED.format(id="lain", more="").encode() + by_id() + b"</bungkus>"


def wrapped_in_object() -> bytes:
    """The signed element moved into an Object of its own signature, a forged one in its place."""
    root = etree.fromstring(by_id())
    signature = root.find(f"{{{DS}}}Signature")
    root.remove(signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(root)
    return FORGED.format(id="lain", more="{}").encode().replace(b"{}", etree.tostring(signature))


def wrapped_twin(attribute: str = "Id") -> bytes:
    """The forged root has the id of the signed element, in the same or in another attribute."""
    data = FORGED.format(id="surat-1", more="{}").replace("Id=", f"{attribute}=")
    return data.encode().replace(b"{}", by_id())


def wrapped_in_header() -> bytes:
    """The signature stays at its place in the forged root, the signed element hides in a header."""
    root = etree.fromstring(by_id())
    signature = root.find(f"{{{DS}}}Signature")
    root.remove(signature)
    header = b"<kepala>" + etree.tostring(root) + b"</kepala>"
    return FORGED.format(id="lain", more="{}").encode().replace(b"{}", header + etree.tostring(signature))


def hidden_object() -> bytes:
    """Content that hides in a signature, which the XPath takes out."""
    made = sealed(reference("", NOT_SIGNATURES, C10))
    return made.replace(b"</ds:Signature>", b"<ds:Object><isi>palsu</isi></ds:Object></ds:Signature>")


def second_info() -> bytes:
    made = sealed()
    info = re.search(rb"<ds:SignedInfo>.*?</ds:SignedInfo>", made, re.S)
    assert info is not None
    return made.replace(info.group(), info.group() + info.group())


def swapped(data: bytes, other: Identity | None = None) -> bytes:
    own, new = b64(pki().signer.der).encode(), b64((other or pki().second).der).encode()
    plain = re.sub(rb"(<ds:X509Certificate>)[^<]*(</ds:X509Certificate>)", rb"\g<1>" + new + rb"\g<2>", data, count=1)
    assert own not in plain
    return plain


@cache
def twin() -> Identity:
    """Another certificate for the signer's key."""
    made = issue("Siti Kedua", pki().office)
    builder = x509.CertificateBuilder(
        issuer_name=made.certificate.issuer, subject_name=made.certificate.subject,
        public_key=pki().signer.key.public_key(), serial_number=x509.random_serial_number(),
        not_valid_before=AT - DAY, not_valid_after=AT + DAY,
    )  # fmt: skip
    return Identity(builder.sign(pki().office.key, hashes.SHA256()), pki().signer.key)


def bare_key(*, wrong: bool = False) -> bytes:
    numbers = (pki().second if wrong else pki().signer).key.public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    value = (
        f"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{b64(numbers.n.to_bytes(size, 'big'))}</ds:Modulus>"
        f"<ds:Exponent>{b64(numbers.e.to_bytes(3, 'big'))}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    )
    return sealed(keys=value + certificates(pki().signer) if wrong else value)


def sealed_xades(
    *, digest: str = SHA512, serial: int | None = None, target: str = "#sig-1", time: str = "2026-05-22T07:00:00+07:00"
) -> bytes:
    """XAdES by a template, which signs the content and the properties, not the KeyInfo."""
    signer = pki().signer.certificate
    algorithm = hashes.SHA1() if digest.endswith("sha1") else hashes.SHA512()
    number = signer.serial_number if serial is None else serial
    certificate = (
        f'<x:Cert><x:CertDigest><ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue>'
        f"{b64(signer.fingerprint(algorithm))}</ds:DigestValue></x:CertDigest><x:IssuerSerial><ds:X509IssuerName>"
        f"CN=Kantor Penerbit</ds:X509IssuerName><ds:X509SerialNumber>{number}</ds:X509SerialNumber>"
        "</x:IssuerSerial></x:Cert>"
    )
    properties = (
        f'<ds:Object><x:QualifyingProperties xmlns:x="{XADES}" Target="{target}"><x:SignedProperties Id="p-1">'
        f"<x:SignedSignatureProperties><x:SigningTime>{time}</x:SigningTime><x:SigningCertificate>{certificate}"
        "</x:SigningCertificate></x:SignedSignatureProperties></x:SignedProperties></x:QualifyingProperties></ds:Object>"
    )
    return sealed(reference("", ENVELOPED, C10), reference("#p-1", kind=SIGNED_PROPERTIES), objects=properties)


def unsigned_properties() -> bytes:
    """Properties that no reference names."""
    properties = (
        f'<ds:Object><x:QualifyingProperties xmlns:x="{XADES}" Target="#sig-1"><x:SignedProperties Id="p">'
        "<x:SignedSignatureProperties><x:SigningTime>2020-01-01T00:00:00Z</x:SigningTime>"
        "</x:SignedSignatureProperties></x:SignedProperties></x:QualifyingProperties></ds:Object>"
    )
    return sealed(objects=properties)


def other_properties() -> bytes:
    """A reference says it names the properties, but names something else."""
    made = unsigned_properties().decode()
    holder = f'<isi Id="lain"/>{END}'
    extra = reference("#lain", kind=SIGNED_PROPERTIES)
    document = made.replace("</ds:SignedInfo>", extra + "</ds:SignedInfo>").replace(END, holder)
    document = re.sub("<ds:(DigestValue|SignatureValue)([^>]*)>[^<]*<", r"<ds:\1\2><", document)
    return seal(document)


def flattened() -> bytes:
    """Many namespaces in scope of many elements: quadratic work for libxml2."""
    spaces = " ".join(f'xmlns:n{at}="urn:{at}"' for at in range(2000))
    document = f'<s:surat xmlns:s="urn:surat:1" {spaces}>{"<a/>" * 100_000}{END}'
    return sealed_by_hand(document, reference("", ENVELOPED, C10))


def repeated_namespace() -> bytes:
    """The exclusive form writes a long namespace again for each element."""
    document = f'<s:surat xmlns:s="urn:surat:1" xmlns:p="urn:{"p" * 100_000}">{"<p:a/>" * 50_000}{END}'
    return sealed_by_hand(document, reference("", ENVELOPED, EXC))


def sealed_by_hand(document: str, *references: str) -> bytes:
    """Without digests: nobody could afford them."""
    made = within(template(*references), document)
    return re.sub(r"<ds:(DigestValue|SignatureValue)([^>]*)><", r"<ds:\1\2>AAAA<", made).encode()


def many_references() -> bytes:
    return sealed_by_hand(LETTER, *[reference("", ENVELOPED, C10)] * 10_000)


def nested_references() -> bytes:
    """Each reference names a part that holds all the others: references times size."""
    depth, text = 200, "x" * 1_000_000
    inner = "".join(f'<a Id="d{at}">' for at in range(depth)) + text + "</a>" * depth
    every = [reference(f"#d{at}", C10) for at in range(depth)]
    return sealed_by_hand(f'<s:surat xmlns:s="urn:surat:1" xml:lang="id">{inner}{END}', *every)


def deep(levels: int = 5_000) -> bytes:
    return within(template(reference("")), LETTER.replace("<isi>", "<isi>" + "<a>" * levels + "</a>" * levels)).encode()


XSLT = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><x:stylesheet version="1.0" '
    'xmlns:x="http://www.w3.org/1999/XSL/Transform"><x:template match="/">aman</x:template></x:stylesheet>'
    "</ds:Transform>"
)
XPATH = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>self::nomor</ds:XPath>'
    "</ds:Transform>"
)
SUBTRACT = (
    '<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><f:XPath Filter="subtract" '
    'xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2">/descendant::ds:Signature</f:XPath></ds:Transform>'
)
DOCTYPE = b'<!DOCTYPE s [<!ENTITY a "aaaa">]>'
