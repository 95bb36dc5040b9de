"""The settings of what the gateway itself signs: receipts and evidence containers.

Enters: the group `evidence` of the settings. Leaves: names of key files. Refuses: a file outside of the folder of keys.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
KeyFile = Annotated[str, StringConstraints(pattern=r"^keys/[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]


class Evidence(BaseModel):
    """What signs receipts and evidence containers; key files lie below the state folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    receipt_key: FileName | None = Field(
        None, description="Name of the key of receipts that signs, as in `keys/receipts`; the newest if absent."
    )
    key_file: KeyFile = Field(
        "keys/evidence.pem", description="Private key (RSA or EC, PEM) that signs evidence containers; made if absent."
    )
    certificate_file: KeyFile = Field(
        "keys/evidence-certificate.pem",
        description="Its certificate in PEM, then those above it; made self-signed together with the key.",
    )
