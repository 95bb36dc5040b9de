"""What an idempotency key may be. One rule for the host and for the kit that stands in for it.

Enters: the key an adapter found, or none. Leaves: nothing. Refuses: an empty key, one over 255 bytes, one that is no
text (`bad_request`).
"""

from __future__ import annotations

from gateway.contract.errors import Refused
from gateway.contract.reasons import Reason

KEY_BYTES = 255
"""Most bytes of a key in UTF-8."""


def check_key(key: str | None) -> None:
    """Raises `Refused` for a key that cannot be kept. None means that the message brought none."""
    if key is not None and not 0 < _size(key) <= KEY_BYTES:
        raise Refused(Reason.BAD_REQUEST, f"an idempotency key has 1 to {KEY_BYTES} bytes", limit=KEY_BYTES)


def _size(key: str) -> int:
    """Bytes of UTF-8; 0 for what has no such form, as a header field can smuggle in."""
    try:
        return len(key.encode())
    except UnicodeEncodeError:
        return 0
