"""Names that one entry uses of another: agencies, systems, services.

In: a `Draft`, a name and where it stands. Out: whether it is known; a finding, added to the draft, if it is not.
Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.federation.draft import Draft, Located
from gateway.federation.findings import did_you_mean, shown
from gateway.federation.marks import Place
from gateway.federation.model import matches


def agencies(draft: Draft) -> set[str]:
    return {name for name in draft.at if "/" not in name and not name.startswith("person:")}


def systems(draft: Draft) -> set[str]:
    return {name for name in draft.at if "/" in name}


def may_be_unread(draft: Draft, pattern: str) -> bool:
    """Could the pattern mean a system that is not known only because its file could not be read?"""
    wanted = f"{pattern.split('/')[0]}/x"
    return any(name == "*" or matches(wanted, f"{name}/x") for name in draft.unread)


def may_be_broken(draft: Draft, pattern: str) -> bool:
    """Could the pattern mean a system of which nothing sound is known: its entry is broken, or its file unread?"""
    broken = systems(draft) - set(draft.systems)
    return any(matches(pattern, name) for name in broken) or may_be_unread(draft, pattern)


def known_service(draft: Draft, service: str, where: Located, inside: Place, *, key: bool = False) -> bool:
    if service in draft.services:
        return True
    hint = did_you_mean(service, draft.services)
    draft.note("C012", where, inside, f"no shared service is called {shown(service)}", hint, key=key)
    return False


def known_systems(draft: Draft, patterns: Iterable[str], where: Located, inside: Place) -> bool:
    """Each pattern must name at least one declared system; True if all do. One of an agency that could not be read
    passes."""
    before = len(draft.findings)
    known, named = systems(draft), agencies(draft)
    for index, pattern in enumerate(patterns):
        if any(matches(pattern, name) for name in known) or may_be_unread(draft, pattern):
            continue
        agency = pattern.split("/")[0]
        if not any(matches(f"{agency}/x", f"{name}/x") for name in named):
            hint = did_you_mean(agency, named)
            draft.note("C010", where, (*inside, index), f"no agency is called {shown(agency)}", hint)
        else:
            hint = did_you_mean(pattern, known)
            draft.note("C011", where, (*inside, index), f"no system is called {shown(pattern)}", hint)
    return len(draft.findings) == before
