import json

import pytest

from gateway.commands.status import _journal, size

STATUS = {
    "node": "node-1",
    "instance": "test",
    "version": "0.1.0",
    "config": "abc",
    "lanes": [{"lane": "a/b", "queued": 3, "leased": 1, "oldestDue": "2026-01-02T03:04:05Z"}],
    "quarantined": 2,
    "disk": {"free": 3 * 1024**3, "reserve": 1024},
    "journal": {"open": True},
    "log": {"next": 9},
}
MESSAGE = {
    "messageId": "m-1",
    "kind": "message",
    "sender": "a/b",
    "service": "letter.deliver",
    "schema": "letter/1",
    "purpose": "p",
    "createdAt": "t0",
    "bytes": 5,
    "parts": [{"number": 1, "name": "\x1b[2Jevil\u202e.pdf", "mediaType": "application/pdf", "size": 4, "sha256": "0"}],
    "deliveries": [{"deliveryId": "m-1.1", "recipient": "c/d", "kind": "message", "state": "delivered", "attempts": 2}],
    "timeline": [{"number": 4, "event": {"time": "t1", "event": "accepted", "actor": "system:a/b"}}],
}


async def test_the_gateway_in_a_table(gateway, lintas) -> None:
    gateway.answers["/api/v1/status"] = STATUS
    result = await lintas("status")
    assert result.exit_code == 0
    for told in ("node-1", "a/b", "2026-01-02T03:04:05Z", "3.0 GiB (1.0 KiB kept in reserve)", "lintas replay --list"):
        assert told in result.stdout


async def test_the_same_for_machines_before_or_after_the_command(gateway, lintas) -> None:
    gateway.answers["/api/v1/status"] = STATUS
    for arguments in (("status", "--json"), ("--json", "status")):
        assert json.loads((await lintas(*arguments)).stdout) == STATUS


async def test_one_message_and_nothing_of_it_reaches_the_terminal_raw(gateway, lintas) -> None:
    gateway.answers["/api/v1/messages/m-1"] = MESSAGE
    result = await lintas("status", "m-1")
    assert result.exit_code == 0
    for told in ("letter.deliver", "c/d", "delivered", "accepted", "system:a/b", "\\x1b[2Jevil\\u202e.pdf"):
        assert told in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


async def test_a_held_delivery_shows_how_to_decide_about_it(gateway, lintas) -> None:
    [delivery] = MESSAGE["deliveries"]
    gateway.answers["/api/v1/messages/m-1"] = {**MESSAGE, "deliveries": [{**delivery, "quarantine": "q-7"}]}
    told = (await lintas("status", "m-1")).stdout
    assert "q-7" in told
    assert "lintas replay m-1" in told
    gateway.answers["/api/v1/messages/m-1"] = MESSAGE
    assert "lintas replay" not in (await lintas("status", "m-1")).stdout


async def test_an_identifier_stays_one_step_of_the_path(gateway, lintas) -> None:
    result = await lintas("status", "../quarantine?x=1")
    assert result.exit_code == 1
    assert "party" in result.stderr
    assert gateway.asked[0]["path"].startswith("/api/v1/messages/")
    assert gateway.asked[0]["query"] == {}


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 1024**5, "5120.0 TiB")]
)
def test_sizes(count: int, told: str) -> None:
    assert size(count) == told


@pytest.mark.parametrize(
    ("journal", "told"),
    [
        ({"open": True, "waiting": 0, "units": 1173, "batches": 267}, "open"),
        ({"open": True, "waiting": 4}, "open, 4 waiting to be written"),
        ({"open": False}, "closed: nothing is taken"),
        (None, None),
    ],
)
def test_the_journal_is_told_in_words(journal: dict[str, object] | None, told: str | None) -> None:
    assert _journal(journal) == told
