from datetime import timedelta

import pytest
from pydantic import BaseModel

from gateway.federation.duration import Duration, parse_duration


class Holder(BaseModel):
    length: Duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("10s", 10), ("5m", 300), ("24h", 86_400), ("14d", 1_209_600)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)
    again = Holder(length=parse_duration(text)).model_dump(mode="json")["length"]
    assert parse_duration(again) == parse_duration(text)


@pytest.mark.parametrize(
    "value",
    ["", "10", 10, 1.5, True, None, "-1s", "1.5s", "1 s", "0s", "1w", "99999d", "10S", "1s\n", "٣s", "9" * 30 + "s"],
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="a duration is"):
        parse_duration(value)
