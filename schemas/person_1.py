"""person/1: a natural person as a register knows them.

Enters: identity fields. Leaves: Person1. Refuses: a person without NIK or any other identifier.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import model_validator

from schemas.address_1 import Address
from schemas.document import Document, one_of_required
from schemas.marks import Many, Maybe, personal, specific
from schemas.primitives import CivilDate, Email, FamilyCardNumber, Name, Nik, NoKartu, Phone, Sex, ShortText
from schemas.references import Coded, OtherIdentifier, SpecificCoded


class Person1(Document, name="person"):
    """A natural person."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("nik", "no_kartu", "other_identifiers")

    nik: Annotated[Maybe[Nik], personal("Population number", "NIK", "nik")] = None
    family_card_number: Annotated[
        Maybe[FamilyCardNumber], personal("Family card number", "NO_KK", "familyCardNumber")
    ] = None
    no_kartu: Annotated[Maybe[NoKartu], personal("Health insurance card number", "noKartu", "noKartu")] = None
    other_identifiers: Annotated[Maybe[Many[OtherIdentifier]], personal("Identifiers of other kinds")] = None
    full_name: Annotated[Name, personal("Full name", "NAMA_LGKP")]
    birth_date: Annotated[CivilDate, personal("Date of birth", "TGL_LHR")]
    birth_place: Annotated[Maybe[ShortText], personal("Place of birth", "TMPT_LHR")] = None
    sex: Annotated[Sex, personal("Sex", "JENIS_KLMIN")]
    marital_status: Annotated[Maybe[Coded], personal("Marital status", "STATUS_KAWIN")] = None
    occupation: Annotated[Maybe[Coded], personal("Occupation", "JENIS_PKRJN")] = None
    education: Annotated[Maybe[Coded], personal("Last education", "PDDK_AKH")] = None
    family_relation: Annotated[Maybe[Coded], personal("Standing in the family", "STAT_HBKEL")] = None
    religion: Annotated[Maybe[SpecificCoded], specific("Religion", "AGAMA")] = None
    blood_type: Annotated[Maybe[SpecificCoded], specific("Blood type", "GOL_DARAH")] = None
    disability: Annotated[Maybe[SpecificCoded], specific("Disability", "PNYDNG_CCT")] = None
    mother_name: Annotated[Maybe[Name], specific("Mother's full name", "NAMA_LGKP_IBU")] = None
    father_name: Annotated[Maybe[Name], specific("Father's full name", "NAMA_LGKP_AYAH")] = None
    phone: Annotated[Maybe[Phone], personal("Telephone", "nohp")] = None
    email: Annotated[Maybe[Email], personal("E-mail address", "surel")] = None
    address: Annotated[Maybe[Address], personal("Address of registration", "ALAMAT")] = None

    @model_validator(mode="after")
    def _identified(self) -> Person1:
        one_of_required(self)
        return self
