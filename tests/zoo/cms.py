"""Signed CMS files: good ones of every kind and level, and one per attack.

Enters: the authorities of `pki`. Leaves: files and the verdict that each must get. Refuses: nothing.
"""

from __future__ import annotations

import base64
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from asn1crypto import cms, core, ocsp, pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp as answers

from tests.zoo.case import Case
from tests.zoo.cms_maker import (
    SIGNED_AT,
    archived,
    attribute,
    certificate,
    digest,
    raw,
    signed_data,
    signer_info,
    stamped,
    streamed,
    token,
    with_unsigned,
    wrapped,
)
from tests.zoo.pki import AT, DAY, YEAR, Identity, issue, pki

CONTENT = b"Surat keterangan nomor 12, Kelurahan Contoh\n" * 20
OTHER = CONTENT.replace(b"12", b"13", 1)
BARE = ("bare",)
"""Judged without the CRL in the trust folder."""


def content() -> bytes:
    return CONTENT


def one(who: Identity | None = None, *, attached: bool = True, data: bytes = CONTENT, **unusual: Any) -> bytes:
    """One signer over the content."""
    who = who or pki().signer
    return of(signer_info(who, data, **unusual), who, attached=attached, data=data)


def of(info: cms.SignerInfo, *people: Identity, attached: bool = True, data: bytes = CONTENT, **more: Any) -> bytes:
    return wrapped(signed_data([info], data if attached else None, people or (pki().signer,), **more))


def armored(name: str) -> bytes:
    return bytes(pem.armor(name, one()))


def _two(*broken: int) -> bytes:
    people = (pki().signer, pki().second)
    infos = [signer_info(who, OTHER if number in broken else CONTENT) for number, who in enumerate(people)]
    return wrapped(signed_data(infos, CONTENT, people))


def _plain(who: Identity, data: bytes = CONTENT) -> bytes:
    return one(who, data=data, held=False)


def _changed(before: bytes, after: bytes) -> bytes:
    good = one()
    assert before in good
    return good.replace(before, after, 1)


def _signature_of_another() -> bytes:
    info = signer_info(pki().signer, CONTENT)
    info["signature"] = signer_info(pki().signer, OTHER)["signature"].native
    return of(info)


@cache
def _twin() -> Identity:
    """Another certificate over the same key by the same office: the swap that only the signed attribute tells."""
    new = issue("Kembaran", pki().office)
    builder = x509.CertificateBuilder(
        issuer_name=pki().office.certificate.subject,
        subject_name=new.certificate.subject,
        public_key=pki().signer.key.public_key(),
        serial_number=pki().signer.certificate.serial_number,
        not_valid_before=AT - YEAR,
        not_valid_after=AT + YEAR,
        extensions=list(pki().signer.certificate.extensions),
    )
    return Identity(builder.sign(pki().office.key, hashes.SHA256()), pki().signer.key, pki().signer.above)


def _swapped() -> bytes:
    return wrapped(signed_data([signer_info(pki().signer, CONTENT)], CONTENT, [_twin()]))


def _twins_both() -> bytes:
    return wrapped(_both_twins(signer_info(pki().signer, CONTENT)))


def _both_twins(info: cms.SignerInfo) -> cms.SignedData:
    signed = signed_data([info], CONTENT, [_twin()])
    every = [*signed["certificates"], cms.CertificateChoices(name="certificate", value=certificate(pki().signer))]
    signed["certificates"] = every
    return signed


def _attribute_changed() -> bytes:
    """The time in the signed attributes moved by a year."""
    good = one()
    before = SIGNED_AT.strftime("%y%m%d").encode()
    assert before in good
    return good.replace(before, b"25" + before[2:], 1)


def _repeated() -> bytes:
    twice = attribute("message_digest", digest("sha256", OTHER))
    return one(extra=[twice])


def _attributes_as_content() -> bytes:
    """The signed attributes of a signature, passed off as a document that was signed without attributes."""
    info = signer_info(pki().signer, CONTENT)
    forged = info["signed_attrs"].untag().dump()
    bare = cms.SignerInfo({key: info[key] for key in ("version", "sid", "digest_algorithm", "signature_algorithm")})
    bare["signature"] = info["signature"].native
    return of(bare, data=forged)


def _protection(algorithm: str) -> bytes:
    claimed = {"digest_algorithm": {"algorithm": "sha256"}, "signature_algorithm": {"algorithm": algorithm}}
    return one(extra=[attribute("cms_algorithm_protection", cms.CMSAlgorithmProtection(claimed))])


def _stamped(
    who: Identity, tsa: Identity, *, at: datetime = SIGNED_AT, over: bytes | None = None, **more: Any
) -> bytes:
    return of(stamped(signer_info(who, CONTENT, **{"at": at, **more}), tsa, at=at, over=over), who)


def _late_claim() -> bytes:
    return of(stamped(signer_info(pki().signer, CONTENT), pki().tsa, at=SIGNED_AT - DAY))


def _content_stamped(data: bytes) -> bytes:
    made = token(pki().tsa, digest("sha256", data), at=SIGNED_AT - DAY)
    return one(extra=[attribute("1.2.840.113549.1.9.16.2.20", made)])


def _countersigned(over: bytes | None = None, **unusual: Any) -> bytes:
    info = signer_info(pki().signer, CONTENT)
    counter = signer_info(pki().second, over or info["signature"].native, content_type=None, **unusual)
    return of(with_unsigned(info, attribute("1.2.840.113549.1.9.6", counter)), pki().signer, pki().second)


def _countersigned_deep(depth: int) -> bytes:
    def within(info: cms.SignerInfo, left: int) -> cms.SignerInfo:
        if not left:
            return info
        counter = within(signer_info(pki().second, info["signature"].native, content_type=None), left - 1)
        return with_unsigned(info, attribute("1.2.840.113549.1.9.6", counter))

    return of(within(signer_info(pki().signer, CONTENT), depth), pki().signer, pki().second)


def _nested(inner: bytes) -> bytes:
    body = cms.ContentInfo.load(inner)["content"].untag().dump()
    info = signer_info(pki().second, body, content_type="signed_data")
    return wrapped(signed_data([info], body, [pki().second], content_type="signed_data"))


def _nested_deep(depth: int) -> bytes:
    made = one()
    for _ in range(depth):
        made = _nested(made)
    return made


def _long_term(who: Identity, *, at: datetime = SIGNED_AT, days: int = 30) -> bytes:
    crl = pki().office_crl(at=at, days=days)
    return of(stamped(signer_info(who, CONTENT, at=at), pki().tsa, at=at), who, crls=[crl])


def answer(who: Identity) -> bytes:
    """An OCSP answer: good."""
    built = (
        answers.OCSPResponseBuilder()
        .add_response(
            who.certificate, who.above[0], hashes.SHA256(), answers.OCSPCertStatus.GOOD, AT - DAY, AT + DAY, None, None
        )
        .responder_id(answers.OCSPResponderEncoding.HASH, pki().responder.certificate)
        .certificates([pki().responder.certificate])
    )  # fmt: skip
    response = built.sign(pki().responder.key, hashes.SHA256())
    return response.public_bytes(serialization.Encoding.DER)


def _ocsp_within() -> bytes:
    """RFC 5940: the OCSP answer in SignedData.crls."""
    value = {
        "other_rev_info_format": "ocsp_response",
        "other_rev_info": ocsp.OCSPResponse.load(answer(pki().declared)),
    }
    return of(signer_info(pki().declared, CONTENT), pki().declared, others=[cms.OtherRevocationInfoFormat(value)])


def _values_attribute(kind: str) -> bytes:
    """certificate-values and revocation-values in the unsigned attributes; nothing else came along."""
    who = pki().declared
    basic = ocsp.OCSPResponse.load(answer(who))["response_bytes"]["response"].parsed.dump()
    held = {"crl": (0, pki().office_crl()), "ocsp": (1, basic)}[kind]
    explicit = core.SequenceOf([core.Any.load(held[1])], spec=core.Any).dump()
    values = _sequence(_explicit(held[0], explicit))
    chain = _sequence(who.der)
    info = with_unsigned(
        signer_info(who, CONTENT),
        attribute("1.2.840.113549.1.9.16.2.23", chain),
        attribute("1.2.840.113549.1.9.16.2.24", values),
    )
    return wrapped(signed_data([info], CONTENT, []))


def _explicit(number: int, body: bytes) -> bytes:
    return core.Any.load(core.OctetString(body).dump()).dump().replace(b"\x04", bytes([0xA0 | number]), 1)


def _sequence(body: bytes) -> bytes:
    return core.OctetString(body).dump().replace(b"\x04", b"\x30", 1)


def _archived(**unusual: Any) -> bytes:
    who = pki().declared
    info = stamped(signer_info(who, CONTENT), pki().tsa)
    return wrapped(archived(info, CONTENT, [who], [pki().office_crl(at=SIGNED_AT)], pki().tsa, **unusual))


def _archive_v2() -> bytes:
    info = signer_info(pki().signer, CONTENT)
    made = token(pki().tsa, digest("sha256", CONTENT))
    return of(with_unsigned(info, attribute("1.2.840.113549.1.9.16.2.48", made)))


def _many(number: int) -> bytes:
    info = signer_info(pki().curved, CONTENT)
    infos = [cms.SignerInfo.load(info.dump()) for _ in range(number)]
    signed = signed_data([info], CONTENT, [pki().curved])
    signed["signer_infos"] = infos
    return wrapped(signed)


def _deep(levels: int) -> bytes:
    return b"\x30\x80" * levels


def _long() -> bytes:
    """A length of nearly all the memory there is."""
    return b"\x30\x88\x7f\xff\xff\xff\xff\xff\xff\xff" + one()[4:]


def _md5_plain() -> bytes:
    return one(name="md5")


def _authenticated() -> bytes:
    value = {
        "version": "v0",
        "recipient_infos": [],
        "mac_algorithm": {"algorithm": "sha256"},
        "encap_content_info": {"content_type": "data", "content": CONTENT},
        "mac": bytes(32),
    }
    return wrapped(cms.AuthenticatedData(value), "authenticated_data")


def _enveloped() -> bytes:
    inner = {
        "content_type": "data",
        "content_encryption_algorithm": {"algorithm": "aes256_cbc", "parameters": bytes(16)},
    }
    value = {"version": "v0", "recipient_infos": [], "encrypted_content_info": inner}
    return wrapped(cms.EnvelopedData(value), "enveloped_data")


def _token_alone() -> bytes:
    return bytes(token(pki().tsa, digest("sha256", CONTENT)).dump())


def _two_digests() -> bytes:
    """Attributes hashed by another digest than the content: RFC 8933 forbids it."""
    info = signer_info(pki().signer, CONTENT, algorithm={"algorithm": "sha512_rsa"})
    info["signature"] = raw(pki().signer, info["signed_attrs"].untag().dump(), "sha512")
    return of(info)


@cache
def of_now() -> Identity:
    """A signer for programs that take the time from the clock."""
    now = datetime.now(UTC).replace(microsecond=0)
    return issue("Penanda Sekarang", pki().office, begin=now - DAY, end=now + YEAR)


def openssl(*options: str, who: Callable[[], Identity] = of_now, command: str = "cms") -> bytes:
    """Signed by the program `openssl`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "content").write_bytes(CONTENT)
        (folder / "signer.pem").write_bytes(who().pem)
        (folder / "key.pem").write_bytes(who().key_pem)
        line = ["openssl", command, "-sign", "-binary", "-in", "content", "-signer", "signer.pem", "-inkey", "key.pem"]
        line += ["-outform", "DER", "-out", "signed", *options]
        subprocess.run(line, cwd=folder, check=True, capture_output=True, timeout=30)
        return (folder / "signed").read_bytes()


def _now() -> datetime:
    return datetime.now(UTC)


SOON = datetime.now(UTC) + DAY / 24
_UNPROVEN = ("time_unproven",)

GOOD = (
    Case("attached", one, "valid", _UNPROVEN, level="B-B", signatures=1),
    Case("detached", lambda: one(attached=False), "valid", level="B-B", beside=content),
    Case("attached_and_beside", one, "valid", beside=content),
    Case("pem", lambda: armored("PKCS7"), "valid"),
    Case("pem_cms", lambda: armored("CMS"), "valid"),
    Case("pem_in_white_space", lambda: b"\n\r\n  " + armored("CMS").replace(b"\n", b"\r\n") + b"\n\n", "valid"),
    Case("base64", lambda: base64.encodebytes(one()), "valid"),
    Case("streamed_ber", lambda: streamed(one()), "valid"),
    Case("two_signers", _two, "valid", signatures=2),
    Case("ec", lambda: one(pki().curved), "valid"),
    Case("ec_384", lambda: one(pki().curved, name="sha384"), "valid"),
    Case("edwards", lambda: one(pki().edwards, name="sha512"), "valid"),
    Case("pss", lambda: one(pss=True), "valid"),
    Case("by_key_identifier", lambda: one(by_key=True), "valid"),
    Case("without_attributes", lambda: _plain(pki().signer), "valid", signatures=1),
    Case("without_attributes_ec", lambda: _plain(pki().curved), "valid"),
    Case("without_attributes_edwards", lambda: _plain(pki().edwards), "valid"),
    Case("without_certificate_binding", lambda: one(ess=None), "valid"),
    Case("twin_beside_the_bound_one", _twins_both, "valid"),
    Case("protected_algorithms", lambda: _protection("sha256_rsa"), "valid"),
    Case("countersigned", _countersigned, "valid", signatures=2),
    Case("signature_of_a_signature", lambda: _nested(one()), "valid", signatures=2),
    Case("timestamped", lambda: _stamped(pki().signer, pki().tsa), "valid", level="B-T", never=_UNPROVEN),
    Case("content_timestamped", lambda: _content_stamped(CONTENT), "valid", _UNPROVEN, level="B-B"),
    Case("long_term", lambda: _long_term(pki().declared, at=AT), "valid", level="B-LT", tags=BARE),
    Case("ocsp_within", _ocsp_within, "valid", tags=BARE),
    Case("revocation_values_crl", lambda: _values_attribute("crl"), "valid", tags=BARE),
    Case("revocation_values_ocsp", lambda: _values_attribute("ocsp"), "valid", tags=BARE),
    Case("archived", _archived, "valid", level="B-LTA"),
    Case("expired_but_timestamped", lambda: _stamped(pki().expired, pki().tsa, at=AT - 2 * YEAR),
         "valid", ("expired_later",), level="B-T", tags=BARE),
    Case("revoked_after_timestamp", lambda: _stamped(pki().revoked, pki().tsa, at=AT - 40 * DAY),
         "valid", ("revoked_later",), level="B-T"),
    Case("empty_content", lambda: one(data=b""), "valid"),
    Case("clock_a_little_ahead", lambda: one(at=AT + DAY / 1000), "valid"),
    Case("openssl", lambda: openssl("-nodetach"), "valid", signatures=1, at=SOON, tags=BARE),
    Case("openssl_cades", lambda: openssl("-nodetach", "-cades"), "valid", level="B-B", at=SOON, tags=BARE),
    Case("openssl_detached", openssl, "valid", beside=content, at=SOON, tags=BARE),
    Case("openssl_streamed", lambda: openssl("-nodetach", "-stream"), "valid", at=SOON, tags=BARE),
    Case("openssl_indefinite", lambda: openssl("-nodetach", "-indef"), "valid", at=SOON, tags=BARE),
    Case("openssl_noattr", lambda: openssl("-nodetach", "-noattr"), "valid", at=SOON, tags=BARE),
    Case("openssl_pss", lambda: openssl("-nodetach", "-keyopt", "rsa_padding_mode:pss"), "valid", at=SOON, tags=BARE),
    Case("openssl_smime", lambda: openssl("-nodetach", command="smime"), "valid", at=SOON, tags=BARE),
)  # fmt: skip

BAD = (
    *(
        Case(f"pem_{name}", lambda make=make: make(armored("CMS")), "invalid", ("format_broken",), signatures=0)
        for name, make in {
            "text_before": lambda block: b"Bayar ke rekening 123\n" + block,
            "text_after": lambda block: block + b"\nBayar ke rekening 123\n",
            "text_behind_begin": lambda block: block.replace(b"CMS-----\n", b"CMS-----bayar!\n", 1),
            "header": lambda block: block.replace(b"CMS-----\n", b"CMS-----\nPesan: bayar\n\n", 1),
            "junk_within": lambda block: block.replace(b"\n", b"\n!!!", 2),
            "two_blocks": lambda block: block + block,
            "two_blocks_one_broken": lambda block: block + bytes(pem.armor("CMS", _changed(b"nomor 12", b"nomor 13"))),
            "block_of_another_kind": lambda block: block + pki().signer.pem,
            "another_end": lambda block: block.replace(b"END CMS", b"END PKCS7"),
            "no_end": lambda block: block[: block.index(b"-----END")],
        }.items()
    ),
    Case("pem_value_and_more", lambda: bytes(pem.armor("CMS", one() + b"lagi")), "invalid", ("format_broken",)),
    Case("base64_and_text", lambda: base64.encodebytes(one()) + b"Bayar!", "invalid", ("format_broken",),
         signatures=0),
    Case("base64_twice", lambda: base64.encodebytes(one()) * 2, "invalid", ("format_broken",)),
    Case("content_changed", lambda: _changed(b"nomor 12", b"nomor 13"), "invalid", ("hash_mismatch",),
         sub_indication="HASH_FAILURE"),
    Case("detached_from_another", lambda: one(attached=False, data=OTHER), "invalid", ("hash_mismatch",),
         sub_indication="HASH_FAILURE", beside=content),
    Case("beside_is_another", one, "invalid", ("hash_mismatch",), beside=lambda: OTHER),
    Case("content_missing", lambda: one(attached=False), "indeterminate", ("content_missing",),
         sub_indication="SIGNED_DATA_NOT_FOUND"),
    Case("signature_swapped", _signature_of_another, "invalid", ("signature_broken",),
         sub_indication="SIG_CRYPTO_FAILURE"),
    Case("signed_by_another_key", lambda: one(signs=pki().second), "invalid", ("signature_broken",),
         sub_indication="SIG_CRYPTO_FAILURE"),
    Case("certificate_swapped", _swapped, "invalid", ("certificate_mismatch",), sub_indication="SIG_CRYPTO_FAILURE"),
    Case("bound_to_another", lambda: one(ess_of=pki().second), "invalid", ("certificate_mismatch",)),
    Case("attribute_changed", _attribute_changed, "invalid", ("signature_broken",)),
    Case("attribute_repeated", _repeated, "invalid", ("format_broken",)),
    Case("wrong_content_type", lambda: one(content_type="enveloped_data"), "invalid", ("format_broken",)),
    Case("no_content_type", lambda: one(content_type=None), "invalid", ("format_broken",)),
    Case("attributes_as_content", _attributes_as_content, "invalid", ("unsafe",)),
    Case("algorithms_not_as_signed", lambda: _protection("sha512_rsa"), "invalid", ("format_broken",)),
    Case("two_digests", _two_digests, "invalid", ("format_broken",)),
    Case("one_of_two_broken", lambda: _two(1), "invalid", ("hash_mismatch",), signatures=2),
    Case("counter_signature_of_another", lambda: _countersigned(b"other"), "invalid", ("hash_mismatch",), signatures=2),
    Case("counter_signature_broken", lambda: _countersigned(signs=pki().signer), "invalid", ("signature_broken",)),
    Case("counter_signatures_too_deep", lambda: _countersigned_deep(6), "invalid", ("unsafe",), signatures=4),
    Case("broken_within_a_signature", lambda: _nested(_changed(b"nomor 12", b"nomor 13")), "invalid",
         ("hash_mismatch",), signatures=2),
    Case("nested_too_deep", lambda: _nested_deep(5), "indeterminate", ("too_large",)),
    Case("expired", lambda: one(pki().expired, at=AT - 2 * YEAR), "indeterminate", ("expired",),
         sub_indication="OUT_OF_BOUNDS_NO_POE"),
    Case("expired_when_timestamped", lambda: _stamped(pki().expired, pki().tsa), "invalid", ("expired_at_signing",),
         sub_indication="EXPIRED", tags=BARE),
    Case("not_yet_valid", lambda: one(pki().future), "invalid", ("not_yet_valid",), sub_indication="NOT_YET_VALID"),
    Case("revoked", lambda: one(pki().revoked), "indeterminate", ("revoked",), sub_indication="REVOKED_NO_POE"),
    Case("revoked_before_timestamp", lambda: _stamped(pki().revoked, pki().tsa), "invalid", ("revoked_before",),
         sub_indication="REVOKED"),
    Case("revocation_unknown", lambda: one(pki().declared), "indeterminate", ("revocation_unknown",),
         sub_indication="TRY_LATER", tags=BARE),
    Case("unknown_authority", lambda: one(pki().stranger), "indeterminate", ("unknown_authority",),
         sub_indication="NO_CERTIFICATE_CHAIN_FOUND"),
    Case("wrong_usage", lambda: one(pki().encipherer), "indeterminate", ("wrong_usage",),
         sub_indication="CHAIN_CONSTRAINTS_FAILURE"),
    Case("weak_key", lambda: one(pki().weak), "indeterminate", ("weak_algorithm",),
         sub_indication="CRYPTO_CONSTRAINTS_FAILURE"),
    Case("sha1", lambda: one(name="sha1"), "indeterminate", ("weak_algorithm",)),
    Case("sha1_without_attributes", lambda: one(name="sha1", held=False), "indeterminate", ("weak_algorithm",)),
    Case("sha1_binding", lambda: one(ess="v1"), "indeterminate", ("weak_algorithm",)),
    Case("md5", _md5_plain, "indeterminate", ("weak_algorithm",)),
    Case("no_certificate", lambda: wrapped(signed_data([signer_info(pki().signer, CONTENT)], CONTENT, [])),
         "indeterminate", ("no_certificate",), sub_indication="NO_SIGNING_CERTIFICATE_FOUND"),
    Case("no_certificate_and_changed",
         lambda: wrapped(signed_data([signer_info(pki().signer, OTHER)], CONTENT, [])), "invalid",
         ("no_certificate", "hash_mismatch")),
    Case("timestamp_of_another", lambda: _stamped(pki().signer, pki().tsa, over=b"other"), "indeterminate",
         ("timestamp_broken", "time_unproven")),
    Case("timestamp_untrusted", lambda: _stamped(pki().signer, pki().foreign_tsa), "valid",
         ("timestamp_untrusted", "time_unproven"), level="B-T"),
    Case("timestamp_by_no_authority", lambda: _stamped(pki().signer, pki().second), "valid",
         ("timestamp_untrusted", "time_unproven")),
    Case("content_timestamp_of_another", lambda: _content_stamped(OTHER), "indeterminate", ("timestamp_broken",)),
    Case("archive_of_another", lambda: _archived(other_content=OTHER), "indeterminate", ("timestamp_broken",)),
    Case("archive_index_too_long", lambda: _archived(extra_hash=b"gone"), "indeterminate", ("timestamp_broken",)),
    Case("archive_v2", _archive_v2, "indeterminate", ("unsupported",)),
    Case("signed_in_the_future", lambda: one(at=AT + DAY), "indeterminate", ("time_in_future",)),
    Case("signed_after_its_timestamp", lambda: _late_claim(), "indeterminate",
         ("time_order",)),
    Case("certificates_alone", lambda: wrapped(signed_data([], None, [pki().signer])), "unsigned", ("unsigned",),
         signatures=0),
    Case("authenticated_by_secret", _authenticated, "invalid", ("no_key_signature",), signatures=0),
    Case("enveloped", _enveloped, "indeterminate", ("unsupported",), signatures=0),
    Case("token_alone", _token_alone, "indeterminate", ("unsupported",)),
    Case("bytes_behind", lambda: one() + b"more", "invalid", ("format_broken",), signatures=1),
    Case("truncated", lambda: one()[:-20], "invalid", ("format_broken",), signatures=0),
    Case("truncated_ber", lambda: streamed(one())[:-6], "invalid", ("format_broken",), signatures=0),
    Case("many_signers", lambda: _many(3000), "indeterminate", ("too_large",), signatures=64),
    Case("deep", lambda: _deep(100_000), "invalid", ("unsafe",), signatures=0),
    Case("long", _long, "invalid", ("format_broken",), signatures=0),
    Case("empty", lambda: b"", "invalid", ("format_broken",), signatures=0),
    Case("noise", lambda: bytes(range(256)) * 9, "invalid", ("format_broken",), signatures=0),
    Case("pem_of_something_else", lambda: pki().signer.pem, "invalid", ("format_broken",), signatures=0),
)  # fmt: skip

CASES = (*GOOD, *BAD)
