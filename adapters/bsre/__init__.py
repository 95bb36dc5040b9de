"""BSrE: PDFs are signed by the "Esign Client Service" that stands in the agency's own network.

Enters: a PDF, how its mark looks, who signs, and that person's passphrase or one-time code. Leaves: the signed PDF.
Refuses: see `signer` (what may be sent and what may come back) and `answers` (what the service says).
"""

from __future__ import annotations

from adapters.bsre.config import SignerConfig
from adapters.bsre.signer import BsreSigner
from gateway.contract import AdapterSpec

ADAPTER = AdapterSpec(
    name="bsre",
    title="Signatures by the Esign Client Service of BSrE, versions 1 and 2",
    makers={"signer": (SignerConfig, BsreSigner)},
)

__all__ = ["ADAPTER", "BsreSigner", "SignerConfig"]
