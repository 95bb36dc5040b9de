"""referral/1: a facility sends a patient to another.

Enters: number, day, facilities, diagnosis, patient. Leaves: Referral1. Refuses: a diagnosis that is no ICD-10 code.
"""

from __future__ import annotations

from typing import Annotated, Literal

from schemas.document import Document, Group
from schemas.marks import Many, Maybe, personal, public, specific
from schemas.primitives import CivilDate, Icd10, Identifier, ShortText, XmlText
from schemas.references import Coded, PartRef, PatientRef


class Diagnosis(Group):
    """A diagnosis by ICD-10 code."""

    code: Annotated[Icd10, specific("ICD-10 code", "kode diagnosa")]
    name: Annotated[Maybe[ShortText], specific("What the code means", "nama diagnosa")] = None


class Referral1(Document, name="referral"):
    """A referral of one patient."""

    referral_number: Annotated[Identifier, personal("Number, 19 characters where the insurer gave it", "noRujukan")]
    referral_date: Annotated[CivilDate, personal("Day of the visit that led to it", "tglKunjungan")]
    valid_until: Annotated[Maybe[CivilDate], personal("Last day it may be used", "masa berlaku")] = None
    from_facility: Annotated[Coded, public("Facility that refers", "provPerujuk")]
    to_facility: Annotated[Maybe[Coded], public("Facility referred to", "ppkDirujuk")] = None
    to_specialty: Annotated[Coded, specific("Clinic referred to", "poliRujukan")]
    care_type: Annotated[Maybe[Literal["outpatient", "inpatient"]], specific("Kind of care", "pelayanan")] = None
    diagnosis: Annotated[Diagnosis, specific("Diagnosis", "diagnosa")]
    complaint: Annotated[Maybe[XmlText], specific("Complaint in words", "keluhan")] = None
    note: Annotated[Maybe[XmlText], specific("Note of the doctor", "catatan")] = None
    doctor: Annotated[Maybe[Coded], personal("Doctor who refers", "dokter")] = None
    patient: Annotated[PatientRef, specific("The patient", "peserta")]
    attachments: Annotated[Maybe[Many[PartRef]], specific("Scans and results that travel along", "lampiran")] = None
