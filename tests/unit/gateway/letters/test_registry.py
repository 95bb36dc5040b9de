"""A code is reserved before anything else, in force only with its file, and ended by its agency alone."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from gateway.federation import Federation
from gateway.letters.code import grouped
from gateway.letters.letter import Ending, SignedFile
from gateway.letters.registry import LetterEnded
from gateway.store.engine import Unexpected, Unit
from tests.unit.gateway.bench import ARSIP, SIMPUS, VCLAIM, Bench, running
from tests.unit.gateway.bench import letter as draft
from tests.unit.gateway.letters.example import PDF, SUBJECT, code_of, found, issued, replaced, reserved, withdrawn

SHA256 = hashlib.sha256(PDF).hexdigest()


async def content(bench: Bench, code: str) -> bytes:
    return b"".join([piece async for piece in bench.letters.read(await found(bench, code))])


async def test_a_letter_is_reserved_then_in_force(bench: Bench) -> None:
    held = await reserved(bench.letters, "q-1")
    assert (await found(bench, held.code)).state == "reserved"
    letter = await issued(bench)
    assert letter.state == "active"
    assert letter.file is not None
    assert (letter.file.sha256, letter.file.size) == (SHA256, len(PDF))
    assert await content(bench, code_of(letter)) == PDF
    assert await bench.names("q-1") == ["letter_reserved"]
    assert await bench.names(letter.question) == ["letter_reserved", "letter_activated"]


async def test_the_event_commits_to_the_signed_bytes(bench: Bench) -> None:
    letter = await issued(bench)
    assert letter.facts is not None
    event = (await bench.told(letter.question))[-1]
    assert event["commit_out"] == hashlib.sha256(letter.facts.salt + bytes.fromhex(SHA256)).hexdigest()
    assert (event["bytes"], event["actor"]) == (len(PDF), f"system:{SIMPUS}")


async def test_a_code_is_found_however_it_is_typed_and_another_is_not(bench: Bench) -> None:
    letter = await issued(bench)
    code = code_of(letter)
    for typed in (code, grouped(code).lower(), grouped(code).replace("-", " ")):
        assert (await found(bench, typed)).id == letter.id
    for wrong in ("", "x", "A" * 16, code[:-1], "A" * 5000):
        assert await bench.letters.find(wrong) is None


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_nothing_readable_is_in_the_journal(bench: Bench, tmp_path: Path) -> None:
    letter = await withdrawn(bench, reason="Salah nama Ibu Siti")
    code = code_of(letter)
    await bench.journal.checkpoint_idle()
    written = await asyncio.to_thread(everything, tmp_path)
    for secret in (code, grouped(code), SUBJECT, "Ani Contoh", "005/12/Kel", SHA256, "Salah nama"):
        assert secret.encode() not in written


async def test_withdrawn_is_withdrawn(bench: Bench) -> None:
    letter = await withdrawn(bench)
    assert letter.state == "withdrawn"
    assert letter.ending == Ending(reason="Salah nama")
    with pytest.raises(LetterEnded):
        await bench.letters.end(letter, Ending(reason="x"), "person:ani")
    assert await bench.names(letter.question) == ["letter_reserved", "letter_activated", "letter_withdrawn"]


async def test_only_a_letter_of_the_same_agency_that_is_in_force_replaces_another(bench: Bench) -> None:
    new = await issued(bench)
    old = await replaced(bench, new)
    assert (old.state, old.ending) == ("replaced", Ending(by=code_of(new)))
    stranger = await issued(bench, system=VCLAIM)
    for by in (old, stranger):
        with pytest.raises(LetterEnded):
            await bench.letters.end(new, Ending(by=code_of(by)), "person:ani", by)
    assert (await found(bench, code_of(new))).state == "active"


async def test_a_letter_is_activated_once(bench: Bench) -> None:
    held = await reserved(bench.letters, "q")
    sha256, address = await bench.letters.keep(held, PDF)
    steps = bench.letters.activation(held, SignedFile(sha256, len(PDF), address, "B-B", "", None, ""))
    await bench.journal.commit(Unit(steps))
    with pytest.raises(Unexpected):
        await bench.journal.commit(Unit(steps))


async def known(bench: Bench, identity: str) -> bool:
    return bool(await bench.journal.read("known_messages", {"first": identity, "last": identity}))


async def test_what_a_crash_leaves_is_a_reserved_code_and_nothing_else(tmp_path: Path, federation: Federation) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    async with running(tmp_path, federation) as first:
        first.barriers["letters.after_file"] = kill
        held = await reserved(first.letters, "q")
        with pytest.raises(Killed):
            await first.letters.keep(held, PDF)
        first.barriers.clear()
        whole = await issued(first)
    async with running(tmp_path, federation) as again:

        async def keep(ids: object) -> set[str]:
            return {one for one in ids if await known(again, one)}  # type: ignore[attr-defined]

        assert await again.parts.sweep(keep) == 1
        left = await found(again, held.code)
        assert (left.state, left.file) == ("reserved", None)
        assert await content(again, code_of(whole)) == PDF


async def test_a_message_that_carries_the_file_is_known(bench: Bench) -> None:
    data = b"%PDF-1.7 surat undangan"
    letter = await issued(bench, data)
    assert await bench.letters.carried(letter) is None
    await bench.take("letter.deliver", draft())
    first = await bench.letters.carried(letter)
    assert first == (bench.now_ms(), None, None)
    await bench.run(ARSIP)
    assert await bench.letters.carried(letter) == (first[0], "awaiting_registration", bench.now_ms())
