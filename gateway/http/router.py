"""Which handler owns a path: exact paths in a dictionary, patterns with `{name}` segments after them.

Enters: a method and a decoded path. Leaves: the handler with its matched names, or the methods the path would allow, or
the paths that may have been meant.
Refuses: two owners of one path at start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Generic, TypeVar

Target = TypeVar("Target")
_NAME = re.compile(r"\{([a-z_]+)\}")


class PathTaken(Exception):
    """The method and path are owned already, by `owner`."""

    def __init__(self, method: str, path: str, owner: object) -> None:
        super().__init__(f"{method} {path}")
        self.owner = owner


class Router(Generic[Target]):
    """Filled once at start."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], Target] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Target]] = []
        self._seen: dict[tuple[str, str], Target] = {}

    def add(self, method: str, path: str, target: Target) -> None:
        if (method, path) in self._seen:
            raise PathTaken(method, path, self._seen[method, path])
        self._seen[method, path] = target
        if "{" not in path:
            self._exact[method, path] = target
            return
        pattern = "".join(
            f"(?P<{piece}>[^/]+)" if index % 2 else re.escape(piece) for index, piece in enumerate(_NAME.split(path))
        )
        self._patterns.append((method, re.compile(pattern + r"\Z"), target))

    def find(self, method: str, path: str) -> tuple[Target, Mapping[str, str]] | None:
        exact = self._exact.get((method, path))
        if exact is not None:
            return exact, {}
        for owner, pattern, target in self._patterns:
            if owner == method and (found := pattern.match(path)):
                return target, found.groupdict()
        return None

    def allowed(self, path: str) -> list[str]:
        """The methods that this path has, in order; empty if nobody owns it."""
        methods = {method for method, exact in self._exact if exact == path}
        methods |= {method for method, pattern, _ in self._patterns if pattern.match(path)}
        return sorted(methods)

    def near(self, path: str) -> list[str]:
        """Paths that may have been meant: with too few or too many slashes, in other case, or without what stands
        before. As they were added, so that nothing of `path` is in them."""
        asked = [segment for segment in path.lower().split("/") if segment]
        if not asked:
            return []
        return sorted({owned.rstrip("/") for _, owned in self._seen if _ends(owned, asked)})

    @property
    def paths(self) -> list[tuple[str, str]]:
        return sorted(self._seen)


def _ends(owned: str, asked: list[str]) -> bool:
    """Whether the end of a path has these segments; the first of them is one that was given, not a name's."""
    tail = [segment for segment in owned.split("/") if segment][-len(asked) :]
    same = len(tail) == len(asked) and tail[0] == asked[0]
    return same and all(one == other or one[0] == "{" for one, other in zip(tail, asked, strict=True))
