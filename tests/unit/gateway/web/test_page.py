"""The page as a browser and as a stranger with bad intentions meet it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.letters.code import grouped
from gateway.settings_letters import Letters
from gateway.signatures.workers import Source, WorkersBusy
from gateway.web import page, places
from gateway.web.page import LetterPage
from gateway.web.render import POLICY, words
from tests.unit.gateway.bench import Bench
from tests.unit.gateway.http.face import Face, loopback
from tests.unit.gateway.http.test_pages import Page
from tests.unit.gateway.letters.example import PDF, SUBJECT, code_of, issued, replaced, reserved, withdrawn

ASSETS = ("letter.css", "letter.js")


class Examiner:
    """Says what it was told to; keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[bytes] = []
        self.busy = False

    async def verify(self, source: Source, *, trust: Path) -> dict[str, Any]:
        if self.busy:
            raise WorkersBusy(1)
        assert source.read is not None
        self.given.append(await source.read(0, source.size))
        finding = {"code": "unsigned", "weight": "info", "message": "<b>no</b> signature", "advice": "Ask.",
                   "signature": None, "subIndication": None}  # fmt: skip
        return {"conclusion": "unsigned", "sha256": "", "findings": [finding], "signatures": []}


@pytest.fixture
def examiner() -> Examiner:
    return Examiner()


@pytest.fixture
async def face(bench: Bench, examiner: Examiner) -> AsyncIterator[Face]:
    settings = loopback(letters=Letters(looks_per_minute=40, checks_per_minute=5, check_bytes=200_000))
    one = Face(bench, settings)
    LetterPage(
        registry=bench.letters,
        verifier=examiner,
        federation=bench.federation,
        settings=settings,
        monotonic=bench.clock.monotonic,
    ).mount(one.server)
    await one.open()
    yield one
    await one.close()


async def seen(face: Face, path: str, **more: Any) -> tuple[int, str, Any]:
    method = more.pop("method", "GET")
    async with face.ask(method, path, allow_redirects=False, **more) as answer:
        return answer.status, await answer.text(), answer.headers


def form(data: bytes, name: str = "file") -> aiohttp.FormData:
    made = aiohttp.FormData()
    made.add_field(name, data, filename="surat.pdf", content_type="application/pdf")
    return made


async def test_a_letter_in_force_says_so_in_both_languages(face: Face, bench: Bench) -> None:
    letter = await issued(bench)
    path = f"/v/{code_of(letter)}"
    for language, accepted in (("id", "id"), ("en", "en-GB,en;q=0.9"), ("id", "")):
        status, text, headers = await seen(face, path, headers={"Accept-Language": accepted})
        assert status == 200
        assert headers["Content-Language"] == language
        for told in (words(language)["states"]["active"]["head"], "Dr. Ani Contoh", "005/12/Kel", SUBJECT):  # type: ignore[arg-type]
            assert told in text
    assert "lang=id" in (await seen(face, f"{path}?lang=en"))[1]


async def test_the_page_is_whole_private_and_loads_nothing_from_elsewhere(face: Face, bench: Bench) -> None:
    _, text, headers = await seen(face, f"/v/{code_of(await issued(bench))}")
    html = Page(text.replace("<input", "<br").replace("&rarr;", ""))
    assert html.open == []
    assert {"style", "iframe", "img"} & {tag for tag, _ in html.elements} == set()
    assert not [name for _, attributes in html.elements for name in attributes if name.startswith("on")]
    assert all(value.startswith(("/v/", "#", "data:,")) for value in [*html.values("href"), *html.values("src")])
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "Set-Cookie" not in headers
    for name in ASSETS:
        assert (await seen(face, f"/v/assets/{name}"))[0] == 200
    assert (await seen(face, "/v/assets/page.py"))[0] == 404


async def test_every_state_has_its_words(face: Face, bench: Bench) -> None:
    new = await issued(bench)
    old = await replaced(bench, new)
    held = await reserved(bench.letters, "q")
    for code, state in (
        (code_of(old), "replaced"),
        (code_of(await withdrawn(bench)), "withdrawn"),
        (held.code, "reserved"),
    ):
        status, text, _ = await seen(face, f"/v/{code}?lang=en")
        assert status == 200
        assert words("en")["states"][state]["head"] in text
    assert f"/v/{code_of(new)}" in (await seen(face, f"/v/{code_of(old)}"))[1]
    assert SUBJECT not in (await seen(face, f"/v/{held.code}"))[1]


async def test_what_is_no_code_gets_one_answer(face: Face) -> None:
    answers = set()
    for code in ("A" * 16, "2" * 16, "x", "%00", "a" * 300, "<script>", "AAAA-AAAA-AAAA-AAAA", "%F0%9F%98%80"):
        status, text, headers = await seen(face, f"/v/{code}")
        answers.add((status, text, headers["Cache-Control"]))
    assert len(answers) == 1
    status, text, _ = answers.pop()
    assert status == 404
    assert words("id")["errors"]["unknown"]["head"] in text


async def test_a_class_hides_what_it_hides(face: Face, bench: Bench) -> None:
    letter = await issued(bench, security="R")
    text = (await seen(face, f"/v/{code_of(letter)}"))[1]
    assert SUBJECT not in text
    assert "005/12/Kel" not in text
    assert words("id")["hidden"] in text


async def test_values_are_escaped(face: Face, bench: Bench) -> None:
    letter = await issued(bench, subject='"><script>alert(1)</script>')
    assert "<script>alert" not in (await seen(face, f"/v/{code_of(letter)}"))[1]


async def test_a_code_that_is_typed_leads_to_its_page(face: Face, bench: Bench) -> None:
    code = code_of(await issued(bench))
    assert "<form" in (await seen(face, "/v/"))[1]
    status, _, headers = await seen(face, "/v/", params={"code": grouped(code).lower(), "lang": "en"})
    assert (status, headers["Location"]) == (303, f"/v/{code}?lang=en")
    status, _, headers = await seen(face, "/v", params={"code": "//evil.example/\r\nX: y"})
    assert (status, headers["Location"]) == (303, "/v/-?lang=id")


@pytest.mark.parametrize(("data", "word"), [(PDF, "same"), (PDF + b"\n", "other")])
async def test_a_file_is_compared_and_examined(
    face: Face, bench: Bench, examiner: Examiner, data: bytes, word: str
) -> None:
    letter = await issued(bench)
    status, text, headers = await seen(face, f"/v/{code_of(letter)}/check?lang=en", method="POST", data=form(data))
    assert status == 200
    assert examiner.given == [data]
    assert words("en")["check"][word] in text
    assert words("en")["report"]["conclusions"]["unsigned"] in text
    assert "&lt;b&gt;no&lt;/b&gt;" in text
    assert hashlib.sha256(data).hexdigest() in text
    assert headers["Content-Security-Policy"] == POLICY


async def test_a_withdrawn_letter_is_not_said_to_be_in_force(face: Face, bench: Bench) -> None:
    letter = await withdrawn(bench)
    text = (await seen(face, f"/v/{code_of(letter)}/check?lang=en", method="POST", data=form(PDF)))[1]
    assert words("en")["check"]["same_ended"] in text
    assert words("en")["check"]["same"] not in text


async def test_what_is_no_file_or_too_large_is_said_so(face: Face, bench: Bench, examiner: Examiner) -> None:
    path = f"/v/{code_of(await issued(bench))}/check"
    two = form(PDF)
    two.add_field("file", PDF, filename="x.pdf")
    for data, status in ((form(b""), 400), (form(PDF, "other"), 400), (two, 400), (form(b"x" * 300_000), 413)):
        assert (await seen(face, path, method="POST", data=data))[0] == status
    assert examiner.given == []


async def test_what_is_no_form_is_said_so(face: Face, bench: Bench, examiner: Examiner) -> None:
    path = f"/v/{code_of(await issued(bench))}/check"
    assert (await seen(face, path, method="POST", data=b"x"))[0] == 400
    assert (await seen(face, f"/v/{'A' * 16}/check", method="POST", data=form(PDF)))[0] == 404
    examiner.busy = True
    status, _, headers = await seen(face, path, method="POST", data=form(PDF))
    assert (status, headers["Retry-After"]) == (503, "6")


async def test_who_asks_without_end_is_told_to_wait(face: Face, bench: Bench) -> None:
    path = f"/v/{code_of(await issued(bench))}"
    for _ in range(5):
        assert (await seen(face, f"{path}/check", method="POST", data=form(PDF)))[0] == 200
    status, text, headers = await seen(face, f"{path}/check?lang=en", method="POST", data=form(PDF))
    assert status == 429
    assert int(headers["Retry-After"]) > 0
    assert words("en")["errors"]["slow"]["head"] in text
    statuses = {(await seen(face, path))[0] for _ in range(60)}
    assert statuses == {200, 429}
    bench.clock.advance(61)
    assert (await seen(face, path))[0] == 200


async def test_codes_that_are_none_are_counted_and_bounded(face: Face, bench: Bench) -> None:
    await seen(face, f"/v/{'A' * 16}")
    await bench.refusals.flush()
    event = (await bench.told())[-1]
    assert (event["event"], event["reason"], event["sender"]) == ("refusals_counted", "not_found", "127.0.0.0/24")


HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF'


async def dribble(face: Face, path: str, every: float, count: int) -> int:
    """A file that comes a byte at a time and never ends: the status, or 0 for a connection that was ended."""

    async def slowly() -> AsyncIterator[bytes]:
        yield HEAD
        for _ in range(count):
            await asyncio.sleep(every)
            yield b"a"

    with contextlib.suppress(aiohttp.ClientError):
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        return (await seen(face, path, method="POST", data=slowly(), headers=headers))[0]
    return 0


async def test_a_file_that_comes_too_slowly_is_let_go(
    face: Face, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "EVERY", 0.05)
    path = f"/v/{code_of(await issued(bench))}/check"
    async with asyncio.timeout(5):
        assert await dribble(face, path, 0.02, 500) in (503, 0)
    assert (await seen(face, path, method="POST", data=form(PDF)))[0] == 200


async def test_slow_senders_of_one_network_take_nothing_from_another(
    face: Face, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v/{code_of(await issued(bench))}/check"
    share = Letters().checks_at_once
    slow = [asyncio.create_task(dribble(face, path, 0.02, 500)) for _ in range(share)]
    await asyncio.sleep(0.2)
    assert (await seen(face, path, method="POST", data=form(PDF)))[0] == 503
    monkeypatch.setattr(page, "network_of", lambda address: "another")
    assert (await seen(face, path, method="POST", data=form(PDF)))[0] == 200
    for one in slow:
        one.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_a_file_that_was_examined_takes_nothing_from_others(face: Face, bench: Bench) -> None:
    path = f"/v/{code_of(await issued(bench))}/check"
    for data, status in ((form(b"x" * 150_000), 200), (form(b"x" * 300_000), 413)):
        assert (await seen(face, path, method="POST", data=data))[0] == status
        assert face.server._bodies.taken == 0


async def test_files_of_strangers_leave_a_worker_to_agencies(
    face: Face, bench: Bench, examiner: Examiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v/{code_of(await issued(bench))}/check"
    at_once, most = 0, 0
    examined = examiner.verify

    async def counted(source: Source, *, trust: Path) -> dict[str, Any]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return await examined(source, trust=trust)

    monkeypatch.setattr(examiner, "verify", counted)
    await asyncio.gather(*[seen(face, path, method="POST", data=form(PDF)) for _ in range(3)])
    assert most == max(1, loopback().verification.workers - 1)


async def test_every_answer_has_the_headers_of_the_page(face: Face, bench: Bench) -> None:
    code = code_of(await issued(bench))
    asked = [
        ("GET", f"/v/{code}"), ("HEAD", f"/v/{code}"), ("GET", "/v"), ("GET", "/v/"), ("GET", "/v/?code=x"),
        ("GET", f"/v/{'A' * 16}"), ("GET", "/v/%F0%9F%98%80%E2%80%AE%00"), ("GET", f"/v/{'7' * 7000}"),
        ("GET", "/v/\u0131\ufb01\u2028"), ("POST", f"/v/{code}/check"), ("GET", "/v/assets/letter.css"),
        ("GET", "/v/assets/nothing"), ("GET", f"/v/{code}/check"), ("POST", f"/v/{code}"), ("DELETE", f"/v/{code}"),
        ("PUT", "/v/"), ("TRACE", f"/v/{code}"), ("GET", f"/v/{code}/nothing"),
        ("GET", "/v/assets/..%2fpage.py"), ("GET", f"/v/{code}?lang=<script>&x=" + "y" * 3000),
    ]  # fmt: skip
    for method, path in asked:
        _, text, headers = await seen(face, path, method=method)
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"):
            assert name in headers, (method, path)
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        if "/assets/letter" not in path:
            assert headers["Cache-Control"] == "no-store", (method, path)
        assert "<script>" not in text
        assert "7777777" not in text
