"""The work folder: what was claimed, on its way from the inbox to the archive or the errors, safe at every step.

Enters: a claim's id and the candidate it locks. Leaves: the files under local names, and where they went. Refuses:
files that are not the ones that were seen (`Changed`). All calls block: run them in a thread.

The steps, each of which may be the last before the power fails:
1. `work/<claim>/claim.json` names the files and what they looked like; 2. each is renamed in under a local name;
3. `outcome.json` says where each goes; 4. each is renamed there, never over another; 5. the folder is removed.
A restart repeats the steps from the first; a step that was done before is found done.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from adapters.filedrop.folder import Barrier, Changed, Folder, Taken, no_barrier
from adapters.filedrop.naming import safe, with_mark
from adapters.filedrop.readiness import Candidate, Sighting

MANIFEST, OUTCOME = "claim.json", "outcome.json"
ITEM, SIDECAR, MARKER, SIDECAR_MARKER = "item", "sidecar", "marker", "sidecar-marker"
_MARKERS = (MARKER, SIDECAR_MARKER)
_LOCAL = frozenset((ITEM, SIDECAR, *_MARKERS))
_NOTE_BYTES = 4 * 1024 * 1024


class Damaged(Exception):
    """A note of ours cannot be read, or is not ours: it names what lies in no folder of this source."""


@dataclass(frozen=True)
class Held:
    """A claim's files in the work folder, by local name, with what they looked like in the inbox."""

    claim: str
    files: Mapping[str, Sighting]
    trouble: str | None = None

    @property
    def name(self) -> str:
        """The name that the item had in the inbox, as data."""
        return self.files[ITEM].name


class Workroom:
    """`inbox` and the folders beside it. One claim, one folder below `work`."""

    def __init__(self, inbox: Folder, work: Folder, barrier: Barrier = no_barrier) -> None:
        self._inbox, self._work, self._barrier = inbox, work, barrier

    def take(self, claim: str, candidate: Candidate) -> Held:
        """Moves the candidate's files in. Raises `Changed` when one is gone or another."""
        files = files_of(candidate)
        held = Held(claim, files, candidate.trouble)
        self._barrier("claimed")
        with self._work.inside(claim, create=True) as room:
            self._work.sync()
            self._barrier("room made")
            _put(room, MANIFEST, {"files": {k: asdict(v) for k, v in files.items()}, "trouble": candidate.trouble})
            self._barrier("manifest written")
            self._gather(held, room)
        return held

    def resume(self, claim: str) -> Held | None:
        """What a claim holds after a restart; None if it holds nothing (any more). Raises `Changed`."""
        held = self.manifest(claim)
        if held is not None and self.outcome(claim) is None:
            with self._work.inside(claim) as room:
                self._gather(held, room)
        return held

    def manifest(self, claim: str) -> Held | None:
        """What a claim was to hold, whether or not it does; nothing is moved."""
        try:
            with self._work.inside(claim) as room:
                noted = _get(room, MANIFEST)
                if noted is None:
                    self._sweep(claim, room)
                    return None
        except FileNotFoundError:
            return None
        try:
            held = Held(claim, {k: Sighting(**v) for k, v in noted["files"].items()}, noted.get("trouble"))
        except (KeyError, TypeError, AttributeError):
            raise Damaged(MANIFEST) from None
        if not held.files.keys() <= _LOCAL or not all(_plain(seen.name) for seen in held.files.values()):
            raise Damaged(MANIFEST)
        return held

    def holds(self, claim: str) -> bool:
        """Whether the claim's folder is still there."""
        return self._work.see(claim) is not None

    def outcome(self, claim: str) -> dict[str, Any] | None:
        """Where the files were to go, if that was decided before."""
        try:
            with self._work.inside(claim) as room:
                return _decided(room)
        except FileNotFoundError:
            return None

    def open(self, held: Held, local: str) -> tuple[int, Sighting]:
        """A descriptor of one of the files. Raises `Changed` if it is not what was seen in the inbox."""
        with self._work.inside(held.claim) as room:
            fd, now = room.open(local)
        if not _same(held.files[local], now):
            os.close(fd)
            raise Changed
        return fd, now

    def touched(self, held: Held) -> bool:
        """Whether a file that is still here is not, or no longer, what was seen: its writer never let go of it."""
        try:
            room = self._work.inside(held.claim)
        except FileNotFoundError:
            return False
        with room:
            now = {local: room.see(local) for local in (ITEM, SIDECAR) if local in held.files}
        return any(found is not None and not _same(held.files[local], found) for local, found in now.items())

    def give_back(self, held: Held) -> bool:
        """Renames everything back into the inbox, the marker last. False if a name there is taken by now."""
        try:
            room = self._work.inside(held.claim)
        except FileNotFoundError:
            return True
        with room:
            present = [local for local in (SIDECAR, ITEM, *_MARKERS) if local in held.files and room.see(local)]
            if any(self._inbox.see(held.files[local].name) for local in present):
                return False
            for local in present:
                try:
                    room.move(local, self._inbox, held.files[local].name)
                except Taken:
                    return False
                self._barrier(f"given back {local}")
            self._inbox.sync()
            self._sweep(held.claim, room)
        return True

    def decide(self, held: Held, outcome: Mapping[str, Any]) -> dict[str, Any]:
        """Writes down where the files go, by local name, and under `to` which folder; the first decision stands."""
        with self._work.inside(held.claim) as room:
            before = _decided(room)
            if before is None:
                _put(room, OUTCOME, outcome)
        self._barrier("outcome written")
        return dict(outcome) if before is None else before

    def part_with(self, held: Held, to: Folder, names: Mapping[str, Any]) -> None:
        """Moves the files to their end under `names`, by local name; the marker goes. Idempotent."""
        with self._work.inside(held.claim) as room:
            for local in (SIDECAR, ITEM):
                if local in held.files and room.see(local) is not None:
                    _move_or_mark(room, local, to, names[local], held.claim)
                    self._barrier(f"moved out {local}")
            to.sync()
            for marker in _MARKERS:
                room.remove(marker)
            self._sweep(held.claim, room)
        self._barrier("room empty")

    def fetch(self, claims: Iterable[str], old: Path) -> None:
        """Moves rooms of these claims here from a work folder that was used before."""
        try:
            before = Folder(old)
        except FileNotFoundError:
            return
        with before:
            for claim in claims:
                if not self.holds(claim) and before.see(claim) is not None:
                    os.rename(claim, claim, src_dir_fd=before.fd, dst_dir_fd=self._work.fd)
                    self._barrier("room fetched")
            before.sync()
        self._work.sync()

    def rooms(self) -> list[str]:
        """The claims that have a folder here."""
        with os.scandir(self._work.fd) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))

    def _gather(self, held: Held, room: Folder) -> None:
        for local, seen in held.files.items():
            if room.see(local) is not None:
                continue
            now = self._inbox.see(seen.name)
            if now is None or not _same(seen, now):
                if local in _MARKERS:
                    continue
                raise Changed
            os.rename(seen.name, local, src_dir_fd=self._inbox.fd, dst_dir_fd=room.fd)
            self._barrier(f"moved in {local}")
        room.sync()
        self._inbox.sync()
        self._barrier("moved in")

    def _sweep(self, claim: str, room: Folder) -> None:
        """Removes our own notes, then the folder; fails if something that is not ours is in it."""
        with os.scandir(room.fd) as entries:
            names = [entry.name for entry in entries]
        if set(names) & {ITEM, SIDECAR, *_MARKERS}:
            return
        for name in sorted(names, key=lambda n: n == MANIFEST):
            room.remove(name)
        self._work.remove_folder(claim)
        self._work.sync()


def files_of(candidate: Candidate) -> dict[str, Sighting]:
    """A candidate's files by the names they get in the work folder; markers come last."""
    pairs = (
        (ITEM, candidate.item),
        (SIDECAR, candidate.sidecar),
        (MARKER, candidate.marker),
        (SIDECAR_MARKER, candidate.sidecar_marker),
    )
    return {local: seen for local, seen in pairs if seen is not None}


def archived_names(held: Held) -> dict[str, str]:
    """Names that no later file of the same name can take."""
    return {local: with_mark(seen.name, held.claim) for local, seen in held.files.items() if local not in _MARKERS}


def refused_names(held: Held, errors: Folder) -> dict[str, str]:
    """Names for refused files: their own, unless one is taken."""
    own = {local: safe(seen.name) for local, seen in held.files.items() if local not in _MARKERS}
    if any(errors.see(name) for name in own.values()):
        return {local: with_mark(held.files[local].name, held.claim) for local in own}
    return own


def _decided(room: Folder) -> dict[str, Any] | None:
    noted = _get(room, OUTCOME)
    if noted is None:
        return None
    if noted.get("to") not in {"archive", "errors"} or not all(_plain(noted.get(one, ITEM)) for one in (ITEM, SIDECAR)):
        raise Damaged(OUTCOME)
    return noted


def _plain(name: object) -> bool:
    """Whether a note's name can only be a name: who may write beside an inbox could forge one that climbs."""
    return isinstance(name, str) and name not in {"", ".", ".."} and not {"/", "\0"} & set(name)


def _same(seen: Sighting, now: Sighting) -> bool:
    return (seen.device, seen.inode, seen.size, seen.mtime_ns) == (now.device, now.inode, now.size, now.mtime_ns)


def _move_or_mark(room: Folder, local: str, to: Folder, name: str, claim: str) -> None:
    try:
        room.move(local, to, name)
    except Taken:
        room.move(local, to, with_mark(name, claim))


def _put(room: Folder, name: str, value: Mapping[str, Any]) -> None:
    room.write(name, json.dumps(value).encode(), name)


def _get(room: Folder, name: str) -> dict[str, Any] | None:
    if room.see(name) is None:
        return None
    try:
        loaded = json.loads(room.read(name, _NOTE_BYTES))
    except ValueError:
        raise Damaged(name) from None
    if not isinstance(loaded, dict):
        raise Damaged(name)
    return loaded
