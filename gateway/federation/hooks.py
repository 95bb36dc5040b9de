"""What adapters tell of their own settings: the folders they use, the document fields they name.

In: a `Draft` whose uses are sound by themselves; a configuration model may offer `own_folders` and `shared_folders`,
`document_fields`, `document_values`, `names_service`, or none of them (see the protocols of the contract's adapter
module). Out: findings, added to the draft. Refuses nothing; opens no folder. Folders are compared by where they lead,
as far as they are there: a link is followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from gateway.contract.config import SecretRef
from gateway.contract.places import own_key, reserved
from gateway.federation.draft import Draft, Located
from gateway.federation.federation import Use
from gateway.federation.findings import did_you_mean, shown
from gateway.federation.marks import Place
from gateway.federation.names import known_service, known_systems


def check_uses(draft: Draft, state_dir: Path, config_dir: Path | None = None) -> None:
    """Add what is wrong between the settings of adapters, and between them and the documents."""
    claims: list[_Claim] = []
    for use, where in draft.used:
        try:
            claims += _claims(use, where, state_dir)
            _secrets(draft, use.config, where, state_dir)
            _fields(draft, use.config, where)
            _values(draft, use.config, where)
            _service(draft, use, where)
        except Exception as error:  # a stranger's code, as its model is
            message = f"the model of {shown(use.adapter)} raised {type(error).__name__}"
            draft.note("C024", where, (), message, key=True)
    free = [claim for claim in claims if not _reserved(draft, claim, state_dir, config_dir)]
    _folders(draft, free)
    _nested(draft, [claim for claim in free if claim.own])


class _Claim:
    """One folder of one use: whether its files are taken, where it leads, and how to say it."""

    def __init__(self, use: Use, where: Located, setting: str, folder: str, state_dir: Path, *, own: bool) -> None:
        self.where, self.setting, self.own = where, setting, own
        # What is not there yet counts by its name: the state folder may not exist, or belong to another machine.
        self.path = os.path.realpath(state_dir / folder)
        self.use, self.name = use.key, f"{setting} of {use.key}"


def _claims(use: Use, where: Located, state_dir: Path) -> list[_Claim]:
    found: list[_Claim] = []
    for hook, own in (("own_folders", True), ("shared_folders", False)):
        offered: Any = getattr(use.config, hook, None)
        if callable(offered):
            found += [_Claim(use, where, name, folder, state_dir, own=own) for name, folder in offered().items()]
    return found


def _folders(draft: Draft, claims: list[_Claim]) -> None:
    """A folder that files are taken from belongs to one; what another writes there would be taken for a new file."""
    takers: dict[str, _Claim] = {}
    for claim in claims:
        if claim.own:
            first = takers.setdefault(claim.path, claim)
            if first is not claim:
                _taken(draft, claim, first)
    for claim in claims:
        if not claim.own and claim.path in takers:
            _taken(draft, claim, takers[claim.path])


def _reserved(draft: Draft, claim: _Claim, state_dir: Path, config_dir: Path | None) -> bool:
    """The gateway's own places: it would carry off its keys, or hand them out."""
    met = reserved(Path(claim.path), state_dir, config_dir)
    if met is not None:
        hint = f"take one such as drop/{claim.use.partition(':')[0]}/{claim.setting}"
        draft.note("C026", claim.where, (claim.setting,), f"the folder `{claim.setting}` {met}", hint)
    return met is not None


def _nested(draft: Draft, own: list[_Claim]) -> None:
    """A folder inside one that another takes from; a place's own folder of files in hand may lie in its own inbox."""
    for claim in own:
        for other in own:
            if Path(other.path) not in Path(claim.path).parents:
                continue
            if claim.use != other.use or claim.setting == "inbox":
                message = f"the folder `{claim.setting}` lies in {shown(other.name)}, which takes the files in it"
                draft.note("C026", claim.where, (claim.setting,), message)


def _secrets(draft: Draft, config: BaseModel, where: Located, state_dir: Path, inside: Place = ()) -> None:
    """A key of the gateway's own is handed to nobody, also not as the key that a recipient asks for."""
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, SecretRef) and value.file is not None and own_key(state_dir / value.file, state_dir):
            draft.note("C033", where, (*inside, name), f"{shown(value.file)} is a key of the gateway's own")
        elif isinstance(value, BaseModel):
            _secrets(draft, value, where, state_dir, (*inside, name))


def _taken(draft: Draft, claim: _Claim, owner: _Claim) -> None:
    message = f"the folder `{claim.setting}` is also {shown(owner.name)}, which takes the files in it"
    draft.note("C026", claim.where, (claim.setting,), message)


def _fields(draft: Draft, config: BaseModel, where: Located) -> None:
    offered: Any = getattr(config, "document_fields", None)
    if not callable(offered) or not draft.documents:
        return
    for document, inside, path in offered():
        model = draft.documents.get(document)
        if model is not None and path:
            known_field(draft, document, model, path, where, inside)
        elif model is None and not path:
            hint = did_you_mean(document, draft.documents)
            draft.note("C027", where, inside, f"no shared document is called {shown(document)}", hint)


def _service(draft: Draft, use: Use, where: Located) -> None:
    """A source's own names: service, document and recipients; a slip in one would refuse every item."""
    offered: Any = getattr(use.config, "names_service", None)
    if not callable(offered) or not draft.services:
        return
    service, document, recipients = offered()
    known_systems(draft, recipients, where, ("recipients",))
    if service is None or not known_service(draft, service, where, ("service",)):
        return
    system = draft.systems.get(use.system)
    if system is not None and service not in system.may_use:
        draft.note("C030", where, ("service",), f"{shown(str(use.system))} has no right to {shown(service)}")
    wanted = draft.services[service].request
    if document is not None and document in draft.documents and document != wanted:
        message = f"{shown(service)} takes {shown(wanted)}, not {shown(document)}"
        draft.note("C031", where, ("document",), message)


def _values(draft: Draft, config: BaseModel, where: Located) -> None:
    offered: Any = getattr(config, "document_values", None)
    if not callable(offered):
        return
    for document, inside, path, value in offered():
        model = draft.documents.get(document)
        allowed = None if model is None else _allowed(model, path)
        if allowed is not None and value not in allowed:
            message = f"{shown(path)} takes one of {', '.join(sorted(allowed))}"
            draft.note("C032", where, inside, message, did_you_mean(value, allowed))


def _allowed(model: type[BaseModel], path: str) -> set[str] | None:
    """The values that a field takes; None for a field that takes any, or that is not there."""
    models: set[type[BaseModel]] = {model}
    annotation: Any = None
    for step in path.split("."):
        known = {info.alias or name: info.annotation for one in models for name, info in one.model_fields.items()}
        if step not in known:
            return None
        annotation = known[step]
        models = set(_models(annotation))
    found = set(_choices(annotation))
    return found or None


def _choices(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (one for one in get_args(annotation) if isinstance(one, str))
        return
    for inner in get_args(annotation):
        yield from _choices(inner)


def known_field(draft: Draft, document: str, model: type[BaseModel], path: str, where: Located, inside: Place) -> None:
    """Note C019 when the document has no field at a dotted path of wire names."""
    models: set[type[BaseModel]] = {model}
    for step in path.split("."):
        known = {info.alias or name: info.annotation for one in models for name, info in one.model_fields.items()}
        if step not in known:
            message = f"{shown(document)} has no field {shown(path)}"
            # A setting whose own name is the path is a key in the file.
            draft.note("C019", where, inside, message, did_you_mean(step, known), key=inside[-1] == path)
            return
        models = set(_models(known[step]))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for inner in get_args(annotation):
        yield from _models(inner)
