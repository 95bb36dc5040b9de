"""What travels: frozen, and secrets that neither print nor pickle."""

from __future__ import annotations

import pickle

import pytest

from gateway.contract.exchange import Caller, Ephemeral, Native, Part, PartRef

PART = Part(1, "0" * 64, 3, "text/plain")


def test_a_body_without_parts_is_one_piece() -> None:
    assert Native((b"a", b"b"), "text/plain").whole() == b"ab"
    with pytest.raises(ValueError, match="must be streamed"):
        Native((b"a", PartRef(PART)), "text/plain").whole()


def test_what_must_not_be_recorded_is_wiped_and_never_shown() -> None:
    secret = Ephemeral({"passphrase": "rahasia"})
    assert secret.take("passphrase") == "rahasia"
    assert secret.take("totp") is None
    assert "rahasia" not in repr(secret)
    with pytest.raises(TypeError, match="cannot be stored"):
        pickle.dumps(secret)
    secret.wipe()
    assert not secret
    assert secret.take("passphrase") is None


def test_an_agency_is_the_first_half() -> None:
    assert Caller("kota/simpus").agency == "kota"
