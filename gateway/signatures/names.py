"""The names in certificates, in one readable form.

Enters: an X.509 name or certificate. Leaves: short text without control characters. Refuses: nothing.
"""

from __future__ import annotations

import re

from asn1crypto import x509

_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_ORDER = ("common_name", "serial_number", "organizational_unit_name", "organization_name", "country_name")
_SHORT = {
    "common_name": "CN", "serial_number": "SERIALNUMBER", "organizational_unit_name": "OU",
    "organization_name": "O", "country_name": "C", "locality_name": "L", "state_or_province_name": "ST",
}  # fmt: skip
_MOST = 300


def readable(name: x509.Name) -> str:
    """`CN=…,OU=…,O=…,C=…`; other attributes follow by their own names, cut at 300 characters."""
    try:
        values = _values(name)
    except (ValueError, TypeError, KeyError, AttributeError):
        return "unreadable name"
    keys = [key for key in _ORDER if key in values] + sorted(key for key in values if key not in _ORDER)
    told = ",".join(f"{_SHORT.get(key, key)}={_clean(value)}" for key in keys for value in values[key])
    return told[:_MOST] or "empty name"


def organisation(name: x509.Name) -> str | None:
    """The organisation's name, if there is one."""
    try:
        values = _values(name).get("organization_name")
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return _clean(values[0])[:_MOST] if values else None


def _values(name: x509.Name) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in name.chosen:
        for pair in part:
            found.setdefault(str(pair["type"].native), []).append(str(pair["value"].native))
    return found


def _clean(value: str) -> str:
    return _HIDDEN.sub("", value).replace(",", "\\,")
