"""What a judge looks at: the log, the receipts, the parts folder.

Enters: a state folder, or a running gateway. Leaves: nothing. Refuses, by an assertion: a gap in the numbers, an event
that is in one place and not in the other, a receipt that does not verify or names another one before it, orphan parts.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import KeySet

from tests.e2e.process import Gateway, rows

GATEWAY = Path(__file__).parents[2] / "gateway"


def barriers_in_source() -> set[str]:
    """Every name that the gateway's code gives to a barrier."""
    text = "".join(path.read_text(encoding="utf-8") for path in GATEWAY.rglob("*.py"))
    return set(re.findall(r'barrier\("([a-z_.]+)"\)', text))


def logged(state: Path) -> list[tuple[int, bytes]]:
    """The lines of the log's files."""
    found = []
    for path in sorted((state / "log").glob("events-*.jsonl")):
        for line in path.read_bytes().splitlines():
            number, event = re.fullmatch(rb'\{"number":(\d+),"event":(.*)\}', line).groups()  # type: ignore[union-attr]
            found.append((int(number), event))
    return found


def the_log_is_whole(state: Path) -> list[dict[str, Any]]:
    """Dense numbers, files equal to the table, nothing left in the outbox, no event twice."""
    table = [(int(number), bytes(body)) for number, body in rows(state, "SELECT number, body FROM events ORDER BY 1")]
    assert [number for number, _ in table] == list(range(len(table)))
    assert logged(state) == table
    assert rows(state, "SELECT count(*) FROM outbox") == [(0,)]
    events = [json.loads(body) for _, body in table]
    assert len({event["id"] for event in events}) == len(events)
    return events


def nothing_is_held(state: Path) -> None:
    """No lease, no queue, no claim is left behind."""
    for table in ("leases", "queue"):
        assert rows(state, f"SELECT * FROM {table}") == [], table
    assert rows(state, "SELECT * FROM claims WHERE state = 'claimed'") == []


def parts_are_of_messages(state: Path) -> None:
    """Every folder of parts belongs to a recorded message, has the parts it says, and nothing temporary."""
    recorded = dict(rows(state, "SELECT id, parts FROM messages"))
    for folder in (state / "parts").glob("??/*"):
        names = sorted(path.name for path in folder.iterdir())
        assert folder.name in recorded, f"orphan parts of {folder.name}: {names}"
        assert 0 < len(names) <= recorded[folder.name], names
        assert not [name for name in names if name.endswith(".tmp")]
    with_parts = {name for name, count in recorded.items() if count}
    assert with_parts <= {folder.name for folder in (state / "parts").glob("??/*")}


async def keys_of(gateway: Gateway) -> KeySet:
    _, told = await gateway.call("GET", "/.well-known/jwks.json")
    return KeySet.import_key_set(told)


async def receipts_verify(gateway: Gateway, message: str, who: str) -> dict[tuple[str, str | None], str]:
    """All receipts of a message: signed, and each names the one before. By (kind, delivery), the JWS."""
    told = await gateway.told(f"/api/v1/messages/{message}/receipts", who)
    keys = await keys_of(gateway)
    manifests: dict[str, dict[str, Any]] = {}
    for one in told["receipts"]:
        manifest = json.loads(jws.deserialize_compact(one["jws"], keys).payload)
        assert (manifest["message"], manifest["delivery"], manifest["kind"]) == (message, one["delivery"], one["kind"])
        manifests[hashlib.sha256(one["jws"].encode()).hexdigest()] = manifest
    accepted = [digest for digest, manifest in manifests.items() if manifest["kind"] == "accepted"]
    assert len(accepted) == 1
    before = {"accepted": None, "delivered": "accepted", "registered": "delivered"}
    for manifest in manifests.values():
        if manifest["previous"] is None:
            assert manifest["kind"] == "accepted"
            continue
        previous = manifests[manifest["previous"]]
        assert previous["delivery"] in (None, manifest["delivery"])
        if manifest["kind"] in before:
            assert previous["kind"] == before[manifest["kind"]]
    return {(one["kind"], one["delivery"]): one["jws"] for one in told["receipts"]}
