"""Looks into an inbox: which names are looked at this time, and which files are ready and not taken yet.

Enters: an open inbox, the clock. Leaves: candidates in order, whose files may have changed since. Refuses: nothing.
All calls block: run them in a thread.

A look reads all names of the folder, but keeps and stats at most `scan` of them: a window, the first by name (or by
time). What it finds ready is handed out over many polls, so that a hundred thousand files are not listed once for each
handful. Names that can be no item yet (`temp_patterns`) take no place in a window. A window in which nothing gets ready
makes room for the names behind it, so that no number of unfinished files hides a finished one; behind the last name
comes the first again. A file and its companions are always in one window.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from adapters.filedrop.config import SourceConfig
from adapters.filedrop.folder import Folder
from adapters.filedrop.naming import folded
from adapters.filedrop.readiness import Candidate, Sighting, Watch, temporary
from gateway.contract import Clock

FRESH_SECONDS = 5.0
"""How long the files that a look found ready are handed out before the next look; longer if the look took long."""

AT_MOST = 10
"""A look that took long is followed by a pause: looking takes at most one part in this many of the time."""

STAY_SECONDS = 60.0
"""How long a window that is not the first is kept while files in it get ready: then it is the others' turn."""

Rank = tuple[Any, ...]


class Lookout:
    """One inbox's looks. `on_look` is told the names of each window."""

    def __init__(self, config: SourceConfig, clock: Clock, on_look: Callable[[set[str], Watch], None]) -> None:
        self._config, self._clock, self._on_look = config, clock, on_look
        self.watch = Watch(config)
        self._found: deque[Candidate] = deque()
        self._looked = self._not_before = float("-inf")
        self._after: Rank | None = None
        self._last: Rank | None = None
        self._entered = clock.monotonic()
        self._looks, self._productive = 0, False
        self._grace = config.ready.min_age
        self._temporary = temporary(config.ready.temp_patterns).match
        self._marker = folded(config.ready.marker_suffix) if config.ready.mode == "marker" else ""
        self._sidecar = folded(config.sidecar.suffix) if "pdf" in config.formats else ""
        if self._marker or self._sidecar:
            # A file that waits for its companion is refused after a while, and must be watched for that long.
            self._grace = max(self._grace, config.sidecar.wait)

    def candidates(self, inbox: Folder) -> deque[Candidate]:
        """What is ready, from this look or the one before; the caller takes from the left."""
        now = self._clock.monotonic()
        # A file that lacked something may have it by now: what is wrong is only said of what was just seen.
        self._found = deque(one for one in self._found if one.trouble is None)
        if (self._found and now - self._looked < FRESH_SECONDS) or now < self._not_before:
            return self._found
        self._look(inbox, now)
        end = self._clock.monotonic()
        self._not_before = end + (AT_MOST - 1) * (end - now)
        return self._found

    def again(self) -> None:
        """A file was given back: what follows in order must not overtake it."""
        self._found.clear()

    def _look(self, inbox: Folder, now: float) -> None:
        self._move_on(now)
        seen = self._window(inbox)
        if not seen and self._after is not None:
            self._enter(None, now)
            seen = self._window(inbox)
        wall_ns = int(self._clock.now().timestamp() * 1e9)
        self._found = deque(self.watch.look(seen, now, wall_ns))
        self._looked, self._looks, self._productive = now, self._looks + 1, bool(self._found)
        self._on_look({one.name for one in seen}, self.watch)

    def _move_on(self, now: float) -> None:
        """Leaves a window that had its chance, if it is not the whole folder."""
        watched = self._looks >= self._config.ready.polls and self._looked - self._entered >= self._grace
        long = self._after is not None and now - self._entered >= max(STAY_SECONDS, self._grace)
        if (watched and not self._productive) or long:
            self._enter(self._last, now)

    def _enter(self, after: Rank | None, now: float) -> None:
        """None is the first window, which may be the only one: then nothing begins anew."""
        if after == self._after:
            return
        self._after, self._entered, self._looks = after, now, 0

    def _window(self, inbox: Folder) -> list[Sighting]:
        """What `lstat` says of the names of this window; `_last` is where the next one begins, if there is one."""
        most = self._config.scan
        chosen = heapq.nsmallest(most + 1, self._ranked(inbox))
        self._last = None
        names = [name for _, name in chosen]
        if len(chosen) > most:
            self._last = chosen[most - 1][0]
            groups = {rank[-1] for rank, _ in chosen[:most]}
            names = [name for group, name in self._grouped(inbox) if group in groups]
        return [seen for seen in map(inbox.see, names) if seen is not None]

    def _ranked(self, inbox: Folder) -> Iterator[tuple[Rank, str]]:
        by_time, after = self._config.order == "mtime", self._after
        for group, name in self._grouped(inbox):
            rank: Rank = (group,)
            if by_time:
                seen = inbox.see(name)
                if seen is None:
                    continue
                rank = (seen.mtime_ns, group)
            if after is None or rank > after:
                yield rank, name

    def _grouped(self, inbox: Folder) -> Iterator[tuple[str, str]]:
        """Names with what a file, its sidecar and their markers have in common; temporary ones are left out."""
        temporary, marker, sidecar = self._temporary, self._marker, self._sidecar
        of_pdf = ".pdf" + sidecar
        for name in inbox.names():
            low = folded(name)
            if temporary(low) is not None:
                continue
            group = low.removesuffix(marker)
            yield (group.removesuffix(sidecar) if sidecar and group.endswith(of_pdf) else group), name
