"""address/1: where somebody or something is.

Enters: area codes and lines. Leaves: Address1. Refuses: codes of the wrong length.
"""

from __future__ import annotations

from typing import Annotated, Literal

from schemas.document import Document, Group
from schemas.marks import Maybe, personal, public
from schemas.primitives import (
    CityCode,
    DistrictCode,
    Neighbourhood,
    PostalCode,
    ProvinceCode,
    ShortText,
    VillageCode,
    XmlText,
)


class AdminArea(Group):
    """An administrative area by its codes and names, down to the village. Codes of different schemes differ."""

    scheme: Annotated[Literal["kemendagri", "bps", "bpjs", "local"], public("Whose codes these are")]
    province: Annotated[Maybe[ProvinceCode], public("Province code", "provinsi")] = None
    province_name: Annotated[Maybe[ShortText], public("Province", "nama provinsi")] = None
    city: Annotated[Maybe[CityCode], public("Regency or city code", "kabupaten/kota")] = None
    city_name: Annotated[Maybe[ShortText], public("Regency or city", "nama kabupaten/kota")] = None
    district: Annotated[Maybe[DistrictCode], personal("District code", "kecamatan")] = None
    district_name: Annotated[Maybe[ShortText], personal("District", "nama kecamatan")] = None
    village: Annotated[Maybe[VillageCode], personal("Village code", "kelurahan/desa")] = None
    village_name: Annotated[Maybe[ShortText], personal("Village", "nama kelurahan/desa")] = None


class Address(Group):
    """The fields of an address, also inside other documents."""

    line: Annotated[XmlText, personal("Street, house, building", "alamat")]
    admin_area: Annotated[Maybe[AdminArea], personal("Administrative area", "wilayah")] = None
    rt: Annotated[Maybe[Neighbourhood], personal("Neighbourhood", "RT")] = None
    rw: Annotated[Maybe[Neighbourhood], personal("Hamlet association", "RW")] = None
    hamlet: Annotated[Maybe[ShortText], personal("Hamlet", "dusun")] = None
    postal_code: Annotated[Maybe[PostalCode], personal("Postal code", "kode pos")] = None


class Address1(Document, Address, name="address"):
    """An address as a document of its own."""
