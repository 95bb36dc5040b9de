"""When a delivery that was not taken over is tried again. Pure: the random number is passed in.

Enters: how many attempts were made, since when, and what the recipient asked for. Leaves: a wait in milliseconds, or
None when the delivery has used up its attempts or its age. Refuses: nothing.
"""

from __future__ import annotations

from gateway.settings import Retry


def wait_ms(retry: Retry, *, attempts: int, age_ms: int, chance: float, after: float | None = None) -> int | None:
    """The wait before the next attempt. `attempts` ≥ 1 made so far; `chance` in [0, 1); `after` in seconds.

    What the recipient asked for counts if it is longer, but never more than the cap.
    """
    if attempts >= retry.attempts or age_ms >= retry.age * 1000:
        return None
    # The power is bounded, so that the ten-thousandth attempt does not overflow a float.
    plain = min(retry.first * retry.factor ** min(attempts - 1, 64), retry.cap)
    jittered = plain * (1 + retry.jitter * (2 * chance - 1))
    return max(1, round(1000 * min(max(jittered, after or 0.0), retry.cap)))
