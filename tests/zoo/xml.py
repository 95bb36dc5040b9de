"""Signed XML files: good ones of every form and level, and one per attack.

Enters: the authorities of `pki`. Leaves: files and the verdict that each must get. Refuses: nothing.
"""

from __future__ import annotations

import re
from functools import partial

from signxml import SignatureMethod

from tests.zoo.case import Case
from tests.zoo.pki import AT, DAY, pki
from tests.zoo.xml_forms import (
    DOCTYPE,
    EDDSA,
    FILE,
    MORE,
    PSS,
    SUBTRACT,
    XPATH,
    XSLT,
    bare_key,
    by_id,
    counter,
    deep,
    detached,
    enveloping,
    flattened,
    good_xades,
    held,
    hidden_object,
    long_term,
    many_references,
    nested_references,
    other_properties,
    repeated_namespace,
    replaced,
    sealed,
    sealed_xades,
    second_info,
    short_lived,
    siblings,
    swapped,
    twin,
    two,
    unsigned_properties,
    within,
    wrapped_aside,
    wrapped_in_header,
    wrapped_in_object,
    wrapped_twin,
)
from tests.zoo.xml_maker import (
    BASE64,
    C10,
    C11,
    DS,
    ENVELOPED,
    EXC,
    LETTER,
    RSA512,
    SHA512,
    b64,
    by_signxml,
    reference,
    seal,
    stamped,
    template,
    transform,
)

ASIC, HOLDER = "http://uri.etsi.org/02918/v1.2.1#", "XAdESSignatures"


def typed() -> bytes:
    """An object of which only the text is signed, with a type beside it."""
    inner = f'<ds:Object Id="isi-1" MimeType="text/plain">{b64(FILE)}</ds:Object>'
    return seal(template(reference("#isi-1", BASE64), objects=inner), contents=[FILE])


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
    Case("in the holder of a container", partial(held, f'a:{HOLDER} xmlns:a="{ASIC}"', f"a:{HOLDER}"), "valid",
         never=("not_covered",), tags=("xmlsec",)),
    Case("the type of an object changed", lambda: replaced(typed, b"text/plain", b"text/html"), "valid",
         ("unsigned_beside",), tags=("xmlsec",)),
    Case("text in KeyInfo", lambda: replaced(sealed, b"<ds:KeyInfo>", b"<ds:KeyInfo>bayar"), "valid",
         ("unsigned_beside",)),
    Case("foreign elements in KeyInfo", lambda: replaced(
        sealed, b"<ds:KeyInfo>", b'<ds:KeyInfo><lain xmlns="urn:x">bayar</lain>'), "valid", ("unsigned_beside",)),
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
    Case("signature timestamp behind an archive timestamp", lambda: stamped(long_term()), "indeterminate",
         ("unsupported",), ("timestamp_broken",)),
    Case("a file beside that it is not about", sealed, "invalid", ("not_covered",), beside=lambda: FILE),
    Case("a file beside an enveloping one", enveloping, "invalid", ("not_covered",), beside=lambda: FILE),
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
    Case("a root of a name that nobody signed", partial(siblings, root="paket"), "invalid", ("not_covered",)),
    *(
        Case(f"a root whose{said} nobody signed", partial(siblings, attributes=said), "invalid", ("not_covered",))
        for said in (' jumlah="100"', ' Id="bayar 100 juta"', ' iD="x"', ' xml:lang="id"')
    ),
    Case("a foreign root that holds signatures", partial(held, "bayar", "bayar"), "invalid", ("not_covered",)),
    Case("a foreign root with an attribute", partial(held, 'bayar jumlah="100"', "bayar"), "invalid",
         ("not_covered",)),
    Case("the holder of a container with an attribute", partial(
        held, f'a:{HOLDER} xmlns:a="{ASIC}" jumlah="100"', f"a:{HOLDER}"), "invalid", ("not_covered",)),
    Case("an attribute of the value", lambda: replaced(sealed, b"<ds:SignatureValue ", b'<ds:SignatureValue x="1" '),
         "invalid", ("not_covered",)),
    Case("an attribute of the signature", lambda: replaced(enveloping, b"<ds:Signature ", b'<ds:Signature jumlah="1" '),
         "invalid", ("not_covered",)),
    Case("bytes after the document", lambda: sealed() + b"palsu", "invalid", ("format_broken",)),
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
