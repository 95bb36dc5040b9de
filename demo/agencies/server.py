"""A small web server of one simulated system, on the loopback interface.

Enters: the address that the configuration names. Leaves: a running server. Refuses (`PortTaken`): a port that another
program holds. A server that has not been started, or was stopped, is a system that is down.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod

from aiohttp import web

MAX_BODY = 32 << 20


class PortTaken(Exception):
    """Another program listens there; the text names the system and the port."""

    def __init__(self, system: str, port: int) -> None:
        super().__init__(f"port {port}, where {system} is to listen, is taken by another program")


class Server(ABC):
    """One system of an agency. Subclasses give their routes."""

    def __init__(self, system: str, host: str, port: int) -> None:
        self.system, self.host, self.port = system, host, port
        self._runner: web.AppRunner | None = None

    @abstractmethod
    def routes(self) -> list[web.RouteDef]: ...

    async def start(self) -> None:
        """Listens from now on. With port 0 a free one is taken, and `port` says which. Raises PortTaken."""
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except OSError as error:
            await runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(self.system, self.port) from None
            raise
        self.port = runner.addresses[0][1]
        self._runner = runner

    async def stop(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @property
    def running(self) -> bool:
        return self._runner is not None


def problem(status: int, code: str, detail: str) -> web.Response:
    """A refusal in the form of RFC 9457."""
    body = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    return web.json_response(body, status=status, content_type="application/problem+json")
