"""Evidence of real messages: every file is covered, other tools agree, and nobody sees more than is theirs."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import re
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.contract.errors import NeedsOperator, Refused
from gateway.contract.exchange import Caller
from gateway.contract.reasons import Reason
from gateway.identity import Person, Principal
from gateway.signatures.asic import examine
from gateway.signatures.constraints import DEFAULT
from gateway.signatures.evidence_key import EvidenceKey
from gateway.signatures.jws import SigningKey
from gateway.signatures.material import Material
from gateway.signatures.receipt_bundle import Given, gather
from gateway.signatures.receipt_check import check
from gateway.signatures.trust import TrustStore, load, read
from gateway.signatures.verification import verify
from tests.unit.gateway.bench import ARSIP, GUDANG, KOTAK, NIK, OPERATOR, SIMPUS, Bench, letter, person
from tests.unit.gateway.signatures.test_receipt_check import DOCUMENT, Chain

DATA = b"%PDF-1.7 surat\n" * 9000
SENDER, ARCHIVE, WAREHOUSE = Caller(SIMPUS), Caller(ARSIP), Caller(GUDANG)
AUDITOR = Person("rani", frozenset({"auditor"}))


async def container(bench: Bench, message: str, who: Principal) -> bytes:
    return b"".join([piece async for piece in await bench.evidence.of(message, who)])


def opened(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "mimetype"
        return {name: archive.read(name) for name in archive.namelist()}


async def sent(bench: Bench, *recipients: str) -> str:
    """A letter with its file, delivered to the first recipient."""
    message = bench.ids.new()
    part = await bench.spool(message, DATA, name="surat kita.pdf")
    content = letter(mainFile={"sha256": part.sha256, "size": part.size, "mediaType": part.media_type})
    await bench.record("letter.deliver", content, recipients=recipients, message_id=message, parts=(part,))
    await bench.run(recipients[0])
    return message


def covered(held: dict[str, bytes]) -> dict[str, str]:
    """The manifest's digests, read by an expression instead of our reader."""
    text = held["META-INF/ASiCManifest.xml"].decode()
    pairs = re.findall(
        r'Reference URI="([^"]+)" MimeType="[^"]+"><ds:DigestMethod [^>]+/><ds:DigestValue>([^<]+)<', text
    )
    return dict(pairs)


async def test_a_party_gets_all_and_every_file_is_covered(bench: Bench) -> None:
    message = await sent(bench, ARSIP)
    held = opened(await container(bench, message, SENDER))
    digests = covered(held)
    assert set(digests) == set(held) - {"mimetype", "META-INF/ASiCManifest.xml", "META-INF/signature.p7s"}
    for name, value in digests.items():
        assert base64.b64decode(value) == hashlib.sha256(held[name]).digest(), name
    assert {"document.json", "receipts.json", "events.jsonl", "jwks.json", "README.txt"} <= set(held)
    assert "BUKTI" in held["README.txt"].decode()
    assert "EVIDENCE" in held["README.txt"].decode()


async def test_openssl_verifies_it(bench: Bench, tmp_path: Path) -> None:
    message = await sent(bench, ARSIP)
    held = opened(await container(bench, message, SENDER))
    (tmp_path / "m.xml").write_bytes(held["META-INF/ASiCManifest.xml"])
    (tmp_path / "s.p7s").write_bytes(held["META-INF/signature.p7s"])
    command = [
        *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "s.p7s", "-content", "m.xml"),
        *("-CAfile", str(bench.folder / "c.pem"), "-purpose", "any", "-out", "/dev/null"),
        *("-attime", str(int(bench.clock.now().timestamp()))),
    ]
    done = await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
    (tmp_path / "m.xml").write_bytes(held["META-INF/ASiCManifest.xml"] + b" ")
    done = await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, capture_output=True)
    assert done.returncode != 0


async def test_verify_tells_the_whole_story(bench: Bench, tmp_path: Path) -> None:
    message = await sent(bench, ARSIP)
    data = await container(bench, message, SENDER)
    trust = tmp_path / "trust"
    (trust / "gateways").mkdir(parents=True)
    (trust / "gateways" / "gateway.pem").write_bytes((bench.folder / "c.pem").read_bytes())
    verdict = await verify(Material.of(data), None, load(trust), bench.clock.now())
    assert verdict.conclusion == "valid", [one.message for one in verdict.findings]
    holds = [one.message for one in verdict.findings if one.code == "receipt_holds"]
    assert [text.split(": ")[1].split(",")[0] for text in holds] == ["accepted", "delivered"]
    assert all("document" in text for text in holds)
    assert (verdict.format, verdict.signatures[0].level) == ("asic-e", "B-B")
    assert verdict.signatures[0].organisation == "Lintas"
    [about] = [one.message for one in verdict.findings if one.code == "evidence_of"]
    assert about.endswith(f": {message}, letter.deliver, from {SIMPUS} to {ARSIP}")
    assert "CN=node-1 test" in next(one.message for one in verdict.findings if one.code == "gateway_known")


async def test_its_receipts_are_checked_by_the_command_for_receipts(bench: Bench) -> None:
    message = await sent(bench, ARSIP)
    held = opened(await container(bench, message, SENDER))
    checked = check(gather(held["receipts.json"]), orjson.loads(held["jwks.json"]))
    assert checked.holds


def forged(data: bytes, key: Any, at: Any, **changed: bytes) -> bytes:
    """The container with other members, signed anew by the gateway's own key."""
    from gateway.signatures.asic_writer import Piece, manifest
    from tests.zoo.container import zipped

    held = {**opened(data), **{name.replace("__", "."): value for name, value in changed.items()}}
    content = {name: value for name, value in held.items() if name != "mimetype" and not name.startswith("META")}
    listed = manifest([Piece.of(name, "text/plain", value) for name, value in content.items()])
    return zipped({**content, "META-INF/ASiCManifest.xml": listed, "META-INF/signature.p7s": key.sign(listed, at)})


async def test_receipts_that_do_not_hold_are_said_whoever_signed_around_them(bench: Bench) -> None:
    message = await sent(bench, ARSIP)
    data, key = await container(bench, message, SENDER), bench.evidence._key
    for name, value, code in (
        ("document__json", b"{}", "receipt_fails"),
        ("receipts__json", b"{}", "receipt_fails"),
        ("jwks__json", b'{"keys":[]}', "receipt_fails"),
        ("jwks__json", b"[]", "receipt_fails"),
    ):
        outcome = examine(Material.of(forged(data, key, bench.clock.now(), **{name: value})), None)
        assert code in [one.code for one in outcome.findings], name
        assert [one.integrity for one in outcome.signatures] == ["intact"]
    one = json.loads(opened(data)["receipts.json"])
    one["receipts"] = one["receipts"][:1]
    outcome = examine(Material.of(forged(data, key, bench.clock.now(), receipts__json=json.dumps(one).encode())), None)
    assert {one.code for one in outcome.findings} == {"evidence_of", "receipt_holds", "receipt_missing"}


async def test_a_recipient_gets_its_own_and_a_person_no_body(bench: Bench) -> None:
    message = await sent(bench, ARSIP, KOTAK)
    held = opened(await container(bench, message, ARCHIVE))
    assert [one["kind"] for one in json.loads(held["receipts.json"])["receipts"]] == ["delivered"]
    assert KOTAK.encode() not in b"".join(held.values())
    for who in (AUDITOR, OPERATOR):
        held = opened(await container(bench, message, who))
        assert not {"document.json", "released.json", "receipts.json"} & set(held)
        assert b"salt" not in b"".join(held.values())
        assert json.loads(held["digests.json"])["digests"]
    assert [one["actor"] for one in await bench.told(message) if one["event"] == "read"] == [
        AUDITOR.actor,
        OPERATOR.actor,
    ]


async def test_every_event_is_in_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    message = await sent(bench, ARSIP, KOTAK)
    expected = len(await bench.told(message))
    for limit in (1, 2, expected, 1000):
        monkeypatch.setattr("gateway.reading.LIMIT", limit)
        bench.evidence._reader._deliveries = lambda _: _none()  # type: ignore[attr-defined]
        assert len((await bench.reader.message(message, SENDER, every_event=True))["timeline"]) == expected
        assert len((await bench.reader.message(message, SENDER))["timeline"]) == min(limit, expected)


async def _none() -> list[Any]:
    return []


async def test_nobody_else_learns_what_exists(bench: Bench) -> None:
    message = await sent(bench, ARSIP)
    for who in (WAREHOUSE, Person("x", frozenset({"approver"}))):
        with pytest.raises(Refused) as caught:
            await bench.evidence.of(message, who)
        assert caught.value.reason is Reason.NOT_FOUND


async def test_after_erasure_digests_are_left_and_signed_anew(bench: Bench) -> None:
    message = await bench.record("person.deliver", person(), key="k")
    before = opened(await container(bench, message, SENDER))
    bench.journal._db.execute("UPDATE messages SET sealed_key = NULL, body = NULL")
    data = await container(bench, message, SENDER)
    held = opened(data)
    assert not {"document.json", "receipts.json"} & set(held)
    assert NIK.encode() not in b"".join(held.values())
    assert NIK.encode() in b"".join(before.values())
    receipt = json.loads(before["receipts.json"])["receipts"][0]["jws"]
    named = [one.get("receipt_sha256") for one in json.loads(held["digests.json"])["digests"]]
    assert hashlib.sha256(receipt.encode()).hexdigest() in named
    assert [one.code for one in examine(Material.of(data), None).findings] == ["evidence_of", "receipts_elsewhere"]


async def test_a_party_brings_its_receipts_back(bench: Bench) -> None:
    message = await sent(bench, ARSIP, KOTAK)
    whole = gather(opened(await container(bench, message, SENDER))["receipts.json"]).receipts
    assert await bench.evidence.of(message, SENDER, whole)
    bench.journal._db.execute("UPDATE messages SET sealed_key = NULL, body = NULL")
    data = b"".join([piece async for piece in await bench.evidence.of(message, SENDER, whole)])
    held = opened(data)
    assert [one["jws"] for one in json.loads(held["receipts.json"])["receipts"]] == [one.jws for one in whole]
    assert "document.json" not in held
    codes = [one.code for one in examine(Material.of(data), None).findings]
    assert codes == ["evidence_of", "receipt_holds", "receipt_holds", "receipt_missing"]
    # The recipient sees only its own events, and an invented receipt is in none.
    with pytest.raises(Refused):
        await bench.evidence.of(message, ARCHIVE, whole)
    with pytest.raises(Refused):
        await bench.evidence.of(message, SENDER, (Given(bench.key.sign(b"{}")),))
    assert await bench.evidence.of(message, ARCHIVE, whole[1:])


async def test_a_part_that_is_not_what_it_was_ends_the_stream(bench: Bench) -> None:
    message = await sent(bench, ARSIP)
    held = opened(await container(bench, message, SENDER))
    [name] = [one for one in held if one.startswith("parts/")]
    assert (name, held[name]) == ("parts/1-surat_kita.pdf", DATA)
    parts = bench.evidence._parts

    class Other:
        async def read(self, message_id: str, part: Any) -> Any:
            async for piece in parts.read(message_id, part):  # type: ignore[attr-defined]
                yield piece[:-1] + b"?"

    bench.evidence._parts = Other()  # type: ignore[assignment]
    with pytest.raises(NeedsOperator):
        await container(bench, message, SENDER)


def store(*entries: tuple[str, bytes]) -> TrustStore:
    return TrustStore(tuple(one for path, data in entries for one in read(data, path)))


async def test_only_a_known_gateway_vouches_for_the_keys_within(bench: Bench) -> None:
    message = await sent(bench, ARSIP)
    data, at = await container(bench, message, SENDER), bench.clock.now()
    own = (bench.folder / "c.pem").read_bytes()
    other = EvidenceKey.load(bench.folder / "o.pem", bench.folder / "oc.pem", name="node-1 test", now=at)
    theirs = (bench.folder / "oc.pem").read_bytes()

    async def told(held: bytes, *entries: tuple[str, bytes]) -> tuple[str, set[str]]:
        verdict = await verify(Material.of(held), None, store(*entries), at)
        return verdict.conclusion, {one.code for one in verdict.findings}

    conclusion, codes = await told(data, ("gateways/g.pem", own))
    assert (conclusion, "gateway_known" in codes) == ("valid", True)
    # As an authority over signers it signs no evidence, and somebody else's gateway is not this one.
    for entries in ([("g.pem", own)], [("signers/g.pem", own)], [("gateways/o.pem", theirs)], []):
        conclusion, codes = await told(data, *entries)
        assert (conclusion, "gateway_unknown" in codes) == ("indeterminate", True), entries
    # Somebody who is trusted, with keys and receipts of their own.
    key = SigningKey(ec.generate_private_key(ec.SECP256R1()))
    receipts = orjson.dumps({"receipts": [{"jws": one} for one in Chain("c/d", key=key).whole()]})
    keys = orjson.dumps({"keys": [key.public_jwk()]})
    mine = {"jwks__json": keys, "receipts__json": receipts, "document__json": DOCUMENT}
    made = forged(data, other, at, **mine)
    conclusion, codes = await told(made, ("signers/o.pem", theirs), ("gateways/g.pem", own))
    assert (conclusion, "gateway_unknown" in codes) != ("valid", False)
    assert conclusion != "valid"


async def test_two_signers_are_both_gateways_or_it_is_nobodys(bench: Bench) -> None:
    from gateway.signatures.evidence_trust import assessed

    message = await sent(bench, ARSIP)
    data, at = await container(bench, message, SENDER), bench.clock.now()
    other = EvidenceKey.load(bench.folder / "o.pem", bench.folder / "oc.pem", name="x", now=at)
    own, theirs = ((bench.folder / name).read_bytes() for name in ("c.pem", "oc.pem"))
    outcome = examine(Material.of(data), None)
    outcome.signatures += examine(Material.of(forged(data, other, at)), None).signatures
    for entries, code in (
        ([("gateways/g.pem", own), ("gateways/o.pem", theirs)], "gateway_known"),
        ([("gateways/g.pem", own), ("signers/o.pem", theirs)], "gateway_unknown"),
    ):
        signatures, whose = await assessed(outcome, store(*entries), at, DEFAULT)
        assert (whose.code, [one.conclusion for one in signatures]) == (code, ["valid", "valid"])


async def test_a_gateways_certificate_counts_for_nothing_but_evidence(bench: Bench) -> None:
    own, at = bench.folder / "c.pem", bench.clock.now()
    trust = store(("gateways/g.pem", own.read_bytes()))
    assert (trust.anchors("signers"), trust.anchors("timestamps"), trust.intermediates()) == ([], [], [])
    plain = bench.evidence._key.sign(b"surat", at)
    verdict = await verify(Material.of(plain), Material.of(b"surat"), trust, at)
    assert (verdict.conclusion, "unknown_authority" in [one.code for one in verdict.findings]) == (
        "indeterminate",
        True,
    )


async def test_a_gateways_certificate_that_expired_is_told(bench: Bench) -> None:
    data = await container(bench, await sent(bench, ARSIP), SENDER)
    trust = store(("gateways/g.pem", (bench.folder / "c.pem").read_bytes()))
    later = bench.clock.now() + timedelta(days=365 * 21)
    verdict = await verify(Material.of(data), None, trust, later)
    assert (verdict.conclusion, verdict.signatures[0].sub_indication) == ("indeterminate", "OUT_OF_BOUNDS_NO_POE")
    before = bench.clock.now() - timedelta(days=9)
    assert (await verify(Material.of(data), None, trust, before)).conclusion == "invalid"
