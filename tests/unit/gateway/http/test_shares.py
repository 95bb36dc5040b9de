from __future__ import annotations

import pytest

from gateway.contract.errors import TryLater
from gateway.contract.reasons import Reason
from gateway.http.shares import Shares


def test_an_agency_gets_its_share_and_leaves_the_rest_to_others() -> None:
    shares = Shares("calls", 10, 6)
    shares.take("a", 6)
    with pytest.raises(TryLater, match="calls of one agency at once; at most 6") as caught:
        shares.take("a")
    assert caught.value.reason is Reason.BUSY
    shares.take("b", 4)
    with pytest.raises(TryLater, match="too many calls at once"):
        shares.take("b")
    shares.give_back("a", 2)
    shares.take("b", 2)
    shares.give_back("a", 4)
    shares.take("a", 4)


def test_a_share_is_never_more_than_the_whole() -> None:
    shares = Shares("calls", 2, 100)
    shares.take("a", 2)
    with pytest.raises(TryLater, match="at most 2"):
        shares.take("a")
