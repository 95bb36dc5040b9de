"""Receipts that hold, and each way in which they do not. The receipts are those of the real rooms."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.message import Body
from gateway.receipt import ReceiptWriter
from gateway.signatures.jws import SigningKey
from gateway.signatures.receipt_bundle import Bundle, Given
from gateway.signatures.receipt_check import ADVICE, PROBLEMS, Checked, check
from tests.unit.gateway.bench import PAPER

KEY = SigningKey(ec.generate_private_key(ec.SECP256R1()))
STRANGER = SigningKey(ec.generate_private_key(ec.SECP256R1()))
JWKS = {"keys": [KEY.public_jwk()]}
DOCUMENT = b'{"subject":"Rapat"}'
BODY = Body(DOCUMENT, bytes(range(16)), (PAPER,), None, {})
DIGEST = bytes.fromhex(PAPER.sha256)


class Chain:
    """Receipts of one message as the gateway writes them."""

    def __init__(self, *recipients: str, key: SigningKey = KEY, message: str = "m", body: Body = BODY) -> None:
        self.recipients, self.message, self.body = recipients, message, body
        self.clock = 1_700_000_000_000
        self.writer = ReceiptWriter(key, instance="test", node="node-1", new_id=lambda: "r", now_ms=self.now)

    def now(self) -> int:
        self.clock += 1
        return self.clock

    def write(self, kind: str, to: str | None = None, previous: str | None = None, **more: Any) -> str:
        recipients = self.recipients if to is None else (to,)
        delivery = None if to is None else f"{self.message}.{self.recipients.index(to) + 1}"
        return self.writer.write(
            kind, message=self.message, sender="a/b", recipients=recipients, service="letter.deliver",
            document_type="letter/1", body=self.body, delivery=delivery,
            previous=None if previous is None else hashlib.sha256(previous.encode()).hexdigest(), **more,
        ).copy.jws  # fmt: skip

    def whole(self) -> list[str]:
        accepted = self.write("accepted")
        return [accepted, *(self.write("delivered", one, accepted) for one in self.recipients)]


def judged(receipts: list[str], *, parts: list[bytes] | None = None, jwks: Any = JWKS, **more: Any) -> Checked:
    return check(Bundle(tuple(Given(one) for one in receipts), **more), jwks, parts)


def codes(checked: Checked) -> list[str]:
    assert {one.code for one in checked.problems} <= set(PROBLEMS)
    assert all(one.message and one.advice for one in checked.problems)
    assert set(ADVICE) == set(PROBLEMS)
    return [one.code for one in checked.problems]


def test_a_whole_tree_holds_with_all_it_commits_to() -> None:
    chain = Chain("c/d", "e/f")
    checked = judged(chain.whole(), documents=(DOCUMENT,), parts=[DIGEST])
    assert checked.holds
    assert checked.message == "m"
    assert {one.checked for one in checked.receipts} == {("document", "part")}


def test_a_registration_and_a_refusal_hold() -> None:
    chain = Chain("c/d", "e/f")
    accepted = chain.write("accepted")
    delivered = chain.write("delivered", "c/d", accepted)
    registered = chain.write("registered", "c/d", delivered, registration="AGD-1")
    refused = chain.write("refused", "e/f", accepted)
    givens = (Given(accepted), Given(delivered), Given(registered, "AGD-1"), Given(refused))
    assert check(Bundle(givens), JWKS).holds
    wrong = check(Bundle((*givens[:2], Given(registered, "AGD-2"), givens[3])), JWKS)
    assert codes(wrong) == ["registration_differs"]


def test_what_is_missing_is_said() -> None:
    accepted, first, second = Chain("c/d", "e/f").whole()
    assert [(one.code, one.about) for one in judged([accepted, first]).problems] == [("not_delivered", "e/f")]
    assert codes(judged([first, second])) == ["gap", "gap", "no_accepted"]
    chain = Chain("c/d")
    accepted = chain.write("accepted")
    registered = chain.write("registered", "c/d", chain.write("delivered", "c/d", accepted))
    assert codes(judged([accepted, registered])) == ["gap"]
    assert not judged([]).holds


def test_a_key_that_is_not_there_and_one_that_lies_about_its_id() -> None:
    foreign = Chain("c/d", key=STRANGER).whole()
    assert codes(judged(foreign)) == ["unknown_key"] * 2
    lying = {"keys": [{**KEY.public_jwk(), "kid": STRANGER.kid}, 7, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "!"}]}
    assert codes(judged(foreign, jwks=lying)) == ["unknown_key"] * 2
    assert judged(Chain("c/d").whole(), jwks=lying).holds
    assert codes(judged(foreign, jwks={"keys": None})) == ["unknown_key"] * 2


def changed(jws: str, **header: Any) -> str:
    head, payload, signature = jws.split(".")
    value = {**json.loads(base64.urlsafe_b64decode(head + "==")), **header}
    return ".".join((base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode(), payload, signature))


def test_other_algorithms_and_forged_content() -> None:
    accepted, delivered = Chain("c/d").whole()
    assert codes(judged([changed(accepted, alg="none"), delivered]))[0] == "wrong_algorithm"
    assert codes(judged([changed(accepted, alg="HS256"), delivered]))[0] == "wrong_algorithm"
    assert codes(judged([changed(accepted, crit=["b64"]), delivered]))[0] == "no_receipt"
    assert codes(judged([changed(accepted, typ="JWT"), delivered]))[0] == "no_receipt"
    head, _, signature = accepted.split(".")
    forged = ".".join((head, delivered.split(".")[1], signature))
    assert codes(judged([forged]))[0] == "signature_broken"


def test_a_payload_that_is_no_manifest() -> None:
    for payload in (b"[]", b"{}", b'{"v":1}', b"not json"):
        made = KEY.sign(payload)
        assert codes(judged([made])) == ["no_receipt"]


def test_receipts_of_two_messages_and_two_that_say_the_same() -> None:
    assert "other_message" in codes(judged([*Chain("c/d").whole(), *Chain("c/d", message="n").whole()]))
    chain = Chain("c/d")
    accepted, delivered = chain.whole()
    assert codes(judged([accepted, delivered, chain.write("delivered", "c/d", accepted)])) == ["twice"]


def test_an_order_that_cannot_be() -> None:
    chain = Chain("c/d", "e/f")
    accepted = chain.write("accepted")
    first = chain.write("delivered", "c/d", accepted)
    second = chain.write("delivered", "e/f", first)
    assert codes(judged([accepted, first, second])) == ["order"]
    orphan = chain.write("delivered", "e/f")
    assert codes(judged([accepted, first, orphan])) == ["order"]


def test_documents_and_parts_that_are_others() -> None:
    whole = Chain("c/d").whole()
    assert codes(judged(whole, documents=(b"{}",))) == ["document_differs", "document_differs", "document_alone"]
    other = hashlib.sha256(b"other").digest()
    assert codes(judged(whole, parts=[other])) == ["part_missing", "part_missing", "part_differs"]
    assert codes(judged(whole, parts=[DIGEST, other])) == ["part_differs"]


def test_a_forged_document_or_part_beside_the_true_one_is_seen() -> None:
    whole = Chain("c/d").whole()
    for documents in ((b"{}", DOCUMENT), (DOCUMENT, b"{}")):
        checked = judged(whole, documents=documents)
        assert [(one.code, one.about) for one in checked.problems] == [
            ("document_alone", hashlib.sha256(b"{}").hexdigest())
        ]
    # A recipient of several has no receipt of the whole.
    alone = judged(whole[1:], documents=(DOCUMENT,), parts=[DIGEST, b"x" * 32])
    assert codes(alone) == ["gap", "no_accepted", "part_differs"]


def test_what_was_sent_and_what_was_released_fit_each_a_receipt_of_its_own() -> None:
    sent = Chain("c/d")
    accepted = sent.write("accepted")
    sent.body = Body(b"{}", b"r" * 16, (), None, {})
    delivered = sent.write("delivered", "c/d", accepted)
    checked = judged([accepted, delivered], documents=(DOCUMENT, b"{}"))
    assert checked.holds
    assert {one.checked for one in checked.receipts} == {("document",)}
    assert codes(judged([accepted, delivered], documents=(DOCUMENT, b"{}", b"[]"))) == ["document_alone"]


def test_a_document_beside_receipts_that_commit_to_none_does_not_hold() -> None:
    nothing = Chain("c/d", body=Body(b"", b"s" * 16, (), None, {}))
    assert judged(nothing.whole()).holds
    assert codes(judged(nothing.whole(), documents=(DOCUMENT,))) == ["document_alone"]
    assert codes(judged(Chain("c/d").whole(), errors=b"[]")) == ["errors_differ"]
    assert codes(judged([], documents=(DOCUMENT,), parts=[DIGEST])) == ["document_alone", "part_differs"]


def test_a_batch_and_its_row_problems() -> None:
    errors = b'[{"row":2}]'
    document = b'{"errorsSha256":"%s"}' % hashlib.sha256(errors).hexdigest().encode()
    writer = ReceiptWriter(KEY, instance="test", node="n", new_id=lambda: "r", now_ms=lambda: 1_700_000_000_000)
    accepted = writer.write(
        "accepted", message="b", sender="a/b", recipients=(), service="person.deliver", document_type="file-batch/1",
        body=Body(document, b"s" * 16, (), None, {}),
    ).copy.jws  # fmt: skip
    assert judged([accepted], documents=(document,), errors=errors).holds
    assert codes(judged([accepted], documents=(document,), errors=b"[]")) == ["errors_differ"]
    odd = judged([accepted], documents=(document, b"[]", b'{"errorsSha256":[]}'), errors=errors)
    assert codes(odd) == ["document_alone"] * 2


GOOD = Chain("c/d").whole()


@settings(max_examples=150)
@given(st.integers(0, 1), st.data())
def test_a_changed_byte_never_holds_and_never_raises(which: int, data: Any) -> None:
    jws = GOOD[which]
    place = data.draw(st.integers(0, len(jws) - 1))
    char = data.draw(st.sampled_from("ABz09-_.=é\n"))
    forged = jws[:place] + char + jws[place + 1 :]
    receipts = list(GOOD)
    receipts[which] = forged
    if forged != jws:
        assert not judged(receipts).holds


@pytest.mark.parametrize("rubbish", ["", ".", "..", "a.b.c", "é.é.é", "e30.e30.e30", "=.=.="])
def test_rubbish_is_no_receipt(rubbish: str) -> None:
    assert codes(judged([rubbish])) == ["no_receipt"]
