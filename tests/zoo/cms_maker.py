"""CMS structures made by hand, so that each part of them can be made wrong.

Enters: identities of `pki`, a content, and what shall be unusual. Leaves: SignerInfo, SignedData, tokens. Refuses:
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from asn1crypto import algos, cms, core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from pyhanko.sign.general import as_signing_certificate, as_signing_certificate_v2

from gateway.signatures.cms_encoding import children
from tests.zoo.pki import AT, DAY, Identity

SIGNED_AT = AT - 10 * DAY
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "md5": hashes.MD5, "sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512,
}  # fmt: skip
Pair = tuple[str, Any]


def certificate(who: Identity) -> x509.Certificate:
    return x509.Certificate.load(who.der)


def digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def mechanism(who: Identity, name: str, pss: bool = False) -> dict[str, Any]:
    if isinstance(who.key, ed25519.Ed25519PrivateKey):
        return {"algorithm": "ed25519"}
    if isinstance(who.key, ec.EllipticCurvePrivateKey):
        return {"algorithm": f"{name}_ecdsa"}
    if not pss:
        return {"algorithm": f"{name}_rsa"}
    mask = {"algorithm": "mgf1", "parameters": {"algorithm": name}}
    length = hashlib.new(name).digest_size
    parameters = {"hash_algorithm": {"algorithm": name}, "mask_gen_algorithm": mask, "salt_length": length}
    return {"algorithm": "rsassa_pss", "parameters": parameters}


def raw(who: Identity, data: bytes, name: str, pss: bool = False) -> bytes:
    """The signature's value."""
    algorithm = _HASHES[name]()
    if isinstance(who.key, ed25519.Ed25519PrivateKey):
        return who.key.sign(data)
    if isinstance(who.key, ec.EllipticCurvePrivateKey):
        return who.key.sign(data, ec.ECDSA(algorithm))
    pad = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size) if pss else padding.PKCS1v15()
    return who.key.sign(data, pad, algorithm)


def attribute(oid: str, *values: Any) -> cms.CMSAttribute:
    """One attribute by name or dotted identifier; values may be DER."""
    if oid[:1].isalpha():
        return cms.CMSAttribute({"type": oid, "values": list(values)})
    encoded = b"".join(one if isinstance(one, bytes) else one.dump() for one in values)
    return cms.CMSAttribute.load(_sequence(core.ObjectIdentifier(oid).dump(), _tagged(0x31, encoded)))


def _tagged(tag: int, body: bytes) -> bytes:
    size = len(body)
    octets = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (bytes([size]) if size < 0x80 else bytes([0x80 | len(octets)]) + octets) + body


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))


def signer_info(
    who: Identity,
    content: bytes,
    *,
    name: str = "sha256",
    held: bool = True,
    at: datetime | None = SIGNED_AT,
    ess: str | None = "v2",
    ess_of: Identity | None = None,
    by_key: bool = False,
    pss: bool = False,
    content_type: str | None = "data",
    message_digest: bytes | None = None,
    extra: Sequence[cms.CMSAttribute] = (),
    algorithm: dict[str, Any] | None = None,
    signs: Identity | None = None,
) -> cms.SignerInfo:
    """One signer. `ess_of`: the certificate that the signed attribute names; `signs`: whose key is used instead."""
    own, named = certificate(who), certificate(ess_of or who)
    sid = (
        {"subject_key_identifier": own.key_identifier}
        if by_key
        else {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}}
    )
    info: dict[str, Any] = {
        "version": "v3" if by_key else "v1",
        "sid": cms.SignerIdentifier(sid),
        "digest_algorithm": {"algorithm": name},
        "signature_algorithm": algorithm or mechanism(who, name, pss),
    }
    data = content
    if held:
        attributes = [attribute("message_digest", message_digest or digest(name, content))]
        attributes += [attribute("content_type", content_type)] if content_type else []
        attributes += [attribute("signing_time", cms.Time({"utc_time": at}))] if at else []
        attributes += [attribute("signing_certificate_v2", as_signing_certificate_v2(named))] if ess == "v2" else []
        attributes += [attribute("signing_certificate", as_signing_certificate(named))] if ess == "v1" else []
        info["signed_attrs"] = cms.CMSAttributes([*attributes, *extra])
        data = info["signed_attrs"].dump()
    info["signature"] = raw(signs or who, data, name, pss)
    return cms.SignerInfo(info)


def with_unsigned(info: cms.SignerInfo, *attributes: cms.CMSAttribute) -> cms.SignerInfo:
    # Encoded by hand: asn1crypto encodes what was changed anew at each level, twice each time.
    fields = [each for each in children(info.dump()) if each[:1] != b"\xa1"]
    before = [] if isinstance(info["unsigned_attrs"], core.Void) else list(info["unsigned_attrs"])
    held = b"".join(sorted(each.dump() for each in (*before, *attributes)))
    return cms.SignerInfo.load(_sequence(*fields, _tagged(0xA1, held)))


def signed_data(
    infos: Iterable[cms.SignerInfo],
    content: bytes | None,
    people: Iterable[Identity],
    *,
    content_type: str = "data",
    crls: Sequence[bytes] = (),
    others: Sequence[Any] = (),
) -> cms.SignedData:
    """`people` come along with all that is above them, but not the root."""
    infos = list(infos)
    names = list(dict.fromkeys(one["digest_algorithm"]["algorithm"].native for one in infos))
    chain = {each.serial_number: each for who in people for each in _with_above(who)}
    value: dict[str, Any] = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": name} for name in names or ["sha256"]],
        "encap_content_info": cms.EncapsulatedContentInfo(
            {
                "content_type": content_type,
                **({} if content is None else {"content": core.ParsableOctetString(content)}),
            }
        ),
        "certificates": [cms.CertificateChoices(name="certificate", value=one) for one in chain.values()],
        "signer_infos": infos,
    }
    revocation = [cms.RevocationInfoChoice(name="crl", value=cms.CertificateList.load(one)) for one in crls]
    revocation += [cms.RevocationInfoChoice(name="other", value=one) for one in others]
    if revocation:
        value["crls"] = revocation
    return cms.SignedData(value)


def _with_above(who: Identity) -> list[x509.Certificate]:
    above = [Identity(one, who.key) for one in who.above if one.subject != one.issuer]
    return [certificate(one) for one in (who, *above)]


def wrapped(signed: Any, kind: str = "signed_data") -> bytes:
    return bytes(cms.ContentInfo({"content_type": kind, "content": signed}).dump())


def token(
    tsa: Identity, imprint: bytes, *, at: datetime = SIGNED_AT, name: str = "sha256", index: bytes | None = None
) -> cms.ContentInfo:
    """A timestamp token. `index`: a hash index (DER) for its unsigned attributes."""
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": "1.3.6.1.4.1.4146.2.2",
            "message_imprint": {"hash_algorithm": {"algorithm": name}, "hashed_message": imprint},
            "serial_number": 7,
            "gen_time": at,
        }
    )
    data = info.dump()
    signer = signer_info(tsa, data, content_type="tst_info", at=at)
    if index is not None:
        signer = with_unsigned(signer, attribute("0.4.0.19122.1.5", index))
    return cms.ContentInfo.load(wrapped(signed_data([signer], data, [tsa], content_type="tst_info")))


def stamped(
    info: cms.SignerInfo, tsa: Identity, *, at: datetime = SIGNED_AT, over: bytes | None = None
) -> cms.SignerInfo:
    """With a signature timestamp; `over` something else if given."""
    imprint = digest("sha256", info["signature"].native if over is None else over)
    return with_unsigned(info, attribute("signature_time_stamp_token", token(tsa, imprint, at=at)))


def hash_index(certificates: list[bytes], crls: list[bytes], unsigned: list[bytes]) -> bytes:
    """ats-hash-index-v3 (EN 319 122-1, section 5.5.2) over these encodings, by SHA-256."""
    algorithm = algos.DigestAlgorithm({"algorithm": "sha256"}).dump()
    lists = [
        _sequence(*(_tagged(0x04, digest("sha256", one)) for one in kind)) for kind in (certificates, crls, unsigned)
    ]
    return _sequence(algorithm, *lists)


def archived(
    info: cms.SignerInfo, content: bytes, people: Sequence[Identity], crls: Sequence[bytes], tsa: Identity, *,
    at: datetime = AT - DAY, extra_hash: bytes | None = None, other_content: bytes | None = None,
) -> cms.SignedData:  # fmt: skip
    """With an archive-time-stamp-v3 over everything; `extra_hash`: something in the index that is not there."""
    bare = signed_data([info], content, people, crls=crls)
    unsigned = [one["type"].dump() + value.dump() for one in info["unsigned_attrs"] for value in one["values"]]
    certificates = [one.dump() for one in bare["certificates"]] + ([extra_hash] if extra_hash else [])
    index = hash_index(certificates, [one.dump() for one in bare["crls"]] if crls else [], unsigned)
    fields = [
        info[key].dump()
        for key in ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    ]
    kind = bare["encap_content_info"]["content_type"].dump()
    covered = b"".join([kind, digest("sha256", other_content or content), *fields, index])
    made = token(tsa, digest("sha256", covered), at=at, index=index)
    return signed_data([with_unsigned(info, attribute("0.4.0.1733.2.4", made))], content, people, crls=crls)


def streamed(der: bytes, size: int = 100) -> bytes:
    """The outer levels in BER with indefinite lengths, the content in pieces, as streaming programs write it."""
    info = cms.ContentInfo.load(der)
    signed = info["content"]
    content = signed["encap_content_info"]["content"]
    pieces = bytes(content)
    strings = b"".join(_tagged(0x04, pieces[at : at + size]) for at in range(0, len(pieces), size))
    inner = b"\x24\x80" + strings + b"\0\0"
    encapsulated = (
        b"\x30\x80" + signed["encap_content_info"]["content_type"].dump() + b"\xa0\x80" + inner + b"\0\0" + b"\0\0"
    )
    rest = [signed[key].dump() for key in ("certificates", "crls", "signer_infos") if signed[key].native]
    head = signed["version"].dump() + signed["digest_algorithms"].dump()
    body = b"\x30\x80" + head + encapsulated + b"".join(rest) + b"\0\0"
    return b"\x30\x80" + info["content_type"].dump() + b"\xa0\x80" + body + b"\0\0" + b"\0\0"
