"""The simulated recipients, as cheap as Python makes them: they must not be what is measured.

Enters: HTTP/1.1 requests with a Content-Length. Leaves: POST /answer gives a `coverage/1` of about 2 KB for the card in
the question; POST /take is held while the gate is closed, then 200; GET /gate/open, /gate/close and /count control and
count it. Refuses: nothing.
"""

from __future__ import annotations

import asyncio
import gc
import json

from benchmarks.papers import ANSWER_HEAD, ANSWER_TAIL, CARD_DIGITS

_CARD = b'"noKartu":"'
_TYPE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
_ANSWER_LENGTH = len(ANSWER_HEAD) + CARD_DIGITS + len(ANSWER_TAIL)
_ANSWER = _TYPE + b"%d\r\n\r\n" % _ANSWER_LENGTH + ANSWER_HEAD
_EMPTY = _TYPE + b"2\r\n\r\n{}"


class Gate:
    """Whether deliveries are answered, and what has come: distinct Idempotency-Keys, and all."""

    def __init__(self) -> None:
        self.open = True
        self.held: list[asyncio.Transport] = []
        self.keys: set[bytes] = set()
        self.taken = 0

    def release(self) -> None:
        self.open = True
        for transport in self.held:
            transport.write(_EMPTY)
        self.held.clear()


class Peer(asyncio.Protocol):
    def __init__(self, gate: Gate) -> None:
        self._gate, self._rest = gate, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end]
            total = end + 4 + _number(_field(head, b"content-length"))
            if len(data) < total:
                break
            self._answer(head, data[end + 4 : total])
            data = data[total:]
        self._rest = data

    def _answer(self, head: bytes, body: bytes) -> None:
        path = head[head.find(b" ") + 1 : head.find(b" HTTP/")]
        if path == b"/answer":
            at = body.find(_CARD) + len(_CARD)
            self._transport.write(_ANSWER + body[at : at + CARD_DIGITS] + ANSWER_TAIL)
        elif path == b"/take":
            self._take(head)
        else:
            self._transport.write(self._control(path))

    def _take(self, head: bytes) -> None:
        gate = self._gate
        gate.taken += 1
        gate.keys.add(_field(head, b"idempotency-key"))
        if gate.open:
            self._transport.write(_EMPTY)
        else:
            gate.held.append(self._transport)

    def _control(self, path: bytes) -> bytes:
        gate = self._gate
        if path == b"/gate/open":
            gate.release()
        elif path == b"/gate/close":
            gate.open, gate.taken = False, 0
            gate.keys.clear()
        told = json.dumps({"distinct": len(gate.keys), "taken": gate.taken, "held": len(gate.held)}).encode()
        return _TYPE + b"%d\r\n\r\n" % len(told) + told


def _field(head: bytes, name: bytes) -> bytes:
    lower = head.lower()
    at = lower.find(b"\r\n" + name + b":")
    if at < 0:
        return b""
    start = at + len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()


def _number(value: bytes) -> int:
    return int(value) if value else 0


async def main() -> None:
    gate = Gate()
    server = await asyncio.get_running_loop().create_server(lambda: Peer(gate), "127.0.0.1", 0, backlog=1024)
    gc.disable()
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"ready": f"http://127.0.0.1:{port}"}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
