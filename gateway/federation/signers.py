"""The people who sign letters, as an agency's file names them.

In: the raw `signers` of an agency's file. Out: sound signers, and findings for all that is not. Refuses: nothing; it
only says. A file that is not there is a warning: the gateway serves everybody else without that signer.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.contract.places import own_key
from gateway.federation.draft import Draft, Located
from gateway.federation.explain import validate
from gateway.federation.federation import Signer
from gateway.federation.findings import did_you_mean, shown
from gateway.federation.marks import Marked, Place
from gateway.federation.model import Name, Shape, SignerEntry

SERVICE = "letter.sign"


class _Named(Shape):
    """Only to judge a name."""

    name: Name


def read_signers(agency: str, marked: Marked, draft: Draft) -> Mapping[str, Signer]:
    """Every sound signer of an agency's file."""
    given = marked.data.get("signers") if isinstance(marked.data, dict) else None
    found: dict[str, Signer] = {}
    for key, data in (given if isinstance(given, dict) else {}).items():
        where = Located(marked, ("signers", key))
        draft.at[f"{agency}:signer:{key}"] = where
        try:
            _Named.model_validate({"name": key})
        except ValueError:
            told = f"{shown(key)} is not a name: 1 to 63 of a-z, 0-9 and '-', the first not '-'"
            draft.note("C004", where, (), told, key=True)
        entry, problems = validate(SignerEntry, data, marked, where.place)
        draft.findings += problems
        if entry is not None:
            given_fields = {name: getattr(entry, name) for name in SignerEntry.model_fields}
            found[str(key)] = Signer(id=str(key), adapter_config=_adapter(entry, where, draft), **given_fields)
    return found


def _adapter(entry: SignerEntry, where: Located, draft: Draft) -> Any:
    """What the model of the signer's adapter says to its configuration."""
    name = entry.key.adapter
    if name is None:
        return None
    spec = draft.adapters.get(name)
    if spec is None:
        sentence = draft.broken.get(name)
        hint = "" if sentence else did_you_mean(name, draft.adapters)
        draft.note("C013", where, ("key", "adapter"), sentence or f"no adapter is called {shown(name)}", hint)
        return None
    if "signer" not in spec.kinds:
        draft.note("C017", where, ("key", "adapter"), f"the adapter {shown(name)} is not a signer")
        return None
    place = (*where.place, "key", "config")
    try:
        parsed, problems = validate(spec.config_model("signer"), dict(entry.key.config), where.marked, place)
    except Exception as error:  # an adapter is a stranger's code: its failure must not end the check of all the others
        told = f"the model of {shown(name)} raised {type(error).__name__}"
        draft.note("C024", where, ("key", "adapter"), told)
        return None
    draft.findings += problems
    return parsed


def check_signers(draft: Draft, state_dir: Path) -> None:
    """What needs more than the entry: files, and whether anybody may ask for a signature."""
    for name, agency in draft.agencies.items():
        for key, signer in agency.signers.items():
            where = draft.at[f"{name}:signer:{key}"]
            for place, file, private in _files(signer):
                path = state_dir / file
                if private and own_key(path, state_dir):
                    draft.note("C033", where, place, f"{shown(file)} is a key of the gateway's own")
                elif trouble := _trouble(path, private=private):
                    draft.note("C037", where, place, f"{shown(file)} {trouble}")
        systems = [draft.systems[one] for one in agency.systems if one in draft.systems]
        if agency.signers and not any(SERVICE in one.may_use for one in systems):
            first = next(iter(agency.signers))
            where = draft.at[f"{name}:signer:{first}"]
            draft.note("C038", where, (), f"no system of {shown(name)} may use {SERVICE}", key=True)


def _files(signer: SignerEntry) -> Iterator[tuple[Place, str, bool]]:
    """Place in the entry, file, and whether nobody else may read it."""
    key, tsa = signer.key, signer.tsa
    every: list[tuple[Place, str | None, bool]] = [
        (("key", "file"), key.file, True),
        (("key", "secret", "file"), key.secret.file if key.secret else None, True),
        (("key", "signer_file"), key.signer_file, True),
        (("key", "pkcs11", "module"), key.pkcs11.module if key.pkcs11 else None, False),
        (("tsa", "secret_file"), tsa.secret_file if tsa else None, True),
        (("tsa", "ca_file"), tsa.ca_file if tsa else None, False),
    ]
    every += [(("key", "certificates", number), file, False) for number, file in enumerate(key.certificates)]
    for place, file, private in every:
        if file is not None:
            yield place, file, private


def _trouble(path: Path, *, private: bool) -> str | None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not stat.S_ISREG(mode):
        return "is no file"
    if private and mode & 0o077:
        return "can be read by others"
    return None if os.access(path, os.R_OK) else "cannot be read"
