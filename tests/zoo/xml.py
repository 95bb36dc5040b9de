"""Signed XML files: good ones of every form and level, and one per attack.

Enters: the authorities of `pki`. Leaves: files and the verdict that each must get. Refuses: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from lxml import etree
from signxml import SignatureMethod

from tests.zoo.case import Case
from tests.zoo.pki import AT, DAY, Identity, issue, pki
from tests.zoo.xml_maker import (
    BASE64,
    C10,
    C11,
    DS,
    ENVELOPED,
    EXC,
    LETTER,
    NOT_SIGNATURES,
    RSA512,
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
    transform,
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


def siblings(more: str = "") -> bytes:
    """Signature and content beside each other in one document."""
    part = '<a xmlns="urn:a" Id="bagian">470/12</a>'
    return seal(f"<paket>{part}{template(reference('#bagian', EXC))}</paket>").replace(
        b"</paket>", more.encode() + b"</paket>"
    )


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

_GOOD = (
    *(
        Case(f"signxml {form} {'XAdES' if xades else 'XML-DSig'} {c14n.rpartition('/')[2]}",
             partial(by_signxml, form=form, xades=xades, c14n=c14n), "valid", level="B-B" if xades else None,
             signatures=1, never=("not_covered",), tags=("signxml",))
        for form in ("enveloped", "enveloping") for xades in (False, True) for c14n in (C10, C11, EXC)
        if not (xades and c14n == EXC)
    ),
    Case("signxml EC", lambda: by_signxml(who=pki().curved, method=SignatureMethod.ECDSA_SHA256), "valid",
         tags=("signxml",)),
    Case("signxml with a bare key beside it", partial(by_signxml, xades=True, bare_key=True), "valid",
         tags=("signxml",)),
    Case("sealed XAdES", sealed_xades, "valid", level="B-B", tags=("xmlsec",)),
    Case("XAdES-T", lambda: stamped(good_xades()), "valid", level="B-T", never=("time_unproven",)),
    Case("XAdES-LT", partial(long_term, archive=False), "valid", level="B-LT"),
    Case("XAdES-LTA", long_term, "valid", level="B-LTA"),
    Case("expired since its timestamp", short_lived, "valid", ("expired_later",)),
    Case("sealed", sealed, "valid", tags=("xmlsec",)),
    Case("named by its id", by_id, "valid", tags=("xmlsec",)),
    Case("all signatures subtracted", partial(sealed, reference("", SUBTRACT, C10)), "valid", tags=("xmlsec",)),
    Case("enveloping", enveloping, "valid", tags=("xmlsec",)),
    Case("enveloping, base64", lambda: seal(
        template(reference("#isi-1", BASE64), objects=f'<ds:Object Id="isi-1">{b64(FILE)}</ds:Object>'),
        contents=[FILE]), "valid", tags=("xmlsec",)),
    Case("detached", detached, "valid", beside=lambda: FILE),
    Case("detached XML, canonicalised", lambda: detached("a.xml", C10, content=b"<a></a>"), "valid",
         beside=lambda: b"<?xml version='1.0'?>\n<a/>"),
    Case("RSA with SHA-512, absolute name", partial(detached, "/message.xml", method=RSA512), "valid",
         beside=lambda: FILE),
    Case("beside each other", siblings, "valid", tags=("xmlsec",)),
    Case("two signers", two, "valid", signatures=2, tags=("xmlsec",)),
    Case("counter-signed", counter, "valid", signatures=2),
    Case("RSA-PSS", partial(sealed, method=PSS), "valid"),
    Case("Ed25519", lambda: sealed(who=pki().edwards, method=EDDSA), "valid"),
    Case("SHA-512 digests", partial(sealed, reference("", ENVELOPED, C10, digest=SHA512)), "valid", tags=("xmlsec",)),
    Case("comments in text", lambda: replaced(sealed, b"470/12", b"470<!-- x -->/12"), "valid", tags=("xmlsec",)),
)  # fmt: skip

_BAD = (
    Case("signxml XAdES, exclusive", partial(by_signxml, xades=True, c14n=EXC), "invalid", ("hash_mismatch",),
         sub_indication="HASH_FAILURE"),
    Case("no signature", lambda: LETTER.encode(), "unsigned", ("unsigned",), signatures=0),
    Case("signature stripped", lambda: re.sub(rb"<ds:Signature .*</ds:Signature>", b"", sealed(), flags=re.S),
         "unsigned"),
    Case("content changed", lambda: replaced(sealed, b"470/12", b"470/13"), "invalid", ("hash_mismatch",),
         ("signature_broken",), "HASH_FAILURE"),
    Case("detached content changed", detached, "invalid", ("hash_mismatch",), beside=lambda: FILE + b"x"),
    Case("detached content missing", detached, "indeterminate", ("content_missing",),
         sub_indication="SIGNED_DATA_NOT_FOUND"),
    Case("SignedInfo changed", lambda: replaced(sealed, b"<ds:SignedInfo>", b"<ds:SignedInfo> "), "invalid",
         ("signature_broken",), ("hash_mismatch",), "SIG_CRYPTO_FAILURE"),
    Case("signed properties changed", lambda: replaced(good_xades, b"2026-05-22", b"2026-05-21"), "invalid",
         ("hash_mismatch",)),
    Case("certificate swapped", lambda: swapped(sealed()), "invalid", ("signature_broken",)),
    Case("certificate swapped, XAdES", lambda: swapped(good_xades()), "invalid",
         ("signature_broken", "certificate_mismatch")),
    Case("another certificate of the key", lambda: swapped(sealed_xades(), twin()), "invalid",
         ("certificate_mismatch",), ("signature_broken", "hash_mismatch"), "SIG_CRYPTO_FAILURE"),
    Case("another serial number than the signed one", lambda: sealed_xades(serial=7), "invalid",
         ("certificate_mismatch",), ("signature_broken", "hash_mismatch")),
    Case("bound by SHA-1", lambda: sealed_xades(digest=DS + "sha1"), "indeterminate", ("weak_algorithm",)),
    Case("properties of another signature", lambda: sealed_xades(target="#lain"), "invalid", ("format_broken",)),
    Case("a signing time that is none", lambda: sealed_xades(time="kemarin"), "invalid", ("format_broken",)),
    Case("a bare key alone", bare_key, "indeterminate", ("no_certificate",), ("signature_broken",)),
    Case("a bare key that contradicts", partial(bare_key, wrong=True), "invalid", ("certificate_mismatch",)),
    Case("no key at all", partial(sealed, keys=""), "indeterminate", ("no_certificate",)),
    Case("HMAC", partial(sealed, method=DS + "hmac-sha1"), "invalid", ("no_key_signature",)),
    Case("HMAC-SHA256", partial(sealed, method=MORE + "hmac-sha256"), "invalid", ("no_key_signature",)),
    Case("none", partial(sealed, method="none"), "invalid", ("no_key_signature",)),
    Case("unknown algorithm", partial(sealed, method=MORE + "rsa-ripemd160"), "indeterminate", ("unsupported",)),
    Case("ECDSA named, RSA made", partial(sealed, method=MORE + "ecdsa-sha256"), "invalid", ("signature_broken",)),
    Case("SHA-1", partial(sealed, reference("", ENVELOPED, C10, digest=DS + "sha1"), method=DS + "rsa-sha1"),
         "indeterminate", ("weak_algorithm",), ("hash_mismatch", "signature_broken"), "CRYPTO_CONSTRAINTS_FAILURE"),
    Case("MD5 digest", partial(sealed, reference("", ENVELOPED, C10, digest=MORE + "md5")), "indeterminate",
         ("weak_algorithm",), ("hash_mismatch",)),
    Case("RSA with 1024 bits", lambda: sealed(who=pki().weak), "indeterminate", ("weak_algorithm",)),
    Case("unknown authority", lambda: sealed(who=pki().stranger), "indeterminate", ("unknown_authority",)),
    Case("expired", lambda: sealed(who=pki().expired), "indeterminate", ("expired",)),
    Case("expired, stamp of nobody known", lambda: stamped(
        short_lived(stamp=False), time=AT - 499 * DAY, who=pki().foreign_tsa), "indeterminate",
        ("expired", "timestamp_untrusted")),
    Case("not yet valid", lambda: sealed(who=pki().future), "invalid", ("not_yet_valid",)),
    Case("revoked", lambda: sealed(who=pki().revoked), "indeterminate", ("revoked",)),
    Case("signed tomorrow", lambda: by_signxml(xades=True, moment=AT + DAY), "indeterminate", ("time_in_future",)),
    Case("timestamp of something else", lambda: stamped(good_xades(), wrong=True), "indeterminate",
         ("timestamp_broken",)),
    Case("timestamp that is none", lambda: re.sub(
        rb"(EncapsulatedTimeStamp>)MII", rb"\1MIJ", stamped(good_xades())), "indeterminate", ("timestamp_broken",)),
    Case("archive timestamp of something else", lambda: re.sub(
        rb"(<xades:SignatureTimeStamp)", rb'\1 Id="x"', long_term()), "indeterminate", ("timestamp_broken",)),
    Case("properties nobody signed", unsigned_properties, "indeterminate", ("unsupported",)),
    Case("properties of another kind signed", other_properties, "indeterminate", ("unsupported",)),
    Case("XSLT", lambda: seal(within(template(reference("", ENVELOPED, XSLT))), contents=[b"aman"]), "invalid",
         ("unsafe",)),
    Case("XPath", partial(sealed, reference("", XPATH)), "indeterminate", ("unsupported",)),
    Case("unknown transform", partial(sealed, reference("", "urn:apa-saja")), "indeterminate", ("unsupported",)),
    Case("transforms out of order", partial(sealed, reference("", C10, ENVELOPED)), "invalid", ("format_broken",)),
    Case("too many transforms", partial(sealed, reference("", *[transform(C10)] * 9)), "indeterminate",
         ("too_large",)),
    *(
        Case(f"address {uri}", partial(detached, uri), "invalid", ("external_reference",), beside=lambda: FILE)
        for uri in ("http://zoo.invalid/a", "https://zoo.invalid/a", "file:///etc/passwd", "//zoo.invalid/a",
                    "cid:a@zoo.invalid", "FTP://zoo.invalid/a")
    ),
    Case("an address beside the document", lambda: seal(
        within(template(reference("", ENVELOPED, C10), reference("http://zoo.invalid/a")))), "invalid",
        ("external_reference",)),
    Case("an id twice", lambda: replaced(by_id, b"<nomor", b'<nomor Id="surat-1"'), "invalid", ("ambiguous_id",)),
    Case("an id twice, by xml:id", lambda: replaced(by_id, b"<nomor", b'<nomor xml:id="surat-1"'), "invalid",
         ("ambiguous_id",)),
    Case("wrapped aside", wrapped_aside, "invalid", ("not_covered",), ("hash_mismatch",), "FORMAT_FAILURE"),
    Case("wrapped in its own object", wrapped_in_object, "invalid", ("not_covered",), ("hash_mismatch",)),
    Case("wrapped, one id for two", wrapped_twin, "invalid", ("ambiguous_id",)),
    *(
        Case(f"wrapped, one id for two in {name}", partial(wrapped_twin, name), "invalid", ("ambiguous_id",))
        for name in ("ID", "id", "xml:id", "AssertionID")
    ),
    Case("wrapped in a header", wrapped_in_header, "invalid", ("not_covered",), ("hash_mismatch",)),
    Case("a forged sibling", partial(siblings, "<a>palsu</a>"), "invalid", ("not_covered",)),
    Case("text beside what is signed", partial(siblings, "palsu"), "invalid", ("not_covered",)),
    Case("content hidden in the signature", hidden_object, "invalid", ("not_covered",), ("hash_mismatch",)),
    Case("two SignedInfo", second_info, "invalid", ("format_broken",)),
    Case("a part only", lambda: sealed(reference("#n", C10), document=LETTER.replace("<nomor", '<nomor Id="n"')),
         "invalid", ("not_covered",), ("hash_mismatch",)),
    Case("nothing signed", lambda: seal(template(reference("", ENVELOPED, C10)), contents=[b""]), "invalid",
         ("not_covered",)),
    Case("counter-signature of something else", partial(counter, "#surat-2", by_signxml(
        LETTER.replace("<nomor", '<nomor Id="surat-2"'), xades=True)), "invalid", ("not_covered",)),
    Case("two signers, one broken", lambda: re.sub(
        rb'(<ds:SignatureValue Id="sig-2-value">)....', rb"\1AAAA", two()), "invalid", ("signature_broken",),
        signatures=2),
    Case("two signers, one unknown", lambda: two(pki().stranger), "indeterminate", ("unknown_authority",),
         signatures=2),
    Case("garbage in the value", lambda: re.sub(rb"(<ds:SignatureValue[^>]*>)", rb"\1*", sealed()), "invalid",
         ("format_broken",)),
    Case("garbage in a digest", partial(sealed, reference("", ENVELOPED, C10, value="AA*A")), "invalid",
         ("format_broken",)),
    Case("a value written another way", lambda: re.sub(rb"[AQgw]==(</ds:SignatureValue>)", rb"B==\1", sealed()),
         "invalid", ("format_broken",)),
    Case("DOCTYPE with an entity", lambda: DOCTYPE + sealed(), "invalid", ("unsafe",), signatures=0),
    Case("a processing instruction", lambda: replaced(sealed, b"<nomor", b"<?php x?><nomor"), "invalid", ("unsafe",)),
    Case("not in UTF-8", lambda: b"<?xml version='1.0' encoding='iso-8859-1'?>" + sealed(), "indeterminate",
         ("unsupported",)),
    Case("cut off", lambda: sealed()[:-20], "invalid", ("format_broken",)),
    Case("10,000 references", many_references, "indeterminate", ("too_large",)),
    Case("references times size", nested_references, "invalid", ("too_costly", "hash_mismatch")),
    Case("deep nesting", deep, "indeterminate", ("too_large",)),
    Case("many namespaces", flattened, "indeterminate", ("too_costly",)),
    Case("a long namespace", repeated_namespace, "indeterminate", ("too_costly",)),
    Case("many attributes", lambda: within(template(reference("")), LETTER.replace(
        "<isi>", "<isi " + " ".join(f'a{at}=""' for at in range(50_000)) + ">")).encode(), "indeterminate",
        ("too_large",)),
)  # fmt: skip

CASES: tuple[Case, ...] = (*_GOOD, *_BAD)
