"""Shapes that configurations of adapters share: seconds, URLs, references to secrets.

Enters: values of the YAML federation. Leaves: frozen models. Refuses: unknown fields, a secret written into the
configuration, URLs with credentials or without a host, spans of no length.
"""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _seconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = _SPAN.fullmatch(value)
    if found is None:
        raise ValueError("a span is a number with ms, s, m, h or d, as in 10s")
    return float(found[1]) * _UNITS[found[2] or "s"]


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


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=86400 * 366)]
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
