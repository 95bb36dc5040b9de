"""The named value types that documents are made of.

Enters: a value of the wire. Leaves: the same value, typed. Refuses: by the rule named in each type's docstring line.
Identifiers are text, always: leading zeros are kept, a number is refused.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from schemas.nik import NIK_PATTERN, nik_refusal
from schemas.scalars import EXPLAIN, CivilDateScalar, InstantScalar, Text, Whole

_TOKEN = "[!-~]([ -~]*[!-~])?"  # noqa: S105  printable ASCII, no space at either end

#: Text that XML 1.0 can carry, at most 4000 characters; may be empty.
XmlText: TypeAlias = Annotated[str, Text("XmlText", 4000)]
#: A short text, at most 500 characters; may be empty, may hold line ends.
ShortText: TypeAlias = Annotated[str, Text("ShortText", 500)]
#: A long body of text, at most 100,000 characters; may be empty.
LongText: TypeAlias = Annotated[str, Text("LongText", 100_000)]
#: A name that is really there: 1 to 200 characters, not all of them blank.
Name: TypeAlias = Annotated[str, Text("Name", 200, 1, filled=True)]
#: An identifier of any agency: printable ASCII, 1 to 128 characters, no space at the ends.
Identifier: TypeAlias = Annotated[str, Text("Identifier", 128, 1, f"^{_TOKEN}$")]
#: A UUID in its text form (RFC 9562, section 4), in either case.
Uuid: TypeAlias = Annotated[
    str, Text("Uuid", 36, 36, "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$")
]
#: A code of a code list: printable ASCII, 1 to 64 characters.
Code: TypeAlias = Annotated[str, Text("Code", 64, 1, f"^{_TOKEN}$")]
#: A number that an agency gave to a letter or case; may hold any script, 1 to 200 characters, not all of them
#: blank.
GivenNumber: TypeAlias = Annotated[str, Text("GivenNumber", 200, 1, filled=True)]
#: The population number; see schemas.nik.
Nik: TypeAlias = Annotated[str, Text("Nik", 16, 16, NIK_PATTERN)]
#: The family card number: 16 digits.
FamilyCardNumber: TypeAlias = Annotated[str, Text("FamilyCardNumber", 16, 16, "^[0-9]{16}$")]
#: The participant's card number of the national health insurance: 13 digits, leading zeros kept.
NoKartu: TypeAlias = Annotated[str, Text("NoKartu", 13, 13, "^[0-9]{13}$")]
#: The employee number of a civil servant: 18 digits.
Nip: TypeAlias = Annotated[str, Text("Nip", 18, 18, "^[0-9]{18}$")]
#: A day, `yyyy-MM-dd`.
CivilDate: TypeAlias = Annotated[date, CivilDateScalar()]
#: A point in time, RFC 3339 with an offset.
Instant: TypeAlias = Annotated[datetime, InstantScalar()]
#: SHA-256 in lower-case hexadecimal.
Sha256: TypeAlias = Annotated[str, Text("Sha256", 64, 64, "^[0-9a-f]{64}$")]
#: A media type without parameters, lower case.
MediaType: TypeAlias = Annotated[
    str, Text("MediaType", 127, 3, "^[a-z0-9][a-z0-9!#$&^_.+\\-]*/[a-z0-9][a-z0-9!#$&^_.+\\-]*$")
]
#: A document type: `name/major`.
DocumentName: TypeAlias = Annotated[str, Text("DocumentName", 64, 3, "^[a-z][a-z0-9]*(-[a-z0-9]+)*/[1-9][0-9]{0,3}$")]
#: A service: `noun.verb`.
ServiceName: TypeAlias = Annotated[str, Text("ServiceName", 64, 3, "^[a-z][a-z0-9]*(-[a-z0-9]+)*\\.[a-z][a-z0-9]*$")]
#: A system of an agency: `agency/system`.
SystemName: TypeAlias = Annotated[
    str, Text("SystemName", 127, 3, "^[a-z0-9][a-z0-9\\-]{0,62}/[a-z0-9][a-z0-9\\-]{0,62}$")
]
#: An ICD-10 code such as `A00.1`.
Icd10: TypeAlias = Annotated[str, Text("Icd10", 8, 3, "^[A-Z][0-9][0-9A-Z](\\.[0-9A-Z]{1,4})?$")]
#: Administrative area codes: 2, 4, 6 and 10 digits.
ProvinceCode: TypeAlias = Annotated[str, Text("ProvinceCode", 2, 2, "^[0-9]{2}$")]
CityCode: TypeAlias = Annotated[str, Text("CityCode", 4, 4, "^[0-9]{4}$")]
DistrictCode: TypeAlias = Annotated[str, Text("DistrictCode", 6, 6, "^[0-9]{6}$")]
VillageCode: TypeAlias = Annotated[str, Text("VillageCode", 10, 10, "^[0-9]{10}$")]
PostalCode: TypeAlias = Annotated[str, Text("PostalCode", 5, 5, "^[0-9]{5}$")]
#: Neighbourhood numbers as written, `1` or `001`.
Neighbourhood: TypeAlias = Annotated[str, Text("Neighbourhood", 3, 1, "^[0-9]{1,3}$")]
#: A telephone number as written. The first class holds no digit: XSD validators backtrack, and two classes that could
#: both take a digit cost the square of the length, before any maxLength is looked at.
Phone: TypeAlias = Annotated[str, Text("Phone", 32, 1, "^[+() .\\-]*[0-9][0-9+() .\\-]*$")]
Email: TypeAlias = Annotated[str, Text("Email", 254, 3, "^[!-?A-~]+@[!-?A-~]+$")]
#: A size in bytes, or a count; below 2^53.
Size: TypeAlias = Annotated[int, Whole("Size")]
Count: TypeAlias = Annotated[int, Whole("Count")]
#: A data row of a table, counted from 1; the header is not counted.
RowNumber: TypeAlias = Annotated[int, Whole("RowNumber", 1)]
Years: TypeAlias = Annotated[int, Whole("Years", 0, 1000)]

Sex: TypeAlias = Literal["male", "female", "unknown"]
TimeZone: TypeAlias = Literal["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]

EXPLAIN[NIK_PATTERN] = nik_refusal
EXPLAIN["^[0-9]{13}$"] = lambda text: ("no_kartu_format", "a noKartu is exactly 13 digits, leading zeros kept")
EXPLAIN["^[0-9]{16}$"] = lambda text: ("family_card_format", "a family card number is exactly 16 digits")
