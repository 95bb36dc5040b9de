"""A signature is given once, kept whole, and in force only together with its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from gateway.contract.exchange import Answered, Rejected
from gateway.contract.reasons import Reason
from gateway.letters.code import plain
from gateway.signatures.signing import SigningRefused
from gateway.signatures.workers import WorkersBusy
from tests.unit.gateway.letters.office import DRAFT, PASSPHRASE, Office, opened


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as one:
        yield one


async def states(office: Office) -> list[str]:
    rows = await office.bench.journal.read("letters_after", {"after": b"", "now": 0, "limit": 100})
    found = [await office.bench.journal.read("find_letter", {"code": row[0]}) for row in rows]
    return sorted(str(one[0][4]) for one in found)


async def test_a_letter_is_signed_kept_and_in_force(office: Office) -> None:
    answer = await office.sign(securityLevel="T", privacy="public")
    assert isinstance(answer, Answered)
    told = orjson.loads(answer.document_json)
    letter = await office.bench.letters.find(told["code"])
    assert letter is not None
    assert letter.facts is not None
    assert letter.file is not None
    data = b"".join([piece async for piece in office.bench.letters.read(letter)])
    assert data == DRAFT + f"signed {told['url']}\n".encode()
    assert told["url"] == f"https://lintas.example/v/{plain(told['code'])}"
    assert (told["sha256"], told["size"], told["level"]) == (letter.file.sha256, len(data), "B-B")
    assert (letter.state, letter.facts.security, letter.facts.privacy) == ("active", "T", "public")
    assert letter.question == answer.message_id
    names = await office.bench.names(answer.message_id)
    assert names == ["asked", "letter_reserved", "letter_activated", "answered"]
    events = await office.bench.told(answer.message_id)
    assert {one["recipient"] for one in events if one["event"] in ("asked", "answered")} == {"gateway"}


async def test_the_question_is_known_to_who_asked(office: Office) -> None:
    from gateway.contract.exchange import Caller
    from tests.unit.gateway.bench import SIMPUS

    answer = await office.sign()
    told = await office.bench.reader.message(answer.message_id, Caller(SIMPUS))
    assert told["deliveries"][0]["state"] == "answered"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"passphrase": "wrong"}, Reason.PASSPHRASE_REFUSED),
        ({"passphrase": None}, Reason.PASSPHRASE_REFUSED),
        ({"signer": "nobody"}, Reason.UNKNOWN_SIGNER),
        ({"data": b"x" * 10_001}, Reason.PART_TOO_LARGE),
    ],
)
async def test_what_cannot_be_signed_is_refused_with_its_reason(
    office: Office, more: dict[str, str], reason: Reason
) -> None:
    refused = await office.sign(**more)  # type: ignore[arg-type]
    assert isinstance(refused, Rejected)
    assert refused.error.reason is reason
    assert "active" not in await states(office)
    assert PASSPHRASE not in str(vars(refused.error) if hasattr(refused.error, "__dict__") else refused)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SigningRefused("tag_missing", "the tag is not there"), Reason.NOT_SIGNABLE),
        (SigningRefused("certificate_expired", "the certificate expired"), Reason.SIGNER_NOT_READY),
        (WorkersBusy(1), Reason.BUSY),
        (ZeroDivisionError(), Reason.INTERNAL),
    ],
)
async def test_what_the_workers_refuse_leaves_a_reserved_code(
    office: Office, error: BaseException, reason: Reason
) -> None:
    office.workers.refuses = error
    refused = await office.sign()
    assert refused.error.reason is reason
    assert await states(office) == ["reserved"]
    assert office.desk._kept == {}


async def test_a_repeat_with_its_key_gets_the_same_code(office: Office) -> None:
    first, again = await office.sign(key="k-1"), await office.sign(key="k-1")
    assert again.repeated
    assert again.document_json == first.document_json
    assert len(office.workers.asked) == 1
    assert await states(office) == ["active"]


async def test_a_caller_who_goes_leaves_a_reserved_code(office: Office) -> None:
    task: asyncio.Task[object] | None = None

    def go() -> None:
        assert task is not None
        task.cancel()

    office.workers.during = go
    task = asyncio.create_task(office.sign())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await states(office) == ["reserved"]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("at", ["letters.after_reserve", "letters.after_file", "journal.before_commit"])
async def test_a_crash_at_any_step_leaves_a_reserved_code_and_no_file(tmp_path: Path, at: str) -> None:
    def kill() -> None:
        raise Killed

    async with opened(tmp_path) as first:
        if at == "journal.before_commit":
            # The unit with the answer: nothing of it is durable.
            first.workers.during = lambda: first.bench.barriers.update({at: lambda: kill()})
        else:
            first.bench.barriers[at] = kill
        # The process ends: whoever would clean up is gone as well.
        first.desk.abandon = _nothing  # type: ignore[method-assign]
        with pytest.raises(BaseException):  # noqa: B017
            await first.sign()
        first.bench.barriers.clear()
    async with opened(tmp_path) as again:

        async def keep(ids: object) -> set[str]:
            known = set()
            for one in ids:  # type: ignore[attr-defined]
                if await again.bench.journal.read("known_messages", {"first": one, "last": one}):
                    known.add(one)
            return known

        await again.bench.parts.sweep(keep)
        assert await states(again) == ["reserved"]
        assert [one for one in (tmp_path / "parts").rglob("*") if one.is_file()] == []


async def _nothing(message: str) -> None:
    return None


async def test_a_passphrase_is_written_nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with opened(tmp_path) as office:
        await office.sign()
        office.workers.refuses = ZeroDivisionError()
        await office.sign()
        await office.bench.sequencer.drain()
        await office.bench.journal.checkpoint_idle()
        (tmp_path / "pin").unlink()
        written = await asyncio.to_thread(_everything, tmp_path)
    assert PASSPHRASE.encode() not in written
    assert PASSPHRASE not in "".join(capsys.readouterr())


def _everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
