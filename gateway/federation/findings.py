"""What is wrong with a configuration, said so that a person can mend it.

In: a stable code, a place in a file, a sentence. Out: `Finding`, sortable and printable as `file:line:column: code
slug: message`. Refuses: a code that is not in `CODES`. A finding never repeats a configured value that may be a
secret (`shown`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: its slug, what it means and what to do about it."""

    slug: str
    meaning: str
    advice: str
    severity: Severity = "error"


CODES: Mapping[str, Code] = MappingProxyType(
    {
        "C001": Code(
            "unknown-field", "The field or variable is not one we know.", "Correct the spelling or remove it."
        ),
        "C002": Code("missing-field", "A required field is absent.", "Add the field."),
        "C003": Code(
            "wrong-type",
            "The value has another type than the field.",
            "Write a value of the named type; only `true` and `false` are booleans.",
        ),
        "C004": Code(
            "bad-value", "The value has the right type but is not allowed here.", "Use one of the allowed values."
        ),
        "C005": Code(
            "invalid-yaml",
            "The file is not well-formed YAML in UTF-8, or it is not a mapping.",
            "Correct the syntax at the line named.",
        ),
        "C006": Code(
            "yaml-feature-refused",
            "Anchors, aliases, tags, several documents and deep nesting are refused.",
            "Write the value out where it is used.",
        ),
        "C007": Code("duplicate-key", "The same key stands twice in one mapping.", "Keep one of the two."),
        "C008": Code(
            "unreadable-file",
            "The file or folder is missing, not a regular file, unreadable or too large.",
            "Create it, or correct its path, permissions or size.",
        ),
        "C010": Code(
            "unknown-agency", "No agency of this name is configured.", "Name an agency that has a file in `agencies/`."
        ),
        "C011": Code(
            "unknown-system", "No system of this name is configured.", "Name a system of the agency, or add it there."
        ),
        "C012": Code("unknown-service", "No shared service has this name.", "Use a name that `lintas schemas` lists."),
        "C013": Code(
            "unknown-adapter",
            "No adapter of this name is installed, or it cannot be loaded.",
            "Use a name that `lintas adapters` lists, or mend what it says is broken.",
        ),
        "C014": Code(
            "unreachable-route",
            "No system can ever use this route: none of its senders has the right, or an earlier route takes them all.",
            "Grant the right, widen `from`, or move the route up.",
        ),
        "C015": Code(
            "route-without-receiver",
            "A recipient of the route has no channel that can take this service.",
            "Give the system a `channel`; only a channel that is called (not `pull`) can answer a query.",
        ),
        "C016": Code(
            "right-without-route",
            "A system may use a service, but no route takes it from there.",
            "Add a route, or withdraw the right.",
            "warning",
        ),
        "C017": Code(
            "adapter-cannot", "The adapter cannot play this role.", "Use an adapter that can; `lintas adapters` says."
        ),
        "C018": Code(
            "option-does-not-fit", "The option has no meaning for this kind of service.", "Remove the option."
        ),
        "C019": Code(
            "unknown-document-field", "The service's document has no such field.", "Use the wire name of a field."
        ),
        "C020": Code(
            "secret-in-config",
            "Something that looks like a secret stands in the file.",
            "Move it to a file and name that file (`{file: keys/…}`); then replace the secret, it has been seen.",
        ),
        "C021": Code("duplicate-name", "The same name is given twice.", "Rename one of the two."),
        "C022": Code(
            "file-name-differs", "The file is not named after the agency in it.", "Name the file `<agency>.yaml`."
        ),
        "C023": Code(
            "shared-key-file",
            "Two credentials use the same key file, so they could not be told apart.",
            "Give each its own file.",
        ),
        "C024": Code(
            "adapter-model-failed",
            "The adapter failed while it read its own configuration.",
            "Report it to the adapter's author.",
        ),
        "C025": Code(
            "unknown-file",
            "The configuration folder holds a file that nobody reads.",
            "Rename it to a known file, or move it out.",
        ),
        "C026": Code(
            "folder-in-use",
            "The folder is in use: files are taken from it by another place, or it is or holds the gateway's own.",
            "Give each place a folder of its own, apart from the gateway's.",
        ),
        "C027": Code(
            "unknown-document", "No shared document is of this type.", "Use a type that `lintas schemas` lists."
        ),
        "C028": Code(
            "not-ready",
            "An adapter in use does not find what it needs (`lintas check --live`).",
            "Do what the sentence says, where that system or folder is.",
        ),
        "C029": Code(
            "release-unfit",
            "What the release list leaves of a document is no whole document of its type.",
            "List the fields that are named as well, or leave `release` out.",
        ),
        "C030": Code(
            "source-without-right",
            "The system of a source may not use the service that the source sends by.",
            "Add the service to the system's `may_use`, and a route for it.",
        ),
        "C031": Code(
            "document-does-not-fit",
            "A service takes another type of document than the one that is named beside it.",
            "Name the document that `lintas schemas` shows for the service.",
        ),
        "C032": Code(
            "value-not-allowed",
            "The field takes a value from a list, and this is none of them.",
            "Use one of the list.",
        ),
        "C033": Code(
            "unusable-key-file",
            "A key file cannot be used, is missing where none may be made, or is a key of the gateway's own.",
            "Do what the sentence says, or move the file away: with `create_keys` the first start makes a new one.",
        ),
        "C034": Code(
            "unheard-sender",
            "A system sends by its sources and never hears what became of it.",
            "Give it `receipts`, or `credentials` to ask with.",
            "warning",
        ),
        "C035": Code(
            "inbox-without-key",
            "A system is to fetch from its inbox and cannot prove who it is.",
            "Give it `credentials`, or a channel that is called.",
            "warning",
        ),
        "C036": Code(
            "right-without-means",
            "A system may use a service and has neither a key to call with nor a source.",
            "Give it `credentials` or `sources`, or withdraw the right.",
            "warning",
        ),
        "C037": Code(
            "signer-not-ready",
            "A file that a signer needs is not there, or others can read what only the gateway may.",
            "Put the file there, or run `chmod 600` on it; until then the signer signs nothing.",
            "warning",
        ),
        "C038": Code(
            "signer-without-right",
            "An agency has signers, and none of its systems may ask for a signature.",
            "Add `letter.sign` to the `may_use` of a system, and a route for it.",
            "warning",
        ),
        "C039": Code(
            "signers-unknown",
            "A route wants the sender's own signature, and an agency does not say how its signers are known.",
            "Give the agency `signed_as`: an organisation as in the certificates, or certificates by their SHA-256.",
            "warning",
        ),
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One problem. `line` and `column` count from 1; both are 0 when the place is not inside a file."""

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"{self.code} is not a code of the catalogue")

    @property
    def slug(self) -> str:
        return CODES[self.code].slug

    @property
    def severity(self) -> Severity:
        return CODES[self.code].severity

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {self.code} {self.slug}: {self.message}{hint}"

    def to_dict(self) -> dict[str, str | int]:
        """The finding for `--json`: strings and integers only."""
        return {
            "code": self.code,
            "slug": self.slug,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "hint": self.hint,
            "advice": CODES[self.code].advice,
        }


_KEY_SHAPE = re.compile(r"lintas_[A-Za-z0-9-]+_[A-Za-z0-9_-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY|://[^/\s:@]+:[^/\s@]+@")
_LONG = 80


def looks_secret(text: str) -> bool:
    """True for an API key of ours, a private key in PEM, or a URL that carries a password."""
    return _KEY_SHAPE.search(text) is not None


def shown(value: object) -> str:
    """A configured name as it may be printed: quoted, one line, at most 80 characters, hidden if it looks secret."""
    text = str(value)
    if looks_secret(text):
        return "(hidden: it looks like a secret)"
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return f"'{clean if len(clean) <= _LONG else clean[:_LONG] + '…'}'"


def near(word: object, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word most like this one, or None when none is like it (`cutoff` 0 to 1)."""
    found = difflib.get_close_matches(str(word)[:200], sorted(set(known)), n=1, cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or the known words when they are few, or nothing."""
    words = sorted(set(known))
    if found := near(word, words):
        return f"did you mean '{found}'?"
    return f"known: {', '.join(words)}" if 0 < len(words) <= 12 else ""
