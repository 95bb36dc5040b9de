"""The settings of what the gateway itself signs: receipts and evidence containers.

Enters: the group `evidence` of the settings. Leaves: names of key files. Refuses: a file outside of the folder of keys.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
KeyFile = Annotated[str, StringConstraints(pattern=r"^keys/[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]


class Evidence(BaseModel):
    """What signs receipts and evidence containers; key files lie below the state folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    receipt_key: FileName | None = Field(
        None, description="Name of the key of receipts that signs, as in `keys/receipts`; the newest if absent."
    )
    token_module: Path | None = Field(
        None, description="PKCS#11 module of the token whose key signs receipts, in place of the files."
    )
    token: Label | None = Field(None, description="Label of that token.")
    token_key: Label | None = Field(None, description="Label of its P-256 key pair; a new label is a new key.")
    token_pin_file: KeyFile = Field("keys/receipts.pin", description="File with its PIN.")
    key_file: KeyFile = Field(
        "keys/evidence.pem", description="Private key (RSA or EC, PEM) that signs evidence containers; made if absent."
    )
    certificate_file: KeyFile = Field(
        "keys/evidence-certificate.pem",
        description="Its certificate in PEM, then those above it; made self-signed together with the key.",
    )

    @model_validator(mode="after")
    def _agree(self) -> Evidence:
        named = [self.token_module, self.token, self.token_key]
        if any(one is not None for one in named) and None in named:
            raise ValueError("`token_module`, `token` and `token_key` go together")
        if self.token_module is not None and self.receipt_key is not None:
            raise ValueError("`receipt_key` names a file, and `token_module` a token: one of them signs")
        return self
