"""Signed statements over salted digests, each naming the one before; joserfc is the judge."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey

from gateway.contract.reasons import Reason
from gateway.message import Body
from gateway.receipt import ReceiptWriter, Signed, commit, part_commit, salt_of_released
from gateway.signatures.jws import SigningKey
from tests.unit.gateway.bench import PAPER, Bench, letter

SALT = bytes(range(16))
BODY = Body(b'{"subject":"Rapat"}', SALT, (PAPER,), None, {})
FIELDS = {
    "v", "id", "kind", "instance", "node", "at", "message", "delivery", "sender", "recipients", "service", "document",
    "salt", "commit", "parts", "registration", "reason", "previous",
}  # fmt: skip


def write(kind: str = "accepted", **more: Any) -> Signed:
    key = SigningKey(ec.generate_private_key(ec.SECP256R1()))
    writer = ReceiptWriter(key, instance="test", node="node-1", new_id=lambda: "r-1", now_ms=lambda: 1_700_000_000_123)
    return writer.write(
        kind, message="m", sender="a/b", recipients=("c/d",), service="letter.deliver", document_type="letter/1",
        body=BODY, **more,
    )  # fmt: skip


async def test_a_stranger_verifies_the_receipt_with_the_public_key(bench: Bench) -> None:
    recorded = await bench.recorder.record(bench.verified("letter.deliver", letter()))
    compact = recorded.receipts[0].jws
    key = ECKey.import_key(bench.key.public_jwk())
    found = jws.deserialize_compact(compact, key, algorithms=["ES256"])
    assert found.headers() == {"alg": "ES256", "kid": key.thumbprint(), "typ": "lintas-receipt+jws"}
    other = SigningKey(ec.generate_private_key(ec.SECP256R1())).public_jwk()
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(compact, ECKey.import_key(other), algorithms=["ES256"])


async def test_the_manifest_says_what_it_promises_and_no_more(bench: Bench) -> None:
    message = await bench.record("letter.deliver", letter())
    [(compact, manifest)] = await bench.chain(message)
    assert set(manifest) == FIELDS
    assert (manifest["v"], manifest["message"], manifest["previous"]) == (1, message, None)
    body = bench.vault.open_body(*await _row(bench, message))
    assert b64decode(manifest["salt"]) == body.salt
    assert manifest["commit"] == hashlib.sha256(body.salt + body.document).hexdigest()
    expected = hashlib.sha256(body.salt + bytes.fromhex(PAPER.sha256)).hexdigest()
    assert manifest["parts"] == [{"commit": expected, "size": PAPER.size, "mediaType": "application/pdf"}]
    assert "Rapat" not in str(manifest)
    assert PAPER.sha256 not in str(manifest)
    assert compact == body.accepted


async def _row(bench: Bench, message: str) -> tuple[Any, str, Any]:
    [row] = await bench.journal.read("find_message", {"id": message})
    return bench.vault.unwrap(row[14], message), message, row[15]


def test_a_registration_number_is_committed_to_and_travels_beside() -> None:
    signed = write("registered", delivery="m.1", registration="005/12", previous="0" * 64)
    assert (signed.copy.registration, signed.copy.delivery, signed.copy.kind) == ("005/12", "m.1", "registered")
    assert signed.sha256 == hashlib.sha256(signed.copy.jws.encode()).hexdigest()
    payload = b64decode(signed.copy.jws.split(".")[1] + "==", altchars=b"-_")
    assert b"005/12" not in payload
    assert commit(SALT, b"005/12").encode() in payload


def test_a_reason_is_of_the_catalogue() -> None:
    payload = b64decode(write("refused", reason=Reason.EXPIRED).copy.jws.split(".")[1] + "==", altchars=b"-_")
    assert b'"reason":"expired"' in payload
    assert b'"at":"2023-11-14T22:13:20.123Z"' in payload


def test_equal_content_under_other_salt_has_another_commitment() -> None:
    assert commit(SALT, b"a") != commit(bytes(16), b"a")
    assert part_commit(SALT, PAPER) != part_commit(bytes(16), PAPER)


def test_the_salt_of_what_is_released_is_its_deliverys_own() -> None:
    salts = {salt_of_released(salt, name) for salt in (b"a" * 16, b"b" * 16) for name in ("m.1", "m.2")}
    assert (len(salts), {len(one) for one in salts}) == (4, {16})
    assert salts & {b"a" * 16, b"b" * 16} == set()
    assert salt_of_released(b"a" * 16, "m.1") == salt_of_released(b"a" * 16, "m.1")
