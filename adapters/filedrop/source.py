"""The folder as a source: looks, claims, reads, and puts every file where its settlement says.

Enters: files in an inbox. Leaves: `Inbound` items; receipts in the outbox, the files in the archive; or in the errors
with a reason beside them. Refuses: to start where the folders do not share a file system (`check` says so before).

The life of a file, each step safe to repeat: 1. seen until it is ready; 2. claimed in the host's journal; 3. moved to
`work/<claim>/`; 4. read and handed to the host; 5. settled: receipts first, then the file leaves, then the claim ends.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections import deque
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from adapters.filedrop import notices
from adapters.filedrop.answers import Answers
from adapters.filedrop.arrive import Handle, Reader, Threads, data_name
from adapters.filedrop.codec import FileCodec
from adapters.filedrop.config import SourceConfig, beside_name, place
from adapters.filedrop.content import Broken
from adapters.filedrop.folder import Barrier, Changed, Folder, Taken, Unreadable, Unsafe, make, no_barrier
from adapters.filedrop.known import Gone, Known
from adapters.filedrop.lookout import Lookout
from adapters.filedrop.places import complaints, hindrances, trespasses
from adapters.filedrop.readiness import Candidate, Sighting, Watch
from adapters.filedrop.strange import Strange, of_one_room
from adapters.filedrop.table import strangers
from adapters.filedrop.workroom import ITEM, Damaged, Held, Workroom, files_of
from gateway.contract import (
    Accepted,
    Claim,
    Duplicate,
    Fingerprint,
    Host,
    Inbound,
    NeedsOperator,
    Reason,
    Refused,
    Rejected,
    Settlement,
    Source,
    TryLater,
)
from schemas.catalogue import DOCUMENTS

PASSING = frozenset((Reason.BUSY, Reason.DISK_RESERVE, Reason.STOPPING, Reason.RATE_LIMITED, Reason.IN_PROGRESS))
"""Reasons that say nothing about the file: it goes back to the inbox instead of to the errors."""

_STUCK = 5
REST_SECONDS = 60.0
"""How long a file that may not be moved is left alone before it is tried again."""

_TOGETHER = ("inbox", "work", "archive", "errors")
_DIRECTORY = "this is a directory; nothing in it was read, and it stays in the inbox"
_IMMOVABLE = (
    "the gateway's user may not move this file, and it stays in the inbox; give it to that user, or take the sticky "
    "bit from the folder"
)


class _NotNow(Exception):
    """The host cannot take anything at the moment: this poll ends."""


class FolderSource(Source):
    """Polls one inbox. `barrier` is called between steps, so that a test can end the process there."""

    def __init__(self, config: SourceConfig, host: Host, barrier: Barrier = no_barrier) -> None:
        self._config, self._host, self._barrier = config, host, barrier
        self.codec = FileCodec(config.csv, row_bytes=host.limits.row_bytes, rows=host.limits.batch_rows)
        inbox = place(host.state_dir, config.inbox)
        self.places: dict[str, Path] = {"inbox": inbox}
        for name in ("work", "archive", "errors", "outbox"):
            self.places[name] = place(host.state_dir, getattr(config, name), inbox, beside_name(inbox, name))
        self._folders: dict[str, Folder] = {}
        self._known = Known(host.state_dir)
        self._lookout = Lookout(config, host.clock, self._looked)
        self._flying, self._told = set[str](), set[str]()
        self._denied, self._changes = dict[str, int](), dict[str, int]()
        self._swept = self._sound = False
        self._resting: dict[str, float] = {}
        self._strange = Strange()

    async def open(self) -> None:
        self._threads = Threads(self._config.threads)
        with contextlib.suppress(OSError, Gone, NeedsOperator):
            # One agency's folder must not keep the others from starting: the first poll says what is wrong with it.
            await self._threads(self._open)

    async def check(self) -> list[str]:
        found = await Threads(1)(self._known.gone, self.places)
        found = found or await Threads(1)(complaints, self.places, _TOGETHER, self._host.state_dir)
        document = self._config.document
        foreign = strangers(self._config.csv, document) if document in DOCUMENTS and document is not None else []
        return found + [f"csv names the field '{one}', which {document} does not have; correct it" for one in foreign]

    async def close(self) -> None:
        while self._folders:
            self._folders.popitem()[1].close()

    async def poll(self, limit: int) -> AsyncIterator[Inbound]:
        """What an earlier process or poll left first, then new files. Raises `NeedsOperator`."""
        given = 0
        if not self._sound:
            await self._threads(self._make_sure)
        try:
            async for inbound in self._left(limit):
                yield inbound
                given += 1
            ready = await self._threads(self._look) if given < limit else deque()
            while ready and given < limit:
                found = await self._claim(ready.popleft())
                if found is not None:
                    yield found
                    given += 1
        except _NotNow:
            self._lookout.again()
            self._host.metrics.count("filedrop_put_off")
        if self._strange and given == 0:
            # What there was to take has been taken: now there is time to tell a person.
            raise NeedsOperator(self._strange.sentence(self.places["work"]))

    async def settle(self, item: Inbound, settlement: Settlement) -> None:
        handle = _handle(item)
        try:
            await self._settle(handle, item, settlement)
        except Exception as error:
            self._raise_for_operator(error, handle.claim.id)
            raise
        finally:
            # Settled, or to be polled again: in neither case is it in anybody's hands now.
            self._flying.discard(handle.claim.id)

    async def _settle(self, handle: Handle, item: Inbound, settlement: Settlement) -> None:
        if isinstance(settlement, Rejected):
            refused = settlement.error
            if refused.reason in PASSING:
                await self.release(item)
                return
            stage = settlement.stage
            if isinstance(item.content, Broken):
                # The file itself was refused, before there was a message that a room could have looked at.
                refused, stage = item.content.refused, "arrive"
            await self._threads(self._answers.refuse, handle.held, settlement.message_id, refused, stage)
        elif isinstance(settlement, Accepted | Duplicate):
            await self._threads(self._answers.archive, handle.held, settlement)
        else:
            raise NeedsOperator("a folder cannot take the answer to a query; use a delivery service for it")
        self._barrier("settling")
        await self._host.claims.settle(handle.claim)

    async def release(self, item: Inbound) -> None:
        handle = _handle(item)
        self._lookout.again()
        await self._give_back(handle.claim, handle.held)

    def _make_sure(self) -> None:
        """Nothing is taken before everything that it takes to answer for it works. Raises `NeedsOperator`."""
        self._sound = False
        found = hindrances(self.places, _TOGETHER, self._host.state_dir)
        if found:
            raise NeedsOperator("; ".join(found))
        try:
            self._open()
        except Gone as gone:
            raise NeedsOperator(str(gone), Reason.FOLDER_GONE) from None
        except OSError as error:
            self._raise_for_operator(error)
        self._sound = True

    def _open(self) -> None:
        self._known.must_stand(self.places)
        if found := trespasses(self.places, self._host.state_dir):
            raise NeedsOperator("; ".join(found))
        for name, path in self.places.items():
            make(path)
            known = self._folders.get(name)
            if known is None or not known.stands_at_its_path():
                # One that was there before stays open for those who use it: it is closed with the last of them.
                self._folders[name] = Folder(path, barrier=self._barrier)
                self._known.note(path)
        self._room = Workroom(self._folders["inbox"], self._folders["work"], self._barrier)
        self._reader = Reader(self._config, self._host, self._room, self._threads)
        self._answers = Answers(self._folders, self._room, self._host.metrics, self._barrier)
        inbox = self.places["inbox"].resolve()
        ours = [path.resolve() for path in self.places.values()]
        self._ours = {path.relative_to(inbox).parts[0] for path in ours if inbox in path.parents}

    def _look(self) -> deque[Candidate]:
        if not all(folder.stands_at_its_path() for folder in self._folders.values()):
            # Somebody made a folder anew: what is dropped or awaited in the new one does not wait for a restart.
            self._make_sure()
        return self._lookout.candidates(self._folders["inbox"])

    def _looked(self, names: set[str], watch: Watch) -> None:
        """After each look: forgets what is gone, tells of what can be no item."""
        self._changes = {name: count for name, count in self._changes.items() if name in names}
        self._denied = {name: count for name, count in self._denied.items() if name in names}
        self._resting = {name: until for name, until in self._resting.items() if name in names}
        self._told &= names
        for directory in watch.directories:
            if directory.name not in self._told and directory.name not in self._ours:
                self._tell(directory, _DIRECTORY)
                self._host.metrics.count("filedrop_directories")

    def _tell(self, stays: Sighting, why: str) -> None:
        """What is no item and stays where it is gets a notice, once, and the same after a restart."""
        refused = Refused(Reason.FILE_UNSAFE, why)
        body = notices.written(notices.error(None, data_name(stays.name), refused))
        mark = f"{stays.device:x}-{stays.inode:x}"
        try:
            self._answers.write("errors", stays.name, mark, ".error.json", body)
        except (Taken, OSError):
            # The items of this look do not wait for a notice; the next look tries again.
            self._host.metrics.count("filedrop_notice_failed")
            return
        self._told.add(stays.name)

    async def _claim(self, candidate: Candidate) -> Inbound | None:
        if self._resting.get(candidate.item.name, float("-inf")) > self._host.clock.monotonic():
            return None
        claim = await self._host.claims.claim(_fingerprint(candidate.item))
        if claim is None:
            await self._threads(self._deny, candidate.item)
            return None
        self._flying.add(claim.id)
        try:
            try:
                held = await self._threads(self._room.take, claim.id, candidate)
            except Changed:
                await self._give_back(claim, Held(claim.id, files_of(candidate)))
                return None
            except PermissionError:
                await self._leave(claim, Held(claim.id, files_of(candidate)))
                return None
            return await self._read(claim, held)
        except BaseException as error:
            self._flying.discard(claim.id)
            self._raise_for_operator(error)
            raise

    async def _read(self, claim: Claim, held: Held) -> Inbound | None:
        try:
            return await self._reader.inbound(claim, held)
        except Changed:
            self._changes[held.name] = self._changes.get(held.name, 0) + 1
            if self._changes[held.name] > self._config.changes:
                return await self._reader.inbound(claim, Held(held.claim, held.files, Reason.FILE_CHANGED))
            self._lookout.watch.forget(held.name)
            await self._give_back(claim, held)
            return None
        except TryLater as later:
            await self._give_back(claim, held)
            raise _NotNow from later

    async def _leave(self, claim: Claim, held: Held) -> None:
        """A file that may be seen and not moved, as in a folder whose files only their owners may move: it stays where
        it is, the others go on. A folder in which nothing may be moved is for an operator."""
        found = await self._threads(hindrances, self.places, _TOGETHER, self._host.state_dir)
        await self._give_back(claim, held)
        if found:
            self._sound = False
            raise NeedsOperator("; ".join(found))
        self._resting[held.name] = self._host.clock.monotonic() + REST_SECONDS
        self._host.metrics.count("filedrop_immovable")
        await self._threads(self._tell, held.files[ITEM], _IMMOVABLE)

    async def _left(self, limit: int) -> AsyncIterator[Inbound]:
        """Claims that nobody holds in this process: left by a crash, a cancelled poll or a name that was taken."""
        rooms = [] if self._swept else await self._threads(self._room.rooms)
        claims = await self._host.claims.unsettled()
        if not self._swept:
            try:
                await self._fetch([claim.id for claim in claims])
                await self._adopt(set(rooms) - {claim.id for claim in claims})
            except Exception as error:
                self._raise_for_operator(error)
                raise
            self._swept = True
        given = 0
        ours = {claim.id for claim in claims}
        # Those of our claims are tried again; others are left alone until they are gone.
        self._strange.look(lambda room: room not in ours and self._room.holds(room))
        for claim in claims:
            if given >= limit:
                return
            if claim.id in self._flying:
                continue
            self._flying.add(claim.id)
            try:
                inbound = await self._resume(claim)
            except BaseException as error:
                if of_one_room(error):
                    self._flying.discard(claim.id)
                    self._set_aside(claim.id, error)
                    continue
                self._flying.discard(claim.id)
                self._raise_for_operator(error)
                raise
            if inbound is not None:
                yield inbound
                given += 1

    async def _resume(self, claim: Claim) -> Inbound | None:
        try:
            held = await self._threads(self._room.resume, claim.id)
        except Changed:
            noted = await self._threads(self._room.manifest, claim.id)
            await self._give_back(claim, noted or Held(claim.id, {}))
            return None
        except PermissionError:
            noted = await self._threads(self._room.manifest, claim.id)
            if noted is None:
                raise
            await self._leave(claim, noted)
            return None
        if held is None:
            # Nothing is held: either the move never began, or all was put away before the claim could end.
            if claim.state == "claimed":
                await self._host.claims.release(claim)
            else:
                await self._host.claims.settle(claim)
            self._flying.discard(claim.id)
            return None
        outcome = await self._threads(self._room.outcome, claim.id)
        if outcome is not None:
            await self._threads(self._answers.put_away, held, outcome)
            await self._host.claims.settle(claim)
            self._flying.discard(claim.id)
            return None
        return await self._read(claim, held)

    async def _fetch(self, claims: list[str]) -> None:
        """Files in hand that lie in `work` beside the inbox, from when all inboxes of a folder had that one by default.
        Only rooms of our own claims: a neighbour's may lie there too."""
        old = self.places["inbox"].parent / "work"
        if self._config.work is None and old != self.places["work"]:
            await self._threads(self._room.fetch, claims, old)

    async def _adopt(self, strays: Iterable[str]) -> None:
        """Rooms without a claim (a journal restored from a copy): their files go back to the inbox."""
        for stray in sorted(strays):
            try:
                held = await self._threads(self._room.manifest, stray)
                if held is not None:
                    await self._threads(self._room.give_back, held)
                    self._host.metrics.count("filedrop_strays")
            except Exception as error:
                if not of_one_room(error):
                    raise
                self._set_aside(stray, error)

    def _set_aside(self, room: str, error: BaseException) -> None:
        """A folder in `work` that is not as we left it, or never was ours, is left alone; the others go on."""
        self._strange.aside(room, error)
        self._host.metrics.count("filedrop_strange")

    async def _give_back(self, claim: Claim, held: Held) -> bool:
        """Back to the inbox; while a name there is taken the files stay held and are offered again."""
        back = await self._threads(self._room.give_back, held)
        if back:
            await self._host.claims.release(claim)
        self._flying.discard(claim.id)
        return back

    def _deny(self, item: Sighting) -> None:
        """A file that was settled before has come back as it was: a new time stamp makes it another item."""
        self._denied[item.name] = self._denied.get(item.name, 0) + 1
        if self._denied[item.name] < _STUCK:
            return
        self._denied.pop(item.name)
        self._host.metrics.count("filedrop_came_back")
        now = int(self._host.clock.now().timestamp() * 1e9)
        os.utime(item.name, ns=(now, now), dir_fd=self._folders["inbox"].fd, follow_symlinks=False)

    def _raise_for_operator(self, error: BaseException, room: str | None = None) -> None:
        """Gives a person the exceptions of the folders; others pass. The next poll says what is wrong with which."""
        if isinstance(error, OSError):
            self._sound = False
            split = error.errno == errno.EXDEV
            hint = "put inbox, work, archive and errors on one file system" if split else "see their rights and disk"
            raise NeedsOperator(f"a folder does not work: {error.strerror}; {hint}") from error
        if isinstance(error, Taken | Changed | Unsafe | Unreadable | Damaged):
            where = self.places["work"] if room is None else self.places["work"] / room
            said = f"{where} was changed by somebody else ({type(error).__name__}); see what lies there"
            raise NeedsOperator(said) from error


def _fingerprint(item: Sighting) -> Fingerprint:
    return Fingerprint(item.name, item.device, item.inode, item.size, item.mtime_ns)


def _handle(item: Inbound) -> Handle:
    if not isinstance(item.item, Handle):
        raise NeedsOperator("this item was not polled from a folder")
    return item.item
