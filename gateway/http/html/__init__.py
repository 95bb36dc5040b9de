"""The readable pages: HTML from the OpenAPI document and the closed catalogues.

Enters: values of this gateway's own making. Leaves: HTML that works without scripts and loads one style sheet from
here. Refuses: nothing; every value is escaped. Indonesian words stand in `indonesian.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml
from jinja2 import Environment, FileSystemLoader

FOLDER = Path(__file__).parent
STYLE = "lintas.css"


@cache
def style() -> bytes:
    return (FOLDER / STYLE).read_bytes()


@cache
def indonesian() -> Mapping[str, Any]:
    """`errors`: title and advice by reason; `events`: meaning by event."""
    told: Mapping[str, Any] = yaml.safe_load((FOLDER / "indonesian.yaml").read_text("utf-8"))
    return told


@cache
def _environment() -> Environment:
    made = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.filters["pretty"] = _pretty
    made.filters["component"] = _component
    made.filters["kind"] = kind
    return made


def render(template: str, **values: Any) -> bytes:
    """One page. `template` is a file of this folder."""
    return _environment().get_template(template).render(**values).encode()


def _pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _component(schema: Mapping[str, Any]) -> str:
    """The component that a schema refers to, itself or in its items; empty if it refers to none."""
    for one in (schema, schema.get("items", {}), *schema.get("allOf", [])):
        if isinstance(one, Mapping) and "$ref" in one:
            return str(one["$ref"]).rpartition("/")[2]
    return ""


def kind(schema: Mapping[str, Any]) -> str:
    """A schema in few words; a reference is told by `component` instead."""
    if "const" in schema:
        return f"“{schema['const']}”"
    if "enum" in schema:
        values = [str(one) for one in schema["enum"]]
        return "one of " + ", ".join(values[:12]) + (" …" if len(values) > 12 else "")
    named = schema.get("type", "")
    words = [" or ".join(named) if isinstance(named, list) else str(named)]
    if named == "array":
        items = schema.get("items", {})
        return "list of" if _component(schema) else f"list of {kind(items)}"
    if "format" in schema:
        words.append(f"({schema['format']})")
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    if high is not None:
        span = str(high) if low == high else f"{low if low is not None else 0} to {high}"
        words.append(span + (" characters" if "maxLength" in schema else ""))
    return " ".join(words).strip()
