"""Signatures in PDF files (PAdES, ETSI EN 319 142-1; ISO 32000-2, section 12.8).

Enters: a PDF. Leaves: an `Outcome` with each signature of its fields in order. Refuses: nothing; what cannot be read is
a finding.

1. Each filled signature field is looked at by itself: one broken field hides no other.
2. Its byte range must begin at 0, and leave out exactly its own /Contents, nothing else.
3. It must reach the end of a revision. What was added later is compared with what its signer allows (DocMDP), and must
   be known to the last byte (`pdf_tail`): what a viewer may find and the reader does not know of is a change.
4. Later document timestamps prove that the earlier signatures existed, with the revocation data of their revision.

The home of pyHanko's PDF reader.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from asn1crypto import cms, x509
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields
from pyhanko.sign.validation import DocumentSecurityStore, EmbeddedPdfSignature
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.status import SignatureCoverageLevel

from gateway.signatures.chain import Known
from gateway.signatures.cms import examine_signed_data
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.examined import Examined, Outcome, Token
from gateway.signatures.findings import Finding, found
from gateway.signatures.material import Bounds, Material, TooLarge
from gateway.signatures.pdf_tail import is_known

_DETACHED = {"/ETSI.CAdES.detached": "PAdES", "/adbe.pkcs7.detached": "PDF PKCS#7"}
_STAMP = "/ETSI.RFC3161"
MOST_FIELDS = 20_000

# pyHanko tells of every oddity of a file in the log, with its names; the verdict tells it instead.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


@dataclass
class _Field:
    """One filled signature field. `gap` are the offsets of its /Contents in the file."""

    signature: EmbeddedPdfSignature
    name: str
    subfilter: str
    range: tuple[int, int, int, int]
    faults: list[Finding]

    @property
    def is_stamp(self) -> bool:
        return self.subfilter == _STAMP

    @property
    def revision(self) -> int:
        return int(self.signature.signed_revision)


def examine(material: Material, beside: Material | None = None, bounds: Bounds = Bounds()) -> Outcome:
    """All signatures of a PDF. `beside` is not looked at: a PDF carries its signatures itself."""
    outcome = Outcome("pdf")
    try:
        data = material.whole(bounds.pdf_bytes)
    except TooLarge as error:
        outcome.findings.append(found("too_large", str(error)))
        return outcome
    return _read(data, bounds)


def _read(data: bytes, bounds: Bounds) -> Outcome:
    """Read as it should be written; where that fails, as it can be read, which leaves open what others see in it."""
    strict = _attempt(data, bounds, strict=True)
    if not any(one.code == "format_broken" for one in strict.findings):
        return strict
    lenient = _attempt(data, bounds, strict=False)
    if any(one.code == "format_broken" for one in lenient.findings):
        return lenient
    if lenient.signatures:
        lenient.findings.append(found("ambiguous_structure"))
    return lenient


def _attempt(data: bytes, bounds: Bounds, *, strict: bool) -> Outcome:
    outcome = Outcome("pdf")
    try:
        _examine(data, outcome, bounds, strict=strict)
    except Exception as error:  # a PDF reader meets anything in a file that was made to break it
        outcome.findings.append(_fault(error))
    return outcome


def _fault(error: Exception) -> Finding:
    if isinstance(error, (RecursionError, MemoryError)):
        return found("too_costly")
    return found("format_broken", "as a PDF")


def _examine(data: bytes, outcome: Outcome, bounds: Bounds, *, strict: bool) -> None:
    reader = PdfFileReader(io.BytesIO(data), strict=strict)
    if reader.encrypted and reader.decrypt(b"").status == AuthStatus.FAILED:
        outcome.findings.append(found("unsupported", "the file is encrypted with a password"))
        return
    if reader.xrefs.hybrid_xrefs_present:
        outcome.findings.append(found("unsupported", "two cross-reference tables at once"))
    _walk(reader)
    fields = _fields(reader, data, outcome, bounds)
    known = _stored(reader, outcome)
    stamps = [one for one in fields if one.is_stamp]
    signatures = [one for one in fields if not one.is_stamp]
    last = max((one.revision for one in signatures), default=-1)
    for field in signatures:
        examined = _examined(field, data, field.revision == last)
        for one in examined:
            one.embedded = _together(one.embedded, known)
            one.tokens += [_token(reader, stamp, data) for stamp in stamps if stamp.revision > field.revision]
        outcome.signatures += examined
    if signatures and not _ends(data, reader, signatures):
        outcome.findings.append(found("changed_after", "bytes stand behind it that belong to no revision"))
    for stamp in stamps:
        if stamp.faults or not any(one.revision < stamp.revision for one in signatures):
            outcome.signatures.append(_alone(stamp, data, known, stamp.revision > last))


def _ends(data: bytes, reader: PdfFileReader, signatures: list[_Field]) -> bool:
    """Whether what stands behind the last signature is known to the last byte."""
    last = max(signatures, key=lambda one: one.range[2] + one.range[3])
    return is_known(data, reader, last.range[2] + last.range[3], last.revision)


def _walk(reader: PdfFileReader) -> None:
    """Every field of the form once: one that stands twice, or too many, would be walked for ever."""
    waiting: list[Any] = []
    if "/AcroForm" in reader.root and "/Fields" in (form := reader.root["/AcroForm"]):
        waiting += form["/Fields"]
    seen: set[Any] = set()
    while waiting:
        one = waiting.pop()
        reference = getattr(one, "reference", None)
        if reference in seen or len(seen) > MOST_FIELDS:
            raise ValueError("a form that is no tree")
        seen.add(reference if reference is not None else object())
        field = one.get_object()
        waiting += list(field["/Kids"]) if "/Kids" in field else []


def _fields(reader: PdfFileReader, data: bytes, outcome: Outcome, bounds: Bounds) -> list[_Field]:
    """The filled fields in the order of their revisions."""
    fields: list[_Field] = []
    for name, value, field in enumerate_sig_fields(reader, filled_status=True):
        if len(fields) >= bounds.signatures:
            outcome.findings.append(found("too_large", f"more than {bounds.signatures} signatures"))
            break
        try:
            fields.append(_field(reader, data, str(name), value.get_object(), field))
        except Exception:  # the same: one broken field must not hide the others
            outcome.findings.append(found("format_broken", f"signature field {len(fields) + 1}"))
    return sorted(fields, key=lambda one: one.revision)


def _field(reader: PdfFileReader, data: bytes, name: str, value: Any, field: Any) -> _Field:
    subfilter = str(value.get("/SubFilter", ""))
    signature = EmbeddedPdfSignature(reader, field, name)
    numbers = [int(one) for one in signature.byte_range]
    faults: list[Finding] = []
    if not _is_padded(signature):
        faults.append(found("not_covered", "bytes stand behind the signature in its own place"))
    if len(numbers) != 4 or not _fits(numbers, data, signature.pkcs7_content):
        faults.append(found("not_covered", "its byte range leaves out more than the signature itself"))
        numbers = [*numbers, 0, 0, 0, 0][:4]
    if subfilter != _STAMP and subfilter not in _DETACHED:
        faults.append(found("unsupported", "this kind of PDF signature"))
    first, length, second, rest = numbers
    return _Field(signature, label(name), subfilter, (first, length, second, rest), faults)


def _is_padded(signature: EmbeddedPdfSignature) -> bool:
    """Whether nothing but zeros fills the place that the signature leaves free. In BER its end is not looked for."""
    content = signature.pkcs7_content
    if content[1:2] == b"\x80":
        return True
    size = len(cms.ContentInfo.load(content).dump())
    return not content[size:].strip(b"\x00")


def _fits(numbers: list[int], data: bytes, contents: bytes) -> bool:
    """Whether what the byte range leaves out is the hexadecimal text of /Contents and nothing else."""
    first, length, second, rest = numbers
    if first != 0 or length < 0 or rest < 0 or not length < second <= second + rest <= len(data):
        return False
    gap = data[length:second]
    if not (gap.startswith(b"<") and gap.endswith(b">")):
        return False
    try:
        return bytes.fromhex(gap[1:-1].decode("ascii")) == contents
    except (ValueError, UnicodeDecodeError):
        return False


def _digest(data: bytes, numbers: tuple[int, int, int, int], name: str) -> bytes:
    first, length, second, rest = numbers
    view = memoryview(data)
    return digest_of(name, [view[first : first + length], view[second : second + rest]])


def _examined(field: _Field, data: bytes, last: bool) -> list[Examined]:
    format = _DETACHED.get(field.subfilter, "PDF signature")
    covers, changes = _coverage(field, last)
    if field.subfilter not in _DETACHED:
        return [Examined(format, covers, field.name, findings=[*field.faults, *changes])]
    digest: Callable[[str], bytes] = partial(_digest, data, field.range)
    found_here = examine_signed_data(field.signature.signed_data, digest, format=format, covers=covers, name=field.name)
    for one in found_here:
        one.findings += [*field.faults, *changes]
        one.claimed_at = one.claimed_at or _claimed(field.signature)
        if field.faults:
            one.integrity = "broken"
    return found_here


def _claimed(signature: EmbeddedPdfSignature) -> datetime | None:
    """The signing time of the signature dictionary (/M), where the CMS has none."""
    try:
        claimed = signature.self_reported_timestamp
    except Exception:  # any text may stand where a date should
        return None
    if not isinstance(claimed, datetime):
        return None
    return claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)


def _coverage(field: _Field, last: bool) -> tuple[str, list[Finding]]:
    """What the signature covers, in words, and what was added after it."""
    signature = field.signature
    level = signature.evaluate_signature_coverage()
    signature.coverage = level  # type: ignore[assignment]
    total = int(signature.reader.xrefs.total_revisions)
    if level == SignatureCoverageLevel.ENTIRE_FILE and not field.faults:
        return "the whole file", []
    if level < SignatureCoverageLevel.ENTIRE_REVISION:
        return "a part of the file", [found("not_covered")]
    words = f"revision {field.revision + 1} of {total}"
    return words, _changes(signature, last)


def _changes(signature: EmbeddedPdfSignature, last: bool) -> list[Finding]:
    try:
        result = signature.evaluate_modifications(DEFAULT_DIFF_POLICY)
        allowed = signature.docmdp_level
    except Exception:  # the comparison reads all objects of all revisions
        return [found("changed_after", "and the change cannot be read")]
    level = result.modification_level if isinstance(result, DiffResult) else ModificationLevel.OTHER
    if level <= ModificationLevel.LTA_UPDATES:
        return []
    if level == ModificationLevel.OTHER or (allowed is not None and level.value > allowed.value):
        return [found("changed_after")]
    if not last:
        # What stands between two signatures is signed by the later one; the earlier did not forbid it.
        return [] if level == ModificationLevel.FORM_FILLING else [found("change_allowed")]
    if allowed is None or allowed == MDPPerm.NO_CHANGES:
        return [found("changed_after", "after its last signature, which allows no change")]
    return [found("change_allowed")]


def _token(reader: PdfFileReader, stamp: _Field, data: bytes) -> Token:
    """A document timestamp, as the proof of what stands before it."""
    whole = not stamp.faults and stamp.signature.evaluate_signature_coverage() >= SignatureCoverageLevel.ENTIRE_REVISION
    imprint: Callable[[str], bytes | None] = partial(_digest, data, stamp.range) if whole else _nothing
    store = _dss(reader.get_historical_resolver(stamp.revision))
    return Token("document", stamp.signature.signed_data, imprint, bool(store.crls or store.ocsps), stamp.revision)


def _nothing(name: str) -> bytes | None:
    return None


def _alone(stamp: _Field, data: bytes, known: Known, last: bool) -> Examined:
    """A document timestamp that proves no signature: the file is only dated by it."""
    covers, changes = _coverage(stamp, last)
    one = Examined("PDF document timestamp", covers, stamp.name, embedded=known, baseline=False, purpose="timestamps")
    signed = stamp.signature.signed_data
    read = examine_signed_data(signed, _own_content(signed), format=one.format, covers=covers, expected_type="tst_info")
    if read:
        one.signer, one.integrity, one.digests = read[0].signer, read[0].integrity, read[0].digests
        one.algorithms, one.embedded = read[0].algorithms, _together(read[0].embedded, known)
        one.findings += read[0].findings
    one.tokens = [Token("document", signed, partial(_digest, data, stamp.range))]
    one.findings += [*stamp.faults, *changes]
    return one


def _own_content(signed: cms.SignedData) -> Callable[[str], bytes | None]:
    content = bytes(signed["encap_content_info"]["content"])
    return lambda name: digest_of(name, [content])


def _stored(reader: PdfFileReader, outcome: Outcome) -> Known:
    try:
        return _dss(reader)
    except Exception:  # the store is no part of a signature: without it the signatures still stand
        outcome.findings.append(found("format_broken", "its store of certificates and revocation data"))
        return Known()


def _dss(handler: Any) -> Known:
    """Certificates, CRLs and OCSP answers of the document security store (EN 319 142-1, section 5.4)."""
    try:
        store = DocumentSecurityStore.read_dss(handler)
    except NoDSSFoundError:
        return Known()
    certificates = tuple(_certificates(store))
    ocsps = tuple(one.get_object().data for one in store.ocsps)
    return Known(certificates, tuple(one.get_object().data for one in store.crls), ocsps)


def _certificates(store: DocumentSecurityStore) -> list[x509.Certificate]:
    return [x509.Certificate.load(one.get_object().data) for one in store.certs.values()]


def _together(one: Known, other: Known) -> Known:
    return Known(one.certificates + other.certificates, one.crls + other.crls, one.ocsps + other.ocsps)


def label(name: str) -> str:
    """A field's name as a verdict tells it."""
    return "".join(char for char in name if char.isprintable())[:60]
