"""API keys: `lintas_<id>_<256 random bits>`, looked up by id, compared as SHA-256.

Enters: `Authorization: Bearer <key>`, or `Basic` with the key as the password (for SOAP clients). Leaves: the principal
the key belongs to. Refuses: key files that others can read, files that hold no key, one key for two owners.
No password hashing: a key has 256 random bits, so that a plain digest cannot be searched.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import os
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gateway.contract.exchange import Caller
from gateway.contract.places import own_key
from gateway.federation import Federation
from gateway.identity.principal import Person, Presented, Principal

_KEY = re.compile(r"lintas_([0-9a-f]{8,32})_([0-9a-f]{64})\Z")
_DIGEST = re.compile(r"lintas_([0-9a-f]{8,32})_sha256:([0-9a-f]{64})\Z")
_NOBODY = b"\0" * 32


class KeyRefused(Exception):
    """A key file cannot be used; the message says which and what to do, never what is in it."""


def new_key(random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    return f"lintas_{random_bytes(6).hex()}_{random_bytes(32).hex()}"


class ApiKeys:
    """The keys in force. Only digests are held."""

    def __init__(self, owners: Mapping[str, tuple[bytes, Principal]]) -> None:
        self._owners = owners

    def authenticate(self, presented: Presented) -> Principal | None:
        key = _presented_key(presented.headers.get("Authorization"))
        if key is None:
            return None
        match = _KEY.match(key)
        digest, owner = self._owners.get(match[1], (_NOBODY, None)) if match else (_NOBODY, None)
        same = hmac.compare_digest(hashlib.sha256(key.encode()).digest(), digest)
        return owner if same else None

    def __repr__(self) -> str:
        return f"ApiKeys({len(self._owners)} keys)"


def _presented_key(header: str | None) -> str | None:
    if header is None or len(header) > 1024 or not header.isascii():
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(value.strip(), validate=True).decode("ascii").partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def load_keys(files: Iterable[tuple[Path, Principal]], *, make: bool) -> ApiKeys:
    """Keys from files, one line each: the key itself, or `lintas_<id>_sha256:<digest>`. A missing one is made."""
    owners: dict[str, tuple[bytes, Principal]] = {}
    for path, principal in files:
        identity, digest = _read(path, make)
        if identity in owners and owners[identity][1] != principal:
            raise KeyRefused(f"{path.name}: this key already belongs to another; make a new one for each owner")
        owners[identity] = (digest, principal)
    return ApiKeys(owners)


def keys_of(federation: Federation, state: Path, *, make: bool) -> ApiKeys:
    """The keys of every system and person of a federation."""
    files: list[tuple[Path, Principal]] = []
    for system in federation.systems.values():
        files += [(state / key.file, Caller(str(system.id))) for key in system.credentials.api_keys]
    for person in federation.operators.values():
        who = Person(person.id, frozenset(person.roles))
        files += [(state / key.file, who) for key in person.credentials.api_keys]
    return load_keys(files, make=make)


def key_trouble(state: Path, file: str, *, make: bool) -> str | None:
    """What is wrong with a key file that the configuration names; None if nothing is. Makes nothing."""
    if own_key(state / file, state):
        return f"{file} is a key of the gateway's own: nobody is let in by it; name another file"
    return unusable(state / file, make=make)


def unusable(path: Path, *, make: bool) -> str | None:
    """Why a start would refuse this key file; None if it would not. Makes nothing."""
    try:
        if path.exists() or not make:
            _read(path, False)
    except KeyRefused as error:
        return str(error)
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    return None


def _read(path: Path, make: bool) -> tuple[str, bytes]:
    if not path.exists():
        if not make:
            raise KeyRefused(f"{path} is missing; make it with: lintas key new --out {path}")
        _write(path, new_key())
    if path.stat().st_mode & 0o077:
        raise KeyRefused(f"{path} can be read by others; run: chmod 600 {path}")
    content = path.read_text(encoding="ascii", errors="replace").strip()
    if match := _KEY.match(content):
        return match[1], hashlib.sha256(content.encode()).digest()
    if match := _DIGEST.match(content):
        return match[1], bytes.fromhex(match[2])
    raise KeyRefused(f"{path} holds no API key; move it away and make one with: lintas key new --out {path}")


def _write(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".tmp-{path.name}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, key.encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.rename(path)
