"""organisation/1: an agency, facility or company.

Enters: identity, kind, time zone. Leaves: Organisation1. Refuses: a zone that is not one of Indonesia's three.
"""

from __future__ import annotations

from typing import Annotated

from schemas.address_1 import Address
from schemas.document import Document
from schemas.marks import Maybe, public
from schemas.primitives import Code, Email, Identifier, Name, Phone, ShortText, TimeZone
from schemas.references import OrganisationRef


class Organisation1(Document, name="organisation"):
    """An organisation. Its time zone is what turns local times of its systems into instants."""

    id: Annotated[Identifier, public("Identifier", "kode")]
    scheme: Annotated[Identifier, public("Who gave the identifier")]
    name: Annotated[Name, public("Name", "nama")]
    kind: Annotated[Code, public("Kind, such as hospital, puskesmas, dinas, kelurahan", "jenis")]
    time_zone: Annotated[TimeZone, public("Time zone: WIB, WITA or WIT", "zona waktu")]
    parent: Annotated[Maybe[OrganisationRef], public("The organisation above", "instansi induk")] = None
    unit: Annotated[Maybe[ShortText], public("Unit", "unit kerja")] = None
    phone: Annotated[Maybe[Phone], public("Telephone", "telepon")] = None
    email: Annotated[Maybe[Email], public("E-mail address", "surel")] = None
    address: Annotated[Maybe[Address], public("Address", "alamat")] = None
