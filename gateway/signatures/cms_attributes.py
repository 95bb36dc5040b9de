"""The attributes of one CMS signer, as plain bytes by object identifier.

Enters: a SET OF Attribute (RFC 5652, section 5.3). Leaves: identifiers and values in DER. Refuses: what is no such set
(`ValueError`), and more attributes than anyone needs.

Values stay encoded: each reader decodes only what it asks for, so one damaged attribute spoils no other.
"""

from __future__ import annotations

from typing import Any

from asn1crypto import core

from gateway.contract.frozen import frozen

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
COUNTER_SIGNATURE = "1.2.840.113549.1.9.6"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
MICROSOFT_TIMESTAMP = "1.3.6.1.4.1.311.3.3.1"
CONTENT_TIMESTAMP = "1.2.840.113549.1.9.16.2.20"
ARCHIVE_TIMESTAMP_V2 = "1.2.840.113549.1.9.16.2.48"
ARCHIVE_TIMESTAMP_V3 = "0.4.0.1733.2.4"
CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"
REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
ADOBE_REVOCATION = "1.2.840.113583.1.1.8"
HASH_INDEX_V1 = "0.4.0.1733.2.5"
HASH_INDEX_V3 = "0.4.0.19122.1.5"
MIME_TYPE = "0.4.0.1733.2.1"

ONCE = (
    CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, ALGORITHM_PROTECTION,
)  # fmt: skip
"""Those that a signature has at most once, with one value (RFC 5652, section 11; RFC 5035, section 5; RFC 6211)."""

MOST = 500


class _Values(core.SetOf):  # type: ignore[misc]
    _child_spec = core.Any


class _Attribute(core.Sequence):  # type: ignore[misc]
    _fields = [("type", core.ObjectIdentifier), ("values", _Values)]  # noqa: RUF012


class _Attributes(core.SetOf):  # type: ignore[misc]
    _child_spec = _Attribute


@frozen
class Attribute:
    """One attribute: its identifier in dotted form, the DER of its type, of each value, and of all of it."""

    oid: str
    type_der: bytes
    values: tuple[bytes, ...]
    der: bytes


@frozen
class Attributes:
    """All attributes of one kind (signed, or unsigned) in their order."""

    every: tuple[Attribute, ...] = ()

    def values(self, oid: str) -> list[bytes]:
        """The values of all attributes with this identifier, in DER."""
        return [value for one in self.every if one.oid == oid for value in one.values]

    def only(self, oid: str) -> bytes | None:
        """The one value; None where there is none or more than one."""
        values = self.values(oid)
        return values[0] if len(values) == 1 else None

    def repeated(self) -> list[str]:
        """Attributes of `ONCE` that occur more than once, or without exactly one value."""
        counted = {oid: [one for one in self.every if one.oid == oid] for oid in ONCE}
        return [oid for oid, found in counted.items() if len(found) > 1 or any(len(one.values) != 1 for one in found)]


def read(field: Any) -> Attributes | None:
    """The attributes of a field of a SignerInfo; None where it is absent. `ValueError` and its like: unreadable."""
    if isinstance(field, core.Void):
        return None
    # A copy from the encoding: reading it cannot change what is hashed later.
    found = _Attributes.load(field.untag().dump())
    if len(found) > MOST:
        raise ValueError(f"more than {MOST} attributes")
    return Attributes(tuple(_one(each) for each in found))


def _one(each: Any) -> Attribute:
    values = tuple(bytes(value.dump()) for value in each["values"])
    return Attribute(each["type"].dotted, each["type"].dump(), values, each.dump())
