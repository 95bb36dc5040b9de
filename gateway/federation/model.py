"""The federation as its files write it: agencies, systems, routes, operators.

In: plain data of one YAML file. Out: frozen models. Refuses: unknown fields, other types (no coercion), names outside
`[a-z0-9-]{1,63}`, key files that climb out of the state folder. What one entry cannot know alone (does that system
exist?) is the business of `check`.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, NewType, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateway.federation.duration import Duration
from gateway.federation.findings import did_you_mean

SystemId = NewType("SystemId", str)
"""`agency/system`."""

_FILE_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,1024}\Z")

T = TypeVar("T")
# A YAML list; the only conversion a strict model makes here.
Many = Annotated[tuple[T, ...], Field(strict=False, max_length=10_000)]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$", max_length=127)]
SystemName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}/[a-z0-9][a-z0-9-]{0,62}$")]
SystemPattern = Annotated[str, StringConstraints(pattern=r"^[a-z0-9*-]{1,63}/[a-z0-9*-]{1,63}$")]
FieldPath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*$", max_length=255)
]
AdapterName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
Role = Literal["operator", "approver", "auditor", "privacy_officer"]


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zone(value: str) -> str:
    # A machine without zone data cannot tell; the codec that needs the zone will.
    if _zones() and value not in _zones():
        raise PydanticCustomError(
            "time_zone",
            "not a time zone of the IANA database, like Asia/Jakarta, Asia/Makassar or Asia/Jayapura",
            {"hint": did_you_mean(value, _zones())},
        )
    return value


def _below_state(value: str) -> str:
    if not _FILE_NAME.match(value) or value.endswith("/") or ".." in value.split("/"):
        raise ValueError("a path of a file, relative to the state folder or absolute, without '..'")
    return value


TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
FilePath = Annotated[str, AfterValidator(_below_state)]


class Shape(BaseModel):
    """Base of every entry: strict, frozen, closed."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", validate_by_name=False, validate_by_alias=True)


class KeyFile(Shape):
    """A secret by the file it lies in: relative to the state folder unless absolute."""

    file: FilePath


class Credentials(Shape):
    """How a system or a person proves who it is."""

    api_keys: Many[KeyFile] = ()


class AdapterUse(Shape):
    """One adapter with its own settings; `config` belongs to the adapter and is validated by its model."""

    adapter: AdapterName
    config: Mapping[str, Any] = Field(default_factory=dict)


class SourceUse(AdapterUse):
    """Something we poll, named so that its claims stay its own."""

    name: Name


class Channel(Shape):
    """How a system receives: called through an adapter, or pulling from its inbox."""

    adapter: AdapterName | None = None
    pull: bool = False
    config: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way(self) -> Channel:
        if self.pull == (self.adapter is not None):
            raise ValueError("a channel has either `adapter` or `pull: true`")
        if self.pull and self.config:
            raise ValueError("a `pull` channel has no `config`")
        return self


class SystemEntry(Shape):
    """One system of an agency. `may_use`: its rights to call; `reads`: systems whose messages it may also read."""

    name: Text
    credentials: Credentials = Credentials()
    may_use: Many[ServiceName] = ()
    reads: Many[SystemPattern] = ()
    sources: Many[SourceUse] = ()
    channel: Channel | None = None
    channels: Mapping[ServiceName, Channel] = Field(default_factory=dict)
    receipts: AdapterUse | None = None
    time_zone: TimeZone | None = None


class Token(Shape):
    """A key inside a PKCS#11 device: the device's library, the label of its token, and that of the key."""

    module: FilePath
    token_label: Text
    key_label: Text | None = None


class SignerKey(Shape):
    """Where a person's key is: in a PEM file, in a PKCS#11 device, or with a service that an adapter speaks to.

    `certificates` are PEM files, the signer's own first, then its chain. `secret` is the key's passphrase or PIN where
    the person does not give it with each request. `signer_file` says how the service knows the signer."""

    file: FilePath | None = None
    pkcs11: Token | None = None
    adapter: AdapterName | None = None
    config: Mapping[str, Any] = Field(default_factory=dict)
    certificates: Many[FilePath] = ()
    secret: KeyFile | None = None
    signer_file: FilePath | None = None

    @model_validator(mode="after")
    def _one_key(self) -> SignerKey:
        if sum(one is not None for one in (self.file, self.pkcs11, self.adapter)) != 1:
            raise ValueError("a key is one of `file`, `pkcs11` and `adapter`")
        if self.adapter is None and (not self.certificates or self.signer_file is not None or self.config):
            raise ValueError("a key of our own has `certificates`, and neither `signer_file` nor `config`")
        if self.adapter is not None and (self.certificates or self.secret is not None or self.signer_file is None):
            raise ValueError("a key behind an adapter has `signer_file`, and neither `certificates` nor `secret`")
        return self


class Timestamps(Shape):
    """A timestamping authority (RFC 3161). `secret_file` holds `user:password`, `ca_file` authorities for its TLS."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s@?#]{1,500}$")]
    secret_file: FilePath | None = None
    ca_file: FilePath | None = None


class SignerEntry(Shape):
    """A person who signs letters of an agency, in an office, to a level (ETSI EN 319 142-1)."""

    name: Text
    title: Text
    level: Literal["B-B", "B-T", "B-LT", "B-LTA"] = "B-B"
    key: SignerKey
    tsa: Timestamps | None = None

    @model_validator(mode="after")
    def _stamped(self) -> SignerEntry:
        if self.level != "B-B" and self.key.adapter is None and self.tsa is None:
            raise ValueError("a level above B-B needs a `tsa`")
        return self


class SignedAs(Shape):
    """How an agency's signers are known on a document: an organisation in their certificates, or one certificate by the
    SHA-256 of its DER encoding, in hex."""

    organisation: Text | None = None
    certificate: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> SignedAs:
        if (self.organisation is None) == (self.certificate is None):
            raise ValueError("name an `organisation` or a `certificate`")
        return self


class Strength(Shape):
    """Which algorithms a route takes: digests by name, least bits of an RSA key."""

    digests: Many[Literal["sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"]] = (
        "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"
    )  # fmt: skip
    rsa_bits: Annotated[int, Field(ge=1024, le=16384)] = 2048


class SignaturePolicy(Shape):
    """What the signatures of a route's documents must be. `parts`: the fields that name the parts; all if absent.

    `require`: `signed`, or `if_signed` where an unsigned part is taken too; a signature that is there must be valid
    either way. `signer`: `sender` if it must be one of the sending agency's (`signed_as`). `failing`: refuse at the
    door, or keep in quarantine until a person decides."""

    require: Literal["signed", "if_signed"] = "signed"
    parts: Many[FieldPath] | None = None
    signer: Literal["any", "sender"] = "any"
    level: Literal["B-B", "B-T", "B-LT", "B-LTA"] | None = None
    timestamp: bool = False
    algorithms: Strength = Strength()
    failing: Literal["refuse", "quarantine"] = "refuse"


class AgencyHead(Shape):
    """An agency without its systems and signers, which are read one by one so that one broken entry hides no other."""

    agency: Name
    name: Text
    time_zone: TimeZone = "Asia/Jakarta"
    systems: Mapping[str, Any] = Field(default_factory=dict)
    signers: Mapping[str, Any] = Field(default_factory=dict)
    signed_as: Many[SignedAs] = ()


class Registration(Shape):
    """The recipient registers what it took, at the latest `within` of delivery; then it is overdue."""

    within: Duration


class Route(Shape):
    """Which service takes documents from whom to whom, under which policy. The first match counts."""

    service: ServiceName
    senders: Many[SystemPattern] = Field(default=("*/*",), alias="from", min_length=1)
    to: Many[SystemPattern] = ()
    recipients: Literal["fixed", "named"] = "fixed"
    purpose: Text
    deadline: Duration | None = None
    on_ambiguous: Literal["hold", "resend"] = "hold"
    order_by: Many[FieldPath] | None = None
    idempotency_fields: Many[FieldPath] | None = None
    raw: Literal["keep", "forward"] = "keep"
    release: Many[FieldPath] | None = None
    receipt: Literal["none", "each"] = "none"
    registration: Registration | None = None
    idempotency_window: Duration | None = None
    retention: Duration | None = None
    signature: Literal["none"] | SignaturePolicy = "none"

    @model_validator(mode="after")
    def _fixed_is_exact(self) -> Route:
        if self.recipients == "fixed" and any("*" in one for one in self.to):
            raise ValueError("a pattern in `to` needs `recipients: named`; fixed recipients are written out")
        return self


class OperatorEntry(Shape):
    """A person who works with the gateway, and the roles this person holds."""

    name: Text
    roles: Many[Role] = Field(min_length=1)
    credentials: Credentials = Credentials()


def matches(pattern: str, system: str) -> bool:
    """Does `agency/system`, with stars, name this system? A star stays within its half: `dinas-*/*`."""
    if "*" not in pattern:
        return pattern == system
    wanted, given = pattern.split("/"), system.split("/")
    return len(wanted) == len(given) and all(map(_half_matches, wanted, given))


def _half_matches(pattern: str, text: str) -> bool:
    # Greedy and without going back, so that no pattern is slow: each piece takes its first place after the one before.
    first, *pieces = pattern.split("*")
    if not pieces:
        return pattern == text
    last = pieces.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in pieces:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
