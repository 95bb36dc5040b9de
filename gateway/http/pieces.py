"""Large answers, sent piece by piece, so that one who does not take them holds no more than a share.

Enters: a request, an answer, the seconds that one piece may wait. Leaves: bytes on the connection. Refuses: to wait for
a caller who takes nothing: the connection is ended.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from gateway.contract.http import Reply

PIECE = 64 * 1024


async def send(request: web.BaseRequest, answer: web.StreamResponse, piece: bytes, seconds: float) -> None:
    """The next piece of an answer. Who does not take it is let go, or the piece would lie here for ever."""
    try:
        async with asyncio.timeout(seconds):
            await answer.write(piece)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the caller does not take what it asked for") from None


async def send_reply(request: web.BaseRequest, reply: Reply, seconds: float) -> web.StreamResponse:
    """A whole reply, in pieces."""
    headers = {**reply.headers, "Content-Type": reply.media_type}
    answer = web.StreamResponse(status=reply.status, headers=headers)
    answer.content_length = len(reply.body)
    await answer.prepare(request)
    if request.method != "HEAD":
        for start in range(0, len(reply.body), PIECE):
            await send(request, answer, reply.body[start : start + PIECE], seconds)
    await answer.write_eof()
    return answer
