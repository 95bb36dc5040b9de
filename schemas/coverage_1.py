"""coverage/1: a participant's cover by the national health insurance.

Enters: card, status, class, facility, validity. Leaves: Coverage1. Refuses: a card number that is not 13 digits.
"""

from __future__ import annotations

from typing import Annotated, Literal

from schemas.document import Document, Group
from schemas.marks import Maybe, personal, public, specific
from schemas.primitives import CivilDate, Identifier, Name, Nik, NoKartu, Phone, Sex, ShortText
from schemas.references import Coded, SpecificCoded


class OtherInsurance(Group):
    """A second insurer that shares the cost."""

    insurer: Annotated[ShortText, personal("Name of the insurer", "nmAsuransi")]
    number: Annotated[Maybe[Identifier], personal("Policy number", "noAsuransi")] = None
    valid_from: Annotated[Maybe[CivilDate], personal("First day", "tglTMT")] = None
    valid_to: Annotated[Maybe[CivilDate], personal("Last day", "tglTAT")] = None


class Coverage1(Document, name="coverage"):
    """The state of a participant's cover on the day of the question."""

    no_kartu: Annotated[NoKartu, personal("Card number", "noKartu", "noKartu")]
    nik: Annotated[Maybe[Nik], personal("Population number", "nik", "nik")] = None
    full_name: Annotated[Maybe[Name], personal("Full name", "nama")] = None
    birth_date: Annotated[Maybe[CivilDate], personal("Date of birth", "tglLahir")] = None
    sex: Annotated[Maybe[Sex], personal("Sex", "sex")] = None
    phone: Annotated[Maybe[Phone], personal("Telephone", "noTelepon")] = None
    medical_record_number: Annotated[
        Maybe[Identifier], specific("Record number at the facility", "noMR", "medicalRecordNumber")
    ] = None
    status: Annotated[
        Literal["active", "inactive", "suspended", "unknown"], personal("State of the cover", "statusPeserta")
    ]
    status_detail: Annotated[Maybe[Coded], personal("The state in the insurer's own code", "statusPeserta")] = None
    care_class: Annotated[Maybe[Coded], personal("Class of care entitled to", "hakKelas")] = None
    member_type: Annotated[Maybe[SpecificCoded], specific("Kind of membership", "jenisPeserta")] = None
    family_position: Annotated[Maybe[Coded], personal("Position in the insured family", "pisa")] = None
    primary_facility: Annotated[Maybe[Coded], personal("First-level facility", "provUmum")] = None
    valid_from: Annotated[Maybe[CivilDate], personal("First day of cover", "tglTMT")] = None
    valid_to: Annotated[Maybe[CivilDate], personal("Last day of cover", "tglTAT")] = None
    card_printed_on: Annotated[Maybe[CivilDate], personal("Day the card was printed", "tglCetakKartu")] = None
    other_insurance: Annotated[Maybe[OtherInsurance], personal("Coordination of benefit", "cob")] = None
    service_date: Annotated[Maybe[CivilDate], public("Day the question was about", "tglSEP")] = None
