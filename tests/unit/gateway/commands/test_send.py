import base64
import hashlib
import json
from pathlib import Path

import pytest
from aiohttp import web

from gateway.commands.submission import read

TAKEN = {"messageId": "m-1", "state": "accepted", "receipts": [{"kind": "accepted", "delivery": None, "jws": "a.b.c"}]}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "letter.json"
    path.write_text('{"subject": "Undangan é"}')
    return path


async def test_a_document_becomes_a_submission_under_a_key(gateway, lintas, document) -> None:
    gateway.answers["/api/v1/messages"] = web.json_response(TAKEN, status=202)
    result = await lintas("send", document, "--service", "letter.deliver", "--to", "a/b", "--to", "c/d")
    assert result.exit_code == 0
    assert "m-1" in result.stdout
    assert "accepted" in result.stdout
    [asked] = gateway.asked
    assert json.loads(asked["body"]) == {
        "envelope": {"service": "letter.deliver", "schema": "letter/1", "recipients": ["a/b", "c/d"]},
        "document": {"subject": "Undangan é"},
    }
    assert asked["headers"]["Idempotency-Key"].startswith("cli-")
    assert asked["headers"]["Idempotency-Key"] in result.stdout


async def test_machines_get_the_whole_answer(gateway, lintas, document) -> None:
    gateway.answers["/api/v1/messages"] = web.json_response(TAKEN, status=202)
    result = await lintas("send", document, "--service", "letter.deliver", "--idempotency-key", "k-1", "--json")
    assert json.loads(result.stdout) == {"file": str(document), "idempotencyKey": "k-1", **TAKEN}
    assert gateway.asked[0]["headers"]["Idempotency-Key"] == "k-1"


async def test_a_whole_submission_keeps_its_envelope(gateway, lintas, tmp_path) -> None:
    gateway.answers["/api/v1/messages"] = TAKEN
    whole = {"envelope": {"service": "letter.deliver", "idempotencyKey": "own", "purpose": "p"}, "document": {"a": "b"}}
    result = await lintas("send", "-", stdin=json.dumps(whole))
    assert result.exit_code == 0
    sent = json.loads(gateway.asked[0]["body"])
    assert sent["envelope"] == {**whole["envelope"], "schema": "letter/1"}
    assert gateway.asked[0]["headers"]["Idempotency-Key"] == "own"


async def test_parts_travel_as_a_form_with_digests_and_a_length(gateway, lintas, document, tmp_path) -> None:
    gateway.answers["/api/v1/messages"] = TAKEN
    data = bytes(range(256)) * 5000
    first, second = tmp_path / "surat läb 50% (1).pdf", tmp_path / "empty.bin"
    first.write_bytes(data)
    second.write_bytes(b"")
    result = await lintas("send", document, "--service", "letter.deliver", "--part", first, "--part", second)
    assert result.exit_code == 0, result.stderr
    [asked] = gateway.asked
    assert int(asked["headers"]["Content-Length"]) > len(data)
    message, one, two = asked["parts"]
    assert message[0] == "message"
    assert message[2]["Content-Type"] == "application/json"
    assert json.loads(message[3])["document"] == {"subject": "Undangan é"}
    assert (one[0], one[1], one[3]) == ("part-1", first.name, data)
    assert one[2]["Content-Type"] == "application/pdf"
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert one[2]["Content-Digest"] == f"sha-256=:{digest}:"
    assert (two[0], two[1], bytes(two[3])) == ("part-2", "empty.bin", b"")


@pytest.mark.parametrize(
    ("said", "kept"),
    [({}, {}), ({"mainFile": {"name": "Undangan"}}, {"name": "Undangan"}), ({"mainFile": {"size": 1}}, {"size": 1})],
)
async def test_the_only_file_is_described_in_the_document(gateway, lintas, document, tmp_path, said, kept) -> None:
    """Nobody computes a digest by hand; what the document says itself is left to the gateway to judge."""
    gateway.answers["/api/v1/messages"] = TAKEN
    paper = tmp_path / "surat.pdf"
    paper.write_bytes(b"%PDF-1.4\n")
    document.write_text(json.dumps({"subject": "Undangan", **said}))
    result = await lintas("send", document, "--service", "letter.deliver", "--part", paper)
    assert result.exit_code == 0, result.stderr
    facts = {
        "sha256": hashlib.sha256(b"%PDF-1.4\n").hexdigest(), "size": 9, "mediaType": "application/pdf",
        "name": "surat.pdf",
    }  # fmt: skip
    sent = json.loads(gateway.asked[0]["parts"][0][3])["document"]
    assert sent == {"subject": "Undangan", "mainFile": {**facts, **kept}}


@pytest.mark.parametrize(
    "whole",
    [
        {"envelope": {"service": "letter.deliver"}},
        {"envelope": {"service": "letter.deliver", "schema": ["letter/1"]}, "document": {}},
        {"envelope": {"service": "letter.deliver", "schema": "letter/9"}, "document": {}},
        {"envelope": {"service": "letter.deliver"}, "document": {"mainFile": "surat.pdf"}},
    ],
)
async def test_what_is_wrong_is_left_to_the_gateway_to_say(gateway, lintas, tmp_path, whole) -> None:
    gateway.answers["/api/v1/messages"] = TAKEN
    paper = tmp_path / "surat.pdf"
    paper.write_bytes(b"%PDF-1.4")
    result = await lintas("send", "-", "--part", paper, stdin=json.dumps(whole))
    assert result.exit_code == 0, result.exception
    assert json.loads(gateway.asked[0]["parts"][0][3]).get("document") == whole.get("document")


async def test_a_document_that_need_name_no_part_is_sent_as_it_is(gateway, lintas, document, tmp_path) -> None:
    gateway.answers["/api/v1/messages"] = TAKEN
    scan = tmp_path / "scan.tif"
    scan.write_bytes(b"II*")
    assert (await lintas("send", document, "--service", "referral.deliver", "--part", scan)).exit_code == 0
    assert json.loads(gateway.asked[0]["parts"][0][3])["document"] == {"subject": "Undangan é"}


async def test_a_query_prints_the_answer(gateway, lintas, tmp_path) -> None:
    gateway.answers["/api/v1/queries"] = {"messageId": "m-2", "schema": "coverage/1", "document": {"active": True}}
    question = tmp_path / "q.json"
    question.write_text("{}")
    result = await lintas("send", question, "--service", "coverage.lookup", "--wait", 7)
    assert json.loads(result.stdout) == {"active": True}
    assert "m-2" in result.stderr
    assert gateway.asked[0]["headers"]["Prefer"] == "wait=7"


async def test_receipts_are_kept_in_files_that_cannot_leave_the_folder(gateway, lintas, document, tmp_path) -> None:
    folder = tmp_path / "receipts"
    folder.mkdir()
    gateway.answers["/api/v1/messages"] = {**TAKEN, "messageId": "../m-1"}
    result = await lintas("send", document, "--service", "letter.deliver", "--receipts", folder)
    assert result.exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["m-1.accepted.receipt.json"]
    assert json.loads((folder / "m-1.accepted.receipt.json").read_text()) == TAKEN["receipts"][0]


async def test_a_refusal_says_why_where_and_what_to_do(gateway, lintas, document, problem) -> None:
    errors = [{"path": "document.subject", "code": "too_long", "message": "too long"}]
    gateway.answers["/api/v1/messages"] = lambda _: problem(413, "body_too_large", limit=10, errors=errors)
    result = await lintas("send", document, "--service", "letter.deliver")
    assert result.exit_code == 1
    for told in ("body_too_large", "told body_too_large", "10", "document.subject", "mend it", "m-9"):
        assert told in result.stderr
    told = json.loads((await lintas("send", document, "--service", "letter.deliver", "--json")).stdout)["error"]
    assert (told["code"], told["advice"], told["messageId"], told["errors"]) == (
        "body_too_large",
        "mend it",
        "m-9",
        errors,
    )


async def test_some_of_several(gateway, lintas, document, tmp_path, problem) -> None:
    gateway.answers["/api/v1/messages"] = lambda asked: (
        TAKEN if b"Undangan" in asked["body"] else problem(422, "schema_invalid")
    )
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    result = await lintas("send", bad, document, "--service", "letter.deliver")
    assert result.exit_code == 5
    assert "1 of 2 sent, 1 failed" in result.stdout
    told = json.loads((await lintas("send", bad, document, "--service", "letter.deliver", "--json")).stdout)
    assert [("error" in one) for one in told["sent"]] == [True, False]
    assert len({one["headers"]["Idempotency-Key"] for one in gateway.asked}) == 4
    assert (await lintas("send", bad, bad, "--service", "letter.deliver")).exit_code == 1


async def test_a_broken_connection_says_how_to_send_again(gateway, lintas, document) -> None:
    class Cut(web.Response):
        async def prepare(self, request: web.BaseRequest) -> None:
            assert request.transport is not None
            request.transport.abort()

    gateway.answers["/api/v1/messages"] = Cut()
    result = await lintas("send", document, "--service", "letter.deliver", "--idempotency-key", "again-1")
    assert result.exit_code == 3
    assert "not known whether" in result.stderr
    assert "--idempotency-key again-1" in result.stderr


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        ('{"a": 1, "a": 2}', ["--service", "letter.deliver"], "duplicate_key"),
        ('{"a": NaN}', ["--service", "letter.deliver"], "not_a_number"),
        ("[1]", ["--service", "letter.deliver"], "not_json"),
        ("{}", [], "--service"),
        ("{}", ["--service", "leter.deliver"], "letter.deliver"),
        ('{"envelope": {"service": "letter.deliver"}, "document": {}}', ["--service", "person.deliver"], "another"),
        ("{}", ["--service", "letter.deliver", "--part", "absent.pdf"], "absent.pdf"),
        ("{}", ["--service", "letter.deliver", "--receipts", "absent"], "no folder"),
        ('{"envelope": {"service": "letter.deliver"}, "parts": [{}]}', ["--part", __file__], "parts itself"),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_any_call(
    gateway, lintas, tmp_path, content, options, told
) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    result = await lintas("send", path, *options)
    assert result.exit_code == 2
    assert told in result.stderr
    assert gateway.asked == []


async def test_parts_and_keys_belong_to_one_file(gateway, lintas, document) -> None:
    result = await lintas("send", document, document, "--service", "letter.deliver", "--idempotency-key", "k")
    assert result.exit_code == 2
    assert gateway.asked == []


def test_numbers_and_text_arrive_as_they_stand(tmp_path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"nik": "0000000000000001", "n": 9007199254740991}')
    submission = read(str(path), "letter.deliver", (), (), "k")
    assert submission.body["document"] == {"nik": "0000000000000001", "n": 9007199254740991}
