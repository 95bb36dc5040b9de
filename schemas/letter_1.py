"""letter/1: an official letter (naskah dinas) and what belongs to it.

Enters: the head of the letter, its people, its files by reference. Leaves: Letter1. Refuses: a letter without number
that is not declared a draft, and a recipient who is nobody. `Sifat` means security in one agency and urgency in
another: the schema holds both apart and keeps the source's word in rawSifat.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.document import Document, Group, one_of_required
from schemas.marks import Many, Maybe, personal, public
from schemas.primitives import (
    CivilDate,
    Code,
    GivenNumber,
    LongText,
    Name,
    Nip,
    Sha256,
    ShortText,
    Uuid,
    XmlText,
    Years,
)
from schemas.references import OrganisationRef, PartRef

Urgency = Literal["biasa", "segera", "sangat_segera"]


class Recipient(Group):
    """Somebody a letter is addressed or copied to: an organisation, a post or a person."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("organisation", "person_name")

    kind: Annotated[Literal["internal", "srikandi", "non_srikandi"], public("How the recipient is reached")]
    organisation: Annotated[Maybe[OrganisationRef], public("Organisation or post", "tujuan")] = None
    person_name: Annotated[Maybe[Name], personal("Person addressed", "Yth.")] = None

    @model_validator(mode="after")
    def _is_somebody(self) -> Recipient:
        one_of_required(self)
        return self


class Signatory(Group):
    """Somebody who signs or initials; the NIK appears only as a keyed digest."""

    name: Annotated[Name, personal("Name", "nama")]
    nip: Annotated[Maybe[Nip], personal("Employee number", "NIP", "nip")] = None
    position: Annotated[Maybe[ShortText], public("Post", "jabatan")] = None
    acting_mode: Annotated[Maybe[Literal["an", "ub", "plt", "plh"]], public("Acting for", "a.n./u.b./Plt./Plh.")] = None
    nik_digest: Annotated[Maybe[Sha256], personal("Keyed digest of the NIK, never a bare one")] = None


class Retention(Group):
    """How long the record is kept and what becomes of it."""

    active_years: Annotated[Maybe[Years], public("Years in active use", "aktif")] = None
    inactive_years: Annotated[Maybe[Years], public("Years at rest", "inaktif")] = None
    disposal: Annotated[Maybe[ShortText], public("Final fate", "nasib akhir")] = None


class Attachment(Group):
    """What is enclosed: as the letter's head says it, and as a file if there is one."""

    declared_text: Annotated[Maybe[ShortText], public("As the head says it, such as 1 berkas", "lampiran")] = None
    file: Annotated[Maybe[PartRef], personal("The enclosed file", "berkas")] = None


class Disposition(Group):
    """An instruction written on a letter that came in."""

    from_: Annotated[OrganisationRef, public("Who instructs", "dari"), Field(alias="from")]
    to: Annotated[Many[OrganisationRef], public("Who is to act", "tujuan")]
    instruction: Annotated[XmlText, personal("What to do", "isi disposisi")]
    sifat: Annotated[Maybe[ShortText], public("Urgency in the source's own words", "sifat")] = None
    due_date: Annotated[Maybe[CivilDate], public("Day by which to act", "batas waktu")] = None
    note: Annotated[Maybe[XmlText], personal("Note", "catatan")] = None


class Letter1(Document, name="letter"):
    """An official letter."""

    letter_id: Annotated[Maybe[Uuid], public("UUID given by the origin or the gateway", "id naskah")] = None
    draft: Annotated[Maybe[bool], public("True while the letter is a draft", "konsep")] = None
    letter_number: Annotated[GivenNumber | None, public("Number, unique per sender and year; null in a draft", "nomor")]
    letter_date: Annotated[CivilDate, public("Date of the letter", "tanggal")]
    letter_type: Annotated[Code, public("Kind, such as surat_dinas, undangan, keterangan", "jenis naskah")]
    subject: Annotated[ShortText, personal("What it is about", "hal/perihal")]
    security_level: Annotated[
        Literal["B", "T", "R", "SR"],
        public("Security: ordinary, restricted, secret, top secret", "derajat keamanan"),
    ]
    urgency: Annotated[Urgency, public("Urgency", "derajat kecepatan")]
    raw_sifat: Annotated[Maybe[ShortText], public("Untouched text of the source", "sifat")] = None
    archive_class: Annotated[Code, public("Archive class such as 000.1.2", "kode klasifikasi arsip")]
    retention: Annotated[Maybe[Retention], public("Retention", "JRA")] = None
    sender: Annotated[OrganisationRef, public("Where the letter comes from", "asal")]
    recipients: Annotated[Many[Recipient], public("To whom it is addressed", "tujuan")]
    copies: Annotated[Maybe[Many[Recipient]], public("Who gets a copy", "tembusan")] = None
    attachments: Annotated[Maybe[Many[Attachment]], personal("Enclosures", "lampiran")] = None
    abstract: Annotated[Maybe[XmlText], personal("Contents in short", "isi ringkas")] = None
    body: Annotated[Maybe[LongText], personal("Full text", "isi")] = None
    signatories: Annotated[Maybe[Many[Signatory]], public("Who signs", "penandatangan")] = None
    initials: Annotated[Maybe[Many[Signatory]], public("Who initialled", "paraf")] = None
    in_reply_to: Annotated[Maybe[Many[GivenNumber]], public("Letters this one answers", "merujuk")] = None
    reply_due_date: Annotated[Maybe[CivilDate], public("Day by which to answer", "batas waktu")] = None
    dispositions: Annotated[Maybe[Many[Disposition]], public("Instructions", "disposisi")] = None
    main_file: Annotated[PartRef, personal("The letter itself", "berkas utama")]
    received_date: Annotated[Maybe[CivilDate], public("Set by the receiver only", "tgl_diterima")] = None
    agenda_number: Annotated[Maybe[GivenNumber], public("Set by the receiver only", "no_agenda")] = None

    @model_validator(mode="after")
    def _numbered(self) -> Letter1:
        if self.letter_number is None and self.draft is not True:
            raise PydanticCustomError("draft_number", "letterNumber may be null only where draft is true")
        return self
