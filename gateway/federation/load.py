"""The configuration folder, read whole.

In: the folder, the installed adapters, the shared services. Out: a `Federation` and what is wrong, every problem and
not the first. Refuses: to give a federation while one finding is an error.

The folder holds `agencies/<agency>.yaml`, `routes.yaml` and `operators.yaml` (the last may be absent). Entries are
validated one by one, so that a broken one hides no other; a name that is declared in a broken entry still counts as
known.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from gateway.federation import leaks, marks
from gateway.federation.check import KeyTrouble, check
from gateway.federation.draft import AdapterSpecLike, Draft, Kind, Located, ServiceLike
from gateway.federation.explain import validate
from gateway.federation.federation import Agency, Federation, Operator, System, Use, UseRole, federate
from gateway.federation.findings import Finding, did_you_mean, near, shown
from gateway.federation.hooks import check_uses
from gateway.federation.marks import Marked, Place
from gateway.federation.model import AgencyHead, Name, OperatorEntry, Route, Shape, SystemEntry, SystemId
from gateway.federation.signers import check_signers, read_signers


class _Named(Shape):
    """Only to judge a name."""

    name: Name


class _RoutesFile(Shape):
    routes: list[Any] = Field(default_factory=list)


class _OperatorsFile(Shape):
    operators: dict[str, Any] = Field(default_factory=dict)


def load(
    config_dir: Path,
    adapters: Mapping[str, AdapterSpecLike],
    services: Mapping[str, ServiceLike],
    documents: Mapping[str, type[BaseModel]] | None = None,
    state_dir: Path = Path(),
    key_trouble: KeyTrouble = lambda _: None,
    broken: Mapping[str, str] | None = None,
) -> tuple[Federation | None, list[Finding]]:
    """Read and check a configuration folder. The federation is None when any finding is an error.

    With `documents` (by type, `letter/1`), the field paths that routes name are checked against them, and so
    are those that adapters' settings name. `state_dir` is what their relative folders are relative to. `key_trouble`
    says what is wrong with a key file, `broken` what is wrong with an adapter that cannot be used.
    """
    draft = Draft(adapters, services, documents or {}, broken or {})
    _strays(config_dir, draft)
    _read_agencies(config_dir, draft)
    _read_routes(config_dir, draft)
    _read_operators(config_dir, draft)
    check(draft, key_trouble)
    check_uses(draft, state_dir, config_dir)
    check_signers(draft, state_dir)
    findings = sorted(set(draft.findings))
    if any(finding.is_error for finding in findings):
        return None, findings
    routes = tuple(route for route, _ in draft.routes)
    queries = frozenset(name for name, service in services.items() if service.kind == "query")
    uses = tuple(draft.uses)
    return federate(draft.agencies, draft.systems, routes, draft.operators, uses, queries), findings


FOLDER = "agencies"
KNOWN_FILES = ("gateway.yaml", "operators.yaml", "routes.yaml")


def _strays(config_dir: Path, draft: Draft) -> None:
    """A misspelt `operator.yaml` would otherwise be a federation without people, and nobody would hear of it."""
    try:
        paths = sorted(path for path in config_dir.iterdir() if path.name[0] != ".")
    except OSError:
        return  # the missing folder is noted where its files are read
    for path in paths:
        # Other folders and files, a README or what somebody put aside, are not taken for a part of it.
        if path.is_dir():
            meant = path.name != FOLDER and near(path.name, (FOLDER,)) is not None
        else:
            meant = path.name not in KNOWN_FILES and path.suffix in {".yaml", ".yml"}
        if meant:
            hint = did_you_mean(path.name, (FOLDER,) if path.is_dir() else KNOWN_FILES)
            draft.findings.append(
                Finding(path.name, 0, 0, "C025", "no part of the configuration is read from here", hint)
            )


def _open(path: Path, shown_as: str, draft: Draft) -> Marked:
    marked = marks.read(path, shown_as)
    draft.findings += marked.problems
    draft.findings += leaks.find(marked)
    if marked.data is None and not marked.problems:
        draft.findings.append(Finding(shown_as, 1, 1, "C005", "the file is empty"))
    return marked


def _read_agencies(config_dir: Path, draft: Draft) -> None:
    folder = config_dir / FOLDER
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"} and path.name[0] != ".")
    except OSError as error:
        draft.findings.append(Finding("agencies", 0, 0, "C008", f"the folder cannot be read ({error.strerror})"))
        draft.unread.add("*")
        return
    if not paths:
        draft.unread.add("*")
        draft.findings.append(Finding("agencies", 0, 0, "C008", "the folder holds no agency"))
    for path in paths:
        marked = _open(path, f"agencies/{path.name}", draft)
        if marked.data is None:
            draft.unread.add(path.stem)
        else:
            _read_agency(marked, path, draft)


def _read_agency(marked: Marked, path: Path, draft: Draft) -> None:
    head, problems = validate(AgencyHead, marked.data, marked, ())
    draft.findings += problems
    name, systems = _raw_agency(marked.data)
    if name != path.stem:
        # Whatever others mean by that name: the one slip is in this file, and it is told here.
        draft.unread.add(path.stem)
    if name is None:
        return
    here = Located(marked, ("agency",))
    if name in draft.at:
        first = draft.at[name].marked.file
        draft.note("C021", here, (), f"the agency {shown(name)} is already given in {first}")
        draft.unread.add(name)
        return
    draft.at[name] = here
    if systems is None:
        draft.unread.add(name)
    if path.name != f"{name}.yaml":
        draft.note("C022", here, (), f"the agency is {shown(name)}, the file is {shown(path.name)}")
    ids: list[SystemId] = []
    zone = head.time_zone if head else "Asia/Jakarta"
    for key, entry in (systems or {}).items():
        identity = SystemId(f"{name}/{key}")
        ids.append(identity)
        _read_system(identity, name, zone, entry, Located(marked, ("systems", key)), draft)
    signers = read_signers(name, marked, draft)
    if head is not None:
        draft.agencies[name] = Agency(name, head.name, head.time_zone, tuple(sorted(ids)), signers, head.signed_as)


def _raw_agency(data: Any) -> tuple[str | None, dict[str, Any] | None]:
    """The agency's name and systems as far as they can be read, even when the head is not sound."""
    if not isinstance(data, dict) or not isinstance(data.get("agency"), str):
        return None, None
    # Without the list an agency has no systems, unless what should be the list goes by a misspelt name.
    systems = data.get("systems", {} if data.keys() <= AgencyHead.model_fields.keys() else None)
    return data["agency"], systems if isinstance(systems, dict) else None


def _name_ok(name: str, where: Located, draft: Draft) -> None:
    try:
        _Named.model_validate({"name": name})
    except ValueError:
        draft.note(
            "C004", where, (), f"{shown(name)} is not a name: 1 to 63 of a-z, 0-9 and '-', the first not '-'", key=True
        )


def _read_system(identity: SystemId, agency: str, zone: str, data: Any, where: Located, draft: Draft) -> None:
    draft.at[identity] = where
    _name_ok(str(where.place[-1]), where, draft)
    entry, problems = validate(SystemEntry, data, where.marked, where.place)
    draft.findings += problems
    if entry is None:
        _check_raw_uses(identity, data, where, draft)
        return
    given = {name: getattr(entry, name) for name in SystemEntry.model_fields}
    given["time_zone"] = entry.time_zone or zone
    draft.systems[identity] = System(id=identity, agency=agency, **given)
    _read_uses(identity, entry, where, draft)


def _read_uses(system: SystemId, entry: SystemEntry, where: Located, draft: Draft) -> None:
    names: set[str] = set()
    for index, source in enumerate(entry.sources):
        if source.name in names:
            draft.note("C021", where, ("sources", index, "name"), f"the system has two sources {shown(source.name)}")
        names.add(source.name)
        _use(system, "source", source.name, source.adapter, source.config, ("sources", index), where, draft)
    if entry.channel is not None and entry.channel.adapter is not None:
        _use(system, "channel", "", entry.channel.adapter, entry.channel.config, ("channel",), where, draft)
    for service, channel in entry.channels.items():
        if channel.adapter is not None:
            _use(system, "channel", service, channel.adapter, channel.config, ("channels", service), where, draft)
    if entry.receipts is not None:
        _use(system, "receipts", "", entry.receipts.adapter, entry.receipts.config, ("receipts",), where, draft)


def _check_raw_uses(system: SystemId, data: Any, where: Located, draft: Draft) -> None:
    """The adapters' part of an entry that is broken elsewhere, so that all its findings come at once."""
    spots: list[tuple[UseRole, Place]] = [("channel", ("channel",)), ("receipts", ("receipts",))]
    spots += [("source", ("sources", index)) for index in range(len(_raw(data, "sources", list)))]
    spots += [("channel", ("channels", service)) for service in _raw(data, "channels", dict)]
    for role, inside in spots:
        holder = data if isinstance(data, dict) else {}
        for step in inside[:-1]:
            holder = holder[step]
        one = holder[inside[-1]] if role == "source" or inside[-1] in holder else None
        if isinstance(one, dict) and isinstance(one.get("adapter"), str):
            _use(system, role, str(inside[-1]), one["adapter"], _raw(one, "config", dict), inside, where, draft)


def _use(
    system: SystemId,
    role: UseRole,
    name: str,
    adapter: str,
    config: Mapping[str, Any],
    inside: Place,
    where: Located,
    draft: Draft,
) -> None:
    spec = draft.adapters.get(adapter)
    if spec is None:
        sentence = draft.broken.get(adapter)
        hint = "" if sentence else did_you_mean(adapter, draft.adapters)
        message = sentence or f"no adapter is called {shown(adapter)}"
        draft.note("C013", where, (*inside, "adapter"), message, hint)
        return
    kind: Kind = "source" if role == "source" else "sink"
    if kind not in spec.kinds:
        draft.note("C017", where, (*inside, "adapter"), f"the adapter {shown(adapter)} is not a {kind}")
        return
    place = (*where.place, *inside, "config")
    try:
        parsed, problems = validate(spec.config_model(kind), dict(config), where.marked, place)
    except Exception as error:  # an adapter is a stranger's code: its failure must not end the check of all the others
        draft.note(
            "C024", where, (*inside, "config"), f"the model of {shown(adapter)} raised {type(error).__name__}", key=True
        )
        return
    draft.findings += problems
    if parsed is not None:
        use, here = Use(system, role, name, adapter, parsed), Located(where.marked, place)
        draft.uses.append(use)
        draft.used.append((use, here))
        if role == "source" and "sink" in spec.kinds:
            _way_back(use, spec, here, draft)


def _way_back(source: Use, spec: AdapterSpecLike, where: Located, draft: Draft) -> None:
    """What a source takes can be answered where it was taken, if its model says how: a sink of the same adapter. Its
    folders are the source's own, so they are claimed already."""
    offered: Any = getattr(source.config, "receipts_config", None)
    if not callable(offered):
        return
    try:
        config = spec.config_model("sink").model_validate(dict(offered()))
    except Exception as error:  # a stranger's code, as above
        message = f"the model of {shown(source.adapter)} raised {type(error).__name__}"
        draft.note("C024", where, (), message, key=True)
        return
    draft.uses.append(Use(source.system, "receipts", source.name, source.adapter, config))


def _read_routes(config_dir: Path, draft: Draft) -> None:
    marked = _open(config_dir / "routes.yaml", "routes.yaml", draft)
    if marked.data is None:
        draft.routes_whole = False
        return
    head, problems = validate(_RoutesFile, marked.data, marked, ())
    draft.findings += problems
    draft.routes_whole = head is not None
    for index, data in enumerate(head.routes if head else _raw(marked.data, "routes", list)):
        place: Place = ("routes", index)
        route, problems = validate(Route, data, marked, place)
        draft.findings += problems
        if route is None:
            draft.routes_whole = False
        else:
            draft.routes.append((route, Located(marked, place)))


def _read_operators(config_dir: Path, draft: Draft) -> None:
    path = config_dir / "operators.yaml"
    if not path.exists():
        return
    marked = _open(path, "operators.yaml", draft)
    if marked.data is None:
        return
    head, problems = validate(_OperatorsFile, marked.data, marked, ())
    draft.findings += problems
    entries: Mapping[str, Any] = head.operators if head else _raw(marked.data, "operators", dict)
    for key, data in entries.items():
        where = Located(marked, ("operators", key))
        draft.at[f"person:{key}"] = where
        _name_ok(key, where, draft)
        entry, problems = validate(OperatorEntry, data, marked, where.place)
        draft.findings += problems
        if entry is not None:
            draft.operators[key] = Operator(
                id=key, **{name: getattr(entry, name) for name in OperatorEntry.model_fields}
            )


def _raw(data: Any, key: str, kind: type[Any]) -> Any:
    """The part of an unsound file that can still be read."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, kind) else kind()
