"""The gateway as a process of its own that stands still at a barrier, so that its end comes from outside.

Enters: the configuration folder and, as JSON, where to stand still: `{"at", "nth", "after"}`. Leaves: lines on standard
output, `ready <url>` and `hit <barrier>`. Refuses: a configuration with an error.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import sys
import threading
from functools import partial
from pathlib import Path

from gateway import app, federation, logs, registry, serving
from gateway.contract import AdapterSpec
from gateway.settings import load_settings
from schemas.catalogue import DOCUMENTS, SERVICES


class Still:
    """Counts how often `at` is reached, from when `after` was seen, and stands still for ever at the nth."""

    def __init__(self, at: str, nth: int = 1, after: str | None = None) -> None:
        self._at, self._left, self._after = at, nth, after
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self._lock:
            if self._after is not None:
                self._after = None if name == self._after else self._after
                return
            self._left -= name == self._at
            if self._left or name != self._at:
                return
        tell(f"hit {name}")
        threading.Event().wait()


def watched(spec: AdapterSpec, barrier: app.Barrier) -> AdapterSpec:
    """The adapter whose own steps are barriers too: `filedrop.source moved in`."""
    makers = {
        kind: (model, partial(make, barrier=partial(_within, barrier, f"{spec.name}.{kind}")))
        for kind, (model, make) in spec.makers.items()
    }
    return dataclasses.replace(spec, makers=makers)


def _within(barrier: app.Barrier, where: str, point: str) -> None:
    barrier(f"{where} {point}")


def tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def main(folder: Path, stop: str) -> int:
    settings, findings = load_settings(folder)
    adapters = registry.adapters()
    found, more = federation.load(folder, adapters, SERVICES, DOCUMENTS)
    if settings is None or found is None:
        sys.exit("\n".join(str(one) for one in [*findings, *more]))
    logs.configure(settings)
    told = json.loads(stop)
    barrier = Still(**told) if told else app.no_barrier
    adapters = {**adapters, "filedrop": watched(adapters["filedrop"], barrier)}
    return await serving.serve(settings, found, adapters, ready=lambda url: tell(f"ready {url}"), barrier=barrier)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]), sys.argv[2])))
