"""Reads the WSDL at LINTAS_URL with zeep, asks a question and delivers a letter with an inline attachment.

Prints one JSON object per line, as the clients in the other languages do; an unexpected fault ends it with a traceback.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import requests
import zeep
import zeep.exceptions
from zeep.transports import Transport

URL, VERSION = os.environ["LINTAS_URL"], os.environ.get("LINTAS_SOAP", "1.1")
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40


def service(name: str) -> Any:
    session = requests.Session()
    session.auth = ("peer", os.environ["LINTAS_KEY"])
    settings = zeep.Settings(force_https=False, forbid_dtd=True)
    client = zeep.Client(f"{URL}/soap/{name}?wsdl", transport=Transport(session=session), settings=settings)
    (found,) = client.wsdl.services
    suffix = "Soap12" if VERSION == "1.2" else "Soap11"
    (port,) = (port for port in client.wsdl.services[found].ports if port.endswith(suffix))
    return client.bind(found, port)


def main() -> None:
    lookup = service("coverage.lookup")
    asked = lookup.CoverageLookup(document={"noKartu": "0001234567891", "serviceDate": "2026-11-23"})
    file = {"sha256": hashlib.sha256(PDF).hexdigest(), "size": len(PDF), "mediaType": "application/pdf"}
    sent = service("letter.deliver").LetterDeliver(
        envelope={
            "idempotencyKey": f"zeep-{VERSION}",
            "recipients": [os.environ.get("LINTAS_RECIPIENT", "dinas-kominfo/surat")],
        },
        document={
            "letterNumber": "000.1/12/2026",
            "letterDate": "2026-11-23",
            "letterType": "surat_dinas",
            "subject": "Undangan & rapat é",
            "securityLevel": "B",
            "urgency": "biasa",
            "archiveClass": "000.1.2",
            "sender": {"name": "Kelurahan Antapani"},
            "recipients": [{"kind": "internal", "organisation": {"name": "Dinas Kominfo"}}],
            "mainFile": {**file, "name": "surat.pdf"},
        },
        part=[{"name": "surat.pdf", "mediaType": "application/pdf", "content": PDF}],
    )
    query = {"messageId": asked.messageId, "noKartu": asked.document.noKartu, "status": asked.document.status}
    delivery = {"messageId": sent.messageId, "state": sent.state, "jws": sent.receipt[0].jws}
    print(json.dumps({"query": query, "delivery": delivery}))
    try:
        lookup.CoverageLookup(document={"noKartu": "123", "serviceDate": "2026-11-23"})
    except zeep.exceptions.Fault as fault:
        said = {child.tag.rpartition("}")[2]: child.text for child in fault.detail.iter() if len(child) == 0}
        first = fault.detail.find(".//{urn:lintas:fault:1}code")
        print(json.dumps({"code": first.text, "messageId": said["messageId"], "advice": said["advice"]}))


if __name__ == "__main__":
    main()
