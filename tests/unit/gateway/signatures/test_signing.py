"""The shapes of a signing request and their JSON."""

from pathlib import Path

import orjson
import pytest

from gateway.signatures.signing import (
    Mark,
    Placement,
    SigningKeySource,
    SigningRefused,
    SigningRequest,
    heard,
    told,
)

REQUESTS = [
    SigningRequest("B-B", "2026-06-01T08:41:00+07:00"),
    SigningRequest(
        "B-LTA", "2026-06-01T08:41:00+07:00", Mark(Placement(tag="#"), "https://x.id", ("a", "b")), "r", "l"
    ),
]
KEYS = [
    SigningKeySource("file", (Path("a.pem"), Path("b.pem")), Path("k.pem")),
    SigningKeySource("pkcs11", (Path("a.pem"),), module=Path("m.so"), token="t", label="l"),
]


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("key", KEYS)
def test_a_request_travels_as_json(request_: SigningRequest, key: SigningKeySource) -> None:
    assert heard(orjson.loads(orjson.dumps(told(request_, key)))) == (request_, key)


def test_a_refusal_has_a_code_and_advice() -> None:
    error = SigningRefused("no_room", "too small", "make it larger")
    assert (error.code, str(error), error.advice) == ("no_room", "too small", "make it larger")
