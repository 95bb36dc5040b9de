"""The places that are the gateway's own: no folder that files are taken from or written to may be one of them.

Enters: a path and the state folder. Leaves: a few words that say whose it is, or None. Refuses: nothing; whoever asked
does. Links are followed: what counts is where a path leads. Makes nothing; it may wait for a disk.
"""

from __future__ import annotations

import os
from pathlib import Path

STATE_PLACES = {
    "keys": "the gateway's keys",
    "journal": "the gateway's journal",
    "parts": "the gateway's parts",
    "log": "the gateway's log of events",
    "folders": "the gateway's notes of folders",
}
"""What lies in the state folder, by name. Everything else in it is free for the folders of agencies."""

OWN_KEYS = ("kek.key", "lookup.key", "part-address.key", "receipts.pem", "receipts.pin",
            "evidence.pem", "evidence-certificate.pem")  # fmt: skip
OWN_FOLDER = "receipts"
"""Files in `keys` that the gateway makes and nobody is let in by, and a folder of such; `kek-<anything>.key` are former
ones of the first."""


def reserved(path: Path, state_dir: Path, config_dir: Path | None = None) -> str | None:
    """How a folder meets the gateway's own: `is …`, `holds …` or `lies in …`; None when it is free."""
    here, state = _real(path), _real(state_dir)
    closed = {_real(state / name): whose for name, whose in STATE_PLACES.items()}
    config = None if config_dir is None else _real(config_dir)
    if config is not None and config != state:
        closed[config] = "the configuration folder"
    for place, whose in {state: "the gateway's state folder", **closed}.items():
        if place.is_relative_to(here):
            return f"is {whose}" if place == here else f"holds {whose}"
    # The state folder is open to folders of agencies, also where it lies in the configuration folder.
    shut = [place for place in closed if here.is_relative_to(place) and not _opens(state, place, here)]
    return f"lies in {closed[shut[0]]}" if shut else None


def _opens(state: Path, place: Path, here: Path) -> bool:
    return place in state.parents and here.is_relative_to(state)


def own_key(path: Path, state_dir: Path) -> bool:
    """Is this file one of the gateway's own keys, by whatever name or link?"""
    here, keys = _real(path), _real(state_dir / "keys")
    if here.is_relative_to(keys / OWN_FOLDER):
        return True
    if here.parent == keys:
        return here.name in OWN_KEYS or (here.name.startswith("kek-") and here.suffix == ".key")
    return here in {_real(keys / name) for name in OWN_KEYS}


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
