"""Calls that are large or made of many elements, read in a thread that ends with them.

Enters: what `request` takes. Leaves: a `Request` whose document is judged already. Refuses: what `request` refuses, and
a document that does not fit its schema.

Parsing and judging such a call would hold up every other caller of the event loop. The thread is not one of a pool:
libxml2 keeps the names it has read for as long as their thread lives, and a caller chooses the names.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from adapters.soap.envelope import Version
from adapters.soap.names import Words
from adapters.soap.request import Request, judge, judged_document, take_apart
from adapters.soap.wsdl import compile_wrapper_schema
from gateway.contract import Limits, Refused

#: Above these, the hand-over to a thread costs less than the work.
_BYTES = 64 * 1024
_MARKUP = 1000
#: Calls read at the same time; the others wait with their bytes, which the host has counted.
_AT_ONCE = 2


def is_large(body: bytes) -> bool:
    return len(body) > _BYTES or body.count(b"<") + body.count(b"=") > _MARKUP


class LargeCalls:
    """Gives large calls their threads, a few at a time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def read(self, body: bytes, charset: str | None, words: Words, version: Version, limits: Limits) -> Request:
        await self._turns.acquire()
        loop = asyncio.get_running_loop()

        def over(_: Future[Request | Refused]) -> None:
            # A loop that is closed waits for nobody's turn.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._turns.release)

        thread = ThreadPoolExecutor(1, "lintas-soap")
        work = thread.submit(_read, body, charset, words, version, limits)
        # The turn ends with the work, not with the caller who may have gone away.
        work.add_done_callback(over)
        thread.shutdown(wait=False)
        read = await asyncio.wrap_future(work)
        try:
            if isinstance(read, Refused):
                raise read
            return read
        finally:
            # An exception and a frame that names it would keep each other, and the body.
            del read, work, body


def _read(body: bytes, charset: str | None, words: Words, version: Version, limits: Limits) -> Request | Refused:
    # A compiled schema keeps one log: the event loop has its own schema and this thread another.
    try:
        request = judge(take_apart(body, charset, words, version, limits), limits, compile_wrapper_schema(words))
        return replace(request, document=judged_document(request.document))
    except Refused as error:
        # Without its frames: they hold the tree, and with it every name, until a collector comes by.
        error.__context__ = None
        return error.with_traceback(None)
