"""`gateway/signatures/jose_header.py`: what a header may say, and what vouches for a key."""

from datetime import UTC, datetime

import pytest

from gateway.signatures import jose_header
from gateway.signatures.examined import Examined
from gateway.signatures.jose_header import Header
from gateway.signatures.jose_text import NotJose


@pytest.mark.parametrize(
    ("name", "digest"),
    [("S256", "sha256"), ("SHA-512", "sha512"), ("http://www.w3.org/2001/04/xmlenc#sha256", "sha256")],
)
def test_digests_have_several_names(name: str, digest: str) -> None:
    assert jose_header.digest_called(name) == digest


@pytest.mark.parametrize("name", [None, "", "md5", 7, "S1"])
def test_other_digests_are_refused(name: object) -> None:
    with pytest.raises(NotJose):
        jose_header.digest_called(name)


@pytest.mark.parametrize(
    ("protected", "at"),
    [
        ({"sigT": "2026-06-01T00:00:00Z"}, datetime(2026, 6, 1, tzinfo=UTC)),
        ({"iat": 0}, datetime(1970, 1, 1, tzinfo=UTC)),
        ({}, None),
    ],
)
def test_the_claimed_time(protected: dict, at: datetime | None) -> None:
    assert jose_header.claimed_at(Header(protected, {})) == at


@pytest.mark.parametrize("protected", [{"sigT": 7}, {"iat": "x"}, {"iat": 1e300}, {"iat": True}, {"sigT": "x"}])
def test_a_time_that_is_none(protected: dict) -> None:
    with pytest.raises(NotJose):
        jose_header.claimed_at(Header(protected, {}))


@pytest.mark.parametrize("crit", ["b64", [], [1], ["b64", "b64"], ["alg"], ["absent"], {}])
def test_a_list_of_what_is_critical_must_be_one(crit: object) -> None:
    one = Examined("JWS", "x")
    jose_header.check_critical(one, Header({"alg": "RS256", "b64": True, "crit": crit}, {}))
    assert "format_broken" in {each.code for each in one.findings}


@pytest.mark.parametrize("alg", ["none", "HS256", "HS384", "HS512"])
def test_secrets_prove_nothing(alg: str) -> None:
    one = Examined("JWS", "x")
    assert jose_header.read_algorithm(one, Header({"alg": alg}, {})) is None
    assert [each.code for each in one.findings] == ["no_key_signature"]


@pytest.mark.parametrize("alg", [None, "None", "ES256K", 7, ["RS256"], {}])
def test_other_algorithms_are_not_computed(alg: object) -> None:
    one = Examined("JWS", "x")
    assert jose_header.read_algorithm(one, Header({"alg": alg}, {})) is None
    assert [each.code for each in one.findings] == ["unsupported"]


@pytest.mark.parametrize("told", ["x", [], [7], ["AAAA"], ["MAA="] * 100])
def test_a_chain_must_be_one(told: object) -> None:
    with pytest.raises(NotJose):
        jose_header.read_certificates(Examined("JWS", "x"), Header({"x5c": told}, {}), [])
