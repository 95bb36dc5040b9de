"""`gateway/signatures/jose_proofs.py`: entries of `etsiU` in clear and in base64url, and damaged ones."""

import json

import pytest

from gateway.signatures import jose_proofs
from gateway.signatures.jose_header import Header
from gateway.signatures.jose_text import NotJose
from tests.zoo.jws import b64url, x5c
from tests.zoo.pki import pki

ENTRY = {"xVals": [{"x509Cert": {"val": x5c(pki().signer)[0]}}]}


@pytest.mark.parametrize("entry", [ENTRY, b64url(json.dumps(ENTRY).encode())])
def test_entries_stand_in_clear_or_in_base64url(entry: object) -> None:
    assert len(jose_proofs.read(Header({}, {"etsiU": [entry]})).certificates) == 1


def test_revocation_data_of_a_timestamp_is_taken_too() -> None:
    entry = {"tstVD": {"rVals": {"crlVals": [{"val": "MAA="}], "ocspVals": [{"val": "MAA="}]}}}
    proofs = jose_proofs.read(Header({}, {"etsiU": [entry, {"rfsTst": {}}]}))
    assert (proofs.crls, proofs.ocsps, proofs.unknown) == ([b"0\x00"], [b"0\x00"], ["rfsTst"])


@pytest.mark.parametrize(
    "told",
    [{}, "x", [1], ["!"], [{}], [{"a": 1, "b": 2}], [{"xVals": 7}], [{"rVals": []}], [{"rVals": {"crlVals": [7]}}],
     [{"xVals": [{"x509Cert": {"val": "!"}}]}], [{}] * 1000],
)  # fmt: skip
def test_damaged_entries_are_refused(told: object) -> None:
    with pytest.raises(NotJose):
        jose_proofs.read(Header({}, {"etsiU": told}))
