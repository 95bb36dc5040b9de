"""Letters are seen and changed by their own agency and by operators; to others they are not there."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from tests.unit.gateway.bench import SIMPUS, VCLAIM, Bench
from tests.unit.gateway.http.face import Face
from tests.unit.gateway.letters.example import PDF, SUBJECT, code_of, issued, replaced, reserved, withdrawn

BASE = "/api/v1/letters"


async def test_the_agency_sees_its_letter_and_its_file(face: Face, bench: Bench) -> None:
    letter = await issued(bench)
    path = f"{BASE}/{code_of(letter).lower()}"
    status, told = await face.value("GET", path, SIMPUS)
    assert status == 200
    assert (told["state"], told["subject"], told["sha256"]) == ("active", SUBJECT, hashlib.sha256(PDF).hexdigest())
    assert told["url"] == f"https://g.example/v/{code_of(letter)}"
    event = (await bench.told(letter.question))[-1]
    committed = hashlib.sha256(base64.b64decode(told["salt"]) + bytes.fromhex(told["sha256"])).hexdigest()
    assert event["commit_out"] == committed
    async with face.ask("GET", f"{path}/file", SIMPUS) as answer:
        assert await answer.read() == PDF
        assert answer.headers["ETag"] == f'"{told["sha256"]}"'
    async with face.ask("HEAD", f"{path}/file", SIMPUS) as answer:
        assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(PDF)))


@pytest.mark.parametrize("who", [VCLAIM, "nobody/known"])
async def test_to_others_it_is_not_there(face: Face, bench: Bench, who: str) -> None:
    letter = await issued(bench)
    for method, path, body in (
        ("GET", "", None), ("GET", "/file", None), ("POST", "/withdraw", {"reason": "x"}),
        ("POST", "/replace", {"by": "x"}),
    ):  # fmt: skip
        here = await face.code(method, f"{BASE}/{code_of(letter)}{path}", who, json=body)
        there = await face.code(method, f"{BASE}/{'A' * 16}{path}", who, json=body)
        assert here == there == (404, "not_found")


async def test_an_operator_sees_and_withdraws_and_an_auditor_sees(face: Face, bench: Bench) -> None:
    letter = await issued(bench)
    path = f"{BASE}/{code_of(letter)}"
    status, told = await face.value("GET", path, "budi")
    assert (status, told["letterNumber"]) == (200, "005/12/Kel")
    assert not {"subject", "signer", "salt"} & set(told)
    assert await face.code("GET", f"{path}/file", "ani") == (403, "no_right")
    assert await face.code("POST", f"{path}/withdraw", "budi", json={"reason": "x"}) == (403, "no_right")
    status, told = await face.value("POST", f"{path}/withdraw", "ani", json={"reason": "Salah nama"})
    assert (status, told["state"], told["reason"]) == (200, "withdrawn", "Salah nama")
    events = await bench.told(letter.question)
    assert [(one["event"], one["actor"]) for one in events[2:]] == [
        ("read", "person:budi"), ("letter_withdrawn", "person:ani"),
    ]  # fmt: skip


@pytest.mark.parametrize("level", [{"privacy": "specific"}, {"privacy": "secret"}, {"security": "SR"}])
async def test_a_person_sees_what_the_class_shows_and_the_agency_everything(
    face: Face, bench: Bench, level: dict[str, str]
) -> None:
    letter = await withdrawn(bench, "Salah nama", **level)
    path = f"{BASE}/{code_of(letter)}"
    own, seen = (await face.value("GET", path, SIMPUS))[1], (await face.value("GET", path, "budi"))[1]
    assert set(own) - set(seen) == {"letterNumber", "letterDate", "reason", "signer", "position", "subject", "salt"}


@pytest.mark.parametrize(("old", "new", "shown"), [("B", "B", True), ("B", "SR", False), ("SR", "B", False)])
async def test_a_secret_letter_is_not_named_by_another(
    face: Face, bench: Bench, old: str, new: str, shown: bool
) -> None:
    letter = await replaced(bench, await issued(bench, security=new), security=old)
    path = f"{BASE}/{code_of(letter)}"
    assert "replacedBy" in (await face.value("GET", path, SIMPUS))[1]
    assert ("replacedBy" in (await face.value("GET", path, "budi"))[1]) is shown


async def test_the_same_once_more_changes_nothing_and_another_is_refused(face: Face, bench: Bench) -> None:
    old, new = await issued(bench), await issued(bench)
    path = f"{BASE}/{code_of(old)}"
    for _ in range(2):
        status, told = await face.value("POST", f"{path}/replace", SIMPUS, json={"by": code_of(new)})
        assert (status, told["state"], told["replacedBy"].replace("-", "")) == (200, "replaced", code_of(new))
    assert await face.code("POST", f"{path}/withdraw", SIMPUS, json={"reason": "x"}) == (409, "letter_ended")
    assert await face.code("POST", f"{BASE}/{code_of(new)}/replace", SIMPUS, json={"by": code_of(old)}) == (
        409, "letter_ended",
    )  # fmt: skip
    assert (await bench.names(old.question)).count("letter_replaced") == 1


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("withdraw", {}, "bad_request"),
        ("withdraw", {"reason": ""}, "bad_request"),
        ("withdraw", {"reason": "x\n"}, "bad_request"),
        ("withdraw", {"reason": "x" * 501}, "bad_request"),
        ("withdraw", {"reason": "x", "by": "y"}, "bad_request"),
        ("withdraw", [], "not_json"),
        ("replace", {"by": 5}, "bad_request"),
        ("replace", {"by": "x"}, "not_found"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(
    face: Face, bench: Bench, path: str, body: Any, code: str
) -> None:
    letter = await issued(bench)
    assert (await face.code("POST", f"{BASE}/{code_of(letter)}/{path}", SIMPUS, json=body))[1] == code


async def test_a_letter_does_not_replace_itself_nor_one_of_another_agency(face: Face, bench: Bench) -> None:
    letter, stranger = await issued(bench), await issued(bench, system=VCLAIM)
    path = f"{BASE}/{code_of(letter)}/replace"
    assert await face.code("POST", path, SIMPUS, json={"by": code_of(letter)}) == (400, "bad_request")
    assert await face.code("POST", path, SIMPUS, json={"by": code_of(stranger)}) == (404, "not_found")


async def test_a_reserved_code_has_no_file(face: Face, bench: Bench) -> None:
    held = await reserved(bench.letters, "q")
    status, told = await face.value("GET", f"{BASE}/{held.code}", SIMPUS)
    assert (status, told["state"]) == (200, "reserved")
    assert await face.code("GET", f"{BASE}/{held.code}/file", SIMPUS) == (404, "not_found")
    assert (await face.code("POST", f"{BASE}/{held.code}/withdraw", SIMPUS, json={"reason": "x"}))[0] == 409


async def test_a_one_time_code_is_sent_for_a_system(face: Face) -> None:
    path = "/api/v1/signers/wali/code"
    assert await face.value("POST", path, SIMPUS) == (200, {"signer": "wali", "sent": True})
    assert face.codes == [(SIMPUS, "wali")]
    assert await face.code("POST", path, "ani") == (403, "no_right")
