"""Evidence of a real gateway: saved and verified by the commands, through a change of keys and a restart."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import receipts_verify, the_log_is_whole
from tests.e2e.process import Gateway, Place, until
from tests.e2e.recipients import Recipient
from tests.e2e.scenes import letter, rest


@pytest.fixture
async def recipient() -> AsyncIterator[Recipient]:
    one = Recipient(idempotent=True)
    await one.start()
    yield one
    await one.stop()


async def lintas(place: Place, *words: object) -> tuple[int, str]:
    """The command line as a process of its own: exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway.cli", *map(str, words), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    told, _ = await process.communicate()
    return int(process.returncode or 0), told.decode()


async def delivered(gateway: Gateway, number: str) -> str:
    status, told = await gateway.post(letter(number), "pengirim", key=number)
    assert status == 202, told
    message = str(told["messageId"])

    async def there() -> bool:
        state: dict[str, Any] = await gateway.told(f"/api/v1/messages/{message}", "pengirim")
        return {one["state"] for one in state["deliveries"]} == {"delivered"}

    await until(there, "the delivery")
    return message


async def test_the_evidence_of_a_message_tells_the_whole_story(tmp_path: Path, recipient: Recipient) -> None:
    systems = {
        "pengirim": {"may_use": ["letter.deliver"]},
        "dinas": {"channel": rest(recipient.url, "idempotent")},
    }
    place = Place(tmp_path, systems, [{"service": "letter.deliver", "to": ["uji/dinas"]}])
    trust = tmp_path / "trust"
    keys = place.state / "keys"
    async with place.running() as gateway:
        first = await delivered(gateway, "1")
        operator = ("--url", gateway.url, "--key-file", keys / "operator.key", "--json")
        code, told = await lintas(place, "key", "rotate", *operator)
        assert code == 0, told
        rotated = json.loads(told)
        second = await delivered(gateway, "2")
    async with place.running() as gateway:
        sender = ("--url", gateway.url, "--key-file", keys / "pengirim.key")
        (trust / "gateways").mkdir(parents=True)
        (trust / "gateways" / "gateway.pem").write_bytes((keys / "evidence-certificate.pem").read_bytes())
        for number, message in enumerate((first, second)):
            file = tmp_path / f"{number}.asice"
            code, told = await lintas(place, "evidence", message, "-o", file, *sender)
            assert code == 0, told
            code, told = await lintas(place, "verify", file, "--trust", trust, "--json")
            verdict = json.loads(told)
            assert (code, verdict["conclusion"], verdict["format"]) == (0, "valid", "asic-e"), told
            assert [one["code"] for one in verdict["findings"]].count("receipt_holds") == 2
        kids = {number: told_keys(tmp_path / f"{number}.asice") for number in (0, 1)}
        assert kids[0] == {rotated["former"]}
        assert kids[1] == {rotated["kid"]}
        (tmp_path / "nobody").mkdir()
        code, told = await lintas(place, "verify", tmp_path / "0.asice", "--trust", tmp_path / "nobody", "--json")
        assert (code, json.loads(told)["conclusion"]) == (1, "indeterminate"), told
        receipts = tmp_path / "receipts.json"
        receipts.write_text(json.dumps(await gateway.told(f"/api/v1/messages/{first}/receipts", "pengirim")))
        code, told = await lintas(place, "receipt", "verify", receipts, "--url", gateway.url)
        assert code == 0, told
        assert "THE RECEIPTS HOLD" in told
        await receipts_verify(gateway, second, "pengirim")
    [event] = [one for one in the_log_is_whole(place.state) if one["event"] == "key_rotated"]
    assert event["actor"] == "person:operator"


def told_keys(file: Path) -> set[str]:
    """The ids of the keys that signed the receipts in a container, without any of our readers."""
    import base64
    import zipfile

    with zipfile.ZipFile(file) as archive:
        receipts = json.loads(archive.read("receipts.json"))["receipts"]
    headers = [one["jws"].partition(".")[0] for one in receipts]
    return {json.loads(base64.urlsafe_b64decode(one + "=" * (-len(one) % 4)))["kid"] for one in headers}
