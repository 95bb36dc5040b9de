"""Settings of letters that carry a code, and of the page on which anybody may ask about one.

Enters: values of `gateway.yaml` under `letters`, or of `LINTAS_LETTERS__…`. Leaves: a frozen group of settings.
Refuses: unknown names and values out of range.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

MIB = 1024**2


class Letters(BaseModel):
    """How long letters are kept, and how much of its time the gateway gives to people it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_days: int = Field(3650, ge=1, le=36_525, description="Days a letter and its signed file are kept.")
    looks_per_minute: int = Field(
        600, ge=1, le=1_000_000, description="Looks at the public page from one network (/24 or /48)."
    )
    checks_per_minute: int = Field(20, ge=1, le=1_000_000, description="Files that one network may send to be checked.")
    checks_at_once: int = Field(
        3, ge=1, le=64, description="Files of one network that are on their way there at once, or being checked."
    )
    check_seconds: float = Field(30.0, gt=0, le=3600, description="Longest time that such a file is on its way.")
    check_pace: int = Field(
        8192, ge=1, le=1024 * MIB, description="Bytes a second that it comes at, at least; a slower one is let go."
    )
    check_bytes: int = Field(20 * MIB, ge=1024, le=1024 * MIB, description="Largest file that is checked there.")
    sign_bytes: int = Field(50 * MIB, ge=1024, le=1024 * MIB, description="Largest PDF that is signed.")
