"""An agency that signs letters in a real process: its configuration, its signer's key, and a call.

Enters: a folder. Leaves: a `Place` with a signer, and letters signed through the REST face. Refuses: nothing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from cryptography.hazmat.primitives import serialization

from tests.e2e.process import Gateway, Place
from tests.zoo.pdf import plain
from tests.zoo.pki import pki

DRAFT = plain()
PASSPHRASE = "Frasa-Sandi-3391-benar"
SUBJECT = "Undangan rapat tentang Ibu Siti"


def place(root: Path, **letters: int) -> Place:
    """One agency whose head signs, and a trust folder with the authority behind the key."""
    made = Place(
        root,
        {"surat": {"may_use": ["letter.sign", "letter.deliver"]}, "arsip": {"channel": {"pull": True}}},
        [{"service": "letter.sign"}, {"service": "letter.deliver", "to": ["uji/arsip"]}],
        {"letters": letters, "config_dir": str(root / "config")},
    )
    file = made.config / "agencies" / "uji.yaml"
    agency = yaml.safe_load(file.read_text(encoding="utf-8"))
    key = {"file": "signers/kepala.pem", "certificates": ["signers/kepala.crt", "signers/chain.crt"]}
    head = {"name": "Dr. Ani Contoh", "title": "Kepala Dinas Kominfo", "key": key}
    made.write("agencies/uji.yaml", {**agency, "signers": {"kepala": head}})
    _key(made.state / "signers")
    pki().trust(made.config / "trust")
    return made


def signer(here: Place, name: str, entry: dict[str, Any]) -> None:
    """One more signer of the agency."""
    file = here.config / "agencies" / "uji.yaml"
    agency = yaml.safe_load(file.read_text(encoding="utf-8"))
    here.write("agencies/uji.yaml", {**agency, "signers": {**agency["signers"], name: entry}})


def secret(here: Place, name: str, text: str) -> None:
    """A file of the state folder that only the gateway reads."""
    path = here.state / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    path.chmod(0o600)


def _key(folder: Path) -> None:
    one, encoding = pki().signer, serialization.Encoding.PEM
    folder.mkdir(parents=True)
    lock = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    files = {
        "kepala.pem": one.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, lock),
        "kepala.crt": one.pem,
        "chain.crt": b"".join(each.public_bytes(encoding) for each in one.above),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o600)


async def sign(
    gateway: Gateway, data: bytes | None = None, *, passphrase: str = PASSPHRASE, key: str | None = None, **more: Any
) -> tuple[int, Any]:
    """Status and answer of `letter.sign`."""
    pdf = DRAFT if data is None else data
    file = {"sha256": hashlib.sha256(pdf).hexdigest(), "size": len(pdf), "mediaType": "application/pdf"}
    document = {
        "file": file, "signer": "kepala", "letterNumber": "005/12/Kominfo", "letterDate": "2026-11-20",
        "subject": SUBJECT, "privacy": "public", **more,
    }  # fmt: skip
    message = {"envelope": {"service": "letter.sign", "schema": "signature-request/1"}, "document": document}
    form = aiohttp.FormData()
    form.add_field("message", json.dumps(message), content_type="application/json")
    form.add_field("part-1", pdf, filename="surat.pdf", content_type="application/pdf")
    headers = {"Lintas-Passphrase": passphrase, **({"Idempotency-Key": key} if key else {})}
    return await gateway.call("POST", "/api/v1/queries", "surat", headers, data=form)


async def signed(gateway: Gateway, **more: Any) -> dict[str, Any]:
    """What is told of a letter that was signed."""
    status, told = await sign(gateway, **more)
    assert status == 200, told
    document: dict[str, Any] = told["document"]
    return document


async def file_of(gateway: Gateway, code: str) -> bytes:
    path = f"{gateway.url}/api/v1/letters/{code}/file"
    async with gateway.http.get(path, headers=gateway.place.auth("surat")) as answer:
        assert answer.status == 200
        return await answer.read()


async def page(gateway: Gateway, path: str, method: str = "GET", **more: Any) -> tuple[int, str, Any]:
    """Status, text and headers of a page, without a key."""
    async with gateway.http.request(method, gateway.url + path, allow_redirects=False, **more) as answer:
        return answer.status, await answer.text(), answer.headers
