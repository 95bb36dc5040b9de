"""Key files of evidence stay in the folder of keys."""

import pytest
from pydantic import ValidationError

from gateway.settings_evidence import Evidence


@pytest.mark.parametrize("name", ["/etc/key.pem", "keys/../x.pem", "keys/", "keys/a/b.pem", "keys/.hidden"])
def test_a_key_lies_among_the_keys(name: str) -> None:
    with pytest.raises(ValidationError):
        Evidence(key_file=name)


@pytest.mark.parametrize("name", ["/etc/key.pem", "../x.pem", "", ".x.pem", "a/b.pem"])
def test_a_key_of_receipts_is_named_without_a_folder(name: str) -> None:
    with pytest.raises(ValidationError):
        Evidence(receipt_key=name)


def test_the_defaults_are_files_of_the_gateway() -> None:
    assert Evidence().key_file == "keys/evidence.pem"


def test_a_token_is_named_whole_and_alone() -> None:
    for wrong in (
        {"token": "t"},
        {"token_module": "/m.so", "token": "t"},
        {"token_module": "/m.so", "token": "t", "token_key": "k", "receipt_key": "receipts.pem"},
    ):
        with pytest.raises(ValidationError):
            Evidence(**wrong)
    assert Evidence(token_module="/m.so", token="t", token_key="k").token_pin_file == "keys/receipts.pin"
