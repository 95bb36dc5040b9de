"""What is answered when a request cannot even be read: broken HTTP, headers over their limit.

Enters: aiohttp's own parse errors. Leaves: a problem like any other. Refuses: to repeat what was sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from gateway.contract.errors import Refused
from gateway.contract.http import Reply
from gateway.contract.problem import problem
from gateway.contract.reasons import Reason
from gateway.refuse import Refusals, rejected_of


class Door(RequestHandler):
    """One connection. `told` makes the reply for an error, with the caller's address."""

    __slots__ = ("_told",)

    def __init__(
        self, *arguments: Any, told: Callable[[str | None, BaseException | None], Reply], **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self._told = told

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        reply = self._told(request.remote, exc if status != 500 else None)
        answer = web.Response(
            body=reply.body, status=reply.status, headers={**reply.headers, "Content-Type": reply.media_type}
        )
        answer.force_close()
        return answer


class Doors(web.Server):
    """Makes a `Door` per connection."""

    def __init__(self, handler: Any, told: Callable[[str | None, BaseException | None], Reply], **named: Any) -> None:
        super().__init__(handler, **named)
        self._told = told

    def __call__(self) -> RequestHandler:
        return Door(self, loop=self._loop, told=self._told, **self._kwargs)


def teller(
    refusals: Refusals, new_id: Callable[[], str], public_url: Callable[[], str], header_limit: int
) -> Callable[[str | None, BaseException | None], Reply]:
    """The replies of a server whose connections fail: counted, since nobody knows who called."""

    def told(address: str | None, error: BaseException | None) -> Reply:
        if error is None:
            refused = Refused(Reason.INTERNAL)
        elif isinstance(error, LineTooLong) or "too large" in str(error).lower() or "too many" in str(error).lower():
            refused = Refused(
                Reason.HEADERS_TOO_LARGE, "a header line, or all of them, is over the limit", limit=header_limit
            )
        else:
            refused = Refused(Reason.BAD_REQUEST, "this is not well-formed HTTP")
        refusals.count(address, refused.reason)
        return problem(rejected_of(new_id(), refused), public_url())

    return told
