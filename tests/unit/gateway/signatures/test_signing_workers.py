"""Signing in the pool: bounds, secrets, timestamps that the gateway asks for."""

from __future__ import annotations

import os
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.signatures.signing import SignedPdf, SigningKeySource, SigningRefused, TsaUse
from gateway.signatures.workers import Source, WorkerLimits, Workers, WorkersBusy
from tests.zoo import letters
from tests.zoo.letters import SECRET, authority, mark, page, request
from tests.zoo.pdf import plain
from tests.zoo.pki import AT


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return letters.trust(tmp_path_factory.mktemp("trust"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKeySource:
    return letters.source(tmp_path_factory.mktemp("key"))


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    pool = Workers(WorkerLimits(count=1))
    yield pool
    await pool.close()


def held(data: bytes) -> Source:
    async def read(start: int, stop: int) -> bytes:
        return data[start:stop]

    return Source("surat.pdf", size=len(data), read=read)


async def test_a_letter_is_signed_and_holds(workers: Workers, trusted: Path, key: SigningKeySource) -> None:
    async with authority() as tsa:
        made = await workers.sign(
            held(plain()), request("B-LTA", mark()), key, secret=SECRET, tsa=TsaUse(tsa.url), trust=trusted
        )
        assert len(tsa.asked) == 2
    assert isinstance(made, SignedPdf)
    verdict = await workers.verify(held(made.data), trust=trusted, at=AT)
    assert (verdict["conclusion"], verdict["sha256"]) == ("valid", made.sha256)


async def test_a_large_letter_comes_back_in_pieces(
    workers: Workers, trusted: Path, key: SigningKeySource, tmp_path: Path
) -> None:
    data = page("%" + "x" * (9 << 20))
    (tmp_path / "large.pdf").write_bytes(data)
    made = await workers.sign(
        Source("l", tmp_path / "large.pdf"), request(mark=mark()), key, secret=SECRET, trust=trusted
    )
    assert made.data.startswith(data)


async def test_refusals_come_from_the_worker(workers: Workers, trusted: Path, key: SigningKeySource) -> None:
    cases: list[tuple[bytes, Any, str | None, TsaUse | None, str]] = [
        (b"none", request(), SECRET, None, "not_a_pdf"),
        (plain(), request(), "wrong", None, "passphrase_wrong"),
        (plain(), request(), None, None, "passphrase_wrong"),
        (plain(), request(mark=mark(tag="#")), SECRET, None, "tag_missing"),
        (plain(), request("B-T"), SECRET, None, "timestamp_failed"),
        (plain(), request("B-T"), SECRET, TsaUse("http://127.0.0.1:1/"), "timestamp_failed"),
    ]
    for data, asked, secret, tsa, code in cases:
        with pytest.raises(SigningRefused) as error:
            await workers.sign(held(data), asked, key, secret=secret, tsa=tsa, trust=trusted)
        assert error.value.code == code
        assert str(error.value)
        assert error.value.advice
    # The same worker goes on.
    assert (await workers.sign(held(plain()), request(), key, secret=SECRET, trust=trusted)).level == "B-B"


async def test_a_file_that_is_not_there(workers: Workers, trusted: Path, key: SigningKeySource, tmp_path: Path) -> None:
    with pytest.raises(SigningRefused) as error:
        await workers.sign(Source("x", tmp_path / "none.pdf"), request(), key, secret=SECRET, trust=trusted)
    assert error.value.code == "not_a_pdf"


async def test_a_worker_that_takes_too_long_is_killed(trusted: Path, key: SigningKeySource) -> None:
    pool = Workers(WorkerLimits(count=1, seconds=0.05))
    try:
        with pytest.raises(SigningRefused) as error:
            await pool.sign(held(plain(objects=60_000)), request(mark=mark()), key, secret=SECRET, trust=trusted)
        assert error.value.code == "too_costly"
    finally:
        await pool.close()


async def test_a_worker_that_needs_too_much_memory_is_refused(trusted: Path, key: SigningKeySource) -> None:
    pool = Workers(WorkerLimits(count=1, memory=300 << 20))
    large = plain().replace(b"%PDF-1.7", b"%PDF-1.7\n%" + b"x" * (150 << 20), 1)
    try:
        with pytest.raises(SigningRefused) as error:
            await pool.sign(held(large), request(mark=mark()), key, secret=SECRET, trust=trusted)
        assert error.value.code == "too_costly"
    finally:
        await pool.close()


async def test_more_than_may_wait(trusted: Path, key: SigningKeySource) -> None:
    pool = Workers(WorkerLimits(waiting=0))
    with pytest.raises(WorkersBusy):
        await pool.sign(held(plain()), request(), key, secret=SECRET, trust=trusted)


@pytest.mark.peers
async def test_the_secret_is_in_no_argument_environment_file_or_memory(
    workers: Workers, trusted: Path, key: SigningKeySource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINTAS_OTHER_SECRET", SECRET)
    seen: list[bytes] = []

    async with authority() as tsa:
        answer = tsa.answer

        def looking(asked: bytes) -> bytes:
            # The worker is in the middle of its job.
            process = workers_process(workers)
            seen.extend((process / one).read_bytes() for one in ("cmdline", "environ"))
            return answer(asked)

        monkeypatch.setattr(tsa, "answer", looking)
        await workers.sign(held(plain()), request("B-T"), key, secret=SECRET, tsa=TsaUse(tsa.url), trust=trusted)
    assert len(seen) == 2
    assert not any(SECRET.encode() in one for one in seen)
    assert not [one for one in tmp_path.parent.rglob("*") if one.is_file() and SECRET.encode() in one.read_bytes()]
    left = memory(workers_process(workers))
    assert b"gateway.signatures.sign_pdf" in left
    assert SECRET.encode() not in left


def workers_process(workers: Workers) -> Path:
    """The one child of this pool, found by what it runs."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    ids = [one for each in children for one in each.read_text().split()]
    found = [one for one in ids if b"gateway.signatures.worker" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return Path(f"/proc/{found[-1]}")


def memory(process: Path) -> bytes:
    """All that the process may write to: what is left of a secret would lie there."""
    found = bytearray()
    with (process / "mem").open("rb", buffering=0) as file:
        for line in (process / "maps").read_text().splitlines():
            span, rights = line.split()[:2]
            start, stop = (int(one, 16) for one in span.split("-"))
            if "w" in rights:
                try:
                    file.seek(start)
                    found += file.read(stop - start)
                except (OSError, ValueError, OverflowError):
                    continue
    return bytes(found)


def bomb() -> bytes:
    """A page whose operators are a few kilobytes that unpack to 640 MiB."""
    squeezed = zlib.compressobj(9)
    packed = b"".join(squeezed.compress(bytes(1 << 20)) for _ in range(640)) + squeezed.flush()
    return with_stream(packed, "/Filter /FlateDecode")


def with_stream(content: bytes, more: str = "") -> bytes:
    """A page by hand, whose form `/X` is its own content."""
    stream = f"<< /Length {len(content)} {more} /Type /XObject /Subtype /Form /BBox [0 0 9 9] ".encode()
    resources = b"/Resources << /XObject << /X 4 0 R >> >>"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R " + resources + b" >>",
        stream + resources + b" >>\nstream\n" + content + b"\nendstream",
    ]
    data, places = b"%PDF-1.7\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 5\n0000000000 65535 f \n" + table
    return data + head + b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(data)


@pytest.mark.parametrize("name", ["bomb", "loop"])
async def test_a_page_that_is_made_to_exhaust(trusted: Path, key: SigningKeySource, name: str) -> None:
    data = bomb() if name == "bomb" else with_stream(b"/X Do /X Do")
    pool = Workers(WorkerLimits(count=1, seconds=5, memory=512 << 20))
    try:
        with pytest.raises(SigningRefused) as error:
            await pool.sign(held(data), request(mark=mark(tag="#")), key, secret=SECRET, trust=trusted)
        assert error.value.code in ("too_costly", "tag_missing")
        # Where nobody reads its text it is signed like any other.
        if name == "loop":
            assert await pool.sign(held(data), request(mark=mark()), key, secret=SECRET, trust=trusted)
    finally:
        await pool.close()
