"""What the configuration says about the SOAP face and about a SOAP recipient.

Enters: the `config` mapping of a channel. Leaves: frozen models. Refuses: unknown fields, a reconcilable recipient
without a URL to ask.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gateway.contract.adapter import Capability
from gateway.contract.config import AdapterConfig, Seconds, SecretRef, Url

_PLACE = "{service}"


class EndpointConfig(AdapterConfig):
    """The gateway's own SOAP face has no settings beside the gateway's limits."""


class SinkConfig(AdapterConfig):
    """How one system receives documents, queries and receipts by SOAP."""

    url: Url = Field(description="the service's address; {service} in it stands for the name of the service")
    version: Literal["1.1", "1.2"] = Field(default="1.1", description="the version of SOAP we call with")
    key: SecretRef | None = Field(default=None, description="the API key we show")
    auth: Literal["bearer", "basic"] = Field(default="bearer", description="how the key is shown")
    recipient: Capability = Field(default=Capability.NEITHER, description="what it does with the same delivery twice")
    reconcile_url: Url | None = Field(default=None, description="asked as <reconcile_url>/<deliveryId>")
    receipts_url: Url | None = Field(default=None, description="its acknowledgement.deliver service, for receipts")
    inline_limit: int | None = Field(
        default=None, ge=0, description="bytes of parts sent inline in one message, above it by URL; the gateway's own"
    )
    timeout: Seconds = Field(default=30.0, description="the longest wait for an answer")

    @model_validator(mode="after")
    def _can_be_asked(self) -> SinkConfig:
        if self.recipient is Capability.RECONCILABLE and self.reconcile_url is None:
            raise ValueError("a reconcilable recipient needs a reconcile_url")
        return self

    def url_for(self, service: str) -> str:
        return self.url.replace(_PLACE, service)
