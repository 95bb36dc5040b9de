"""Random bytes for keys, salts and nonces, taken from the system in larger draughts.

Enters: how many bytes. Leaves: bytes that were given to nobody else. Refuses: nothing.

Every call of the system lets go of the interpreter lock, and getting it back costs more than the bytes: a few times a
request that is felt. Each thread has its own draught, and a forked child begins with none.
"""

from __future__ import annotations

import os
import threading

DRAUGHT = 8192


class _Draught(threading.local):
    def __init__(self) -> None:
        self.bytes, self.at = b"", 0


_own = _Draught()


def _forget() -> None:
    _own.bytes, _own.at = b"", 0


os.register_at_fork(after_in_child=_forget)


def random_bytes(count: int) -> bytes:
    """`count` fresh bytes from the system's generator."""
    if count > DRAUGHT:
        return os.urandom(count)
    end = _own.at + count
    if end > len(_own.bytes):
        _own.bytes, _own.at, end = os.urandom(DRAUGHT), 0, count
    taken = _own.bytes[_own.at : end]
    _own.at = end
    return taken
