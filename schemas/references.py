"""Small groups that several documents share: coded names, people, organisations and parts, each by reference.

Enters: field values. Leaves: frozen groups. Refuses: what their types refuse.
"""

from __future__ import annotations

from typing import Annotated

from schemas.document import Group
from schemas.marks import Maybe, personal, public, specific
from schemas.primitives import (
    CivilDate,
    Code,
    Identifier,
    MediaType,
    Name,
    Nik,
    NoKartu,
    Phone,
    Sex,
    Sha256,
    ShortText,
    Size,
)


class Coded(Group):
    """A code of a code list, with the words its owner gives it."""

    code: Annotated[Code, public("The code", "kode")]
    name: Annotated[Maybe[ShortText], public("What the code means", "keterangan")] = None
    scheme: Annotated[Maybe[Identifier], public("The code list")] = None


class SpecificCoded(Group):
    """A code that says something about a person's health or standing."""

    code: Annotated[Code, specific("The code", "kode")]
    name: Annotated[Maybe[ShortText], specific("What the code means", "keterangan")] = None
    scheme: Annotated[Maybe[Identifier], public("The code list")] = None


class OtherIdentifier(Group):
    """An identifier of a person that is no NIK."""

    scheme: Annotated[Identifier, public("Who gave the identifier and of what kind")]
    value: Annotated[Identifier, personal("The identifier", subject="@scheme")]


class PatientRef(Group):
    """The person whom a clinical document is about."""

    nik: Annotated[Maybe[Nik], personal("Population number", "NIK", "nik")] = None
    no_kartu: Annotated[Maybe[NoKartu], personal("Health insurance card number", "noKartu", "noKartu")] = None
    medical_record_number: Annotated[
        Maybe[Identifier], specific("Record number at the facility", "noMR", "medicalRecordNumber")
    ] = None
    full_name: Annotated[Name, personal("Full name", "nama")]
    birth_date: Annotated[Maybe[CivilDate], personal("Date of birth", "tglLahir")] = None
    sex: Annotated[Maybe[Sex], personal("Sex", "jenis kelamin")] = None
    phone: Annotated[Maybe[Phone], personal("Telephone", "noTelepon")] = None


class OrganisationRef(Group):
    """An organisation, its unit, and a post in it, as a letter names them."""

    id: Annotated[Maybe[Identifier], public("Identifier of the organisation", "kode instansi")] = None
    scheme: Annotated[Maybe[Identifier], public("Who gave the identifier")] = None
    name: Annotated[Name, public("Name of the organisation", "instansi")]
    unit: Annotated[Maybe[ShortText], public("Unit within it", "unit kerja")] = None
    position: Annotated[Maybe[ShortText], public("Post within it", "jabatan")] = None


class PartRef(Group):
    """Bytes that travel beside the document, known by digest, size and media type."""

    sha256: Annotated[Sha256, public("SHA-256 of the bytes, lower-case hexadecimal")]
    size: Annotated[Size, public("Size in bytes")]
    media_type: Annotated[MediaType, public("Media type without parameters")]
    name: Annotated[Maybe[ShortText], personal("File name, data only, never a path to open", "nama berkas")] = None
