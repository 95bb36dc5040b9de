"""The page of a letter in a real browser: facts without scripts, the comparison with them, nothing sent or asked for
that should not be.

Pictures are kept under var/pictures.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.web.render import words
from tests.e2e.letters import SUBJECT, file_of, place, signed
from tests.e2e.process import Gateway
from tests.peers.chromium.browser import Tab, tab

pytestmark = pytest.mark.peers
PICTURES = Path(__file__).parents[3] / "var" / "pictures"
TEXT = "document.body.innerText"
RESULT = "document.getElementById('result').textContent"


def keep(name: str, data: bytes) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / name).write_bytes(data)


async def letter(gateway: Gateway, folder: Path) -> tuple[str, Path, Path]:
    """The path of a letter's page, its file, and the file as another program might save it."""
    code = (await signed(gateway))["code"].replace("-", "")
    data = await file_of(gateway, code)
    same, other = folder / "surat.pdf", folder / "lain.pdf"
    await asyncio.to_thread(same.write_bytes, data)
    await asyncio.to_thread(other.write_bytes, data + b"\n% saved again\n")
    return f"{gateway.url}/v/{code}", same, other


def ours(page: Tab, url: str) -> None:
    """Everything came from the gateway, and the browser has nothing against the page."""
    host = urlsplit(url).netloc
    assert {urlsplit(one).netloc for one in page.asked if not one.startswith("data:")} == {host}
    assert page.complaints == []


async def test_without_scripts_the_facts_are_there_and_a_file_can_be_sent(tmp_path: Path) -> None:
    async with place(tmp_path / "gateway").running() as gateway, tab(tmp_path / "profile", script=False) as page:
        url, same, _ = await letter(gateway, tmp_path)
        await page.go(url)
        text = await page.value(TEXT)
        for told in (words("id")["states"]["active"]["head"], SUBJECT, "Dr. Ani Contoh", "20 November 2026"):
            assert told in text
        assert words("id")["check"]["say_plain"] in text
        assert words("id")["check"]["pick"] not in text
        await page.choose("#file", same)
        await page.click("form button")
        report = await page.value(TEXT)
        assert words("id")["check"]["same"] in report
        assert "Siti Penanda" in report
        keep("letter-report.png", await page.picture(whole=True))
        ours(page, url)


async def test_with_scripts_a_file_is_compared_here_and_sent_nowhere(tmp_path: Path) -> None:
    async with place(tmp_path / "gateway").running() as gateway, tab(tmp_path / "profile") as page:
        url, same, other = await letter(gateway, tmp_path)
        await page.go(f"{url}?lang=en")
        said = words("en")["check"]
        assert await page.value("document.documentElement.lang") == "en"
        assert said["pick"] in await page.value(TEXT)
        before = len(page.asked)
        await page.choose("#file", same)
        await page.until(f"{RESULT}.startsWith('The same')")
        assert await page.value(RESULT) == said["same"]
        keep("letter-same.png", await page.picture(whole=True))
        await page.choose("#file", other)
        await page.until(f"{RESULT}.startsWith('Not the same')")
        assert await page.value(RESULT) == said["other"]
        assert page.asked[before:] == []
        await page.click("form button")
        assert said["other"] in await page.value(TEXT)
        assert page.asked[before] == f"{url}/check?lang=en"
        ours(page, url)


async def test_a_small_phone_shows_it_without_scrolling_sideways(tmp_path: Path) -> None:
    async with place(tmp_path / "gateway").running() as gateway, tab(tmp_path / "profile", width=320) as page:
        url, _, _ = await letter(gateway, tmp_path)
        for path in (url, f"{gateway.url}/v/", f"{gateway.url}/v/{'A' * 16}"):
            await page.go(path)
            assert await page.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        await page.go(url)
        keep("letter-phone.png", await page.picture())
        keep("letter-whole.png", await page.picture(whole=True))
        sizes = "[...document.querySelectorAll('button, input[type=file]')].map(one => one.offsetHeight)"
        assert all(height >= 40 for height in await page.value(sizes))


async def test_a_code_that_is_typed_leads_to_the_letter(tmp_path: Path) -> None:
    async with place(tmp_path / "gateway").running() as gateway, tab(tmp_path / "profile") as page:
        url, _, _ = await letter(gateway, tmp_path)
        await page.go(f"{gateway.url}/v/")
        await page.value(f"document.getElementById('code').value = '{url[-16:].lower()}'")
        await page.click("form button")
        assert words("id")["states"]["active"]["head"] in await page.value(TEXT)
        ours(page, url)
