"""What a sender says its bytes hash to."""

from __future__ import annotations

import base64
import hashlib

import pytest

from gateway.contract import Reason, Refused
from gateway.contract.digests import check, declared

DATA = b"surat"


def said(algorithm: str, data: bytes = DATA) -> str:
    digest = hashlib.new(algorithm.replace("-", ""), data).digest()
    return f"{algorithm}=:{base64.b64encode(digest).decode()}:"


@pytest.mark.parametrize(
    ("lines", "algorithms"),
    [
        ([], []),
        ([""], []),
        (["md5=:AAAA:"], []),
        ([said("sha-256")], ["sha-256"]),
        ([said("sha-512")], ["sha-512"]),
        ([f"md5=:AAAA:, {said('sha-256')};p=1,{said('sha-512')}"], ["sha-256", "sha-512"]),
        ([said("sha-512"), said("sha-256"), said("sha-256")], ["sha-256", "sha-512"]),
        ([said("sha-256").replace("sha", "SHA")], ["sha-256"]),
    ],
)
def test_digests_are_read_from_all_lines(lines: list[str], algorithms: list[str]) -> None:
    found = declared(lines)
    assert sorted(found) == algorithms
    check(found, DATA)


@pytest.mark.parametrize(
    "lines",
    [
        ["sha-256"], ["sha-256="], ["sha-256=:"], ["sha-256=::"], ["sha-256=:AAAA:"], ["sha-256=:%%%%:"],
        ["sha-512=abc"], [said("sha-256").replace(":", "")], [said("sha-256"), said("sha-256", b"x")],
        [f"{said('sha-512')}, {said('sha-512', b'x')}"],
    ],
)  # fmt: skip
def test_what_is_no_digest_and_two_that_differ_are_refused(lines: list[str]) -> None:
    with pytest.raises(Refused) as caught:
        declared(lines)
    assert caught.value.reason is Reason.DIGEST_MISMATCH


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
def test_other_bytes_are_refused(algorithm: str) -> None:
    with pytest.raises(Refused, match=algorithm) as caught:
        check(declared([said(algorithm, b"x")]), DATA)
    assert caught.value.reason is Reason.DIGEST_MISMATCH
