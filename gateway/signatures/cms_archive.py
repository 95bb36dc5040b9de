"""What an archive timestamp of CAdES covers: archive-time-stamp-v3 with its hash index.

Enters: SignedData, one SignerInfo, the timestamp's token. Leaves: a `Token` whose imprint is over all of it. Refuses: a
token without a hash index, or whose index names what is not here (None with a finding).

After ETSI EN 319 122-1 V1.3.1, sections 5.5.2 and 5.5.3. The imprint is over, in this order:
1. the content type of the encapsulated content, in DER;
2. the digest of the content;
3. version, sid, digestAlgorithm, signedAttrs, signatureAlgorithm and signature of the SignerInfo, as encoded;
4. the value of the hash index in the token's unsigned attributes.
The index holds digests of the certificates, the revocation data and the unsigned attributes that were there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from asn1crypto import algos, cms, core

from gateway.signatures import cms_attributes
from gateway.signatures.cms_attributes import Attribute, Attributes
from gateway.signatures.cms_digest import digest_of
from gateway.signatures.cms_encoding import Unreadable, children
from gateway.signatures.cms_signer import WRONG
from gateway.signatures.examined import Token
from gateway.signatures.findings import Finding, found

LATE = "a signature timestamp behind an archive timestamp, which proves nothing"
_CERTIFICATES, _CRLS, _UNSIGNED = b"\xa0", b"\xa1", b"\xa1"


class _Hashes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.OctetString


class _HashIndex(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("algorithm", algos.DigestAlgorithm, {"default": {"algorithm": "sha256"}}),
        ("certificates", _Hashes),
        ("crls", _Hashes),
        ("unsigned", _Hashes),
    ]


def archive_token(
    token: cms.SignedData,
    signed: cms.SignedData,
    info: cms.SignerInfo,
    loose: Attributes,
    content_digest: Callable[[str], bytes | None],
) -> tuple[Token | None, Finding | None]:
    """The token of one archive-time-stamp-v3 attribute of `info`, or why there is none."""
    try:
        index = _index(token)
        if index is None:
            return None, found("unsupported", "an archive timestamp without a hash index")
        oid, value = index
        parts = children(signed.untag().dump())  # without the tag of the ContentInfo around it
        covers = _covers_all(oid, _HashIndex.load(value), parts, loose)
        if covers is None:
            return None, found("timestamp_broken", "its index names what is not here")
        before = children(parts[2])[0]
        fields = b"".join(each for each in children(info.dump()) if each[:1] != _UNSIGNED)
    except (*WRONG, Unreadable):
        return None, found("timestamp_broken", "it cannot be read")

    def imprint(name: str) -> bytes | None:
        content = content_digest(name)
        return None if content is None else digest_of(name, [before, content, fields, value])

    return Token("archive", token, imprint, covers_revocation=covers), None


def in_order(every: Sequence[tuple[str, bytes, Token]], loose: Attributes) -> tuple[list[Token], list[Finding]]:
    """The tokens with their `order`; each comes with its attribute's identifier and its value in DER.

    A token can be proven by any of a higher order, so an archive timestamp may have none above what it does not cover.
    Where indexes contradict each other they prove less: orders are lowered until that holds. A signature timestamp that
    an archive timestamp does not cover came later, and is left out."""
    covered = {place: _named(one[2], loose) for place, one in enumerate(every) if one[2].kind == "archive"}
    orders = {
        place: 1 + sum(other != place and every[other][:2] in names for other in covered)
        for place, names in covered.items()
    }
    for _ in covered:
        for place, names in covered.items():
            open_ = [orders[other] for other in covered if every[other][:2] not in names]
            orders[place] = min([orders[place], *open_])
    late = {
        place
        for place, (oid, value, token) in enumerate(every)
        if token.kind == "signature" and any((oid, value) not in names for names in covered.values())
    }
    tokens = [replace(one[2], order=orders.get(place, 0)) for place, one in enumerate(every) if place not in late]
    return tokens, [found("unsupported", LATE)] if late else []


def _named(token: Token, loose: Attributes) -> set[tuple[str, bytes]]:
    """Identifiers and values of the unsigned attributes that the index of an archive timestamp names."""
    try:
        index = _index(token.signed_data)
        if index is None:
            return set()
        oid, told = index[0], _HashIndex.load(index[1])
        name = str(told["algorithm"]["algorithm"].native)
        held = {each.native for each in told["unsigned"]}
        return {
            (one.oid, value)
            for one in loose.every
            if all(each in held for each in _digests(name, _hashed(oid, one)))
            for value in one.values
        }
    except (*WRONG, Unreadable):
        return set()


def _index(token: cms.SignedData) -> tuple[str, bytes] | None:
    attributes = cms_attributes.read(token["signer_infos"][0]["unsigned_attrs"])
    for oid in (cms_attributes.HASH_INDEX_V3, cms_attributes.HASH_INDEX_V1):
        value = attributes.only(oid) if attributes is not None else None
        if value is not None:
            return oid, value
    return None


def _covers_all(oid: str, index: _HashIndex, parts: list[bytes], loose: Attributes) -> bool | None:
    """Whether all revocation data is in the index; None if the index names something that is not here."""
    name = str(index["algorithm"]["algorithm"].native)
    crls = _digests(name, _within(parts, _CRLS))
    values = {one: _digests(name, _hashed(oid, one)) for one in loose.every}
    here = (_digests(name, _within(parts, _CERTIFICATES)), crls, set().union(*values.values()))
    told = [{each.native for each in index[kind]} for kind in ("certificates", "crls", "unsigned")]
    if any(not listed <= present for listed, present in zip(told, here, strict=True)):
        return None
    revocation = [each for one, each in values.items() if one.oid == cms_attributes.REVOCATION_VALUES]
    return crls <= told[1] and all(each <= told[2] for each in revocation)


def _within(parts: list[bytes], identifier: bytes) -> list[bytes]:
    """What the field of the SignedData with this tag holds; fields 3 and later are certificates, CRLs, signers."""
    return [each for part in parts[3:] if part[:1] == identifier for each in children(part)]


def _hashed(oid: str, attribute: Attribute) -> list[bytes]:
    """Version 3 hashes type and value of each value; version 1 the whole attribute."""
    if oid == cms_attributes.HASH_INDEX_V1:
        return [attribute.der]
    return [attribute.type_der + value for value in attribute.values]


def _digests(name: str, parts: Iterable[bytes]) -> set[bytes]:
    return {digest_of(name, [part]) for part in parts}
