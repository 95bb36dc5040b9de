"""What the configuration says about a REST face or a REST recipient.

Enters: the `config` mapping of a channel. Leaves: frozen models. Refuses: unknown fields, a reconcilable recipient
without a URL to ask.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gateway.contract.adapter import Capability
from gateway.contract.config import AdapterConfig, Seconds, SecretRef, Url


class EndpointConfig(AdapterConfig):
    """The gateway's own REST face has no settings beside the gateway's limits."""


class SinkConfig(AdapterConfig):
    """How one system receives documents, queries and receipts by REST."""

    url: Url = Field(description="where documents and queries are posted")
    key: SecretRef | None = Field(default=None, description="the API key we show, as a bearer token")
    recipient: Capability = Field(default=Capability.NEITHER, description="what it does with the same delivery twice")
    reconcile_url: Url | None = Field(default=None, description="asked as <reconcile_url>/<deliveryId>")
    receipts_url: Url | None = Field(default=None, description="where receipts are posted; the url without it")
    parts: Literal["multipart", "reference"] = Field(default="multipart", description="sent along, or as URLs only")
    timeout: Seconds = Field(default=30.0, description="the longest wait for an answer")

    @model_validator(mode="after")
    def _can_be_asked(self) -> SinkConfig:
        if self.recipient is Capability.RECONCILABLE and self.reconcile_url is None:
            raise ValueError("a reconcilable recipient needs a reconcile_url")
        return self
