"""A health centre's system that speaks SOAP 1.1: it asks whether a participant is covered.

Enters: a card number and a day. Leaves: the answer's fields, or the code of a fault. Refuses: nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from lxml import etree

from demo.agencies.caller import Caller

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "urn:lintas:service:coverage.lookup"
QUERY = "urn:lintas:schema:eligibility-query:1"
COVERAGE = "urn:lintas:schema:coverage:1"
FAULT = "urn:lintas:fault:1"


@dataclass(frozen=True)
class Answer:
    """What the gateway said: HTTP status, the fields of `coverage/1` by name, or the code of a fault."""

    status: int
    fields: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None
    message: str | None = None


class HealthCentre:
    """Calls with HTTP Basic, as SOAP toolkits do: the key is the password."""

    def __init__(self, caller: Caller) -> None:
        self._caller, self.system = caller, caller.system

    async def lookup(self, card: str, day: str, *, key: str) -> Answer:
        """Asks about a card on a day (`yyyy-MM-dd`)."""
        envelope = (
            f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}"><s:Body>'
            f'<CoverageLookup xmlns="{SERVICE}"><envelope><idempotencyKey>{escape(key)}</idempotencyKey></envelope>'
            f'<document xmlns:q="{QUERY}"><q:noKartu>{escape(card)}</q:noKartu>'
            f"<q:serviceDate>{escape(day)}</q:serviceDate></document></CoverageLookup></s:Body></s:Envelope>"
        )
        basic = base64.b64encode(f"simpus:{self._caller.key}".encode()).decode()
        reply = await self._caller.call(
            "POST",
            "/soap/coverage.lookup",
            data=envelope.encode(),
            headers={
                "Authorization": f"Basic {basic}",
                "Content-Type": "text/xml; charset=utf-8",
                "SOAPAction": f'"{SERVICE}/CoverageLookup"',
            },
        )
        return read(reply.status, reply.body)


def read(status: int, body: bytes) -> Answer:
    """Reads an answer or a fault."""
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return Answer(status, fault="not_xml")
    error = root.find(f".//{{{FAULT}}}Error")
    if error is not None:
        return Answer(status, fault=error.findtext(f"{{{FAULT}}}code"), message=error.findtext(f"{{{FAULT}}}messageId"))
    response = root.find(f"{{{SOAP}}}Body/{{{SERVICE}}}CoverageLookupResponse")
    document = None if response is None else response.find(f"{{{SERVICE}}}document")
    if response is None or document is None:
        return Answer(status, fault="no_answer")
    fields = {etree.QName(child).localname: (child.text or "").strip() for child in document if len(child) == 0}
    return Answer(status, fields, message=response.findtext(f"{{{SERVICE}}}messageId"))
