"""The unit: a bare aiohttp hop on the gateway's own kind of event loop.

Enters: the address to pass everything on to, as the one argument. Leaves: one JSON line with its own address, then
replies. Refuses: nothing, it is not a gateway.
"""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp
from aiohttp import web

CT = {"Content-Type": "application/json"}


async def main(url: str) -> None:
    async with aiohttp.ClientSession() as s:

        async def hop(r: web.Request) -> web.Response:
            async with s.post(url, data=await r.read(), headers=CT) as a: return web.Response(body=await a.read(), status=a.status, content_type="application/json")  # fmt: skip  # noqa: E501, E701

        app = web.Application()
        app.router.add_post("/answer", hop)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(json.dumps({"ready": f"http://127.0.0.1:{runner.addresses[0][1]}"}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
