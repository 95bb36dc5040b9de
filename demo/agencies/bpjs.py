"""The health insurer: answers by REST whether a participant is covered.

Enters: POST with an `eligibility-query/1`. Leaves: `coverage/1`. Refuses: a card that it does not know (404).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from aiohttp import web

from demo.agencies.server import Server, problem
from demo.people import Person

EXAMPLE = Person("3273015708900001", "Contoh Peserta", date(1990, 8, 17), "female", "0001234567890")
"""Known in every morning: the participant that the examples of the documentation ask for."""

_CLASSES = {"1": "KELAS I", "2": "KELAS II", "3": "KELAS III"}


class Insurer(Server):
    """Knows the participants it was given; counts the questions."""

    def __init__(self, system: str, host: str, port: int, path: str, participants: Iterable[Person]) -> None:
        super().__init__(system, host, port)
        self._path = path
        self._cards = {person.card: person for person in (EXAMPLE, *participants)}
        self._numbers = {person.nik: person for person in self._cards.values()}
        self.asked = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.post(self._path, self._lookup)]

    async def _lookup(self, request: web.Request) -> web.Response:
        self.asked += 1
        query = (await request.json())["document"]
        person = self._cards.get(query.get("noKartu", "")) or self._numbers.get(query.get("nik", ""))
        if person is None:
            return problem(404, "unknown_participant", "no participant has this card or population number")
        return web.json_response({"schema": "coverage/1", "document": coverage(person, query["serviceDate"])})


def coverage(person: Person, day: str) -> dict[str, object]:
    """The participant's cover on a day; the class of care hangs on the card's last digit."""
    code = str(int(person.card[-1]) % 3 + 1)
    return {
        "noKartu": person.card,
        "nik": person.nik,
        "fullName": person.name,
        "birthDate": person.born.isoformat(),
        "sex": person.sex,
        "status": "active",
        "statusDetail": {"code": "0", "name": "AKTIF"},
        "careClass": {"code": code, "name": _CLASSES[code]},
        "primaryFacility": {"code": "10050101", "name": "Puskesmas Garuda (simulasi)"},
        "serviceDate": day,
    }
