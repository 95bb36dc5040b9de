from __future__ import annotations

import pytest

from gateway.contract.errors import Refused
from gateway.contract.keys import check_key
from gateway.contract.reasons import Reason


@pytest.mark.parametrize("key", [None, "a", "k" * 255, "\u00e9" * 127, " "])
def test_a_key_that_can_be_kept(key: str | None) -> None:
    check_key(key)


@pytest.mark.parametrize("key", ["", "k" * 256, "\u00e9" * 128, "\udc80"])
def test_what_is_no_key_is_refused_with_its_limit(key: str) -> None:
    with pytest.raises(Refused) as caught:
        check_key(key)
    assert (caught.value.reason, caught.value.limit) == (Reason.BAD_REQUEST, 255)
