"""The keys of receipts: one signs, and the public parts of all that ever signed stay known.

Enters: the folder of keys, the name of the one that signs if the settings have one. Leaves: compact JWS, a JWK set.
Refuses: a key file that cannot be used, a name that no file has (`SigningKeyRefused`).

`receipts.pem` is the first key; later ones lie in `receipts/` under the time they were made. The newest signs, unless
the settings name another. The public part of each is written to `receipts/public/` when it is first seen, so that a
private key may be taken away and its receipts still verify.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from gateway.contract.frozen import frozen
from gateway.settings_evidence import Evidence
from gateway.signatures.jws import HoldsKey, SigningKey, SigningKeyRefused, load_or_create

FIRST, FOLDER, PUBLIC = "receipts.pem", "receipts", "public"
_STAGED = ".next"


@frozen
class Staged:
    """A new key that lies on the disk and does not sign yet. `thumbprint` is its id (RFC 7638) in hex."""

    key: SigningKey
    path: Path

    @property
    def thumbprint(self) -> str:
        return urlsafe_b64decode(self.key.kid + "=").hex()


class ReceiptKeys:
    """All keys of receipts of one node. `sign` is that of the current one; `pinned`: the settings name it."""

    def __init__(
        self, folder: Path, current: HoldsKey, public: Mapping[str, Mapping[str, Any]], *, pinned: bool = False
    ) -> None:
        self._folder, self._public = folder, dict(public)
        self._current: HoldsKey = current
        self.pinned = pinned

    @classmethod
    def load(cls, keys: Path, chosen: str | None = None, token: HoldsKey | None = None) -> ReceiptKeys:
        """Those of the folder `keys`; the first is made if there is none. `chosen`: the file name of what signs;
        `token`: a key that lies elsewhere and signs instead of all files, which still say what signed before."""
        folder = keys / FOLDER
        for place in (keys, folder, folder / PUBLIC):
            place.mkdir(exist_ok=True, mode=0o700)
        later = sorted(folder.glob("*.pem"))
        first = keys / FIRST
        paths = [first, *later] if first.exists() or not (later or token) else later
        held = {path.name: load_or_create(path) for path in paths}
        if chosen is not None and chosen not in held:
            raise SigningKeyRefused(f"no key of receipts is called {chosen}; there are: {', '.join(held)}")
        current = token or held[chosen if chosen is not None else paths[-1].name]
        pinned = chosen is not None or token is not None
        made = cls(folder, current, _published(folder / PUBLIC), pinned=pinned)
        for key in (*held.values(), current):
            made._publish(key)
        return made

    @property
    def kid(self) -> str:
        return self._current.kid

    def sign(self, payload: bytes) -> str:
        """The payload as compact JWS by the current key."""
        return self._current.sign(payload)

    def jwks(self) -> dict[str, Any]:
        """Every public key that ever signed, the current one first (RFC 7517, section 5)."""
        others = [dict(jwk) for kid, jwk in sorted(self._public.items()) if kid != self.kid]
        return {"keys": [self._current.public_jwk(), *others]}

    def stage(self, at_ms: int) -> Staged:
        """Step 1 of a rotation: a new key, durable and published, which does not sign yet."""
        # A clock that was set back must not make the new key an older one.
        made = [int(one.stem) for one in self._folder.glob("*.pem") if one.stem.isdecimal()]
        path = self._folder / f"{max([at_ms, *(time + 1 for time in made)]):015d}.pem"
        key = load_or_create(path.with_name(path.name + _STAGED))
        self._publish(key)
        return Staged(key, path)

    def take(self, staged: Staged) -> None:
        """Step 2, when the event is durable: from now on the new key signs, also after a restart."""
        staged.path.with_name(staged.path.name + _STAGED).rename(staged.path)
        _sync(self._folder)
        self._current = staged.key

    def _publish(self, key: HoldsKey) -> None:
        if key.kid in self._public:
            return
        jwk = key.public_jwk()
        temporary = self._folder / PUBLIC / f".tmp-{key.kid}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(jwk))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self._folder / PUBLIC / f"{key.kid}.json")
        _sync(self._folder / PUBLIC)
        self._public[key.kid] = jwk


def receipt_keys(state: Path, settings: Evidence) -> ReceiptKeys:
    """As the settings say: by files below the state folder, or by a token."""
    if settings.token_module is None or settings.token is None or settings.token_key is None:
        return ReceiptKeys.load(state / "keys", settings.receipt_key)
    # The library of tokens is imported where there is one.
    from gateway.signatures.receipt_token import TokenKey

    key = TokenKey(settings.token_module, settings.token, settings.token_key, state / settings.token_pin_file)
    return ReceiptKeys.load(state / "keys", token=key)


def _published(folder: Path) -> dict[str, Mapping[str, Any]]:
    known: dict[str, Mapping[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            jwk = orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError as error:
            raise SigningKeyRefused(f"{path} is no public key: bring it back from your backup") from error
        known[str(jwk["kid"])] = jwk
    return known


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
