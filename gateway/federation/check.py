"""What one entry cannot know alone: whether the names it uses exist, and whether anything can move.

In: a `Draft` of entries that are sound by themselves. Out: findings, added to the draft. Refuses nothing: it only says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from gateway.federation.draft import Draft, Located
from gateway.federation.federation import ANSWERED_BY_GATEWAY, first_routes
from gateway.federation.findings import shown
from gateway.federation.hooks import known_field
from gateway.federation.marks import Place
from gateway.federation.model import Credentials, Route, SignaturePolicy, matches
from gateway.federation.names import known_service, known_systems, may_be_broken
from gateway.references import names_parts
from schemas.document import Document, Group
from schemas.privacy import ReleaseRefused, check_release

KeyTrouble = Callable[[str], str | None]
"""What is wrong with a key file, by the name that the configuration gives it; None if nothing is."""


def check(draft: Draft, key_trouble: KeyTrouble) -> None:
    """Add every finding that needs more than one entry."""
    _rights(draft)
    _routes(draft)
    _key_files(draft, key_trouble)
    _ways_back(draft)


def _rights(draft: Draft) -> None:
    firsts = first_routes((route for route, _ in draft.routes), draft.systems)
    for name, system in draft.systems.items():
        where = draft.at[name]
        for index, service in enumerate(system.may_use):
            known = known_service(draft, service, where, ("may_use", index))
            if known and draft.routes_whole and (service, name) not in firsts:
                draft.note("C016", where, ("may_use", index), f"no route takes {shown(service)} from {shown(name)}")
        for service in system.channels:
            known_service(draft, service, where, ("channels", service), key=True)
        known_systems(draft, system.reads, where, ("reads",))


def _routes(draft: Draft) -> None:
    firsts = first_routes((route for route, _ in draft.routes), draft.systems)
    reached = {(id(route), sender) for (_, sender), route in firsts.items()}
    for route, where in draft.routes:
        senders_known = known_systems(draft, route.senders, where, ("from",))
        known_systems(draft, route.to, where, ("to",))
        if not known_service(draft, route.service, where, ("service",)):
            continue
        _options(draft, route, where)
        _receivers(draft, route, where)
        # A system whose entry is broken may well be the sender that is missed here; its own findings come first.
        if senders_known and not any(may_be_broken(draft, pattern) for pattern in route.senders):
            _reachable(draft, route, where, reached)


def _reachable(draft: Draft, route: Route, where: Located, reached: set[tuple[int, str]]) -> None:
    entitled = [
        name
        for name, system in draft.systems.items()
        if route.service in system.may_use and any(matches(pattern, name) for pattern in route.senders)
    ]
    if not entitled:
        message = f"no system that `from` names has the right to use {shown(route.service)}"
        draft.note("C014", where, ("service",), message)
    elif not any((id(route), name) in reached for name in entitled):
        draft.note("C014", where, ("service",), "earlier routes take every sender of this one")


def _receivers(draft: Draft, route: Route, where: Located) -> None:
    if route.service in ANSWERED_BY_GATEWAY:
        if route.to or route.recipients != "fixed":
            told = "the gateway answers this itself; leave `to` and `recipients` out"
            draft.note("C018", where, ("to",) if route.to else ("recipients",), told, key=True)
        return
    if not route.to:
        draft.note("C002", where, ("service",), f"a route of {shown(route.service)} needs `to`")
        return
    query = draft.services[route.service].kind == "query"
    if query and route.recipients == "fixed" and len(route.to) != 1:
        draft.note("C018", where, ("to",), "a query has one recipient that answers", key=True)
    for index, pattern in enumerate(route.to):
        found = [system for name, system in draft.systems.items() if matches(pattern, name)]
        able = any(system.receives(route.service, query=query) for system in found)
        # A fixed recipient must be able to receive; of the systems a pattern names, one that can is enough.
        if found and not able and not may_be_broken(draft, pattern):
            draft.note(
                "C015", where, ("to", index), f"{shown(pattern)} has no channel that takes {shown(route.service)}"
            )


def _options(draft: Draft, route: Route, where: Located) -> None:
    service = draft.services[route.service]
    query = service.kind == "query"
    unfit = {
        "registration": query and route.registration is not None,
        "on_ambiguous": query and route.on_ambiguous != "hold",
        "order_by": query and route.order_by is not None,
        "receipt": not query and route.receipt != "none",
    }
    kind = "query" if query else "delivery"
    for option, wrong in unfit.items():
        if wrong:
            draft.note("C018", where, (option,), f"`{option}` means nothing for a {kind}", key=True)
    # The list is about what is handed out: a document to its recipient, an answer to whoever asked.
    released = service.answer if query and service.answer else service.request
    _paths(draft, "release", route.release, released, where)
    _release(draft, route, released, where)
    _paths(draft, "order_by", route.order_by, service.request, where)
    _paths(draft, "idempotency_fields", route.idempotency_fields, service.request, where)
    if isinstance(route.signature, SignaturePolicy):
        _signature(draft, route, route.signature, service.request, where)


def _signature(draft: Draft, route: Route, policy: SignaturePolicy, document: str, where: Located) -> None:
    _paths(draft, "signature", policy.parts, document, where)
    model = draft.documents.get(document)
    if model is not None and issubclass(model, Group) and not names_parts(model):
        draft.note(
            "C018", where, ("signature",), f"{shown(route.service)} carries no parts that could be signed", key=True
        )
    if policy.signer != "sender":
        return
    for name, agency in draft.agencies.items():
        sends = any(matches(pattern, str(one)) for pattern in route.senders for one in agency.systems)
        if sends and not agency.signed_as:
            told = (
                f"{shown(name)} does not say by `signed_as` how its signers are known: none of its documents is taken"
            )
            draft.note("C039", where, ("signature",), told, key=True)


def _paths(draft: Draft, option: str, paths: Iterable[str] | None, document: str, where: Located) -> None:
    model = draft.documents.get(document)
    if model is None:
        return
    for index, path in enumerate(paths or ()):
        known_field(draft, document, model, path, where, (option, index))


def _release(draft: Draft, route: Route, document: str, where: Located) -> None:
    """What a release list leaves must be a document still. Fields that do not exist have their own finding."""
    model = draft.documents.get(document)
    if route.release is None or model is None or not issubclass(model, Document):
        return
    try:
        check_release(model, route.release)
    except ReleaseRefused as error:
        if error.missing:
            missing = ", ".join(shown(path) for path in error.missing)
            draft.note("C029", where, ("release",), f"{shown(document)} cannot be without {missing}", key=True)


def _key_files(draft: Draft, key_trouble: KeyTrouble) -> None:
    """One key file proves one identity, or the log could not say who called; and it must be one that can be used."""
    owners: dict[str, str] = {}
    people = ((operator.actor, operator.credentials) for operator in draft.operators.values())
    systems = ((name, system.credentials) for name, system in draft.systems.items())
    for owner, credentials in (*systems, *people):
        for index, key in enumerate(_files(credentials)):
            first = owners.setdefault(key, owner)
            place: Place = ("credentials", "api_keys", index)
            if first != owner:
                draft.note("C023", draft.at[owner], place, f"the key file is already that of {shown(first)}")
            elif trouble := key_trouble(key):
                draft.note("C033", draft.at[owner], place, trouble)


def _files(credentials: Credentials) -> list[str]:
    return [key.file for key in credentials.api_keys]


def _ways_back(draft: Draft) -> None:
    """Nobody is left in the dark: who sends can hear what came of it, and who is to fetch or call can be let in."""
    heard = {use.system for use in draft.uses if use.role == "receipts"}
    # Of a source whose settings are not sound nobody can tell whether it offers a way back.
    sources = Counter(use.system for use in draft.uses if use.role == "source")
    for name, system in draft.systems.items():
        if system.credentials.api_keys:
            continue
        where = draft.at[name]
        deaf = name not in heard and system.receipts is None
        if deaf and system.sources and sources[name] == len(system.sources):
            draft.note("C034", where, ("sources",), f"{shown(name)} has no way to hear of a refusal", key=True)
        if system.channel is not None and system.channel.pull:
            draft.note("C035", where, ("channel",), f"{shown(name)} has no key to fetch with", key=True)
        for service, channel in system.channels.items():
            if channel.pull:
                draft.note("C035", where, ("channels", service), f"{shown(name)} has no key to fetch with", key=True)
        if system.may_use and not system.sources:
            draft.note("C036", where, ("may_use",), f"{shown(name)} has no key to call with, and no source", key=True)
