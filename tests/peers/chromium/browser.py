"""A headless Chromium, driven by its DevTools protocol.

Enters: addresses, sizes, files. Leaves: what the page says, pictures, every address that was asked for, every complaint
of the browser. Refuses: to wait for ever.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE = 40.0


class Tab:
    """One tab. `asked` are the addresses of its requests, `complaints` what the browser says against the page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session: str) -> None:
        self._socket, self._session, self._last = socket, session, 100
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Event()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self._hearing = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if told.get("id") in self._waiting:
                self._waiting.pop(told["id"]).set_result(told)
            elif told.get("method") == "Page.loadEventFired":
                self._loaded.set()
            elif told.get("method") == "Network.requestWillBeSent":
                self.asked.append(told["params"]["request"]["url"])
            elif told.get("method") == "Log.entryAdded":
                self.complaints.append(told["params"]["entry"]["text"])

    async def call(self, method: str, **params: Any) -> Any:
        self._last += 1
        future = self._waiting[self._last] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._last, "method": method, "params": params, "sessionId": self._session})
        told = await asyncio.wait_for(future, PATIENCE)
        assert "error" not in told, told
        return told["result"]

    async def prepare(self, *, script: bool = True, width: int = 360, height: int = 740) -> None:
        """A phone, with or without scripts."""
        for domain in ("Page", "Network", "Log", "DOM", "Runtime"):
            await self.call(f"{domain}.enable")
        agent = (await self.call("Browser.getVersion"))["userAgent"]
        await self.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage="id-ID,id;q=0.9,en;q=0.5")
        await self.call("Emulation.setScriptExecutionDisabled", value=not script)
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True
        )

    async def go(self, url: str) -> None:
        self._loaded.clear()
        await self.call("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), PATIENCE)

    async def value(self, expression: str) -> Any:
        """What an expression gives; the tool's own, which runs also where the page's scripts do not."""
        told = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def until(self, expression: str) -> Any:
        async with asyncio.timeout(PATIENCE):
            while not (found := await self.value(expression)):  # noqa: ASYNC110 - the page has no event for it
                await asyncio.sleep(0.05)
            return found

    async def choose(self, selector: str, file: Path) -> None:
        """As if a person had chosen the file."""
        root = (await self.call("DOM.getDocument"))["root"]["nodeId"]
        node = (await self.call("DOM.querySelector", nodeId=root, selector=selector))["nodeId"]
        await self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    async def click(self, selector: str) -> None:
        """Follows the click to the page behind it."""
        self._loaded.clear()
        place = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()"
        await self.value(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        box = await self.value(place)
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, **at)
        await asyncio.wait_for(self._loaded.wait(), PATIENCE)

    async def picture(self, *, whole: bool = False) -> bytes:
        told = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(told["data"])

    def close(self) -> None:
        self._hearing.cancel()


@contextlib.asynccontextmanager
async def tab(profile: Path, **prepared: Any) -> AsyncIterator[Tab]:
    """A fresh browser with one prepared tab."""
    program = shutil.which("chromium")
    assert program is not None, "run tests/peers/chromium/install.sh"
    process = await asyncio.create_subprocess_exec(
        program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank", stdout=DEVNULL, stderr=PIPE,
    )  # fmt: skip
    try:
        address = await asyncio.wait_for(_address(process), PATIENCE)
        async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=1 << 26) as socket:
            opened = await _attach(socket)
            await opened.prepare(**prepared)
            yield opened
            opened.close()
    finally:
        process.kill()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        _, _, rest = line.decode(errors="replace").partition("DevTools listening on ")
        if rest:
            return rest.strip()
    raise AssertionError("the browser did not start")


async def _attach(socket: aiohttp.ClientWebSocketResponse) -> Tab:
    async def call(number: int, method: str, **params: Any) -> Any:
        await socket.send_json({"id": number, "method": method, "params": params})
        async for message in socket:
            told = json.loads(message.data)
            if told.get("id") == number:
                return told["result"]
        raise AssertionError("the browser went away")

    target = (await call(1, "Target.createTarget", url="about:blank"))["targetId"]
    session = (await call(2, "Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
    return Tab(socket, session)
