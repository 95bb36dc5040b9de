"""Shapes that configurations of adapters share: seconds, URLs, references to secrets.

Enters: values of the YAML federation. Leaves: frozen models. Refuses: unknown fields, a secret written into the
configuration, URLs with credentials or without a host, durations of no length or without a unit.
"""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

_SPAN = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: Any) -> float:
    """A length of time as the configuration writes it, in seconds; ValueError for a bare number (of what?) too."""
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a duration is a whole number and a unit: 250ms, 10s, 5m, 24h or 14d")
    return int(found[1]) * _UNITS[found[2]]


def _span(value: float) -> str:
    return f"{value:.0f}s" if value == int(value) else f"{value * 1000:.0f}ms"


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("a URL starts with http:// or https:// and names a host")
    if "@" in parts.netloc:
        raise ValueError("a URL carries no credentials; name a key by {file: …} or {env: …}")
    if parts.fragment or any(char.isspace() for char in value):
        raise ValueError("a URL to call has no fragment and no blanks")
    return value


#: What makes a number of seconds a duration in files, in JSON Schema and where a default is shown.
WRITTEN = (
    PlainSerializer(_span, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,9}(ms|s|m|h|d)$"}),
)
Seconds = Annotated[float, BeforeValidator(seconds), Field(gt=0, le=86400 * 366), *WRITTEN]
Url = Annotated[str, AfterValidator(_url)]


class AdapterConfig(BaseModel):
    """The base of an adapter's configuration model: frozen, and an unknown field is a finding."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretRef(AdapterConfig):
    """Where a secret is, never the secret: `{file: keys/x.key}` below the state folder, or `{env: NAME}`."""

    file: str | None = None
    env: str | None = None

    @model_validator(mode="after")
    def _one(self) -> SecretRef:
        if (self.file is None) == (self.env is None):
            raise ValueError("name a secret by either file or env")
        return self

    @property
    def reference(self) -> str:
        """What `Secrets.get` takes: `file:<path>` or `env:<name>`."""
        return f"file:{self.file}" if self.file is not None else f"env:{self.env}"
