"""What may stand in a signer's configuration."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.bsre import ADAPTER, SignerConfig

GOOD: dict[str, Any] = {"version": "v1", "url": "http://10.0.0.5", "credentials": {"file": "keys/bsre.key"}}


def test_three_fields_are_enough() -> None:
    config = SignerConfig.model_validate(GOOD)
    assert (config.confirm, config.mark, config.origin, config.pixels_per_inch) == (
        "passphrase", "image", "lower_left", 72.0
    )  # fmt: skip
    assert config.address("/api/sign/pdf") == "http://10.0.0.5/api/sign/pdf"
    assert SignerConfig.model_validate({**GOOD, "url": "http://10.0.0.5/esign/"}).address("/api") == (
        "http://10.0.0.5/esign/api"
    )


@pytest.mark.parametrize(
    "more",
    [
        {"confirm": "totp"},
        {"version": "v2", "mark": "link"},
        {"version": "v3"},
        {"pixels_per_inch": 0},
        {"url": "http://esign:rahasia@10.0.0.5"},
        {"credentials": "esign:rahasia"},
        {"timeout": 30},
        {"nik": "3273011708900001"},
    ],
)
def test_what_the_service_has_not_is_a_finding(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SignerConfig.model_validate({**GOOD, **more})


def test_it_is_found_as_a_signer_and_as_nothing_else() -> None:
    assert ADAPTER.kinds == {"signer"}
    assert ADAPTER.config_model("signer") is SignerConfig
