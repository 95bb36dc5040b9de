"""Somebody with a letter in hand: opens the address of its code without a key, and compares their copy.

Enters: an address as the code's QR holds it, a language. Leaves: what the page says, in pieces. Refuses: nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from html.parser import HTMLParser

import aiohttp


@dataclass(frozen=True)
class Seen:
    """One look at a page. `said` is its heading, `facts` are by the words of the page, `sha256` is what it compares."""

    status: int
    said: str
    facts: dict[str, str]
    sha256: str | None
    text: str

    def fits(self, copy: bytes) -> bool:
        return self.sha256 == hashlib.sha256(copy).hexdigest()


class Citizen:
    """`session` sends no key."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def open(self, url: str, language: str) -> Seen:
        async with self._session.get(url, params={"lang": language}) as reply:
            text = await reply.text()
        page = _Page()
        page.feed(text)
        return Seen(reply.status, page.said.strip(), page.facts, page.sha256, text)


class _Page(HTMLParser):
    """Heading, facts and digest of a letter's page."""

    def __init__(self) -> None:
        super().__init__()
        self.said, self.facts, self.sha256 = "", dict[str, str](), None
        self._at, self._name = "", ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("h1", "dt", "dd"):
            self._at = tag
        if tag == "dt":
            self._name = ""
        found = dict(attributes).get("data-sha256")
        if found and re.fullmatch("[0-9a-f]{64}", found):
            self.sha256 = found

    def handle_endtag(self, tag: str) -> None:
        if tag == self._at:
            self._at = ""

    def handle_data(self, data: str) -> None:
        if self._at == "h1":
            self.said += data
        elif self._at == "dt":
            self._name += data
        elif self._at == "dd" and self._name:
            self.facts[self._name] = self.facts.get(self._name, "") + data
