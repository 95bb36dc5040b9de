"""The README says in two languages what is within, and what is not."""

from datetime import UTC, datetime

from gateway.evidence_words import readme


def test_it_says_what_is_there() -> None:
    whole = readme(
        "01a2", datetime(2026, 11, 23, 8, 0, tzinfo=UTC), documents=True, receipts=True, verdicts=True
    ).decode()
    gone = readme(
        "01a2", datetime(2026, 11, 23, 8, 0, tzinfo=UTC), documents=False, receipts=False, verdicts=False
    ).decode()
    for text in (whole, gone):
        assert text.count("01a2") == 2
        assert text.count("2026-11-23T08:00:00Z") == 2
        assert "lintas verify" in text
        assert "{" not in text
    assert "  receipts.json: " in whole
    assert "  receipts.json: " not in gone
    assert "was erased" in gone
    back = readme("m", datetime(2026, 11, 23, tzinfo=UTC), documents=False, receipts=True, verdicts=False).decode()
    assert ("  receipts.json: " in back, "  document.json" in back, "was erased" in back) == (True, False, True)
    assert "sudah dihapus" in gone
    assert ("errors.json" in whole, "was erased" in whole) == (False, False)
    at = datetime(2026, 11, 23, tzinfo=UTC)
    more = readme("m", at, documents=True, receipts=True, verdicts=True, errors=True).decode()
    assert (more.count("  verdicts.json: "), more.count("  errors.json: "), "was erased" in more) == (2, 2, False)
    # The keys within prove nothing by themselves.
    assert more.count("--for gateways") == 2
    assert "--jwks" not in more


def test_verdicts_are_listed_where_they_are_within_and_whose_word_the_keys_are_is_said() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    some = [readme("m", at, documents=True, receipts=True, verdicts=one).decode() for one in (True, False)]
    assert [text.count("verdicts.json") for text in some] == [2, 0]
    assert all("erased" not in text and "vouches for jwks.json" in text for text in some)
