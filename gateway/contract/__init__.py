"""The door: all that an integrator may import from the gateway.

Enters and leaves: the types an adapter speaks in. Refuses: nothing by itself; `gateway.contract.conformance`
holds the tests that an adapter inherits. Documents themselves come from `schemas`.
"""

from gateway.contract.adapter import Adapter, AdapterSpec, Capability, Codec, Endpoint, Sink, Source
from gateway.contract.errors import Ambiguous, NeedsOperator, Refused, TryLater
from gateway.contract.exchange import (
    Accepted,
    Answered,
    Attempt,
    BatchReport,
    Caller,
    Delivered,
    Duplicate,
    Ephemeral,
    Inbound,
    Native,
    Outbound,
    Part,
    PartRef,
    ReceiptCopy,
    Rejected,
    RowProblem,
    Settlement,
)
from gateway.contract.host import (
    Arrival,
    Claim,
    Claims,
    Clock,
    Fingerprint,
    Host,
    HttpClient,
    HttpReply,
    KeyedState,
    Limits,
)
from gateway.contract.http import BodyPart, HttpCall, HttpRoute, Reply
from gateway.contract.reasons import REASONS, Reason
from gateway.contract.signer import DocumentSigner, PdfToSign

__all__ = [
    "REASONS",
    "Accepted",
    "Adapter",
    "AdapterSpec",
    "Ambiguous",
    "Answered",
    "Arrival",
    "Attempt",
    "BatchReport",
    "BodyPart",
    "Caller",
    "Capability",
    "Claim",
    "Claims",
    "Clock",
    "Codec",
    "Delivered",
    "DocumentSigner",
    "Duplicate",
    "Endpoint",
    "Ephemeral",
    "Fingerprint",
    "Host",
    "HttpCall",
    "HttpClient",
    "HttpReply",
    "HttpRoute",
    "Inbound",
    "KeyedState",
    "Limits",
    "Native",
    "NeedsOperator",
    "Outbound",
    "Part",
    "PartRef",
    "PdfToSign",
    "Reason",
    "ReceiptCopy",
    "Refused",
    "Rejected",
    "Reply",
    "RowProblem",
    "Settlement",
    "Sink",
    "Source",
    "TryLater",
]
