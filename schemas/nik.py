"""The rules of the NIK, the 16-digit population number `PP KK CC DDMMYY SSSS`.

Enters: the number as text, optionally with a birth date and sex. Leaves: a refusal code, birth date candidates, or
warnings. Refuses: anything but 16 digits, an unknown province, an impossible day, serial 0000.

A warning is never a refusal: areas split, old codes stay for life, and real numbers contradict real birth dates. The
number has no check digit. Women's day of birth is raised by 40; the century is not written, so 29 February stands
if either century has a leap year. No table of regencies is shipped: only the ranges that the numbering plan reserves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

#: The 38 province codes.
PROVINCES = frozenset(
    [*range(11, 20), 21, *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82, *range(91, 97)]
)
_PROVINCE = "(1[1-9]|21|3[1-6]|5[1-3]|6[1-5]|7[1-6]|8[12]|9[1-6])"
_BIRTH = (
    "((0[1-9]|1[0-9]|2[0-8]|4[1-9]|5[0-9]|6[0-8])(0[1-9]|1[0-2])[0-9]{2}"
    "|(29|30|69|70)(0[13-9]|1[0-2])[0-9]{2}"
    "|(31|71)(0[13578]|1[02])[0-9]{2}"
    "|(29|69)02([02468][048]|[13579][26]))"
)
_SERIAL = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
#: Every rule of this module in one expression that JSON Schema, XSD and the validator read alike.
NIK_PATTERN = f"^{_PROVINCE}[0-9]{{4}}{_BIRTH}{_SERIAL}$"

_SCIENTIFIC = re.compile(r"[0-9][0-9.,]*[eE]\+?[0-9]+")
_DIGITS = re.compile(r"[0-9]{16}")
_VALID = re.compile(NIK_PATTERN[1:-1])


@dataclass(frozen=True)
class Warning:
    """A doubt about a value that is nevertheless accepted; carries a code and a sentence, never the value."""

    code: str
    message: str


def nik_refusal(text: str) -> tuple[str, str] | None:
    """Say why `text` is no NIK as (code, message), or None if it is one."""
    if _VALID.fullmatch(text):
        return None
    if _SCIENTIFIC.fullmatch(text):
        return "nik_destroyed", "a spreadsheet turned the NIK into a rounded number; send it as text"
    if not _DIGITS.fullmatch(text):
        return "nik_format", "a NIK is exactly 16 digits"
    if int(text[:2]) not in PROVINCES:
        return "nik_province", "the first two digits are no province code"
    if text[12:] == "0000":
        return "nik_serial", "the serial number 0000 is never given"
    return "nik_date", "digits 7 to 12 hold no calendar day, also after subtracting 40 from the day"


def nik_birth_dates(nik: str) -> tuple[date, ...]:
    """Give the possible birth dates of a valid NIK, 19YY before 20YY."""
    day, month, year = int(nik[6:8]) % 40, int(nik[8:10]), int(nik[10:12])
    found = []
    for century in (1900, 2000):
        try:
            found.append(date(century + year, month, day))
        except ValueError:
            continue
    return tuple(found)


def nik_warnings(nik: str, birth_date: date | None = None, sex: str | None = None) -> list[Warning]:
    """List the doubts about a valid NIK beside what the same document says; `sex` is `male` or `female`."""
    found = []
    if nik[2:4] in ("00", "70"):
        found.append(Warning("nik_regency", "the regency or city code is in no known range"))
    if nik[4:6] == "00":
        found.append(Warning("nik_district", "the district code is in no known range"))
    if birth_date is not None and birth_date not in nik_birth_dates(nik):
        found.append(Warning("nik_birth_date", "the NIK and the birth date disagree"))
    if sex in ("male", "female") and (int(nik[6:8]) > 40) != (sex == "female"):
        found.append(Warning("nik_sex", "the NIK and the sex disagree"))
    return found
