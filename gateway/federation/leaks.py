"""Secrets that stand where they can be read.

In: a marked file. Out: one finding a line. Refuses: an API key or private key anywhere (comments too), a password
inside a URL, and a literal value under a name like `password`. Never repeats what it found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.federation.findings import Finding, looks_secret, shown
from gateway.federation.marks import Marked, Place

_NAMES = frozenset(
    {
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "api_key",
        "apikey",
        "private_key",
        "client_secret",
        "secret_key",
        "access_key",
        "consumer_secret",
        "user_key",
        "kata_sandi",
        "sandi",
        "totp",
    }
)
# Below these keys the file names the fields of somebody's documents, not settings.
_FIELD_MAPS = frozenset({"columns"})


def find(marked: Marked) -> list[Finding]:
    """Every line of the file that seems to hold a secret."""
    lines: dict[int, Finding] = {}
    for number, line in enumerate(marked.text.splitlines(), start=1):
        if looks_secret(line):
            lines[number] = Finding(marked.file, number, 1, "C020", "this line seems to hold a key or a password")
    for place in _literal(marked.data, ()):
        found = marked.finding("C020", place, f"the value of {shown(place[-1])} stands in the file", key=True)
        lines.setdefault(found.line, found)
    return list(lines.values())


def _literal(data: Any, place: Place) -> Iterator[Place]:
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from _literal(item, (*place, index))
    elif isinstance(data, dict):
        for key, value in data.items():
            name = key.lower().replace("-", "_")
            secret = name in _NAMES or any(name.endswith(f"_{word}") for word in _NAMES)
            if secret and isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
                yield (*place, key)
            elif key not in _FIELD_MAPS:
                yield from _literal(value, (*place, key))
