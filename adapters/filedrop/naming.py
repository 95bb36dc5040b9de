"""File names: what a folder calls a thing, made safe to look at and safe to write.

Enters: a name as the file system gave it, or one that somebody sent along. Leaves: the same name in NFC if it may pass,
or a name that is safe to create anywhere. Refuses (`NameRefused`): path separators, control and direction-changing
characters, bytes that are no UTF-8, names that are too long. Pure.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

NAME_MAX = 255
"""Bytes in one name on the common file systems (NAME_MAX of POSIX.1 on Linux)."""

TEMP_PREFIX = ".tmp-"

_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))]
)
_UNSAFE = re.compile(r'[/\\:*?"<>|]')
_FOREIGN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


class NameRefused(ValueError):
    """The name may not pass. The text says why without repeating the name; `limit` is what it met, if it met one."""

    limit: int | None = None


def checked(name: str, limit: int = NAME_MAX) -> str:
    """The name in NFC. `limit` is in UTF-8 bytes. Raises `NameRefused`."""
    if not name or name in {".", ".."}:
        raise NameRefused("the name is empty or a relative folder")
    if "/" in name or "\\" in name:
        raise NameRefused("the name holds a path separator")
    if any(unicodedata.category(char) in _FOREIGN_CATEGORIES for char in name):
        raise NameRefused("the name holds control characters or bytes that are not UTF-8")
    normal = unicodedata.normalize("NFC", name)
    if len(normal.encode()) > limit:
        refused = NameRefused(f"the name is longer than {limit} bytes")
        refused.limit = limit
        raise refused
    return normal


def safe(name: str, suffix: str = "", limit: int = NAME_MAX) -> str:
    """A name that can be created on any file system, with `suffix` added, at most `limit` bytes in all.

    A name that had to be changed carries eight hex digits of its SHA-256, so that two names never become one.
    """
    normal = unicodedata.normalize("NFC", name)
    cleaned = "".join("_" if unicodedata.category(c) in _FOREIGN_CATEGORIES else c for c in normal)
    cleaned = _UNSAFE.sub("_", cleaned).strip(" ").rstrip(". ")
    if cleaned[:1] in {".", "~", "-"} or cleaned.partition(".")[0].strip().casefold() in _RESERVED:
        cleaned = "_" + cleaned
    room = limit - len(suffix.encode())
    if cleaned == normal and cleaned and len(cleaned.encode()) <= room:
        return cleaned + suffix
    mark = "~" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    stem, dot, extension = cleaned.rpartition(".")
    if not dot or not stem or len(extension.encode()) > 16:
        stem, extension = cleaned or "_", ""
    tail = mark + (f".{extension}" if extension else "")
    return _cut(stem, room - len(tail.encode())) + tail + suffix


def with_mark(name: str, mark: str, suffix: str = "", limit: int = NAME_MAX) -> str:
    """`name.mark` plus suffix, safe; the name is shortened, never the mark."""
    return safe(name, f".{mark}{suffix}", limit)


def extension(name: str) -> str:
    """The last extension in lower case, without its dot; empty if there is none."""
    return name.rpartition(".")[2].casefold() if "." in name else ""


def folded(name: str) -> str:
    """The form in which two names are the same name to a file system that ignores case and composition."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _cut(text: str, size: int) -> str:
    return text.encode()[: max(size, 0)].decode("utf-8", "ignore")


def part_file(delivery: str, number: int, name: str | None) -> str:
    """The name of a part's file in an outgoing folder: the same for the same delivery, never its sender's choice."""
    return safe(name or "part", limit=NAME_MAX - len(delivery) - 24).join((f"{safe(delivery)}-{number}-", ""))
