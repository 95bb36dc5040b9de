"""`lintas adapters`: what is installed, and what may stand in its configuration.

Enters: a name, or nothing. Leaves: adapters with their kinds and fields, and those that are broken. Refuses: a name
that is not installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.commands.command import LOCAL, Setup, command
from gateway.commands.exits import DONE, USAGE, Failure

if TYPE_CHECKING:
    from pydantic import BaseModel

    from gateway.registry import Installed

_BROKEN = ("adapter", "why", "distribution")
# Groups within groups that are told field by field.
_DEPTH = 3


@command(*LOCAL)
def adapters(
    setup: Setup,
    name: Annotated[str | None, typer.Argument(help="Only this adapter.", show_default=False)] = None,
) -> int:
    """List the installed adapters, their kinds and the fields of their configuration."""
    from gateway.federation.findings import did_you_mean
    from gateway.registry import installed

    found = installed()
    names = [*found.adapters, *found.broken]
    if name is not None and name not in names:
        raise Failure(USAGE, "unknown_adapter", "no adapter of this name is installed", did_you_mean(name, names))
    told = [_told(key, one) for key, one in found.adapters.items() if name in (None, key)]
    broken = [
        {"name": key, "distribution": f"{one.distribution} {one.version}".strip(), "cause": one.cause}
        for key, one in found.broken.items()
        if name in (None, key)
    ]
    if setup.json:
        setup.face.value({"adapters": told, "broken": broken})
        return DONE
    if broken:
        lines = [[one["name"], one["cause"], one["distribution"]] for one in broken]
        setup.face.table("Installed and broken (no configuration may name them)", _BROKEN, lines)
    if not told and not broken:
        setup.face.say("No adapter is installed: install this distribution again (`make install`).")
    if not told:
        return DONE
    rows = [(one["name"], ", ".join(one["kinds"]), one["title"], one["distribution"]) for one in told]
    setup.face.table(
        "Installed adapters (the configuration says which are used)",
        ("adapter", "kinds", "what it speaks", "distribution"),
        rows,
    )
    for one in told:
        for kind, fields in one["kinds"].items():
            columns = ("field", "type", "required", "default", "meaning")
            told_fields = [
                [field[key] for key in ("name", "type", "required", "default", "meaning")] for field in fields
            ]
            if told_fields:
                setup.face.table(f"{one['name']} as {kind}", columns, told_fields)
    return DONE


def _told(name: str, one: Installed) -> dict[str, Any]:
    kinds = {kind: _fields(one.spec.config_model(kind)) for kind in sorted(one.spec.kinds)}
    origin = f"{one.distribution} {one.version}".strip()
    return {"name": name, "title": one.spec.title, "distribution": origin, "kinds": kinds}


def _fields(model: type[BaseModel]) -> list[dict[str, Any]]:
    told = {mode: model.model_json_schema(by_alias=True, mode=mode) for mode in ("validation", "serialization")}
    fields, written = (list(_flat(one, one.get("$defs", {}), "")) for one in told.values())
    # A default is shown as it would be written: `10s`, where the model holds seconds.
    defaults = {one["name"]: one["default"] for one in written}
    return [{**one, "default": defaults.get(one["name"], one["default"])} for one in fields]


def _flat(schema: dict[str, Any], definitions: dict[str, Any], prefix: str) -> Iterator[dict[str, Any]]:
    """Every field of an object, those of a group under the group's name: `csv.delimiter`."""
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        inner = definitions.get(str(field.get("$ref", "")).rpartition("/")[2], {})
        if "properties" in inner and prefix.count(".") < _DEPTH:
            yield from _flat(inner, definitions, f"{prefix}{name}.")
            continue
        yield {
            "name": f"{prefix}{name}",
            "type": _type(field, definitions),
            "required": "yes" if name in required else "",
            "default": field.get("default"),
            "meaning": field.get("description") or inner.get("description", ""),
        }


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A field's JSON Schema in a word or two."""
    if options := field.get("anyOf"):
        return " or ".join(dict.fromkeys(_type(one, definitions) for one in options if one.get("type") != "null"))
    if values := field.get("enum"):
        return " | ".join(map(str, values))
    if "$ref" in field:
        name = str(field["$ref"]).rpartition("/")[2]
        inner = definitions.get(name, {})
        if "properties" in inner:
            return f"{{{', '.join(inner['properties'])}}}"
        return _type(inner, definitions) if "$ref" not in inner else name
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), definitions)}"
    return str(field.get("const") or field.get("type") or "any")
