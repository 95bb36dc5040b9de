"""A document signer: whoever holds a person's key and signs a PDF with it on their word.

Enters: a PDF, how the signature should look, and what only the person knows (`Ephemeral`). Leaves: the signed PDF.
Refuses: by the four errors of `gateway.contract.errors`. What is in an `Ephemeral` is never stored, sent elsewhere, put
into an error or logged.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import field

from gateway.contract.adapter import Adapter
from gateway.contract.errors import NeedsOperator
from gateway.contract.exchange import Ephemeral
from gateway.contract.frozen import frozen


@frozen
class PdfToSign:
    """One PDF with what it needs to be signed.

    `signer` is who signs, in the signer's own terms (for BSrE the NIK; personal: never logged). `image` is a PNG of the
    whole mark (QR and text) for signers that place an image; `qr_url` is what the QR carries, for those that draw it
    themselves. `page` counts from 1, -1 is the last; `x`, `y`, `width`, `height` are points from the lower left
    corner; `tag` is a text in the PDF where the mark goes instead. All None or absent: a signature that is not seen.
    `already_signed`: the PDF carries signatures; the signer may not draw outside of its own signature's appearance."""

    pdf: bytes = field(repr=False)
    signer: str = field(repr=False)
    image: bytes | None = field(default=None, repr=False)
    qr_url: str | None = None
    page: int = -1
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    tag: str | None = None
    reason: str | None = None
    location: str | None = None
    already_signed: bool = False


class DocumentSigner(Adapter):
    """Signs PDFs elsewhere. Never retried by the gateway: a second call may be a second signature."""

    @abstractmethod
    async def sign(self, document: PdfToSign, ephemeral: Ephemeral, timeout: float) -> bytes:  # noqa: ASYNC109
        """The signed PDF. `timeout` in seconds; after it the outcome is unknown (`Ambiguous`).

        What only the person knows stands in `ephemeral` under `passphrase` or `totp`. A wrong one, or none, is
        `Refused` with `passphrase_refused`; whose certificate may not sign, with `signer_not_ready`."""
        ...

    async def send_code(self, signer: str, timeout: float) -> None:  # noqa: ASYNC109
        """Has a one-time code sent to the signer, who then gives it as `totp`."""
        raise NeedsOperator("this signer sends no codes; the person signs with a passphrase")
