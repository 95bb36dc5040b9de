"""What the configuration says about one Esign Client Service.

Enters: the `config` mapping of a signer's key. Leaves: a frozen model. Refuses: unknown fields, a one-time code or a
QR link where the version has none.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gateway.contract.config import AdapterConfig, Seconds, SecretRef, Url


class SignerConfig(AdapterConfig):
    """How one signer's PDFs reach the service."""

    version: Literal["v1", "v2"] = Field(description="the service's interface: v1 (multipart) or v2 (JSON)")
    url: Url = Field(description="where the service is, without /api")
    credentials: SecretRef = Field(description="user and password for HTTP Basic, as user:password in one line")
    confirm: Literal["passphrase", "totp"] = Field(
        default="passphrase", description="what the signer gives with each signature; totp only in v2"
    )
    mark: Literal["image", "link"] = Field(
        default="image", description="our picture of the mark, or a link of which the service draws the QR; link: v1"
    )
    origin: Literal["lower_left", "upper_left"] = Field(
        default="lower_left", description="the corner of the page that the service counts from"
    )
    pixels_per_inch: float = Field(
        default=72.0, gt=0, le=2400, description="how many of the service's pixels are an inch of the page"
    )
    timeout: Seconds = Field(default=60.0, description="the longest wait for any answer")

    @model_validator(mode="after")
    def _only_what_the_version_has(self) -> SignerConfig:
        if self.version == "v1" and self.confirm == "totp":
            raise ValueError("v1 takes no one-time code; say confirm: passphrase, or version: v2")
        if self.version == "v2" and self.mark == "link":
            raise ValueError("v2 draws no QR by itself; say mark: image")
        return self

    def address(self, path: str) -> str:
        """The URL of a path that begins with a slash."""
        return self.url.rstrip("/") + path
