"""Whatever arrives, the codec gives a submission or a named refusal; what leaves can be read again."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.rest.codec import RestCodec, content_digest, read_submission
from gateway.contract import Native, PartRef, Reason, Refused
from gateway.contract.testing import LIMITS, FakeHost, outbound_for
from schemas.strict_json import JsonLimits

STRICT = JsonLimits(64 * 1024, 16)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ENVELOPE = st.fixed_dictionaries(
    {"service": st.just("letter.deliver") | VALUES, "schema": st.just("letter/1") | VALUES},
    optional=dict.fromkeys(("idempotencyKey", "sender", "recipients", "expiresAt", "messageId", "x"), VALUES),
)
PART = st.fixed_dictionaries(
    {"mediaType": st.text(max_size=9) | VALUES, "content": st.text(max_size=9) | VALUES},
    optional={"name": VALUES, "sha256": VALUES, "x": VALUES},
)
BODY = st.fixed_dictionaries(
    {"envelope": ENVELOPE | VALUES, "document": st.dictionaries(st.text(max_size=5), VALUES, max_size=2) | VALUES},
    optional={"parts": st.lists(PART, max_size=3) | VALUES, "x": VALUES},
)


def outcome(make: Callable[[], Any]) -> Any:
    """What was made, or the reason it was refused for; any other exception is a failure."""
    try:
        return make()
    except Refused as refused:
        return refused.reason


@settings(max_examples=150, deadline=None)
@given(BODY.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=60), st.booleans())
def test_a_body_is_a_submission_or_a_named_refusal(data: bytes, inline: bool) -> None:
    read = outcome(lambda: read_submission(data, STRICT, 1000, inline=inline))
    if not isinstance(read, Reason):
        assert isinstance(read.document, dict)
        assert read.envelope.service
        assert inline or read.parts == ()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80) | VALUES.map(lambda value: json.dumps({"document": value}).encode()))
def test_an_answer_is_a_document_or_the_recipients_fault(data: bytes) -> None:
    answer = outcome(lambda: RestCodec(LIMITS).to_answer(Native((data,), "application/json"), "coverage/1"))
    assert answer is Reason.RECIPIENT_ANSWER_INVALID or answer.TYPE == "coverage/1"


def test_the_inline_limit_is_in_decoded_bytes() -> None:
    def body(size: int) -> bytes:
        part = {"mediaType": "a/b", "content": base64.b64encode(bytes(size)).decode()}
        envelope = {"service": "letter.deliver", "schema": "letter/1"}
        return json.dumps({"envelope": envelope, "document": {}, "parts": [part]}).encode()

    assert len(read_submission(body(1000), STRICT, 1000).parts[0].content) == 1000
    for size in (1001, 1002, 1003, 2000):
        with pytest.raises(Refused) as caught:
            read_submission(body(size), STRICT, 1000)
        assert (caught.value.reason, caught.value.limit) == (Reason.INLINE_TOO_LARGE, 1000)


def test_a_document_is_spliced_as_it_is_and_parts_are_references() -> None:
    part = FakeHost().parts.put("message-out", b"%PDF", name="surat.pdf")
    outbound = outbound_for("letter/1", {"subject": "é"}, service="letter.deliver", parts=(part,))
    plain = RestCodec(LIMITS, "reference").from_document(outbound)
    assert outbound.document_json in plain.whole()
    carried = RestCodec(LIMITS, "multipart").from_document(outbound)
    assert [piece.part for piece in carried.body if isinstance(piece, PartRef)] == [part]
    with pytest.raises(ValueError, match="streamed"):
        carried.whole()


def test_a_content_digest_is_rfc_9530s() -> None:
    digest = hashlib.sha256(b'{"hello": "world"}\n').hexdigest()
    assert content_digest(digest) == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
