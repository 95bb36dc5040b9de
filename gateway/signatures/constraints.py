"""Which algorithms and keys are strong enough to rely on.

Enters: names of algorithms and sizes of keys. Leaves: what is too weak, in words. Refuses: nothing. Pure.

The floor (SHA-1, MD5 and RSA below 2048 bits are out) follows ETSI TS 119 312 V1.4.3, tables 3 to 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asn1crypto import keys

from gateway.contract.frozen import frozen

UNREADABLE = "a key that cannot be read"
_DIGESTS = frozenset(
    ("sha224", "sha256", "sha384", "sha512", "sha512_224", "sha512_256", "sha3_224", "sha3_256", "sha3_384", "sha3_512")
)
_CURVES = frozenset(
    ("secp224r1", "secp256r1", "secp384r1", "secp521r1", "brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1")
)


@frozen
class Constraints:
    """What is strong enough: digests by name as in `sha256`, least bits of an RSA and a DSA key, named curves."""

    digests: frozenset[str] = _DIGESTS
    rsa_bits: int = 2048
    dsa_bits: int = 2048
    curves: frozenset[str] = _CURVES

    def told(self) -> dict[str, Any]:
        """As JSON; `read` is the way back."""
        return {
            "digests": sorted(self.digests), "rsa": self.rsa_bits, "dsa": self.dsa_bits, "curves": sorted(self.curves)
        }  # fmt: skip

    def weak_digests(self, digests: Iterable[str]) -> list[str]:
        """Those that are not strong enough, in order."""
        return [name for name in digests if plain(name) not in self.digests]

    def weak_key(self, public: keys.PublicKeyInfo) -> str | None:
        """Why this public key is too weak, if it is."""
        try:
            return self._weak_key(public)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            return UNREADABLE

    def _weak_key(self, public: keys.PublicKeyInfo) -> str | None:
        kind: str = public.algorithm
        if kind in ("rsa", "rsassa_pss"):
            return f"RSA with {public.bit_size} bits" if public.bit_size < self.rsa_bits else None
        if kind == "dsa":
            return f"DSA with {public.bit_size} bits" if public.bit_size < self.dsa_bits else None
        if kind == "ec":
            curve: Any = public.curve
            name = str(curve[1])
            return None if curve[0] == "named" and plain(name) in self.curves else f"the curve {name[:40]}"
        return None if kind in ("ed25519", "ed448") else f"a key of the kind {kind[:40]}"


DEFAULT = Constraints()


def read(told: Mapping[str, Any]) -> Constraints:
    """What `told` wrote."""
    return Constraints(frozenset(told["digests"]), told["rsa"], told["dsa"], frozenset(told["curves"]))


def plain(name: str) -> str:
    """`SHA-256`, `sha256` and `SHA256` as one name."""
    return name.lower().replace("-", "").replace("/", "_")
