"""A zip file as a container of signatures sees it: read in place, never unpacked, and every byte belongs to a member.

Enters: hostile bytes and bounds. Leaves: an `Archive`, whose members are read as a stream. Refuses, as a `Fault` that
carries its finding: whatever two programs could read as two different containers.

After APPNOTE.TXT 6.3.10 and ISO/IEC 21320-1:
1. The end record stands at the very end, once; the central directory ends where it (or its zip64 form) begins.
2. A member has one name: relative, plain, unlike the others; no links, no encryption, methods stored and deflate alone.
3. Members lie one behind the other from the first byte on: no gap, no overlap, nothing before, nothing between.
4. What a member says of itself is what the directory says of it.
5. Count, size, sum and expansion are within the bounds, before a byte is expanded; the expanding is counted too.
"""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, cast

from gateway.signatures.findings import Finding, found
from gateway.signatures.material import PIECE, Bounds, Material

END, END64, LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
ENTRY, LOCAL, DESCRIPTOR = b"PK\x01\x02", b"PK\x03\x04", b"PK\x07\x08"
STORED, DEFLATED = 0, 8
_ENCRYPTED, _DESCRIBED, _UTF8, _MASKED = 1, 8, 1 << 11, 1 << 13
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MOST_COMMENT = 0xFFFF
_UNICODE_PATH = 0x7075
_FREE = 1 << 20
"""A member may always expand to this many bytes, whatever its ratio."""
_DIRECTORY_OF_ONE = 1024
"""Bytes of the directory for one member, on average."""


class Fault(Exception):
    """The container cannot be trusted to be read in one way; `finding` says why."""

    def __init__(self, code: str, detail: str) -> None:
        self.finding: Finding = found(code, detail)
        super().__init__(self.finding.message)


@dataclass(frozen=True)
class Member:
    """One file in the container: sizes in bytes, `start` where its packed bytes begin."""

    name: str
    size: int
    packed: int
    method: int
    crc: int
    start: int
    extra: bool = False


@dataclass
class Archive:
    """The members by name, in the order in which they lie in the file. `comment` is that of the whole, `remarked`
    whether a member has one."""

    material: Material
    members: dict[str, Member] = field(default_factory=dict)
    comment: bytes = b""
    remarked: bool = False

    def open(self, name: str) -> Material | None:
        """A member as material, read as it is asked for; None if there is none. Reading may raise ValueError."""
        member = self.members.get(name)
        if member is None:
            return None
        return Material(cast("IO[bytes]", _Stream(self.material.file, member)), name)


@dataclass(frozen=True)
class _Listed:
    """A member as the central directory lists it."""

    raw: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int
    extra: bytes = b""
    remarked: bool = False


def read(material: Material, bounds: Bounds = Bounds()) -> Archive:
    """The container's members, or `Fault`."""
    try:
        return _read(material, bounds)
    except (struct.error, OSError, EOFError) as error:
        raise Fault("format_broken", "the zip file cannot be read") from error


def _read(material: Material, bounds: Bounds) -> Archive:
    count, size, offset, limit, comment = _end(material)
    if count > bounds.members:
        raise Fault("too_large", f"more than {bounds.members} members")
    if offset + size != limit:
        raise Fault("unsafe", "bytes lie between its directory and its end")
    if size > count * _DIRECTORY_OF_ONE + _FREE:
        raise Fault("too_large", "its directory is longer than it need be")
    listed = list(_directory(_at(material, offset, size), count))
    _within(listed, bounds)
    archive = Archive(material, comment=comment, remarked=any(one.remarked for one in listed))
    place = 0
    for one in sorted(listed, key=lambda each: each.offset):
        if one.offset != place:
            raise Fault("unsafe", "bytes lie in it that belong to no member, or to two")
        member, place = _member(material, one, offset)
        if not member.name.endswith("/"):
            archive.members[member.name] = member
    if place != offset:
        raise Fault("unsafe", "bytes lie in it that belong to no member, or to two")
    _unlike(listed)
    return archive


def _at(material: Material, offset: int, size: int) -> bytes:
    material.file.seek(offset)
    data = material.file.read(size)
    if len(data) != size:
        raise Fault("format_broken", "the zip file ends too early")
    return data


def _end(material: Material) -> tuple[int, int, int, int, bytes]:
    """Count, size and offset of the directory, where it must end, the comment."""
    tail_at = max(0, material.size - _END.size - _MOST_COMMENT)
    tail = _at(material, tail_at, material.size - tail_at)
    places = [place for place in _places(tail, END) if place + _END.size <= len(tail)]
    ends = [place for place in places if place + _END.size + _END.unpack_from(tail, place)[7] == len(tail)]
    if not ends:
        raise Fault("format_broken", "bytes follow its end" if places else "the zip file has no end: it is cut off")
    if len(ends) > 1:
        raise Fault("unsafe", "it has two ends, and so two directories")
    _, disk, disk_of, here, count, size, offset, _ = _END.unpack_from(tail, ends[0])
    at, comment = tail_at + ends[0], tail[ends[0] + _END.size :]
    if 0xFFFF in (disk, disk_of, here, count) or 0xFFFFFFFF in (size, offset):
        return (*_end64(material, at), comment)
    if (disk, disk_of, here) != (0, 0, count):
        raise Fault("unsupported", "a zip file in several pieces")
    return count, size, offset, at, comment


def _end64(material: Material, end: int) -> tuple[int, int, int, int]:
    mark, disk, at, disks = _LOCATOR64.unpack(_at(material, max(0, end - _LOCATOR64.size), _LOCATOR64.size))
    if mark != LOCATOR64 or at + _END64.size > end:
        raise Fault("format_broken", "its zip64 end cannot be found")
    fields = _END64.unpack(_at(material, at, _END64.size))
    if fields[0] != END64 or at + 12 + fields[1] != end - _LOCATOR64.size:
        raise Fault("unsafe", "bytes lie between its zip64 end and its end")
    if disk or disks > 1 or fields[4] or fields[5] or fields[6] != fields[7]:
        raise Fault("unsupported", "a zip file in several pieces")
    return fields[7], fields[8], fields[9], at


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    place = data.find(mark)
    while place >= 0:
        yield place
        place = data.find(mark, place + 1)


def _directory(data: bytes, count: int) -> Iterator[_Listed]:
    place = 0
    for _ in range(count):
        if len(data) < place + _ENTRY.size or data[place : place + 4] != ENTRY:
            raise Fault("format_broken", "its directory ends too early")
        fields = _ENTRY.unpack_from(data, place)
        flags, method, crc, packed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
        name_at = place + _ENTRY.size
        extra_at, place = name_at + fields[10], name_at + fields[10] + fields[11] + fields[12]
        if place > len(data):
            raise Fault("format_broken", "its directory ends too early")
        extra = data[extra_at : extra_at + fields[11]]
        size, packed, offset = _sizes64(extra, [size, packed, fields[16]])
        if fields[13]:
            raise Fault("unsupported", "a zip file in several pieces")
        yield _Listed(
            data[name_at:extra_at], flags, method, crc, packed, size, offset, fields[15] >> 16, extra, fields[12] > 0
        )
    if place != len(data):
        raise Fault("unsafe", "its directory holds more than it says")


def _sizes64(extra: bytes, values: list[int]) -> list[int]:
    """Values of 0xFFFFFFFF stand in the zip64 field (4.5.3), in this order."""
    if 0xFFFFFFFF not in values:
        return values
    for kind, value in _extra_fields(extra):
        if kind == 1:
            large = list(struct.unpack(f"<{len(value) // 8}Q", value[: len(value) // 8 * 8]))
            try:
                return [large.pop(0) if one == 0xFFFFFFFF else one for one in values]
            except IndexError:
                break
    raise Fault("format_broken", "a size is missing")


def _within(listed: list[_Listed], bounds: Bounds) -> None:
    if any(one.size > bounds.member_bytes for one in listed):
        raise Fault("too_large", f"a member has more than {bounds.member_bytes} bytes")
    if sum(one.size for one in listed) > bounds.container_bytes:
        raise Fault("too_large", f"its members have more than {bounds.container_bytes} bytes together")
    if any(one.size > bounds.expansion * one.packed + _FREE for one in listed):
        raise Fault("too_large", f"a member expands to more than {bounds.expansion} times its size")


def _member(material: Material, one: _Listed, directory: int) -> tuple[Member, int]:
    """The member, and where it ends with all that belongs to it."""
    if one.flags & (_ENCRYPTED | _MASKED):
        raise Fault("unsupported", "a member is encrypted")
    if one.method not in (STORED, DEFLATED):
        raise Fault("unsupported", f"the compression method {one.method}")
    if stat.S_ISLNK(one.mode):
        raise Fault("unsafe", "a member is a link")
    name = _name(one)
    fields = _LOCAL.unpack(_at(material, one.offset, _LOCAL.size))
    rest = _at(material, one.offset + _LOCAL.size, fields[9] + fields[10])
    _one_name(name, one.extra, rest[fields[9] :])
    start = one.offset + _LOCAL.size + len(rest)
    end = start + one.packed
    described = bool(fields[2] & _DESCRIBED)
    if fields[0] != LOCAL or rest[: fields[9]] != one.raw or (fields[3], fields[2]) != (one.method, one.flags):
        raise Fault("unsafe", "a member says something else of itself than the directory does")
    sizes = _sizes64(rest[fields[9] :], [fields[8], fields[7]])
    if (fields[6], *sizes) != (one.crc, one.size, one.packed) and not (described and not any((fields[6], *sizes))):
        raise Fault("unsafe", "a member says something else of itself than the directory does")
    if end > directory or (one.method == STORED and one.packed != one.size):
        raise Fault("format_broken", "a member is longer than its place")
    if described:
        end += _described(_at(material, end, min(24, directory - end)), one)
    return Member(name, one.size, one.packed, one.method, one.crc, start, bool(fields[10])), end


def _described(data: bytes, one: _Listed) -> int:
    """Length of the data descriptor (4.3.9), which says again what the directory says."""
    for mark in (DESCRIPTOR, b""):
        for shape in ("<L2L", "<L2Q"):
            try:
                told = mark + struct.pack(shape, one.crc, one.packed, one.size)
            except struct.error:
                continue
            if data.startswith(told) and (shape == "<L2Q" or not _is_wide(data, mark, one)):
                return len(told)
    raise Fault("unsafe", "a member says something else of itself than the directory does")


def _is_wide(data: bytes, mark: bytes, one: _Listed) -> bool:
    """Whether the sizes in front of us are of eight bytes: then the shorter form fits only by chance."""
    wide = mark + struct.pack("<L2Q", one.crc, one.packed, one.size)
    return data.startswith(wide) and len(data) >= len(wide)


def _name(one: _Listed) -> str:
    try:
        name = one.raw.decode("utf-8")
    except UnicodeDecodeError:
        if one.flags & _UTF8:
            raise Fault("format_broken", "a name is no UTF-8") from None
        name = one.raw.decode("cp437")
    steps = name.rstrip("/").split("/")
    if not name or len(one.raw) > 1024 or name.startswith("/") or name.endswith("//") or not name.isprintable():
        raise Fault("unsafe", "a name that no file may have")
    if "\\" in name or ":" in steps[0] or any(step in ("", ".", "..") for step in steps):
        raise Fault("unsafe", "a name that leads out of the container")
    if name.endswith("/") and (one.size or one.packed):
        raise Fault("unsafe", "a folder with content")
    return name


def _one_name(name: str, *extras: bytes) -> None:
    """Info-ZIP's Unicode path (4.6.9: version, CRC-32 of the name, name in UTF-8): some programs take that name."""
    for extra in extras:
        for kind, value in _extra_fields(extra):
            if kind == _UNICODE_PATH and value[5:] != name.encode():
                raise Fault("unsafe", "a member has two names")


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and value of each field (4.5.1)."""
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        yield kind, extra[place + 4 : place + 4 + length]
        place += 4 + length


def _unlike(listed: list[_Listed]) -> None:
    """Two names that are one on some system: there another file would be read."""
    seen: set[str] = set()
    for one in listed:
        plain = unicodedata.normalize("NFKC", _name(one)).casefold().rstrip("/")
        if plain in seen:
            raise Fault("unsafe", "two members have one name")
        seen.add(plain)


class _Stream:
    """A member as a file that can be read, and read again from any place; ValueError where it is damaged."""

    def __init__(self, file: IO[bytes], member: Member) -> None:
        self._file, self._member = file, member
        self._rewind()

    def _rewind(self) -> None:
        self._taken = self._place = self._crc = 0
        self._left = b""
        self._inflate = zlib.decompressobj(-15) if self._member.method == DEFLATED else None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._member.size}[whence]
        if target >= self._member.size:
            # Where only the size is asked for, nothing is expanded.
            self._place = target
            return target
        if target < self._place or self._taken == 0:
            self._rewind()
        while self._place < target:
            self._next(min(PIECE, target - self._place))
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._member.size - self._place)
        wanted = left if size < 0 else min(size, left)
        pieces = []
        while wanted > 0:
            piece = self._next(min(PIECE, wanted))
            pieces.append(piece)
            wanted -= len(piece)
        if not self._member.size and self._member.crc:
            raise ValueError("a member is damaged")
        return b"".join(pieces)

    def _next(self, most: int) -> bytes:
        piece = self._stored(most) if self._inflate is None else self._inflated(self._inflate, most)
        if not piece:
            raise ValueError("a member ends too early")
        self._crc = zlib.crc32(piece, self._crc)
        self._place += len(piece)
        if self._place == self._member.size and (self._crc != self._member.crc or not self._ended()):
            raise ValueError("a member is damaged")
        return piece

    def _stored(self, most: int) -> bytes:
        self._file.seek(self._member.start + self._taken)
        piece = self._file.read(min(most, self._member.packed - self._taken))
        self._taken += len(piece)
        return piece

    def _inflated(self, inflate: zlib._Decompress, most: int) -> bytes:
        while True:
            packed = inflate.unconsumed_tail or self._stored(PIECE)
            try:
                piece = inflate.decompress(packed, most)
            except zlib.error as error:
                raise ValueError("a member is damaged") from error
            if piece or (not packed and not inflate.unconsumed_tail):
                return piece

    def _ended(self) -> bool:
        """Nothing packed is left over, and nothing more would come out of it."""
        if self._inflate is None:
            return self._taken == self._member.packed
        try:
            while not self._inflate.eof:
                packed = self._inflate.unconsumed_tail or self._stored(PIECE)
                if self._inflate.decompress(packed, 1) or not packed:
                    return False
        except zlib.error:
            return False
        return self._taken == self._member.packed and not self._inflate.unused_data
