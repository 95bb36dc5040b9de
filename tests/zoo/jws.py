"""JWS and JAdES files: good ones of every form, and one per attack.

Enters: the authorities of `pki`. Leaves: files and the verdict that each must get. Refuses: nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from asn1crypto import ocsp
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.registry import HeaderParameter

from gateway.signatures.jws import load_or_create
from tests.zoo.case import Case
from tests.zoo.cms import answer as ocsp_answer
from tests.zoo.cms_maker import SIGNED_AT, digest, token
from tests.zoo.pki import AT, DAY, YEAR, Identity, pki

CONTENT = json.dumps({"nomor": 12, "perihal": "Surat keterangan"}).encode()
OTHER = CONTENT.replace(b"12", b"13")
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "Ed25519", "EdDSA", "HS256", "none"]
_EXTRA = {
    name: HeaderParameter(name, kind)
    for name, kind in (
        ("sigT", "str"), ("iat", "int"), ("exp2", "str"), ("b64", "bool"), ("x5t#S256", "str"), ("jku", "str"),
    )
}  # fmt: skip
BARE = ("bare",)
SIG_T = SIGNED_AT.strftime("%Y-%m-%dT%H:%M:%SZ")


def registry() -> jws.JWSRegistry:
    return jws.JWSRegistry(_EXTRA, ALGORITHMS, strict_check_header=False)


def content() -> bytes:
    return CONTENT


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def x5c(who: Identity) -> list[str]:
    above = [Identity(one, who.key).der for one in who.above if one.subject != one.issuer]
    return [base64.b64encode(der).decode() for der in (who.der, *above)]


def key(who: Identity) -> Any:
    kind = {"RSA": RSAKey, "EllipticC": ECKey}
    name = type(who.key).__name__
    chosen = next((each for prefix, each in kind.items() if prefix.lower() in name.lower()), OKPKey)
    chosen = ECKey if "ec" in name.lower() and chosen is OKPKey and "ed25519" not in name.lower() else chosen
    return chosen.import_key(who.key_pem)


def header(who: Identity, alg: str = "RS256", **more: Any) -> dict[str, Any]:
    return {"alg": alg, "x5c": x5c(who), **more}


def ades(who: Identity, alg: str = "RS256", **more: Any) -> dict[str, Any]:
    """JAdES baseline: certificate digest and signing time, the time critical."""
    thumb = b64url(hashlib.sha256(who.der).digest())
    return {**header(who, alg), "x5t#S256": thumb, "sigT": SIG_T, "crit": ["sigT"], **more}


def signed(head: dict[str, Any], payload: bytes, by: Any) -> bytes:
    """Compact, by joserfc; the headers it would refuse are put there by hand."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = jws.JWSRegistry.algorithms[head["alg"]]
        text = b64url(json.dumps(head).encode())
        body = payload.decode() if head.get("b64") is False else b64url(payload)
        return f"{text}.{body}.{b64url(model.sign(f'{text}.{body}'.encode(), by))}".encode()


def compact(who: Identity | None = None, alg: str = "RS256", payload: bytes = CONTENT, **more: Any) -> bytes:
    who = who or pki().signer
    return signed(header(who, alg, **more), payload, key(who))


def baseline(who: Identity | None = None, payload: bytes = CONTENT, **more: Any) -> bytes:
    who = who or pki().signer
    return signed(ades(who, **more), payload, key(who))


def detached(data: bytes) -> bytes:
    first, _, last = data.split(b".")
    return first + b".." + last


def flattened(data: bytes, loose: dict[str, Any] | None = None, *, payload: bool = True) -> bytes:
    first, body, last = data.decode().split(".")
    value: dict[str, Any] = {"protected": first, "signature": last}
    value |= {"payload": body} if payload else {}
    value |= {"header": loose} if loose else {}
    return json.dumps(value).encode()


def general(*each: bytes) -> bytes:
    parts = [one.decode().split(".") for one in each]
    several = [{"protected": first, "signature": last} for first, _, last in parts]
    return json.dumps({"payload": parts[0][1], "signatures": several}).encode()


def _by_joserfc() -> bytes:
    """Made by the library alone, from its own front door."""
    return jws.serialize_compact(
        header(pki().curved, "ES256"), CONTENT, key(pki().curved), registry=registry()
    ).encode()


def _stamp(data: bytes, tsa: Identity, over: bytes | None = None, at: Any = SIGNED_AT) -> dict[str, Any]:
    signature = data.split(b".")[2] if over is None else over
    made = base64.b64encode(token(tsa, digest("sha256", signature), at=at).dump()).decode()
    return {"sigTst": {"tstTokens": [{"val": made}]}}


def stamped(tsa: Identity, *, who: Identity | None = None, over: bytes | None = None, at: Any = SIGNED_AT,
            clear: bool = True, more: tuple[dict[str, Any], ...] = ()) -> bytes:  # fmt: skip
    sig_t = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    data = baseline(who, sigT=sig_t)
    entries: list[Any] = [_stamp(data, tsa, over, at), *more]
    return flattened(data, {"etsiU": entries if clear else [b64url(json.dumps(each).encode()) for each in entries]})


def _values(kind: str) -> tuple[dict[str, Any], ...]:
    if kind == "crl":
        held = {"crlVals": [{"val": base64.b64encode(pki().office_crl()).decode()}]}
    else:
        answer = ocsp.OCSPResponse.load(ocsp_answer(pki().declared)).dump()
        held = {"ocspVals": [{"val": base64.b64encode(answer).decode()}]}
    return ({"xVals": [{"x509Cert": {"val": x5c(pki().declared)[1]}}]}, {"rVals": held})


def _sig_d(mechanism: str, **more: Any) -> dict[str, Any]:
    return {"mId": f"http://uri.etsi.org/19182/{mechanism}", "pars": ["https://contoh.invalid/surat.json"], **more}


def by_uri() -> bytes:
    return detached(baseline(sigD=_sig_d("ObjectIdByURI"), crit=["sigT", "sigD"]))


def by_hash(data: bytes = CONTENT, *, encoded: bool = True) -> bytes:
    hashed = hashlib.sha256(b64url(data).encode() if encoded else data).digest()
    value = _sig_d("ObjectIdByURIHash", hashM="S256", hashV=[b64url(hashed)])
    return baseline(payload=b"", sigD=value, crit=["sigT", "sigD"])


def receipt() -> bytes:
    with TemporaryDirectory() as name:
        return load_or_create(Path(name) / "key.pem").sign(CONTENT).encode()


def _hmac() -> bytes:
    text = b64url(json.dumps({"alg": "HS256", "x5c": x5c(pki().signer)}).encode())
    made = hmac.new(pki().signer.pem, f"{text}.{b64url(CONTENT)}".encode(), "sha256").digest()
    return f"{text}.{b64url(CONTENT)}.{b64url(made)}".encode()


def _none() -> bytes:
    text = b64url(json.dumps({"alg": "none", "x5c": x5c(pki().signer)}).encode())
    return f"{text}.{b64url(CONTENT)}.".encode()


def _self_vouching() -> bytes:
    public = key(pki().stranger).as_dict(private=False)
    return signed({"alg": "RS256", "jwk": public}, CONTENT, key(pki().stranger))


def _twice() -> bytes:
    """`alg` stands there twice; readers differ in which they take."""
    head = json.dumps(header(pki().signer))
    return _hand(head[:-1] + ', "alg": "RS256"}')


def _hand(head: str, payload: bytes = CONTENT) -> bytes:
    text = b64url(head.encode())
    body = b64url(payload)
    made = jws.JWSRegistry.algorithms["RS256"].sign(f"{text}.{body}".encode(), key(pki().signer))
    return f"{text}.{body}.{b64url(made)}".encode()


def _swap(data: bytes, part: int, other: bytes) -> bytes:
    parts = data.split(b".")
    parts[part] = other.split(b".")[part]
    return b".".join(parts)


def _outside(*inside: str) -> bytes:
    """All but these members of the header stand in the unprotected one."""
    every = {"typ": "JOSE", **header(pki().signer)}
    held = {name: every.pop(name) for name in inside}
    made = _hand(json.dumps(held) if held else "")
    return flattened(made, {name: value for name, value in every.items() if name != "typ"})


def _loose_bits() -> bytes:
    """The last character of the signature has bits that decode to nothing; two texts, one signature."""
    good = compact(pki().curved, "ES256")
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return good[:-1] + bytes([alphabet[alphabet.index(good[-1:]) ^ 1]])


GOOD = (
    Case("compact", compact, "valid", ("time_unproven",), signatures=1),
    Case("compact_by_joserfc", _by_joserfc, "valid"),
    Case("ending_in_a_newline", lambda: compact() + b"\n", "valid"),
    *(Case(alg.lower(), lambda alg=alg: compact(pki().signer, alg), "valid") for alg in ALGORITHMS[:6]),
    Case("es256", lambda: compact(pki().curved, "ES256"), "valid"),
    Case("ed25519", lambda: compact(pki().edwards, "Ed25519"), "valid"),
    Case("eddsa", lambda: compact(pki().edwards, "EdDSA"), "valid"),
    Case("flattened", lambda: flattened(compact()), "valid", signatures=1),
    Case("general", lambda: general(compact(), compact(pki().second)), "valid", signatures=2),
    Case("certificate_in_the_other_header", lambda: flattened(
        signed({"alg": "RS256", "x5t#S256": b64url(hashlib.sha256(pki().signer.der).digest())}, CONTENT,
               key(pki().signer)), {"x5c": x5c(pki().signer)}), "valid", never=("unsigned_beside",)),
    Case("more_in_the_other_header", lambda: flattened(compact(), {"cty": "text/html", "isi": "bayar"}), "valid",
         ("unsigned_beside",)),
    Case("more_members", lambda: flattened(compact())[:-1] + b', "isi": "bayar"}', "valid", ("unsigned_beside",)),
    Case("more_members_of_a_signature", lambda: general(compact()).replace(
        b'{"protected"', b'{"payload": "YmF5YXI", "protected"'), "valid", ("unsigned_beside",)),
    Case("more_in_etsiu", lambda: flattened(baseline(), {"etsiU": [{"isi": "bayar"}]}), "valid",
         ("unsigned_beside",)),
    Case("detached", lambda: detached(compact()), "valid", beside=content),
    Case("detached_flattened", lambda: flattened(compact(), payload=False), "valid", beside=content),
    Case("attached_and_beside", compact, "valid", beside=content),
    Case("empty_payload", lambda: compact(payload=b""), "valid"),
    Case("unencoded", lambda: compact(payload=b"plain text", b64=False, crit=["b64"]), "valid"),
    Case("unencoded_detached", lambda: detached(compact(payload=b"plain", b64=False, crit=["b64"])), "valid",
         beside=lambda: b"plain"),
    Case("jades", baseline, "valid", level="B-B"),
    Case("jades_iat", lambda: baseline(iat=int(SIGNED_AT.timestamp())), "valid", level="B-B"),
    Case("jades_thumbprint_sha512", lambda: signed(
        {**header(pki().signer), "sigT": SIG_T, "crit": ["sigT"],
         "x5t#o": {"digAlg": "S512", "digVal": b64url(hashlib.sha512(pki().signer.der).digest())}},
        CONTENT, key(pki().signer)), "valid", level="B-B"),
    Case("jades_timestamped", lambda: stamped(pki().tsa), "valid", level="B-T", never=("time_unproven",)),
    Case("jades_timestamped_base64url", lambda: stamped(pki().tsa, clear=False), "valid", level="B-T"),
    Case("jades_long_term_crl", lambda: stamped(pki().tsa, who=pki().declared, more=_values("crl")), "valid",
         level="B-LT", tags=BARE),
    Case("jades_long_term_ocsp", lambda: stamped(pki().tsa, who=pki().declared, more=_values("ocsp")), "valid",
         level="B-LT", tags=BARE),
    Case("jades_expired_but_timestamped", lambda: stamped(pki().tsa, who=pki().expired, at=AT - 2 * YEAR), "valid",
         ("expired_later",), tags=BARE),
    Case("jades_by_uri", by_uri, "valid", beside=content),
    Case("jades_by_hash", by_hash, "valid", beside=content),
    Case("jades_by_hash_plain", lambda: by_hash(encoded=False), "valid", beside=content),
)  # fmt: skip

BAD = (
    Case("certificate_outside", lambda: flattened(
        signed({"alg": "RS256"}, CONTENT, key(pki().signer)), {"x5c": x5c(pki().signer)}), "indeterminate",
        ("no_certificate",), sub_indication="NO_SIGNING_CERTIFICATE_FOUND"),
    Case("certificate_and_its_digest_outside", lambda: flattened(
        signed({"alg": "RS256"}, CONTENT, key(pki().signer)), {"x5c": x5c(pki().signer), "x5t#S256": b64url(
            hashlib.sha256(pki().signer.der).digest())}), "indeterminate", ("no_certificate",)),
    Case("algorithm_outside", lambda: _outside("typ"), "invalid", ("format_broken",)),
    Case("algorithm_outside_certificate_signed", lambda: _outside("x5c"), "invalid", ("format_broken",)),
    Case("all_outside", lambda: _outside(), "invalid", ("format_broken",)),
    Case("bytes_after_json", lambda: flattened(compact()) + b" bayar", "invalid", ("format_broken",), signatures=0),
    Case("bytes_after_compact", lambda: compact() + b"\nbayar", "invalid", ("format_broken",)),
    Case("payload_changed", lambda: _swap(compact(), 1, compact(payload=OTHER)), "invalid", ("signature_broken",),
         sub_indication="SIG_CRYPTO_FAILURE"),
    Case("signature_swapped", lambda: _swap(compact(), 2, compact(payload=OTHER)), "invalid", ("signature_broken",)),
    Case("header_swapped", lambda: _swap(compact(), 0, compact(pki().second)), "invalid", ("signature_broken",)),
    Case("detached_from_another", lambda: detached(compact(payload=OTHER)), "invalid", ("signature_broken",),
         beside=content),
    Case("beside_is_another", compact, "invalid", ("hash_mismatch",), beside=lambda: OTHER),
    Case("content_missing", lambda: detached(compact()), "indeterminate", ("content_missing",),
         sub_indication="SIGNED_DATA_NOT_FOUND"),
    Case("one_of_two_broken", lambda: general(compact(), compact(pki().second, payload=OTHER)), "invalid",
         ("signature_broken",), signatures=2),
    Case("certificate_of_another", lambda: signed(header(pki().second), CONTENT, key(pki().signer)), "invalid",
         ("signature_broken",)),
    Case("thumbprint_of_another", lambda: signed(
        {**ades(pki().signer), "x5t#S256": b64url(hashlib.sha256(pki().second.der).digest())}, CONTENT,
        key(pki().signer)), "invalid", ("certificate_mismatch",), sub_indication="SIG_CRYPTO_FAILURE"),
    Case("certificate_swapped_outside", lambda: flattened(
        signed({"alg": "RS256", "x5t#S256": b64url(hashlib.sha256(pki().signer.der).digest())}, CONTENT,
               key(pki().signer)), {"x5c": x5c(pki().second)}), "invalid", ("certificate_mismatch",)),
    Case("hmac_with_the_public_key", _hmac, "invalid", ("no_key_signature",), sub_indication="SIG_CRYPTO_FAILURE"),
    Case("none", _none, "invalid", ("no_key_signature",), sub_indication="SIG_CRYPTO_FAILURE"),
    Case("algorithm_of_another_key", lambda: _swap(compact(), 0, signed(
        header(pki().signer, "ES256"), CONTENT, key(pki().curved))), "invalid", ("signature_broken",)),
    Case("unknown_algorithm", lambda: _hand(json.dumps(header(pki().signer, "XX999"))), "indeterminate",
         ("unsupported",)),
    Case("key_vouches_for_itself", _self_vouching, "indeterminate", ("no_certificate",),
         sub_indication="NO_SIGNING_CERTIFICATE_FOUND"),
    Case("key_by_name", lambda: signed({"alg": "RS256", "kid": "1"}, CONTENT, key(pki().signer)), "indeterminate",
         ("no_certificate",)),
    Case("receipt", receipt, "indeterminate", ("no_certificate",)),
    Case("certificate_by_url", lambda: signed({"alg": "RS256", "x5u": "https://contoh.invalid/"}, CONTENT,
         key(pki().signer)), "invalid", ("external_reference",), sub_indication="SIGNED_DATA_NOT_FOUND"),
    Case("keys_by_url", lambda: signed({"alg": "RS256", "jku": "https://contoh.invalid/"}, CONTENT,
         key(pki().signer)), "invalid", ("external_reference",)),
    Case("expired", lambda: compact(pki().expired), "indeterminate", ("expired",),
         sub_indication="OUT_OF_BOUNDS_NO_POE"),
    Case("expired_when_timestamped", lambda: stamped(pki().tsa, who=pki().expired), "invalid",
         ("expired_at_signing",), sub_indication="EXPIRED", tags=BARE),
    Case("not_yet_valid", lambda: compact(pki().future), "invalid", ("not_yet_valid",)),
    Case("revoked", lambda: compact(pki().revoked), "indeterminate", ("revoked",), sub_indication="REVOKED_NO_POE"),
    Case("revocation_unknown", lambda: compact(pki().declared), "indeterminate", ("revocation_unknown",), tags=BARE),
    Case("unknown_authority", lambda: compact(pki().stranger), "indeterminate", ("unknown_authority",)),
    Case("weak_key", lambda: compact(pki().weak), "indeterminate", ("weak_algorithm",)),
    Case("critical_unknown", lambda: compact(exp2="x", crit=["exp2"]), "indeterminate", ("unsupported",)),
    Case("critical_missing", lambda: compact(crit=["sigT"]), "invalid", ("format_broken",)),
    Case("critical_empty", lambda: compact(crit=[]), "invalid", ("format_broken",)),
    Case("critical_registered", lambda: compact(crit=["alg"]), "invalid", ("format_broken",)),
    Case("critical_outside", lambda: flattened(compact(), {"crit": ["b64"]}), "invalid", ("format_broken",)),
    Case("unencoded_not_critical", lambda: compact(payload=b"plain", b64=False), "invalid", ("format_broken",)),
    Case("read_in_two_ways", lambda: general(
        compact(payload=CONTENT), compact(pki().second, payload=b64url(CONTENT).encode(), b64=False, crit=["b64"])),
        "invalid", ("format_broken",), signatures=2),
    Case("timestamp_of_another", lambda: stamped(pki().tsa, over=b"other"), "indeterminate", ("timestamp_broken",)),
    Case("timestamp_untrusted", lambda: stamped(pki().foreign_tsa), "valid", ("timestamp_untrusted", "time_unproven")),
    Case("timestamp_damaged", lambda: flattened(baseline(), {"etsiU": [{"sigTst": {"tstTokens": [{"val": "MAA="}]}}]}),
         "indeterminate", ("timestamp_broken",)),
    Case("archive_timestamp", lambda: flattened(baseline(), {"etsiU": [{"arcTst": {}}]}), "indeterminate",
         ("unsupported",)),
    Case("signed_in_the_future", lambda: baseline(sigT=(AT + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")), "indeterminate",
         ("time_in_future",)),
    Case("signed_at_no_time", lambda: baseline(sigT="kemarin"), "invalid", ("format_broken",)),
    Case("http_headers", lambda: detached(baseline(sigD=_sig_d("HttpHeaders"), crit=["sigT", "sigD"])),
         "indeterminate", ("unsupported",)),
    Case("by_uri_without_it", by_uri, "indeterminate", ("content_missing",)),
    Case("by_uri_another", by_uri, "invalid", ("signature_broken",), beside=lambda: OTHER),
    Case("by_hash_without_it", by_hash, "indeterminate", ("content_missing",)),
    Case("by_hash_another", by_hash, "invalid", ("hash_mismatch",), beside=lambda: OTHER),
    Case("keys_twice", _twice, "invalid", ("format_broken",)),
    Case("names_in_both_headers", lambda: flattened(compact(), {"alg": "RS256"}), "invalid", ("format_broken",)),
    Case("members_twice", lambda: flattened(compact())[:-1] + b', "payload": "e30"}', "invalid", ("format_broken",),
         signatures=0),
    Case("two_forms_at_once", lambda: general(compact())[:-1] + b', "signature": "AA"}', "invalid",
         ("format_broken",), signatures=0),
    Case("no_signatures", lambda: b'{"payload": "e30", "signatures": []}', "invalid", ("format_broken",)),
    Case("loose_bits", _loose_bits, "invalid", ("format_broken",)),
    Case("padding", lambda: compact(pki().curved, "ES256") + b"==", "invalid", ("format_broken",)),
    Case("space_within", lambda: compact().replace(b".", b" .", 1), "invalid", ("format_broken",)),
    Case("two_parts", lambda: b"e30.e30", "invalid", ("format_broken",), signatures=0),
    Case("encrypted", lambda: b"e30.e30.e30.e30.e30", "invalid", ("format_broken",), signatures=0),
    Case("header_too_long", lambda: compact(typ="x" * 300_000), "indeterminate", ("too_large",)),
    Case("certificates_damaged", lambda: compact(x5c=["AAAA"]), "invalid", ("format_broken",)),
    Case("many_signatures", lambda: general(*[compact(pki().curved, "ES256")] * 200), "indeterminate", ("too_large",),
         signatures=64),
    Case("deep_json", lambda: b'{"payload":' + b"[" * 100_000, "invalid", ("format_broken",), signatures=0),
    Case("deep_header", lambda: _hand("{" + '"a":{' * 20_000 + "}" * 20_000 + "}"), "invalid", ("format_broken",)),
    Case("no_number", lambda: b'{"payload": NaN, "signatures": []}', "invalid", ("format_broken",), signatures=0),
    Case("empty", lambda: b"", "invalid", ("format_broken",), signatures=0),
)  # fmt: skip

CASES = (*GOOD, *BAD)
