"""One handler for every request: who owns it, who asks, whether anything is taken now."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.contract.errors import TryLater
from gateway.contract.exchange import STAGES, Accepted
from gateway.contract.http import HttpRoute, Reply
from gateway.contract.reasons import Reason
from gateway.http.owners import AddressTaken, RoutesUnknown
from gateway.http.server import PortTaken
from gateway.http.shares import Shares
from gateway.store.engine import JournalFailed
from tests.unit.gateway.bench import ARSIP, GUDANG, QUERY, SIMPUS, organisation
from tests.unit.gateway.http.face import Face, Post, loopback

PATIENCE = 10
ORGANISATION = "/in/organisation.deliver"


async def test_a_message_goes_in_and_its_receipt_is_promised(face: Face) -> None:
    status, told = await face.value("POST", ORGANISATION, SIMPUS, json=organisation())
    assert (status, told["repeated"]) == (202, False)
    assert await face.bench.queued(GUDANG) == [f"{told['messageId']}.1"]


async def test_a_question_is_answered(face: Face) -> None:
    status, told = await face.value("POST", "/in/coverage.lookup", SIMPUS, json=QUERY)
    assert (status, told["status"]) == (200, "active")


async def test_what_does_not_fit_is_a_problem_with_its_room(face: Face) -> None:
    status, told = await face.value("POST", ORGANISATION, SIMPUS, json=organisation(kind=""))
    assert (status, told["code"], told["stage"]) == (422, "schema_invalid", "normalise")
    assert [one["path"] for one in told["errors"]] == ["kind"]


async def test_what_breaks_in_the_endpoint_is_a_refusal_of_a_known_caller(face: Face) -> None:
    status, told = await face.value("POST", ORGANISATION, SIMPUS, data=b"{broken")
    assert (status, told["code"], told["stage"]) == (500, "internal", "arrive")
    assert [type(error).__name__ for error in face.bench.unforeseen] == ["JSONDecodeError"]
    [event] = await face.bench.told(told["messageId"])
    assert (event["event"], event["sender"]) == ("refused", SIMPUS)


async def test_a_caller_without_the_right_is_stopped_before_the_body(face: Face) -> None:
    assert await face.code("POST", ORGANISATION, ARSIP, data=b"{broken") == (403, "no_right")


@pytest.mark.parametrize("path", [ORGANISATION, "/api/v1/status"])
async def test_a_stranger_is_told_how_to_be_known(face: Face, path: str) -> None:
    method = "POST" if path == ORGANISATION else "GET"
    async with face.ask(method, path, "nobody") as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert (await answer.json(content_type=None))["code"] == "not_authenticated"
    await face.bench.refusals.flush()
    [event] = await face.bench.told()
    assert (event["event"], event["sender"], event["bytes"]) == ("refusals_counted", "127.0.0.0/24", 1)


async def test_messages_are_sent_by_systems_not_by_persons(face: Face) -> None:
    assert await face.code("POST", ORGANISATION, "ani", json=organisation()) == (403, "no_right")


async def test_a_person_is_told_so_in_the_words_of_the_endpoint(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(call: Any, settlement: Any) -> Reply:
        return Reply(500, settlement.error.reason.encode(), "text/xml")

    monkeypatch.setattr(face.endpoint, "encode", fault)
    async with face.ask("POST", ORGANISATION, "ani", data=b"<Envelope/>") as answer:
        assert (answer.status, answer.content_type, await answer.text()) == (500, "text/xml", "no_right")
    [event] = await face.bench.told()
    assert (event["event"], event["reason"], event["actor"]) == ("refused", "no_right", "person:ani")


@pytest.mark.parametrize(("body", "kept"), [(organisation(), True), ({"broken": 1}, False)])
async def test_an_answer_that_cannot_be_written_names_the_message_it_is_about(
    face: Face, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], kept: bool
) -> None:
    mistake = KeyError("3273010101010001")

    def broken(call: Any, settlement: Any) -> Reply:
        raise mistake

    monkeypatch.setattr(face.endpoint, "encode", broken)
    status, told = await face.value("POST", ORGANISATION, SIMPUS, json=body)
    assert (status, told["code"]) == (500, "internal")
    assert face.unforeseen == [mistake]
    events = await face.bench.told(told["messageId"])
    assert [one["event"] for one in events] == (["accepted"] if kept else ["refused"])
    assert ("is recorded under this id" in told["detail"]) is kept
    assert "3273" not in str(told)


async def test_a_published_document_is_open_to_all(face: Face) -> None:
    async with face.ask("GET", "/contract") as answer:
        assert (answer.status, await answer.text()) == (200, "open to all")
    async with face.ask("HEAD", "/contract") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


async def test_paths_and_methods_that_nobody_owns(face: Face) -> None:
    assert await face.code("GET", "/nothing") == (404, "not_found")
    async with face.ask("DELETE", "/contract") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    async with face.ask("OPTIONS", "/contract") as answer:
        assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/events", 404, "/api/v1/events may be meant"),
        ("GET", "/events/", 404, "/api/v1/events may be meant"),
        ("GET", "/api/v1/events/", 404, "/api/v1/events may be meant"),
        ("GET", "//api/v1/events", 404, "/api/v1/events may be meant"),
        ("POST", "/api/v1/inbox/x.1/ack/", 404, "/api/v1/inbox/{id}/ack may be meant"),
        ("POST", "/in/letter.deliver/?wsdl", 404, "/in/{service} may be meant"),
        ("GET", "/nowhere-3273014107900001", 404, "nothing is at this address. /docs lists all"),
        ("GET", "/in/a/b", 404, "/docs lists all"),
        ("GET", "/in/letter.deliver", 405, "this address takes POST"),
        ("DELETE", "/contract", 405, "this address takes GET and HEAD"),
        ("PROPFIND", "/contract", 405, "this address takes GET and HEAD"),
    ],
)
@pytest.mark.parametrize("who", [None, SIMPUS])
async def test_who_goes_astray_is_told_where_to_go(
    face: Face, method: str, path: str, status: int, says: str, who: str | None
) -> None:
    async with face.ask(method, path, who) as answer:
        told = await answer.json(content_type="application/problem+json")
        assert (answer.status, "Allow" in answer.headers) == (status, status == 405)
    assert says in told["detail"]
    assert "3273014107900001" not in str(told)


@pytest.mark.parametrize("reason", [Reason.STOPPING, Reason.DISK_RESERVE, Reason.BUSY])
async def test_nothing_new_is_taken_while_nothing_is_admitted(face: Face, reason: Reason) -> None:
    face.reason = reason
    async with face.ask("POST", ORGANISATION, SIMPUS, json=organisation()) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
        assert (await answer.json(content_type=None))["code"] == reason
    assert await face.bench.queued(GUDANG) == []
    async with face.ask("GET", "/api/v1/status", "ani") as answer:
        assert answer.status == 200


async def test_too_much_at_once_is_told_to_come_back(face: Face) -> None:
    face.server._calls = Shares("calls", 1, 1)
    begun, gate = asyncio.Event(), asyncio.Event()
    record = face.bench.recorder.record

    async def slow(verified: Any) -> Any:
        begun.set()
        await gate.wait()
        return await record(verified)

    face.bench.recorder.record = slow  # type: ignore[method-assign, assignment]
    first = asyncio.create_task(face.value("POST", ORGANISATION, SIMPUS, json=organisation()))
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        assert await face.code("POST", ORGANISATION, SIMPUS, json=organisation()) == (503, "busy")
        gate.set()
        assert (await first)[0] == 202


async def test_the_gateways_own_api_takes_from_the_same_share_and_gives_it_back(face: Face) -> None:
    face.server._calls = Shares("calls", 8, 1)
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow(message: str, who: object) -> object:
        begun.set()
        await gate.wait()
        return {}

    face.bench.reader.message = slow  # type: ignore[method-assign, assignment]
    first = asyncio.create_task(face.value("GET", "/api/v1/messages/x", SIMPUS))
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        assert await face.code("GET", "/api/v1/messages/x", SIMPUS) == (503, "busy")
        assert await face.code("POST", ORGANISATION, SIMPUS, json=organisation()) == (503, "busy")
        gate.set()
        assert (await first)[0] == 200
    assert (await face.value("POST", ORGANISATION, SIMPUS, json=organisation()))[0] == 202


async def test_of_who_may_use_nothing_not_a_byte_is_read(face: Face) -> None:
    face.server._federation = SimpleNamespace(may_anything=lambda system: False)  # type: ignore[assignment]
    assert await face.code("POST", ORGANISATION, SIMPUS, data=b"{broken") == (403, "no_right")


async def test_when_the_journal_has_failed_the_connection_ends_without_an_answer(face: Face) -> None:
    async def failed(unit: object) -> None:
        raise JournalFailed("disk")

    face.bench.journal.commit = failed  # type: ignore[method-assign, assignment]
    with pytest.raises(Exception, match=r"disconnected|reset"):
        await face.value("POST", ORGANISATION, SIMPUS, json=organisation())


async def test_later_means_retry_after(face: Face) -> None:
    async def busy(verified: object) -> None:
        raise TryLater(Reason.BUSY, after=7)

    face.bench.recorder.record = busy  # type: ignore[method-assign, assignment]
    async with face.ask("POST", ORGANISATION, SIMPUS, json=organisation()) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "7")


async def test_an_unforeseen_error_of_our_own_pages_is_told_once(face: Face) -> None:
    async def broken(*arguments: object) -> Any:
        raise ZeroDivisionError("3273014107900001")

    face.server.add("GET", "/broken", broken, public=True)
    status, told = await face.value("GET", "/broken")
    assert (status, told["code"]) == (500, "internal")
    assert "3273014107900001" not in str(told)
    assert [type(error) for error in face.unforeseen] == [ZeroDivisionError]


async def test_draining_waits_for_what_is_in_flight_and_takes_nobody_new(face: Face) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()
    take = face.bench.walk.take

    async def slow(*arguments: Any) -> Any:
        begun.set()
        await gate.wait()
        return await take(*arguments)

    face.bench.walk.take = slow  # type: ignore[method-assign]
    first = asyncio.create_task(face.value("POST", ORGANISATION, SIMPUS, json=organisation()))
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        draining = asyncio.create_task(face.server.drain())
        await asyncio.sleep(0)
        assert not draining.done()
        gate.set()
        await draining
        assert (await first)[0] == 202


async def test_a_port_that_is_taken_is_named(face: Face) -> None:
    port = int(face.url.rpartition(":")[2])
    settings = loopback()
    other = Face(face.bench, settings.model_copy(update={"http": settings.http.model_copy(update={"port": port})}))
    with pytest.raises(PortTaken, match=f"port {port} on 127.0.0.1 cannot be used"):
        await other.server.listen()


async def test_the_public_address_follows_the_port(face: Face) -> None:
    assert face.server.public_url == face.url
    status, told = await face.value("POST", ORGANISATION, SIMPUS, json=organisation(kind=""))
    assert status == 422
    assert told["instance"].startswith("/api/v1/messages/")


async def test_a_repeat_over_http(face: Face) -> None:
    told = [
        await face.value("POST", ORGANISATION, SIMPUS, json=organisation(), headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [status for status, _ in told] == [202, 202]
    assert [one["repeated"] for _, one in told] == [False, True]
    assert told[0][1]["messageId"] == told[1][1]["messageId"]
    assert isinstance(await face.bench.take("organisation.deliver", organisation(name="Lain")), Accepted)


@pytest.mark.parametrize(
    ("method", "path", "who", "headers", "code", "stage"),
    [
        ("POST", "/in/letter.deliver", None, {}, "not_authenticated", "arrive"),
        ("GET", "/api/v1/status", None, {}, "not_authenticated", "arrive"),
        ("GET", "/nowhere", None, {}, "not_found", "arrive"),
        ("DELETE", "/api/v1/status", "ani", {}, "method_not_allowed", "arrive"),
        ("GET", "/api/v1/status", "ani", {"X-Long": "x" * 8000, "Y-Long": "y" * 8000, "Z-Long": "z" * 8000,
                                          "V-Long": "v" * 8000, "W-Long": "w" * 8000}, "headers_too_large", "arrive"),
        ("POST", "/in/letter.deliver", "ani", {}, "no_right", "arrive"),
        ("GET", "/api/v1/status", SIMPUS, {}, "no_right", "operate"),
        ("GET", "/api/v1/messages/m-404", SIMPUS, {}, "not_found", "operate"),
        ("POST", "/api/v1/quarantine/q-404/replay", "ani", {}, "not_found", "operate"),
        ("GET", "/api/v1/events?limit=x", "ani", {}, "bad_request", "operate"),
    ],
)  # fmt: skip
async def test_a_problem_says_where_it_was_met(
    face: Face, method: str, path: str, who: str | None, headers: dict[str, str], code: str, stage: str
) -> None:
    status, told = await face.value(method, path, who, headers=headers)
    assert (told["code"], told["stage"]) == (code, stage)
    assert status == told["status"]
    assert told["stage"] in STAGES


async def test_broken_http_says_it_too(face: Face) -> None:
    reader, writer = await asyncio.open_connection(*face.url.removeprefix("http://").rsplit(":", 1))
    writer.write(b"nonsense\r\n\r\n")
    answer = await reader.read()
    writer.close()
    assert b'"stage":"arrive"' in answer


@pytest.mark.parametrize("who", [SIMPUS, "nobody", "ani"])
async def test_an_endpoint_that_is_not_open_answers_that_it_is_not(face: Face, who: str) -> None:
    shut = {"post:endpoint"}
    face.server._is_open = lambda name: name not in shut
    for method, path in (("POST", ORGANISATION), ("GET", "/contract")):
        async with face.ask(method, path, who, data=b"{}" if method == "POST" else None) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
            assert (await answer.json(content_type=None))["code"] == "busy"
    assert (await face.value("GET", "/api/v1/status", who))[0] in (200, 401, 403)
    shut.clear()
    async with face.ask("GET", "/contract") as answer:
        assert answer.status == 200


class Greedy(Post):
    """Wants one address, or fails to say which."""

    def __init__(self, method: str, path: str) -> None:
        self.wanted = HttpRoute(method, path)

    def routes(self) -> list[HttpRoute]:
        if self.wanted.path == "/fail":
            raise ValueError("3273010101010001")
        return [self.wanted]


def test_two_owners_of_one_address_are_named(face: Face) -> None:
    for method, path, owner in (
        ("GET", "/api/v1/status", "the gateway itself"), ("POST", "/in/{service}", "post:endpoint"),
    ):  # fmt: skip
        with pytest.raises(AddressTaken) as caught:
            face.server.mount(Greedy(method, path), "pesan:endpoint")
        assert str(caught.value).startswith(f"{method} {path} belongs to {owner} and to pesan:endpoint; ")
    face.server.mount(Greedy("GET", "/mine"), "pesan:endpoint")
    with pytest.raises(AddressTaken, match="GET /mine belongs to pesan:endpoint and to the gateway itself"):
        face.server.add("GET", "/mine", face.server.add)  # type: ignore[arg-type]


def test_an_endpoint_that_cannot_say_its_routes_is_named(face: Face) -> None:
    with pytest.raises(RoutesUnknown) as caught:
        face.server.mount(Greedy("GET", "/fail"), "pesan:endpoint")
    assert str(caught.value).startswith("pesan:endpoint cannot say its routes (ValueError at test_server.py:")
    assert "3273" not in str(caught.value)
