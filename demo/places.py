"""Where everything of the morning is: addresses, key files and folders, as the configuration names them.

Enters: a configuration folder and a state folder. Leaves: `Places`; on request a copy of the configuration in which
every address on this machine has another port. Refuses (`NotThatFederation`): a configuration without one of the
systems that take part.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from demo.agencies.folders import Folders
from demo.authority import SignerFiles

INSURER, REGISTRY, LETTERS = "bpjs/vclaim-sim", "dinas-dukcapil/penerima", "dinas-kominfo/persuratan"
REFERRALS, SOCIAL, CENTRE = "rs-rujukan/soap", "kota-bandung/dinas-sosial", "kota-bandung/simpus"
HOSPITAL, STRANGER = "rsud-bandung/simrs", "tamu/orang-asing"
VILLAGE, POPULATION = "kota-bandung/kelurahan-cihapit", "kota-bandung/kependudukan"
CLERK, SIGNER = LETTERS, "kepala-dinas"
SERVERS = (INSURER, REGISTRY, REFERRALS, LETTERS)

_LOCAL = re.compile(r"(http://(?:127\.0\.0\.1|localhost):)(\d{1,5})\b")


class NotThatFederation(Exception):
    """The configuration does not describe the federation of the morning; the text says what is missing."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int
    path: str


@dataclass(frozen=True)
class Places:
    """What the morning needs to know. Keys are files that the gateway makes at its first start."""

    config: Path
    state: Path
    addresses: Mapping[str, Address]
    keys: Mapping[str, Path]
    folders: Mapping[str, Folders]
    operator_key: Path
    signer: SignerFiles
    stamping: Address


def read(config: Path, state: Path) -> Places:
    """Read a configuration folder that the gateway itself finds good. Raises NotThatFederation."""
    addresses: dict[str, Address] = {}
    keys: dict[str, Path] = {}
    folders: dict[str, Folders] = {}
    signer: tuple[SignerFiles, Address] | None = None
    for path in sorted((config / "agencies").glob("*.yaml")):
        head = yaml.safe_load(path.read_text(encoding="utf-8"))
        if head["agency"] == CLERK.partition("/")[0]:
            signer = _signer((head.get("signers") or {}).get(SIGNER) or {}, state)
        for name, system in head["systems"].items():
            full = f"{head['agency']}/{name}"
            if (url := (system.get("channel") or {}).get("config", {}).get("url")) is not None:
                addresses[full] = _address(url)
            if (found := _key(system)) is not None:
                keys[full] = state / found
            if system.get("sources"):
                folders[full] = _folders(full, system, state)
    missing = [name for name in SERVERS if name not in addresses]
    missing += [name for name in (LETTERS, REFERRALS, SOCIAL, CENTRE, HOSPITAL, STRANGER) if name not in keys]
    missing += [name for name in (VILLAGE, POPULATION) if name not in folders]
    if signer is None:
        missing.append(f"the signer {SIGNER} of {CLERK.partition('/')[0]}, with a key and a tsa")
    if missing or signer is None:
        raise NotThatFederation(f"{config} does not describe {', '.join(missing)}, whom the morning needs")
    return Places(config, state, addresses, keys, folders, _operator(config, state), *signer)


def _address(url: str) -> Address:
    said = urlsplit(url)
    return Address(said.hostname or "127.0.0.1", said.port or 80, said.path)


def _signer(entry: Mapping[str, Any], state: Path) -> tuple[SignerFiles, Address] | None:
    """The files and the timestamping authority of the signer, if it is one with a key of ours."""
    key, url = entry.get("key") or {}, (entry.get("tsa") or {}).get("url")
    certificates = key.get("certificates") or []
    if not key.get("file") or not certificates or not url:
        return None
    return SignerFiles(state / key["file"], state / certificates[0]), _address(url)


def _key(entry: Mapping[str, Any]) -> str | None:
    files = (entry.get("credentials") or {}).get("api_keys") or []
    return files[0]["file"] if files else None


def _folders(name: str, system: Mapping[str, Any], state: Path) -> Folders:
    inbox = state / system["sources"][0]["config"]["inbox"]
    outbox = (system.get("receipts") or {}).get("config", {}).get("outbox")
    return Folders(name, inbox, state / outbox if outbox else inbox.parent / "outbox", inbox.parent / "errors")


def _operator(config: Path, state: Path) -> Path:
    operators = yaml.safe_load((config / "operators.yaml").read_text(encoding="utf-8"))["operators"]
    found = next((_key(one) for one in operators.values() if "operator" in one["roles"]), None)
    if found is None:
        raise NotThatFederation(f"{config} names no operator with a key")
    return state / found


def relocated(config: Path, target: Path) -> Path:
    """A copy of a configuration in `target`, each local port replaced by one that is free now."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(config, target)
    texts = {path: path.read_text(encoding="utf-8") for path in target.rglob("*.yaml")}
    ports = sorted({found[2] for text in texts.values() for found in _LOCAL.finditer(text)})
    with free_ports(len(ports)) as free:
        chosen = dict(zip(ports, free, strict=True))
    for path, text in texts.items():
        path.write_text(_LOCAL.sub(lambda found: f"{found[1]}{chosen[found[2]]}", text), encoding="utf-8")
    return target


@contextlib.contextmanager
def free_ports(count: int, host: str = "127.0.0.1") -> Iterator[list[int]]:
    """Ports that are free and different from each other, held until the block ends."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((host, 0))
        yield [one.getsockname()[1] for one in sockets]


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens there now; a port that was just left counts as free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError:
            return False
    return True
