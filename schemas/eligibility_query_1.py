"""eligibility-query/1: is this person covered on that day?

Enters: card number or NIK, and a day. Leaves: EligibilityQuery1. Refuses: a question that names nobody.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import model_validator

from schemas.document import Document, one_of_required
from schemas.marks import Maybe, personal, public
from schemas.primitives import CivilDate, Nik, NoKartu
from schemas.references import Coded


class EligibilityQuery1(Document, name="eligibility-query"):
    """The question; its answer is coverage/1."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("no_kartu", "nik")

    no_kartu: Annotated[Maybe[NoKartu], personal("Card number", "noKartu", "noKartu")] = None
    nik: Annotated[Maybe[Nik], personal("Population number", "nik", "nik")] = None
    service_date: Annotated[CivilDate, public("Day of service", "tglSEP")]
    facility: Annotated[Maybe[Coded], public("Facility that asks", "ppkPelayanan")] = None

    @model_validator(mode="after")
    def _names_somebody(self) -> EligibilityQuery1:
        one_of_required(self)
        return self
