"""When a file is complete, from what was seen of it: pure, no I/O, no clock.

Enters: all sightings of one look into the folder, and the monotonic time of the look in seconds. Leaves: candidates
that may be claimed, in order, with sidecar and marker; one with `trouble` is to be refused. Refuses: nothing.
A file's age is the time for which it was seen unchanged; its own time stamp never makes it ready, because files are
moved in with old ones and clocks of mounts differ. It can only hold one back: a name with a fresh time stamp may still
have its writer, also where writers are said to rename.
"""

from __future__ import annotations

import fnmatch
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from adapters.filedrop.config import SourceConfig
from adapters.filedrop.naming import extension, folded
from gateway.contract import Reason


@dataclass(frozen=True, slots=True)
class Sighting:
    """What `lstat` said about one name."""

    name: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    mode: int
    links: int

    @property
    def plain(self) -> bool:
        """A regular file that no other name can change."""
        return stat.S_ISREG(self.mode) and self.links == 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that is ready, with what belongs to it."""

    item: Sighting
    sidecar: Sighting | None = None
    marker: Sighting | None = None
    trouble: Reason | None = None
    sidecar_marker: Sighting | None = None


@dataclass(slots=True)
class _Seen:
    sighting: Sighting
    looks: int
    since: float
    first: float


def is_temporary(name: str, patterns: Sequence[str]) -> bool:
    """Whether a writer still owns the name; compared without regard to case."""
    return temporary(tuple(patterns)).match(folded(name)) is not None


@lru_cache(maxsize=64)
def temporary(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all patterns, of folded names: a look asks it of every name in the folder."""
    return re.compile("|".join(fnmatch.translate(folded(pattern)) for pattern in patterns) or r"\Z.")


class Watch:
    """Remembers sightings from look to look; forgets what is gone."""

    def __init__(self, config: SourceConfig) -> None:
        self._config = config
        self._seen: dict[str, _Seen] = {}
        self.directories: list[Sighting] = []

    def forget(self, name: str) -> None:
        """The name must prove its stillness anew."""
        self._seen.pop(name, None)

    def look(self, sightings: Iterable[Sighting], now: float, wall_ns: int | None = None) -> list[Candidate]:
        """Candidates of this look. `wall_ns` is the time of the look as time stamps count it; without it none of them
        is held to be fresh. Temporary names are not looked at; directories that stay are `directories`, no candidates.
        """
        named = [s for s in sightings if not is_temporary(s.name, self._config.ready.temp_patterns)]
        present = {s.name: s for s in named if not stat.S_ISDIR(s.mode)}
        self._seen = {s.name: self._note(s, now) for s in named}
        judge = _Judge(self._config, self._seen, present, now, wall_ns)
        self.directories = [s for s in named if stat.S_ISDIR(s.mode) and judge.still(s)]
        ready = [found for found in map(judge, present.values()) if found is not None]
        by_time = self._config.order == "mtime"
        return sorted(ready, key=lambda c: (c.item.mtime_ns if by_time else 0, folded(c.item.name), c.item.name))

    def _note(self, sighting: Sighting, now: float) -> _Seen:
        before = self._seen.get(sighting.name)
        if before is not None and before.sighting == sighting:
            before.looks += 1
            return before
        return _Seen(sighting, 1, now, now if before is None else before.first)


class _Judge:
    """One look's judgement of one name: a candidate, or not yet."""

    def __init__(
        self,
        config: SourceConfig,
        seen: dict[str, _Seen],
        present: dict[str, Sighting],
        now: float,
        wall_ns: int | None,
    ) -> None:
        self._config, self._seen, self._present, self._now, self._wall_ns = config, seen, present, now, wall_ns
        self._by_fold: dict[str, list[str]] = {}
        for name in present:
            self._by_fold.setdefault(folded(name), []).append(name)

    def __call__(self, item: Sighting) -> Candidate | None:
        if self._marked and folded(item.name).endswith(folded(self._config.ready.marker_suffix)):
            return self._lone_marker(item)
        marker = self._companion(item.name, self._config.ready.marker_suffix) if self._marked else None
        if not item.plain:
            return Candidate(item, marker=marker, trouble=Reason.FILE_UNSAFE) if self.still(item) else None
        if self._pairs and self._is_sidecar(item.name):
            return self._orphan(item)
        if self._marked and marker is None:
            return None
        if not self._complete(item):
            return None
        if item.size == 0 and self._config.zero_bytes != "accept":
            wait = self._config.zero_bytes == "wait" or not self.still(item)
            return None if wait else Candidate(item, self._sidecar(item), marker, Reason.ZERO_BYTES)
        if self._pairs and extension(item.name) == "pdf":
            return self._pair(item, marker)
        return Candidate(item, marker=marker)

    @property
    def _marked(self) -> bool:
        return self._config.ready.mode == "marker"

    @property
    def _pairs(self) -> bool:
        return "pdf" in self._config.formats

    def _pair(self, item: Sighting, marker: Sighting | None) -> Candidate | None:
        sidecar = self._sidecar(item)
        if sidecar is None:
            return Candidate(item, marker=marker, trouble=Reason.SIDECAR_MISSING) if self._overdue(item) else None
        if not sidecar.plain:
            return Candidate(item, sidecar, marker, Reason.FILE_UNSAFE) if self.still(sidecar) else None
        if not self._complete(sidecar):
            return None
        of_sidecar = self._companion(sidecar.name, self._config.ready.marker_suffix) if self._marked else None
        return Candidate(item, sidecar, marker, sidecar_marker=of_sidecar)

    def _lone_marker(self, item: Sighting) -> Candidate | None:
        """A marker without a file would make a later, half-written file of its name look complete."""
        if self._owner(item.name, self._config.ready.marker_suffix) is not None or not self._overdue(item):
            return None
        return Candidate(item, trouble=Reason.PART_MISSING)

    def _orphan(self, item: Sighting) -> Candidate | None:
        owner = self._owner(item.name, self._config.sidecar.suffix)
        if owner is not None and self._sidecar(self._present[owner]) == item:
            return None
        return Candidate(item, trouble=Reason.PART_MISSING) if self._overdue(item) else None

    def _is_sidecar(self, name: str) -> bool:
        suffix = folded(self._config.sidecar.suffix)
        return folded(name).endswith(".pdf" + suffix)

    def _sidecar(self, item: Sighting) -> Sighting | None:
        if not self._pairs or extension(item.name) != "pdf":
            return None
        return self._companion(item.name, self._config.sidecar.suffix)

    def _companion(self, name: str, suffix: str) -> Sighting | None:
        """The file named `name + suffix`; another case counts if nothing else could be meant."""
        exact = self._present.get(name + suffix)
        if exact is not None:
            return exact
        alike = self._by_fold.get(folded(name + suffix), [])
        rivals = self._by_fold.get(folded(name), [])
        return self._present[alike[0]] if len(alike) == 1 and len(rivals) == 1 else None

    def _owner(self, name: str, suffix: str) -> str | None:
        low = folded(name)
        if not low.endswith(folded(suffix)):
            return None
        owners = self._by_fold.get(low[: -len(folded(suffix))], [])
        exact = name[: -len(suffix)]
        return exact if exact in owners else owners[0] if len(owners) == 1 else None

    def _complete(self, item: Sighting) -> bool:
        mode = self._config.ready.mode
        return mode == "marker" or (mode == "rename" and not self._fresh(item)) or self.still(item)

    def _fresh(self, item: Sighting) -> bool:
        """Written a moment ago, or, where clocks differ, in a time to come."""
        young = self._config.ready.min_age * 1e9
        return self._wall_ns is not None and young > 0 and self._wall_ns - item.mtime_ns < young

    def still(self, item: Sighting) -> bool:
        seen, ready = self._seen[item.name], self._config.ready
        return seen.looks >= ready.polls and self._now - seen.since >= ready.min_age

    def _overdue(self, item: Sighting) -> bool:
        return self.still(item) and self._now - self._seen[item.name].first >= self._config.sidecar.wait
