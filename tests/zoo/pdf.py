"""Signed PDF files: good ones of every level, and one per attack.

Enters: the authorities of `pki`. Leaves: files and the verdict that each must get. Refuses: nothing.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from asn1crypto import keys, pem
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests.zoo.case import Case
from tests.zoo.pki import AT, DAY, YEAR, Identity, crl, pki

SIGNED_AT = AT - 10 * DAY


def plain(pages: int = 1, objects: int = 0, text: str = "Surat keterangan nomor 12") -> bytes:
    """A PDF without signatures."""
    writer = PdfFileWriter(stream_xrefs=False)
    for number in range(pages):
        page = f"BT /F1 12 Tf 72 720 Td ({text} / {number}) Tj ET".encode()
        stream = writer.add_object(generic.StreamObject(stream_data=page))
        font = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Font"),
                pdf_name("/Subtype"): pdf_name("/Type1"),
                pdf_name("/BaseFont"): pdf_name("/Helvetica"),
            }
        )
        fonts = generic.DictionaryObject({pdf_name("/F1"): writer.add_object(font)})
        resources = generic.DictionaryObject({pdf_name("/Font"): fonts})
        box = (0, 0, 595, 842)
        writer.insert_page(PageObject(contents=stream, media_box=box, resources=resources))
    for number in range(objects):
        writer.add_object(generic.NumberObject(number))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def loaded(certificate: x509.Certificate) -> asn1.Certificate:
    return asn1.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def private(identity: Identity) -> keys.PrivateKeyInfo:
    return keys.PrivateKeyInfo.load(pem.unarmor(identity.key_pem)[2])


def store(certificates: Iterable[x509.Certificate]) -> SimpleCertificateStore:
    return SimpleCertificateStore.from_certs([loaded(one) for one in certificates])


def signer(identity: Identity, *, pss: bool = False) -> SimpleSigner:
    return SimpleSigner(loaded(identity.certificate), private(identity), store(identity.above), prefer_pss=pss)


def stamper(at: datetime = SIGNED_AT, tsa: Identity | None = None) -> DummyTimeStamper:
    by = tsa or pki().tsa
    return DummyTimeStamper(loaded(by.certificate), private(by), store(by.above), fixed_dt=at)


class _Signer(PdfSigner):
    """A signer with a clock of its own."""

    at = SIGNED_AT

    def init_signing_session(self, *given: Any, **named: Any) -> Any:
        session = super().init_signing_session(*given, **named)
        session.system_time = self.at
        return session


def context(crls: Iterable[bytes] = (), at: datetime = SIGNED_AT) -> ValidationContext:
    who = pki()
    return ValidationContext(
        trust_roots=[loaded(who.root.certificate)],
        other_certs=[loaded(who.office.certificate)],
        crls=list(crls),
        moment=at,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )


def signed(
    data: bytes,
    identity: Identity,
    *,
    at: datetime = SIGNED_AT,
    field: str = "TandaTangan",
    timestamper: TimeStamper | None = None,
    subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES,
    digest: str = "sha256",
    pss: bool = False,
    **meta: Any,
) -> bytes:
    """`data` with one more signature."""
    about = PdfSignatureMetadata(field_name=field, md_algorithm=digest, subfilter=subfilter, **meta)
    by = _Signer(about, signer(identity, pss=pss), timestamper=timestamper)
    by.at = at
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    return asyncio.run(by.async_sign_pdf(writer, bytes_reserved=32768)).getvalue()


def dated(data: bytes, *, at: datetime, field: str = "Cap") -> bytes:
    """`data` with a document timestamp."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    stamping = PdfTimeStamper(stamper(at), field_name=field)
    return asyncio.run(stamping.async_timestamp_pdf(writer, "sha256", bytes_reserved=32768)).getvalue()


def with_crl(identity: Identity, *, at: datetime, long: bool, **meta: Any) -> bytes:
    """A signature with its revocation data in the file (B-LT), and with a document timestamp (B-LTA) if `long`."""
    who = pki()
    crls = [crl(who.office, {}, at=at + DAY), crl(who.root, {}, at=at + DAY)]
    return signed(
        plain(), identity, at=at, timestamper=stamper(at), embed_validation_info=True, use_pades_lta=long,
        validation_context=context(crls, at), **meta,
    )  # fmt: skip


@cache
def good() -> bytes:
    return signed(plain(), pki().signer)


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def updated(data: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """`data` with one more revision."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _repaint(writer: IncrementalPdfFileWriter) -> None:
    """Another text on the first page."""
    page = writer.root["/Pages"]["/Kids"][0]
    text = generic.StreamObject(stream_data=b"BT /F1 12 Tf 72 720 Td (Surat palsu) Tj ET")
    page[pdf_name("/Contents")] = writer.add_object(text)
    writer.update_container(page)


def _note(writer: IncrementalPdfFileWriter) -> None:
    """A note over the page."""
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (72, 700, 300, 730))),
            pdf_name("/Contents"): generic.pdf_string("Nomor 99"),
        }
    )
    page[pdf_name("/Annots")] = generic.ArrayObject([writer.add_object(note)])
    writer.update_container(page)


def _new_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Lain"))


def _form(perm: MDPPerm) -> bytes:
    """A certified form, filled in after it was signed."""

    def add(writer: IncrementalPdfFileWriter) -> None:
        field = generic.DictionaryObject(
            {
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): generic.pdf_string("nama"),
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (72, 600, 200, 620))),
            }
        )
        fields = generic.ArrayObject([writer.add_object(field)])
        form = generic.DictionaryObject({pdf_name("/Fields"): fields})
        writer.root[pdf_name("/AcroForm")] = writer.add_object(form)
        writer.update_root()

    def fill(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][0]
        field[pdf_name("/V")] = generic.pdf_string("Ani")
        writer.update_container(field)

    certified = signed(updated(plain(), add), pki().signer, certify=True, docmdp_permissions=perm)
    return updated(certified, fill)


def _range(data: bytes) -> tuple[int, list[int]]:
    """Where the byte range of the last signature stands, and its numbers."""
    last = list(re.finditer(rb"/ByteRange *\[([0-9 ]+)\]", data))[-1]
    return last.start(1), [int(one) for one in last.group(1).split()]


def _reranged(data: bytes, numbers: list[int]) -> bytes:
    at, _ = _range(data)
    width = len(re.match(rb"[0-9 ]+", data[at:]).group())  # type: ignore[union-attr]
    text = " ".join(map(str, numbers)).encode().ljust(width)
    return data[:at] + text + data[at + width :]


def skipping() -> bytes:
    """The byte range leaves out a stretch behind the signature, which anybody may fill."""
    data = good()
    _, (first, length, second, rest) = _range(data)
    return _reranged(data, [first, length, second + 40, rest - 40])


def skipped_and_shifted() -> bytes:
    """The gap has the size of the signature and lies elsewhere."""
    data = good()
    _, (first, length, second, rest) = _range(data)
    return _reranged(data, [first, length - 50, second - 50, rest + 50])


def swapped() -> bytes:
    """The signature of another document, moved into this one."""
    other = signed(plain(text="Surat lain"), pki().signer)
    data = good()
    _, (_, length, second, _) = _range(data)
    _, (_, other_length, other_second, _) = _range(other)
    gap = other[other_length:other_second]
    return data[:length] + gap[:-1].ljust(second - length - 1, b"0") + b">" + data[second:]


def one_of_two_broken() -> bytes:
    """A good signature, and one whose CMS is noise."""
    data = signed(good(), pki().second, field="Kedua")
    _, (_, length, second, _) = _range(data)
    return data[:length] + b"<" + b"ab" * ((second - length - 2) // 2) + b">" + data[second:]


def mixed() -> bytes:
    """The first signature holds, the second was made for other bytes."""
    data = signed(good(), pki().second, field="Kedua", reason="Alasan kedua")
    return _flip(data, data.index(b"Alasan kedua"))


def unhooked() -> bytes:
    """The signature field is taken out of the form by a later revision."""

    def remove(writer: IncrementalPdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        form[pdf_name("/Fields")] = generic.ArrayObject([])
        writer.update_container(form)

    return updated(good(), remove)


def looping() -> bytes:
    """A cross-reference table whose previous one is itself."""
    data = plain()
    start = int(data.rsplit(b"startxref", 1)[1].split()[0])
    return data.replace(b"trailer\n<<", b"trailer\n<< /Prev %d " % start, 1)


def encrypted() -> bytes:
    writer = PdfFileWriter(stream_xrefs=False)
    stream = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.insert_page(PageObject(contents=stream, media_box=(0, 0, 595, 842)))
    writer.encrypt("rahasia", "rahasia")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


_FORGED = b"<</Length 40>>\nstream\nBT /F1 30 Tf 72 600 Td (Surat palsu) Tj ET   \nendstream"


def _first_text(data: bytes) -> int:
    """The number of the object that the first page shows."""
    before = data[: data.index(b"Surat")]
    return int(re.findall(rb"\n(\d+) 0 obj", before)[-1])


def behind(ending: bytes, data: bytes | None = None) -> bytes:
    """Another text behind the signed bytes, in no table; a viewer that cannot read `ending` looks for it itself."""
    file = good() if data is None else data
    start = re.findall(rb"startxref\s+(\d+)", file)[-1]
    return file + b"\n%d 0 obj\n" % _first_text(file) + _FORGED + b"\nendobj\n" + ending.replace(b"@", start)


def by_hand(entry: bytes, objects: dict[int, bytes], trailer: bytes = b"", number: int | None = None) -> bytes:
    """One more revision whose table is written as `entry` says."""
    data = good()
    start = re.findall(rb"startxref\s+(\d+)", data)[-1]
    old = re.sub(rb"/Prev\s+\d+", b"", re.findall(rb"trailer\s*<<(.*?)>>\s*startxref", data, re.DOTALL)[-1])
    out, table = data + b"\n", b"xref\n"
    for one, body in objects.items():
        table += b"%d 1\n%010d 00000 " % (one if number is None else number, len(out)) + entry + b" \n"
        out += b"%d 0 obj\n" % one + body + b"\nendobj\n"
    end = b"/Prev " + start + b" " + trailer + b">>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + table + b"trailer\n<<" + old + end


def second_root() -> bytes:
    """`/Root` twice in the trailer: one reader takes the first, another the last."""
    page = b"<</Type/Page/Parent 901 0 R/MediaBox[0 0 595 842]/Contents 903 0 R>>"
    objects = {900: b"<</Type/Catalog/Pages 901 0 R>>", 901: b"<</Type/Pages/Kids[902 0 R]/Count 1>>"}
    return by_hand(b"n", {**objects, 902: page, 903: _FORGED}, b"/Root 900 0 R/Size 904")


def padded() -> bytes:
    """Bytes of somebody else in the place that the signature leaves free."""
    data = good()
    _, (_, _, second, _) = _range(data)
    return data[: second - 9] + b"deadbeef" + data[second - 1 :]


def bushy() -> bytes:
    """A form whose every branch is the same two branches again."""

    def grow(writer: IncrementalPdfFileWriter) -> None:
        below = writer.add_object(generic.DictionaryObject({pdf_name("/T"): generic.pdf_string("x")}))
        for _ in range(40):
            kids = generic.ArrayObject([below, below])
            below = writer.add_object(generic.DictionaryObject({pdf_name("/Kids"): kids}))
        form = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject([below])})
        writer.root[pdf_name("/AcroForm")] = writer.add_object(form)
        writer.update_root()

    return updated(plain(), grow)


def _expired_lt(long: bool) -> bytes:
    """Signed, stamped and stored while the certificate lived; it has expired since."""
    who = pki()
    at = who.short_lived.certificate.not_valid_before_utc + 30 * DAY
    return with_crl(who.short_lived, at=at, long=long)


def _revoked(at: datetime, stamped: bool) -> bytes:
    return signed(plain(), pki().revoked, at=at, timestamper=stamper(at) if stamped else None)


_PKCS7 = SigSeedSubFilter.ADOBE_PKCS7_DETACHED

CASES = (
    Case("plain", plain, "unsigned", ("unsigned",), signatures=0),
    Case("b_b", good, "valid", ("time_unproven",), level="B-B", signatures=1),
    Case(
        "b_t",
        lambda: signed(plain(), pki().signer, timestamper=stamper()),
        "valid",
        never=("time_unproven",),
        level="B-T",
    ),
    Case("b_lt", lambda: with_crl(pki().declared, at=SIGNED_AT, long=False), "valid", level="B-LT"),
    Case("b_lta", lambda: with_crl(pki().declared, at=SIGNED_AT, long=True), "valid", level="B-LTA"),
    Case(
        "pkcs7_t", lambda: signed(plain(), pki().signer, subfilter=_PKCS7, timestamper=stamper()), "valid", level="B-T"
    ),
    Case("ec", lambda: signed(plain(), pki().curved), "valid"),
    Case("edwards", lambda: signed(plain(), pki().edwards, digest="sha512"), "valid"),
    Case("pss", lambda: signed(plain(), pki().signer, pss=True), "valid"),
    Case("two", lambda: signed(good(), pki().second, field="Kedua"), "valid", signatures=2),
    Case(
        "certified", lambda: signed(plain(), pki().signer, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES), "valid"
    ),
    Case("form_filled", lambda: _form(MDPPerm.FILL_FORMS), "valid", ("change_allowed",)),
    Case("form_forbidden", lambda: _form(MDPPerm.NO_CHANGES), "invalid", ("changed_after",)),
    Case("dated", lambda: dated(plain(), at=SIGNED_AT), "unsigned", signatures=1),
    Case("dated_later", lambda: dated(good(), at=SIGNED_AT + DAY), "valid", never=("time_unproven",), signatures=1),
    Case("many_objects", lambda: signed(plain(objects=10_000), pki().signer), "valid"),
    # Attacks on what was signed.
    Case(
        "content_changed",
        lambda: _flip(good(), good().index(b"Surat")),
        "invalid",
        ("hash_mismatch",),
        sub_indication="HASH_FAILURE",
    ),
    Case("tail", lambda: good() + b"\nekor", "invalid"),
    Case("repainted", lambda: updated(good(), _repaint), "invalid", ("changed_after",)),
    Case("noted", lambda: updated(good(), _note), "invalid", ("changed_after",)),
    Case("field_added", lambda: updated(good(), _new_field), "valid", never=("changed_after",)),
    Case(
        "repainted_between",
        lambda: signed(updated(good(), _repaint), pki().second, field="Kedua"),
        "invalid",
        ("changed_after",),
        signatures=2,
    ),
    Case("skipping", skipping, "invalid", ("not_covered",)),
    Case("skipped_and_shifted", skipped_and_shifted, "invalid", ("not_covered",)),
    Case("swapped", swapped, "invalid", ("hash_mismatch",)),
    Case("one_of_two_broken", one_of_two_broken, "invalid", ("format_broken",)),
    Case("mixed", mixed, "invalid", ("hash_mismatch",), signatures=2),
    Case("truncated", lambda: good()[: len(good()) * 2 // 3], "invalid", ("format_broken",)),
    Case("head_only", lambda: b"%PDF-1.7\n", "invalid", ("format_broken",)),
    Case("behind", lambda: behind(b"startxref\n@\n%%EOF\n"), "invalid", ("changed_after",)),
    Case("behind_plus", lambda: behind(b"startxref\n+@\n%%EOF\n"), "invalid"),
    Case("behind_comment", lambda: behind(b"startxref %x\n@\n%%EOF\n"), "invalid"),
    Case(
        "behind_its_archive",
        lambda: behind(b"startxref\n@\n%%EOF\n", with_crl(pki().declared, at=SIGNED_AT, long=True)),
        "invalid",
        ("changed_after",),
    ),
    Case("second_root", second_root, "invalid"),
    Case("marked_otherwise", lambda: by_hand(b"N", {_first_text(good()): _FORGED}), "invalid"),
    Case(
        "number_beyond",
        lambda: by_hand(b"n", {_first_text(good()): _FORGED}, number=_first_text(good()) + (1 << 32)),
        "invalid",
    ),
    Case("padded", padded, "invalid", ("not_covered",)),
    Case("bushy", bushy, "invalid", ("format_broken",)),
    Case("looping", looping, "invalid", ("format_broken",)),
    Case("encrypted", encrypted, "indeterminate", ("unsupported",)),
    # Whom to trust.
    Case(
        "unknown",
        lambda: signed(plain(), pki().stranger),
        "indeterminate",
        ("unknown_authority",),
        sub_indication="NO_CERTIFICATE_CHAIN_FOUND",
    ),
    Case(
        "expired",
        lambda: signed(plain(), pki().expired, at=AT - 2 * YEAR),
        "indeterminate",
        ("expired",),
        sub_indication="OUT_OF_BOUNDS_NO_POE",
    ),
    Case(
        "expired_at_its_time", lambda: signed(plain(), pki().expired, at=AT - 2 * YEAR), "valid", at=AT - 2 * YEAR + DAY
    ),
    Case(
        "expired_stamped",
        lambda: signed(plain(), pki().expired, at=AT - 2 * YEAR, timestamper=stamper(AT - 2 * YEAR)),
        "valid",
        ("expired_later",),
    ),
    Case(
        "stamped_after_expiry",
        lambda: signed(plain(), pki().expired, at=AT - DAY, timestamper=stamper(AT - DAY)),
        "invalid",
        ("expired_at_signing",),
        sub_indication="EXPIRED",
    ),
    Case(
        "future", lambda: signed(plain(), pki().future), "invalid", ("not_yet_valid",), sub_indication="NOT_YET_VALID"
    ),
    Case(
        "revoked",
        lambda: _revoked(AT - 40 * DAY, False),
        "indeterminate",
        ("revoked",),
        sub_indication="REVOKED_NO_POE",
    ),
    Case("revoked_later", lambda: _revoked(AT - 40 * DAY, True), "valid", ("revoked_later",)),
    Case(
        "revoked_before",
        lambda: _revoked(AT - 10 * DAY, True),
        "invalid",
        ("revoked_before",),
        sub_indication="REVOKED",
    ),
    Case(
        "weak_key",
        lambda: signed(plain(), pki().weak),
        "indeterminate",
        ("weak_algorithm",),
        sub_indication="CRYPTO_CONSTRAINTS_FAILURE",
    ),
    Case(
        "sha1",
        lambda: signed(plain(), pki().signer, digest="sha1"),
        "indeterminate",
        ("weak_algorithm",),
        sub_indication="CRYPTO_CONSTRAINTS_FAILURE",
    ),
    Case(
        "not_for_signing",
        lambda: signed(plain(), pki().encipherer, signer_key_usage=set()),
        "indeterminate",
        ("wrong_usage",),
    ),
    Case("lt_expired", lambda: _expired_lt(False), "indeterminate", ("revocation_unproven",), sub_indication="NO_POE"),
    Case("lta_expired", lambda: _expired_lt(True), "valid", ("expired_later",), level="B-LTA"),
    # How and when.
    Case(
        "stranger_stamp",
        lambda: signed(plain(), pki().signer, timestamper=stamper(tsa=pki().foreign_tsa)),
        "valid",
        ("timestamp_untrusted", "time_unproven"),
    ),
    Case("in_the_future", lambda: signed(plain(), pki().signer, at=AT + DAY), "indeterminate", ("time_in_future",)),
    Case("small_skew", lambda: signed(plain(), pki().signer, at=AT + timedelta(minutes=2)), "valid"),
    Case(
        "after_its_stamp",
        lambda: signed(plain(), pki().signer, timestamper=stamper(SIGNED_AT - DAY)),
        "indeterminate",
        ("time_order",),
        sub_indication="TIMESTAMP_ORDER_FAILURE",
    ),
)
