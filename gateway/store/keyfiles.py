"""Secrets of 32 bytes, each in a file of its own that only its owner may read.

Enters: a path and whether the secret may be made. Leaves: 32 bytes, on disk before they are used.
Refuses: a file that others can read, that is a link, or that has another size; and to make a new secret where data
sealed under the old one may exist (`make=False`): a missing key is found, never replaced.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from gateway.store.disk import sync_folder

SECRET_BYTES = 32


class KeyFileRefused(Exception):
    """A key file cannot be used; the message names the file and what to do, never its content."""


def secret(path: Path, *, make: bool, entropy: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """The secret in `path`; with `make`, a new one is written there first if there is none."""
    try:
        return _read(path)
    except FileNotFoundError:
        if not make:
            raise KeyFileRefused(
                f"the key file {path} is missing, but data sealed with it may exist: bring it back from your backup"
            ) from None
    _write(path, entropy(SECRET_BYTES))
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        what = "is a link" if error.errno == errno.ELOOP else f"cannot be read ({os.strerror(error.errno or 0)})"
        raise KeyFileRefused(f"the key file {path} {what}") from None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise KeyFileRefused(f"the key file {path} is not a regular file")
        if found.st_mode & 0o077:
            raise KeyFileRefused(f"the key file {path} can be read by others: chmod 600 it, and replace the key")
        content = os.read(fd, SECRET_BYTES + 1)
    finally:
        os.close(fd)
    if len(content) != SECRET_BYTES:
        raise KeyFileRefused(f"the key file {path} does not hold {SECRET_BYTES} bytes: bring it back from your backup")
    return content


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, content)
        os.fsync(fd)
    finally:
        os.close(fd)
    try:
        # A link never replaces: of two first starts one wins, and both then read the winner's secret.
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
    sync_folder(path.parent)
