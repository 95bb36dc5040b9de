"""The gateway's own API: who may ask what, and how it is told."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import Any

import orjson
import pytest

from gateway.http import turns
from gateway.http.operations import operations
from tests.unit.gateway.bench import (
    ARSIP,
    FOLDER,
    GUDANG,
    KOTAK,
    PAPER,
    PDF,
    SIMPUS,
    VCLAIM,
    Bench,
    letter,
    organisation,
)
from tests.unit.gateway.http.face import Face, loopback

API = "/api/v1"


async def sent(face: Face) -> str:
    part = await face.bench.spool("m-1", PDF, name="surat.pdf")
    await face.bench.take("letter.deliver", letter(), message_id="m-1", parts=(part,), recipients=(ARSIP, KOTAK))
    await face.bench.run(ARSIP)
    return "m-1"


async def held(face: Face) -> str:
    await face.bench.record("organisation.deliver", organisation())
    face.bench.sink(GUDANG).says = [TimeoutError()]
    await face.bench.run(GUDANG)
    return str((await face.bench.quarantined())[0]["id"])


async def test_parties_read_a_message_and_its_receipts(face: Face) -> None:
    message = await sent(face)
    status, told = await face.value("GET", f"{API}/messages/{message}", SIMPUS)
    assert (status, len(told["deliveries"])) == (200, 2)
    status, told = await face.value("GET", f"{API}/messages/{message}/receipts", ARSIP)
    assert [one["kind"] for one in told["receipts"]] == ["delivered"]
    assert face.bench.manifest(told["receipts"][0]["jws"])["message"] == message


async def test_nobody_else_learns_what_exists(face: Face) -> None:
    message = await sent(face)
    for path in (f"messages/{message}", f"messages/{message}/receipts", f"messages/{message}/parts/1", "messages/m-404",
                 "messages/%2e%2e", "messages/" + "x" * 100, f"messages/{message}/parts/x",
                 f"messages/{message}/parts/\u0661"):  # fmt: skip
        assert await face.code("GET", f"{API}/{path}", VCLAIM) == (404, "not_found"), path


async def test_a_part_is_told_with_its_digest_and_cannot_act(face: Face) -> None:
    message = await sent(face)
    async with face.ask("GET", f"{API}/messages/{message}/parts/1", KOTAK) as answer:
        assert (answer.status, await answer.read()) == (200, PDF)
        headers = answer.headers
    digest = hashlib.sha256(PDF)
    assert headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert headers["ETag"] == f'"{digest.hexdigest()}"'
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"] == "attachment"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "no-store" in headers["Cache-Control"]
    async with face.ask("HEAD", f"{API}/messages/{message}/parts/1", KOTAK) as answer:
        assert (answer.status, answer.headers["Content-Length"], await answer.read()) == (200, str(len(PDF)), b"")


SIZE = len(PDF)


@pytest.mark.parametrize(
    ("asked", "status", "start", "stop"),
    [
        ("bytes=0-3", 206, 0, 4),
        ("bytes=5-", 206, 5, SIZE),
        ("bytes=-4", 206, SIZE - 4, SIZE),
        ("bytes=-9999", 206, 0, SIZE),
        ("bytes=0-9999", 206, 0, SIZE),
        (f"bytes={SIZE}-", 416, 0, 0),
        ("bytes=5-3", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=0-1,3-4", 200, 0, SIZE),
        ("items=0-1", 200, 0, SIZE),
        ("bytes=-", 200, 0, SIZE),
        ("bytes=99999999999999999999-", 200, 0, SIZE),
    ],
)
async def test_one_range_of_a_part(face: Face, asked: str, status: int, start: int, stop: int) -> None:
    message = await sent(face)
    async with face.ask("GET", f"{API}/messages/{message}/parts/1", SIMPUS, headers={"Range": asked}) as answer:
        assert answer.status == status
        body = await answer.read()
        if status == 416:
            told = orjson.loads(body)
            assert (answer.content_type, told["code"]) == ("application/problem+json", "range_unsatisfiable")
            assert (told["limit"], told["stage"], told["status"]) == (SIZE, "operate", 416)
        else:
            assert body == PDF[start:stop]
        expected = {206: f"bytes {start}-{stop - 1}/{SIZE}", 416: f"bytes */{SIZE}"}.get(status)
        assert answer.headers.get("Content-Range") == expected


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (f'"{PAPER.sha256}"', 206),
        (f' "{PAPER.sha256}" ', 206),
        (f'W/"{PAPER.sha256}"', 200),
        (PAPER.sha256, 200),
        ('"another"', 200),
        ("Mon, 23 Nov 2026 01:00:00 GMT", 200),
    ],
)
async def test_a_range_only_of_what_is_still_the_same(face: Face, condition: str, status: int) -> None:
    message = await sent(face)
    path, headers = f"{API}/messages/{message}/parts/1", {"Range": "bytes=1-3", "If-Range": condition}
    async with face.ask("GET", path, SIMPUS, headers=headers) as answer:
        assert (answer.status, answer.headers["ETag"]) == (status, f'"{PAPER.sha256}"')
        assert await answer.read() == (PDF[1:4] if status == 206 else PDF)


async def test_a_range_that_is_none_is_no_refusal_if_the_part_is_another(face: Face) -> None:
    message = await sent(face)
    headers = {"Range": "bytes=99999-", "If-Range": '"another"'}
    async with face.ask("GET", f"{API}/messages/{message}/parts/1", SIMPUS, headers=headers) as answer:
        assert (answer.status, await answer.read()) == (200, PDF)


async def test_a_head_has_no_range(face: Face) -> None:
    message = await sent(face)
    path = f"{API}/messages/{message}/parts/1"
    async with face.ask("HEAD", path, SIMPUS, headers={"Range": "bytes=1-3"}) as answer:
        assert (answer.status, answer.headers["Content-Length"]) == (200, str(SIZE))


async def test_a_part_that_cannot_be_read_is_a_refusal_not_half_an_answer(face: Face) -> None:
    message = await sent(face)
    [path] = [one for one in (face.bench.folder / "parts").rglob("*") if one.is_file()]
    path.unlink()
    assert await face.code("GET", f"{API}/messages/{message}/parts/1", SIMPUS) == (502, "operator_needed")


async def test_a_pull_system_looks_takes_and_is_done(face: Face) -> None:
    message = await sent(face)
    status, told = await face.value("GET", f"{API}/inbox", KOTAK)
    [one] = told["deliveries"]
    assert (status, one["envelope"]["deliveryId"]) == (200, f"{message}.2")
    async with face.ask("GET", one["parts"][0]["href"].removeprefix(face.url), KOTAK) as answer:
        assert await answer.read() == PDF
    for _ in range(2):
        status, told = await face.value(
            "POST", f"{API}/inbox/{message}.2/ack", KOTAK, json={"outcome": "delivered", "registrationNumber": "AG-7"}
        )
        assert (status, told) == (200, {"deliveryId": f"{message}.2", "state": "registered"})
    assert (await face.value("GET", f"{API}/inbox", KOTAK))[1] == {"deliveries": []}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "not_json"),
        (b"[]", 400, "not_json"),
        (b'{"outcome":"delivered","outcome":"refused"}', 400, "not_json"),
        (b'{"outcome":"lost"}', 400, "bad_request"),
        (b'{"outcome":"delivered","more":1}', 400, "bad_request"),
        (b'{"outcome":"delivered","registrationNumber":7}', 400, "bad_request"),
        (b'{"outcome":"delivered","registrationNumber":""}', 400, "bad_request"),
        (b'{"outcome":"delivered","registrationNumber":"a\\nb"}', 400, "bad_request"),
        (b'{"outcome":"refused","reason":""}', 400, "bad_request"),
        (b'{"outcome":"refused","reason":7}', 400, "bad_request"),
        (b'{"outcome":"delivered","reason":"x"}', 400, "bad_request"),
        (b" " * 70_000, 413, "body_too_large"),
    ],
)
async def test_an_ack_says_one_thing(face: Face, body: bytes, status: int, code: str) -> None:
    message = await sent(face)
    assert await face.code("POST", f"{API}/inbox/{message}.2/ack", KOTAK, data=body) == (status, code)
    assert await face.bench.state(f"{message}.2") == "ready"


async def test_what_is_wrong_with_an_ack_is_not_looked_up_among_the_schemas(face: Face) -> None:
    """What an ack is made of stands in no shared schema."""
    message = await sent(face)
    path = f"{API}/inbox/{message}.2/ack"
    _, told = await face.value("POST", path, KOTAK, json={"outcome": "lost"})
    assert "/schemas/" not in told["advice"]
    assert "/docs" in told["detail"]


@pytest.mark.parametrize("other", [{"outcome": "delivered", "registrationNumber": "AG-8"}, {"outcome": "refused"}])
async def test_who_says_otherwise_afterwards_is_told_so_as_it_is_described(face: Face, other: dict[str, str]) -> None:
    message = await sent(face)
    path = f"{API}/inbox/{message}.2/ack"
    first = {"outcome": "delivered", "registrationNumber": "AG-7"}
    for _ in range(2):
        assert (await face.value("POST", path, KOTAK, json=first))[0] == 200
    status, told = await face.value("POST", path, KOTAK, json=other)
    assert (status, told["code"]) == (409, "already_acknowledged")
    assert "key" not in told["advice"]
    described = operations(face.settings)["POST", f"{API}/inbox/{{id}}/ack"]["responses"]
    assert described["409"]["x-reasons"] == ["already_acknowledged"]


async def test_who_refuses_may_say_why(face: Face) -> None:
    message = await sent(face)
    said = {"outcome": "refused", "reason": "bukan milik kami"}
    assert (await face.value("POST", f"{API}/inbox/{message}.2/ack", KOTAK, json=said))[1]["state"] == "refused"


async def test_advice_on_a_right_tells_of_roles_and_on_what_is_not_there_of_what_is_held(face: Face) -> None:
    _, told = await face.value("POST", f"{API}/quarantine/x/replay", SIMPUS)
    assert "role" in told["advice"]
    _, told = await face.value("POST", f"{API}/quarantine/x/replay", "ani")
    assert "held" in told["advice"]


async def test_an_inbox_belongs_to_a_system(face: Face) -> None:
    assert await face.code("GET", f"{API}/inbox", "ani") == (403, "no_right")
    assert await face.code("POST", f"{API}/inbox/x/ack", KOTAK, json={"outcome": "refused"}) == (404, "not_found")


@pytest.mark.parametrize("path", ["status", "quarantine", "events"])
async def test_what_operators_see_is_not_for_systems(face: Face, path: str) -> None:
    for who, status in (("ani", 200), ("budi", 200), (SIMPUS, 403)):
        async with face.ask("GET", f"{API}/{path}", who) as answer:
            assert answer.status == status
            assert answer.headers["Cache-Control"] == "no-store"


async def test_a_change_needs_an_operator(face: Face) -> None:
    item = await held(face)
    for who in ("budi", SIMPUS):
        assert await face.code("POST", f"{API}/quarantine/{item}/replay", who) == (403, "no_right")
    status, told = await face.value("POST", f"{API}/quarantine/{item}/replay", "ani")
    assert (status, told) == (200, {"id": item, "state": "replayed"})
    assert await face.code("POST", f"{API}/quarantine/{item}/close", "ani") == (404, "not_found")
    assert await face.code("POST", f"{API}/quarantine/{item}/burn", "ani") == (404, "not_found")


async def test_quarantine_is_paged(face: Face) -> None:
    item = await held(face)
    _, told = await face.value("GET", f"{API}/quarantine", "budi", params={"limit": "1"})
    assert [one["id"] for one in told["items"]] == [item]
    assert (await face.value("GET", f"{API}/quarantine", "budi", params={"after": item}))[1] == {"items": []}


async def test_the_log_is_read_from_a_number_or_from_its_end(face: Face) -> None:
    await sent(face)
    _, whole = await face.value("GET", f"{API}/events", "budi")
    assert [one["number"] for one in whole["events"]] == [0, 1, 2]
    _, rest = await face.value("GET", f"{API}/events", "budi", params={"after": "1"})
    assert rest["events"][:1] == whole["events"][2:]
    # That budi looked is the next event, and the only one of these looks.
    assert [(one["number"], one["event"]["event"], one["event"]["actor"]) for one in rest["events"][1:]] == [
        (3, "read", "person:budi")
    ]
    assert rest["next"] == 3
    _, last = await face.value("GET", f"{API}/events", "budi", params={"tail": "1", "event": "accepted"})
    assert [one["number"] for one in last["events"]] == [0]


@pytest.mark.parametrize(
    "query",
    [
        {"after": "x"}, {"limit": "0"}, {"limit": "1001"}, {"limit": "1.5"}, {"after": "-2"}, {"tail": "\u0661"},
        {"event": "acepted"}, {"reason": "nope"}, {"limit": ""}, {"after": "9" * 18},
    ],
)  # fmt: skip
async def test_a_slip_in_a_query_is_told(face: Face, query: dict[str, Any]) -> None:
    assert await face.code("GET", f"{API}/events", "budi", params=query) == (400, "bad_request")


async def test_a_page_of_an_inbox_has_a_most_in_bytes(bench: Bench) -> None:
    face = Face(bench, loopback(limits=loopback().limits.model_copy(update={"inbox_page_bytes": 1})))
    await face.open()
    try:
        for _ in range(2):
            await bench.record("letter.deliver", letter(), recipients=(KOTAK,))
        assert len((await face.value("GET", f"{API}/inbox", KOTAK))[1]["deliveries"]) == 1
        async with face.ask("HEAD", f"{API}/inbox", KOTAK) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
    finally:
        await face.close()


async def test_pages_of_several_documents_are_one_list(face: Face) -> None:
    ids = [await face.bench.record("letter.deliver", letter(), recipients=(KOTAK,)) for _ in range(3)]
    async with face.ask("GET", f"{API}/inbox", KOTAK) as answer:
        body = await answer.read()
        assert (answer.content_type, answer.headers["Content-Length"]) == ("application/json", str(len(body)))
        assert answer.headers["Cache-Control"] == "no-store"
    assert [one["envelope"]["messageId"] for one in orjson.loads(body)["deliveries"]] == ids


async def test_one_page_of_an_inbox_is_in_hand_until_it_was_taken(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    piece = b'"' + b"x" * (32 * 1024 * 1024) + b'"'

    async def inbox(*_: object) -> list[bytes]:
        return [piece]

    monkeypatch.setattr(face.bench.reader, "inbox", inbox)
    monkeypatch.setattr(turns, "SECONDS", 0.0)
    async with face.ask("GET", f"{API}/inbox", KOTAK) as unread:
        assert unread.status == 200
        async with face.ask("GET", f"{API}/inbox", KOTAK) as second:
            assert (second.status, second.headers["Retry-After"]) == (503, "2")
            assert (await second.json(content_type=None))["code"] == "busy"
        async with face.ask("GET", f"{API}/inbox", FOLDER) as other:
            assert other.status == 200
        unread.close()
    # The next one waits until the gateway has noticed that nobody reads any more.
    monkeypatch.setattr(turns, "SECONDS", 10.0)
    async with face.ask("HEAD", f"{API}/inbox", KOTAK) as third:
        assert third.status == 200


async def test_the_inbox_has_a_most(face: Face) -> None:
    assert await face.code("GET", f"{API}/inbox", KOTAK, params={"limit": "101"}) == (400, "bad_request")
    assert (await face.value("GET", f"{API}/inbox", FOLDER, params={"limit": "100"}))[0] == 200


async def test_evidence_is_a_container_for_parties_and_digests_for_persons(face: Face) -> None:
    message = await sent(face)
    sizes = {}
    for who in (SIMPUS, "budi"):
        async with face.ask("GET", f"/api/v1/messages/{message}/evidence", who) as answer:
            assert (answer.status, answer.content_type) == (200, "application/vnd.etsi.asic-e+zip")
            assert f"{message}.asice" in answer.headers["Content-Disposition"]
            assert answer.headers["Cache-Control"] == "private, no-store"
            with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
                assert archive.testzip() is None
                sizes[who] = set(archive.namelist())
    assert {"document.json", "receipts.json"} <= sizes[SIMPUS]
    assert not {"document.json", "receipts.json"} & sizes["budi"]
    assert await face.code("GET", f"/api/v1/messages/{message}/evidence", VCLAIM) == (404, "not_found")
    assert await face.code("GET", "/api/v1/messages/nothing/evidence", SIMPUS) == (404, "not_found")


async def test_receipts_of_what_was_erased_are_brought_back_by_a_party(face: Face) -> None:
    message = await sent(face)
    path = f"/api/v1/messages/{message}/evidence"
    _, told = await face.value("GET", f"/api/v1/messages/{message}/receipts", SIMPUS)
    face.bench.journal._db.execute("UPDATE messages SET sealed_key = NULL, body = NULL")
    async with face.ask("POST", path, SIMPUS, json=told) as answer:
        assert answer.status == 200
        with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
            assert len(orjson.loads(archive.read("receipts.json"))["receipts"]) == len(told["receipts"])
    assert await face.code("POST", path, SIMPUS, data=b"nothing") == (404, "not_found")
    assert await face.code("POST", path, "budi", json=told) == (403, "no_right")
    assert await face.code("POST", path, VCLAIM, json=told) == (404, "not_found")


async def test_a_key_is_rotated_by_an_operator(face: Face) -> None:
    assert await face.code("POST", "/api/v1/keys/rotate", "budi") == (403, "no_right")
    status, told = await face.value("POST", "/api/v1/keys/rotate", "ani")
    assert (status, set(told)) == (200, {"kid", "former"})
