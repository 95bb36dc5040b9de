"""Do these receipts of one message hold, and is any missing? Offline, for anyone who has the public keys.

Enters: receipts as compact JWS, a JWK set, and what they commit to as far as it is here. Leaves: a `Checked`: each
receipt with what it says, and every problem. Refuses: nothing; what is wrong with them is a problem. Pure.

1. Each receipt is ES256 by a key of the set, named by `kid`; its payload is a manifest of this version.
2. All are of one message.
3. Each names the one before it by SHA-256: accepted → delivered → registered | refused, or accepted → refused.
4. Every recipient that `accepted` names has a delivery that ended.
5. Commitments (`commit` = SHA-256(salt ‖ bytes)) fit the documents, parts and registration numbers that are here.
6. Each document and each part that is here is one that a receipt commits to: a forged one beside the true one is seen.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gateway.contract.frozen import frozen
from gateway.signatures.jws import b64url
from gateway.signatures.receipt_bundle import Bundle, Given

PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "no_receipt": "this is no receipt of a gateway",
        "unknown_key": "the set of keys does not have the key that signed it",
        "wrong_algorithm": "it is not signed by ES256, the one algorithm of receipts",
        "signature_broken": "the signature does not fit: it was changed, or somebody else made it",
        "other_message": "it is about another message",
        "twice": "two different receipts say this of the same delivery",
        "gap": "the receipt before it is not here",
        "order": "it follows a receipt that it cannot follow",
        "no_accepted": "the receipt of the whole message (accepted) is missing",
        "not_delivered": "no receipt says that this recipient has it, or refused it",
        "stranger": "it is about a recipient that the message does not name",
        "document_differs": "no document given here is the one it commits to",
        "document_alone": "a document given here is not one that a receipt commits to",
        "part_differs": "a part given here is not one that a receipt commits to",
        "part_missing": "it commits to a part that was not given",
        "registration_differs": "the registration number beside it is not the one it commits to",
        "errors_differ": "the row problems beside it are not those that it commits to",
    }
)
"""Everything that can be wrong, by its code."""

_AGAIN = "do not rely on it; ask the gateway for the receipts again"
_GENUINE = "do not rely on it; name what you were given with the receipts, or leave it out"
ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "no_receipt": "leave it out, or name the .receipt.json file instead",
        "unknown_key": "get /.well-known/jwks.json from the gateway itself; if the key is not in it, do not rely on it",
        "wrong_algorithm": _AGAIN,
        "signature_broken": _AGAIN,
        "other_message": "verify the receipts of each message by themselves",
        "twice": "do not rely on either; ask who runs the gateway which one is in its log",
        "gap": "name the receipt before it as well; the sender of the message holds it",
        "order": _AGAIN,
        "no_accepted": "ask the sender of the message for it",
        "not_delivered": "wait for the delivery, or ask the recipient or the gateway for its receipt",
        "stranger": _AGAIN,
        "document_differs": "name the document that belongs to it; if you did, do not rely on that document",
        "document_alone": _GENUINE,
        "part_differs": _GENUINE,
        "part_missing": "name every part of the message with --part, or none",
        "registration_differs": "do not rely on the number; ask the recipient for it",
        "errors_differ": "do not rely on the row problems; ask the gateway for them again",
    }
)
"""What to do about each."""

_BEFORE: Mapping[str, tuple[str | None, ...]] = {
    "accepted": (None,),
    "delivered": ("accepted",),
    "registered": ("delivered", "accepted"),
    "refused": ("accepted", "delivered"),
}
_NAMES = ("id", "kind", "instance", "node", "at", "message", "sender", "service", "document", "salt", "commit")


@frozen
class Problem:
    """One thing that is wrong or missing. `receipt` is the place among those given; `about` a recipient or digest."""

    code: str
    receipt: int | None = None
    about: str | None = None

    @property
    def message(self) -> str:
        return PROBLEMS[self.code]

    @property
    def advice(self) -> str:
        return ADVICE[self.code]


@frozen
class Receipt:
    """One receipt whose signature holds. `checked` names what its commitments were compared with."""

    number: int
    sha256: str
    kid: str
    manifest: Mapping[str, Any]
    checked: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def delivery(self) -> str | None:
        value = self.manifest.get("delivery")
        return None if value is None else str(value)

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(map(str, self.manifest.get("recipients") or ()))

    @property
    def salt(self) -> bytes:
        return b64decode(self.manifest["salt"])


@frozen
class Checked:
    """All that was found. It `holds` only without any problem."""

    receipts: tuple[Receipt, ...]
    problems: tuple[Problem, ...]

    @property
    def holds(self) -> bool:
        return bool(self.receipts) and not self.problems

    @property
    def message(self) -> str | None:
        return str(self.receipts[0].manifest["message"]) if self.receipts else None


class Refused(Exception):
    """One receipt does not hold; `code` is one of `PROBLEMS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check(bundle: Bundle, jwks: Mapping[str, Any], parts: Sequence[bytes] | None = None) -> Checked:
    """`parts`: the 32-byte SHA-256 of each part that is here; None if they are not to be compared."""
    keys = public_keys(jwks)
    problems: list[Problem] = []
    held: list[Receipt] = []
    beside: dict[int, Given] = {}
    for number, given in enumerate(bundle.receipts):
        try:
            held.append(opened(given.jws, keys, number))
            beside[number] = given
        except Refused as error:
            problems.append(Problem(error.code, number))
    problems += _of_one_message(held)
    problems += _chain(held)
    problems += _missing(held)
    compared: list[Receipt] = []
    for one in held:
        checked, wrong = _commitments(one, bundle, beside[one.number], parts)
        problems += wrong
        compared.append(Receipt(one.number, one.sha256, one.kid, one.manifest, tuple(checked)))
    problems += _alone(held, bundle.documents, parts or ())
    if bundle.errors is not None and not any(_is_batch(one) and bundle.documents for one in held):
        problems.append(Problem("errors_differ"))
    return Checked(tuple(compared), tuple(problems))


def public_keys(jwks: Mapping[str, Any]) -> dict[str, ec.EllipticCurvePublicKey]:
    """The P-256 keys of a JWK set by their RFC 7638 thumbprints, whatever `kid` stands beside them."""
    keys: dict[str, ec.EllipticCurvePublicKey] = {}
    listed = jwks.get("keys")
    for jwk in listed if isinstance(listed, list) else []:
        try:
            if jwk["kty"] != "EC" or jwk["crv"] != "P-256":
                continue
            x, y = (int.from_bytes(_unpadded(jwk[name]), "big") for name in ("x", "y"))
            named = orjson.dumps({"crv": "P-256", "kty": "EC", "x": jwk["x"], "y": jwk["y"]})
            keys[b64url(hashlib.sha256(named).digest())] = ec.EllipticCurvePublicNumbers(
                x, y, ec.SECP256R1()
            ).public_key()
        except (KeyError, TypeError, ValueError):
            continue
    return keys


def opened(jws: str, keys: Mapping[str, ec.EllipticCurvePublicKey], number: int) -> Receipt:
    """One receipt with its signature checked (RFC 7515, section 5.2), or `Refused`."""
    head, _, rest = jws.partition(".")
    payload, _, signature = rest.partition(".")
    try:
        header, raw = orjson.loads(_unpadded(head)), _unpadded(signature)
    except ValueError:
        raise Refused("no_receipt") from None
    if not isinstance(header, dict) or header.get("typ") != "lintas-receipt+jws" or "crit" in header:
        raise Refused("no_receipt")
    if header.get("alg") != "ES256" or len(raw) != 64:
        raise Refused("wrong_algorithm")
    kid = str(header.get("kid"))
    if kid not in keys:
        raise Refused("unknown_key")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        keys[kid].verify(der, f"{head}.{payload}".encode("ascii"), ec.ECDSA(hashes.SHA256()))
        manifest = orjson.loads(_unpadded(payload))
    except InvalidSignature:
        raise Refused("signature_broken") from None
    except ValueError:
        raise Refused("no_receipt") from None
    _must_be_manifest(manifest)
    return Receipt(number, hashlib.sha256(jws.encode()).hexdigest(), kid, manifest)


def _must_be_manifest(manifest: Any) -> None:
    if not isinstance(manifest, dict) or manifest.get("v") != 1 or manifest.get("kind") not in _BEFORE:
        raise Refused("no_receipt")
    if any(not isinstance(manifest.get(name), str) for name in _NAMES):
        raise Refused("no_receipt")
    parts = manifest.get("parts")
    if not isinstance(parts, list) or not all(isinstance(one, dict) for one in parts):
        raise Refused("no_receipt")
    if not isinstance(manifest.get("recipients"), list):
        raise Refused("no_receipt")
    try:
        b64decode(manifest["salt"], validate=True)
    except ValueError:
        raise Refused("no_receipt") from None


def _of_one_message(held: Sequence[Receipt]) -> list[Problem]:
    if not held:
        return []
    first = held[0].manifest
    return [
        Problem("other_message", one.number, str(one.manifest["message"]))
        for one in held[1:]
        if any(one.manifest[name] != first[name] for name in ("message", "instance"))
    ]


def _chain(held: Sequence[Receipt]) -> list[Problem]:
    by_digest = {one.sha256: one for one in held}
    seen: dict[tuple[str, str | None], str] = {}
    problems: list[Problem] = []
    for one in held:
        if seen.setdefault((one.kind, one.delivery), one.sha256) != one.sha256:
            problems.append(Problem("twice", one.number, one.delivery))
        previous = one.manifest.get("previous")
        if previous is None:
            if one.kind != "accepted":
                problems.append(Problem("order", one.number, one.delivery))
        elif previous not in by_digest:
            problems.append(Problem("gap", one.number, str(previous)[:64]))
        elif not _follows(one, by_digest[str(previous)]):
            problems.append(Problem("order", one.number, one.delivery))
    return problems


def _follows(one: Receipt, before: Receipt) -> bool:
    return before.kind in _BEFORE[one.kind] and before.delivery in (None, one.delivery)


def _missing(held: Sequence[Receipt]) -> list[Problem]:
    if not held:
        return []
    whole = [one for one in held if one.kind == "accepted"]
    if not whole:
        return [Problem("no_accepted")]
    if whole[0].manifest["document"] == "file-batch/1":
        return []
    named = set(whole[0].recipients)
    ended = {name for one in held if one.delivery is not None for name in one.recipients}
    problems = [Problem("not_delivered", None, name) for name in whole[0].recipients if name not in ended]
    strangers = [one for one in held if one.delivery is not None and not set(one.recipients) <= named]
    return problems + [Problem("stranger", one.number, ", ".join(one.recipients)) for one in strangers]


def _commitments(
    one: Receipt, bundle: Bundle, given: Given, parts: Sequence[bytes] | None
) -> tuple[list[str], list[Problem]]:
    checked: list[str] = []
    problems: list[Problem] = []

    def fits(bytes_: Iterable[bytes], told: object) -> bool:
        return any(hashlib.sha256(one.salt + data).hexdigest() == told for data in bytes_)

    def note(name: str, holds: bool, code: str, about: str | None = None) -> None:
        if holds:
            checked.append(name)
        else:
            problems.append(Problem(code, one.number, about))

    commits_to_nothing = fits([b""], one.manifest["commit"])
    if bundle.documents and not commits_to_nothing:
        note("document", fits(bundle.documents, one.manifest["commit"]), "document_differs")
        _batch(one, bundle, note)
    if given.registration is not None:
        fine = fits([given.registration.encode()], one.manifest.get("registration"))
        note("registration", fine, "registration_differs")
    if parts is not None:
        for told in one.manifest["parts"]:
            note("part", fits(parts, told.get("commit")), "part_missing", str(told.get("commit"))[:64])
    return list(dict.fromkeys(checked)), problems


def _alone(held: Sequence[Receipt], documents: Sequence[bytes], parts: Sequence[bytes]) -> list[Problem]:
    """What was given and no receipt commits to; `about` is its SHA-256 in hex."""
    salts = {one.salt for one in held}
    whole = {one.manifest["commit"] for one in held}
    pieces = {str(part.get("commit")) for one in held for part in one.manifest["parts"]}

    def fits(data: bytes, told: Collection[str]) -> bool:
        return any(hashlib.sha256(salt + data).hexdigest() in told for salt in salts)

    alone = [hashlib.sha256(data).hexdigest() for data in documents if not fits(data, whole)]
    problems = [Problem("document_alone", None, digest) for digest in alone]
    return problems + [Problem("part_differs", None, data.hex()) for data in parts if not fits(data, pieces)]


def _is_batch(one: Receipt) -> bool:
    return bool(one.manifest["document"] == "file-batch/1")


def _batch(one: Receipt, bundle: Bundle, note: Callable[..., None]) -> None:
    """The document of a batch states the digest of its row problems, which may stand beside it."""
    if bundle.errors is None or not _is_batch(one):
        return
    values = [orjson.loads(data) for data in bundle.documents]
    stated = [one.get("errorsSha256") for one in values if isinstance(one, dict)]
    note("errors", hashlib.sha256(bundle.errors).hexdigest() in stated, "errors_differ")


def _unpadded(text: str) -> bytes:
    """Base64url without padding, or ValueError. Each value is written in one way only: the digest of a receipt is over
    its text, and loose bits at an end would give it several."""
    if not isinstance(text, str) or not text.isascii():
        raise ValueError("no base64url")
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64url(raw) != text:
        raise ValueError("no base64url")
    return raw
