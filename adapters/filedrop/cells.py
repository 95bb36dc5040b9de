"""One cell to one value, by the kind of its field: nothing is guessed, what a spreadsheet destroyed is named. Pure.

Enters: a cell's text and the field it is for. Leaves: a value in wire form, or None where the cell is empty. Refuses
(`BadCell`): identifiers that went through a number, days that are not in the calendar, words of no list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from schemas.fields import Choice, FieldPlan, Truth
from schemas.scalars import CivilDateScalar, Text, Whole

_IDENTIFIERS = frozenset(("Nik", "FamilyCardNumber", "NoKartu", "Nip", "Identifier"))
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
_SEPARATED = re.compile(r"[0-9][0-9.,]*[.,][0-9.,]*")
_FORMULA = re.compile(r'="([^"]*)"')
_FORMULA_FAILED = frozenset(
    ("#REF", "#N/A", "#NAME", "#VALUE", "#DIV/0", "#NULL", "#NUM", "#SPILL", "#CALC", "#GETTING_DATA")
)
_QUOTES = "'\u2019`"
_SHOWN = 40

_MONTHS = (
    ("januari", "january", "jan"),
    ("februari", "pebruari", "february", "feb", "peb"),
    ("maret", "march", "mar"),
    ("april", "apr"),
    ("mei", "may"),
    ("juni", "june", "jun"),
    ("juli", "july", "jul"),
    ("agustus", "august", "agu", "ags", "agt", "aug"),
    ("september", "sep", "sept"),
    ("oktober", "october", "okt", "oct"),
    ("november", "nopember", "nov", "nop"),
    ("desember", "december", "des", "dec"),
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_TOKEN = re.compile(r"yyyy|MMMM|MM|M|dd|d")
_PATTERNS = {
    "yyyy": "(?P<y>[0-9]{4})",
    "MMMM": r"(?P<n>[^\W\d_]+)",
    "MM": "(?P<m>[0-9]{2})",
    "M": "(?P<m>[0-9]{1,2})",
    "dd": "(?P<d>[0-9]{2})",
    "d": "(?P<d>[0-9]{1,2})",
}

SEX_WORDS: Mapping[str, str] = {
    "l": "male",
    "lk": "male",
    "laki-laki": "male",
    "laki laki": "male",
    "pria": "male",
    "m": "male",
    "p": "female",
    "pr": "female",
    "perempuan": "female",
    "wanita": "female",
    "f": "female",
}
"""What Indonesian registers write for sex. Digits are left out: they mean different things in different systems."""
TRUTH_WORDS: Mapping[str, bool] = {"true": True, "ya": True, "y": True, "false": False, "tidak": False, "t": False}


class BadCell(Exception):
    """The cell holds no value of its field. `code` is stable; the message never quotes the cell."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


Convert = Callable[[str], Any]


def converter(field: FieldPlan | None, values: Mapping[str, str], dates: Sequence[str]) -> Convert:
    """The function for a column. `values` are the operator's own translations; they come first."""
    own = {key.strip().casefold(): value for key, value in values.items()}
    kind = _by_kind(field, [date_pattern(form) for form in dates])

    def convert(cell: str) -> Any:
        text = _sound(cell)
        return kind(text) if text else None

    def translate(cell: str) -> Any:
        text = _sound(cell)
        return kind(own.get(text.casefold(), text)) if text else None

    return translate if own else convert


def _sound(cell: str) -> str:
    """The text without space around it. Raises `BadCell` where a spreadsheet wrote that a formula failed."""
    text = cell.strip()
    if text.startswith("#") and text.rstrip("!?") in _FORMULA_FAILED:
        raise BadCell("formula_failed", "a formula of the spreadsheet failed here; send the value itself")
    return text


def masked(value: str) -> str:
    """The shape of a value: digits as 9, letters as x, at most 40 characters."""
    shape = "".join("9" if c.isdigit() else "x" if c.isalpha() else c if c.isascii() else "?" for c in value[:_SHOWN])
    return shape + "…" if len(value) > _SHOWN else shape


def date_pattern(form: str) -> re.Pattern[str]:
    """The expression of a date form made of yyyy, MMMM (a month's name), MM, M, dd, d and separators."""
    pieces, at = [], 0
    for token in _TOKEN.finditer(form):
        pieces += [re.escape(form[at : token.start()]), _PATTERNS[token[0]]]
        at = token.end()
    expression = re.compile("".join(pieces) + re.escape(form[at:]), re.ASCII if "MMMM" not in form else 0)
    if not {"y", "d"} <= expression.groupindex.keys() or not {"m", "n"} & expression.groupindex.keys():
        raise ValueError(f"a date form needs year, month and day: {form!r}")
    return expression


def civil_date(text: str, patterns: Sequence[re.Pattern[str]]) -> str:
    """`yyyy-MM-dd`. Raises `BadCell`."""
    for pattern in patterns:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        parts = found.groupdict()
        month = int(parts["m"]) if parts.get("m") else _MONTH_OF.get(parts.get("n", "").casefold(), 0)
        try:
            return date(int(parts["y"]), month, int(parts["d"])).isoformat()
        except ValueError:
            raise BadCell("impossible_date", "the calendar has no such day") from None
    raise BadCell("impossible_date", "the cell holds no date in the form that this folder is configured for")


def identifier(text: str, digits: int | None) -> str:
    """An identifier as text; `digits` is its fixed length, if it has one. Raises `BadCell`."""
    if len(text) == digits and text.isascii() and text.isdigit():
        return text
    formula = _FORMULA.fullmatch(text)
    text = (formula[1] if formula else text).strip().lstrip(_QUOTES).strip()
    if _SCIENTIFIC.fullmatch(text) or _SEPARATED.fullmatch(text):
        raise BadCell("identifier_destroyed", "a spreadsheet turned the identifier into a number; send it as text")
    if digits is not None and text.isascii() and text.isdigit() and len(text) != digits:
        raise BadCell("identifier_destroyed", f"{digits} digits are due; leading zeros or last digits are lost")
    return text


def _by_kind(field: FieldPlan | None, patterns: Sequence[re.Pattern[str]]) -> Convert:
    scalar = None if field is None else field.scalar
    if isinstance(scalar, CivilDateScalar):
        return lambda text: civil_date(text, patterns)
    if isinstance(scalar, Text) and scalar.name in _IDENTIFIERS:
        digits = scalar.most if scalar.least == scalar.most else None
        return lambda text: identifier(text, digits)
    if isinstance(scalar, Choice):
        known = {word.casefold(): word for word in scalar.words}
        extra = SEX_WORDS if {"male", "female"} <= set(scalar.words) else {}
        return lambda text: known.get(text.casefold()) or extra.get(text.casefold(), text)
    if isinstance(scalar, Truth):
        return lambda text: TRUTH_WORDS.get(text.casefold(), text)
    if isinstance(scalar, Whole):
        return lambda text: int(text) if text.isascii() and text.isdigit() and len(text) < 17 else text
    return _plain


def _plain(text: str) -> str:
    """Text as it is; the apostrophe that keeps a spreadsheet from counting goes."""
    bare = text.lstrip(_QUOTES)
    return bare if bare != text and bare.isascii() and bare.isdigit() else text
