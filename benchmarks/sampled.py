"""The gateway with a sampler inside, for the profile by room; never the one that is measured.

Enters: a file, then the arguments of `lintas`. SIGUSR1 starts, SIGUSR2 ends and writes. Leaves: JSON, `{"samples": N,
"stacks": [[count, [[file, function], …innermost first]], …]}`. Refuses: nothing.

The timer counts CPU time of the main thread, where the event loop runs; that of the other threads is known from /proc.
`signal.setitimer` counts the whole process and would charge the loop with the journal's time, so the timer is the
kernel's own (timer_create(2) on CLOCK_THREAD_CPUTIME_ID).
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

STEP_NANOSECONDS = 1_000_000
DEEP = 60
_CLOCK_THREAD_CPUTIME_ID, _SIGEV_SIGNAL = 3, 0


class _SigEvent(ctypes.Structure):
    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * 48),
    )


class _Times(ctypes.Structure):
    """struct itimerspec: interval and first expiry, each in seconds and nanoseconds."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("every_s", "every_ns", "first_s", "first_ns"))


class ThreadTimer:
    """SIGPROF after each step of CPU time of the thread that makes this."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._timer = ctypes.c_void_p()
        event = _SigEvent(signo=signal.SIGPROF, notify=_SIGEV_SIGNAL)
        self._checked(self._libc.timer_create(_CLOCK_THREAD_CPUTIME_ID, ctypes.byref(event), ctypes.byref(self._timer)))

    def every(self, nanoseconds: int) -> None:
        """Zero stops it."""
        times = _Times(0, nanoseconds, 0, nanoseconds)
        self._checked(self._libc.timer_settime(self._timer, 0, ctypes.byref(times), None))

    @staticmethod
    def _checked(result: int) -> None:
        if result:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Sampler:
    def __init__(self, target: Path) -> None:
        self._target, self._timer = target, ThreadTimer()
        self._stacks: Counter[tuple[Any, ...]] = Counter()

    def take(self, _: int, frame: FrameType | None) -> None:
        stack: list[CodeType] = []
        while frame is not None and len(stack) < DEEP:
            stack.append(frame.f_code)
            frame = frame.f_back
        self._stacks[tuple(stack)] += 1

    def start(self, *_: object) -> None:
        self._stacks.clear()
        self._timer.every(STEP_NANOSECONDS)

    def stop(self, *_: object) -> None:
        self._timer.every(0)
        stacks = [
            [count, [[code.co_filename, code.co_name] for code in stack]] for stack, count in self._stacks.items()
        ]
        told = json.dumps({"samples": self._stacks.total(), "stacks": stacks})
        partial = self._target.with_suffix(".part")
        partial.write_text(told)
        partial.rename(self._target)


def main() -> None:
    sampler = Sampler(Path(sys.argv[1]))
    signal.signal(signal.SIGPROF, sampler.take)
    signal.signal(signal.SIGUSR1, sampler.start)
    signal.signal(signal.SIGUSR2, sampler.stop)
    from gateway.cli import main as lintas

    lintas(sys.argv[2:])


if __name__ == "__main__":
    main()
