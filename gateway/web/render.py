"""The public page's words, templates and files.

Enters: a template, a language, values. Leaves: HTML in which every value is escaped; what may be loaded, and when.
Refuses: nothing. The words of both languages stand in `words.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

Language = Literal["id", "en"]
FOLDER = Path(__file__).parent
ASSETS = {"letter.css": "text/css; charset=utf-8", "letter.js": "text/javascript; charset=utf-8"}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # The address of a page holds the code of a letter: nobody else is told of it.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex, nofollow",
}
_QUALITY = re.compile(r"\s*(id|en)(?:-[a-z0-9-]{1,20})?\s*(?:;\s*q=([01](?:\.\d{1,3})?))?\s*", re.IGNORECASE)


@cache
def words(language: Language) -> Mapping[str, Any]:
    """Everything that is said, in one language."""
    told: Mapping[Language, Mapping[str, Any]] = yaml.safe_load((FOLDER / "words.yaml").read_text("utf-8"))
    return told[language]


@cache
def findings() -> Mapping[str, str]:
    """What a finding means, in Indonesian, by its code."""
    told: Mapping[str, str] = yaml.safe_load((FOLDER / "findings.yaml").read_text("utf-8"))
    return told


@cache
def asset(name: str) -> bytes:
    """A file of `ASSETS`."""
    return (FOLDER / name).read_bytes()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )


def render(template: str, language: Language, **values: Any) -> bytes:
    return _environment().get_template(template).render(lang=language, words=words(language), **values).encode()


def language_of(asked: str | None, accepted: str | None) -> Language:
    """What the address asks for, else what the browser accepts most of the two (RFC 9110, section 12.5.4); Indonesian
    where neither says."""
    if asked in ("id", "en"):
        return asked  # type: ignore[return-value]
    best: Language = "id"
    most = 0.0
    for piece in (accepted or "")[:500].split(","):
        found = _QUALITY.fullmatch(piece)
        quality = float(found[2] or 1) if found else 0.0
        if found and quality > most:
            best, most = ("en" if found[1].lower() == "en" else "id"), quality
    return best


def day(text: str, language: Language) -> str:
    """`2026-11-20` as people write it."""
    year, month, number = text.split("-")
    return f"{int(number)} {words(language)['months'][int(month) - 1]} {year}"


def moment(at_ms: int, zone: str, language: Language) -> str:
    """Milliseconds since 1970 as people of that zone write it, with its name: WIB, WITA, WIT."""
    try:
        there = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        there = datetime.fromtimestamp(at_ms / 1000, UTC)
    told = day(f"{there.year}-{there.month}-{there.day}", language)
    return f"{told}, {words(language)['at']} {there:%H.%M} {there.tzname()}"
