"""Believable people who do not exist: population numbers, names, cards, and the table of a morning.

Enters: a random generator; the same seed gives the same people. Leaves: `Person`, and a table as CSV with the seven
mistakes that offices really make. Refuses: nothing. The population number follows its published form,
`PP KK CC DDMMYY SSSS`, with 40 added to a woman's day of birth; the numbers are drawn, nobody's is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

_CITY = "3273"
_DISTRICTS = 30
_FIRST_DAY, _LAST_DAY = date(1942, 1, 1), date(2019, 12, 31)
_MEN = ("Asep", "Dadang", "Ujang", "Budi", "Eko", "Made", "Yosef", "Hendra", "Rizky", "Fajar", "Tono", "Iwan", "Galih",
        "Bagus", "Arif", "Dimas", "Jajang", "Cecep", "Rahmat", "Wahyu")  # fmt: skip
_WOMEN = ("Siti", "Euis", "Neneng", "Dewi", "Ayu", "Rina", "Maria", "Lestari", "Putri", "Wulan", "Imas", "Tuti",
          "Ratna", "Yanti", "Fitri", "Indah", "Citra", "Nurul", "Ani", "Sri")  # fmt: skip
_LAST = ("Suryana", "Hidayat", "Kusuma", "Permana", "Setiawan", "Nugraha", "Rahayu", "Saputra", "Wijaya", "Maulana",
         "Gunawan", "Hartono", "Simatupang", "Wibowo", "Pratama", "Anggraini", "Mulyani", "Sutisna", "Ramdani",
         "Firmansyah")  # fmt: skip
HEADER = ("NIK", "NAMA_LENGKAP", "TANGGAL_LAHIR", "JENIS_KELAMIN")


@dataclass(frozen=True)
class Person:
    """Somebody who does not exist. `sex` is `male` or `female`; `card` is the health insurance's 13 digits."""

    nik: str
    name: str
    born: date
    sex: str
    card: str

    def row(self) -> list[str]:
        """A row of the city's table: the day as dd-MM-yyyy, the sex as L or P."""
        return [self.nik, self.name, self.born.strftime("%d-%m-%Y"), "L" if self.sex == "male" else "P"]


@dataclass(frozen=True)
class BadRow:
    """A mistake that was put into the table: data row from 1, column (None: the row itself), the code that is due."""

    row: int
    column: str | None
    code: str


@dataclass(frozen=True)
class Table:
    """A table as it is dropped: its bytes, the numbers that must arrive, the mistakes that must come back."""

    content: bytes
    good: tuple[str, ...]
    bad: tuple[BadRow, ...]


def people(random: Random, count: int) -> list[Person]:
    """As many people, no two with the same number."""
    found: dict[str, Person] = {}
    while len(found) < count:
        person = _person(random)
        found.setdefault(person.nik, person)
    return list(found.values())


def _person(random: Random) -> Person:
    sex = random.choice(("male", "female"))
    born = _FIRST_DAY + timedelta(days=random.randrange((_LAST_DAY - _FIRST_DAY).days + 1))
    name = f"{random.choice(_MEN if sex == 'male' else _WOMEN)} {random.choice(_LAST)}"
    if random.random() < 0.3:
        name += f" {random.choice(_LAST)}"
    return Person(nik(random, born, sex), name, born, sex, f"000{random.randrange(10**9, 10**10)}")


def nik(random: Random, born: date, sex: str) -> str:
    """A population number of the city that fits a day of birth and a sex."""
    day = born.day + (40 if sex == "female" else 0)
    district, serial = random.randint(1, _DISTRICTS), random.randint(1, 9999)
    return f"{_CITY}{district:02}{day:02}{born.month:02}{born.year % 100:02}{serial:04}"


def table(random: Random, persons: Sequence[Person]) -> Table:
    """One row a person; seven rows, drawn, are spoilt, each by another mistake."""
    rows = [person.row() for person in persons]
    places = sorted(random.sample(range(len(rows)), len(MISTAKES)))
    bad = []
    for place, (spoil, column, code) in zip(places, MISTAKES, strict=True):
        rows[place] = spoil(rows[place])
        bad.append(BadRow(place + 1, column, code))
    lines = [";".join(cells) for cells in (list(HEADER), *rows)]
    good = tuple(person.nik for index, person in enumerate(persons) if index not in places)
    return Table(("\r\n".join(lines) + "\r\n").encode(), good, tuple(bad))


def _rounded(row: list[str]) -> list[str]:
    """What a spreadsheet leaves of a number with 16 digits."""
    return [f"{row[0][0]},{row[0][1:3]}E+15", *row[1:]]


#: What is done to a row, the column at fault, and the code the gateway must give.
MISTAKES: tuple[tuple[Callable[[list[str]], list[str]], str | None, str], ...] = (
    (_rounded, "NIK", "identifier_destroyed"),
    (lambda row: [*row[:2], "31-02-1990", row[3]], "TANGGAL_LAHIR", "impossible_date"),
    (lambda row: [row[0], "", *row[2:]], "NAMA_LENGKAP", "missing_value"),
    (lambda row: [row[0][:15], *row[1:]], "NIK", "identifier_destroyed"),
    (lambda row: ["99" + row[0][2:], *row[1:]], "NIK", "nik_province"),
    (lambda row: row[:3], None, "column_count"),
    (lambda row: [*row[:3], "X"], "JENIS_KELAMIN", "not_allowed"),
)
