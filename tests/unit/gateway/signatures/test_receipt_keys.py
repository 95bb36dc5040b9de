"""Keys of receipts rotate; what was signed by a former one still verifies."""

from __future__ import annotations

from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from gateway.signatures.jws import SigningKeyRefused
from gateway.signatures.receipt_keys import ReceiptKeys


def rotated(keys: ReceiptKeys, at_ms: int) -> ReceiptKeys:
    keys.take(keys.stage(at_ms))
    return keys


def verifies(keys: ReceiptKeys, compact: str) -> bool:
    published = KeySet.import_key_set(keys.jwks())  # type: ignore[arg-type]
    return bool(jws.deserialize_compact(compact, published, algorithms=["ES256"]).payload)


def test_the_first_key_is_made_and_found_again(tmp_path: Path) -> None:
    made = ReceiptKeys.load(tmp_path)
    assert (tmp_path / "receipts.pem").stat().st_mode & 0o777 == 0o600
    assert ReceiptKeys.load(tmp_path).kid == made.kid
    assert [one["kid"] for one in made.jwks()["keys"]] == [made.kid]


def test_a_new_key_signs_at_once_and_after_a_restart(tmp_path: Path) -> None:
    keys = ReceiptKeys.load(tmp_path)
    old, first = keys.sign(b"{}"), keys.kid
    rotated(keys, 1)
    assert keys.kid != first
    again = ReceiptKeys.load(tmp_path)
    assert again.kid == keys.kid
    assert {one["kid"] for one in again.jwks()["keys"]} == {first, keys.kid}
    assert verifies(again, old)
    assert verifies(again, again.sign(b"{}"))
    third = rotated(again, 2).kid
    assert ReceiptKeys.load(tmp_path).kid == third
    # The clock was set back since.
    fourth = rotated(ReceiptKeys.load(tmp_path), 1).kid
    assert ReceiptKeys.load(tmp_path).kid == fourth


def test_a_crash_between_the_steps_leaves_the_old_key(tmp_path: Path) -> None:
    keys = ReceiptKeys.load(tmp_path)
    staged = keys.stage(1)
    assert len(bytes.fromhex(staged.thumbprint)) == 32
    assert keys.kid == ReceiptKeys.load(tmp_path).kid


def test_a_private_key_may_be_taken_away(tmp_path: Path) -> None:
    keys = ReceiptKeys.load(tmp_path)
    old = keys.sign(b"{}")
    rotated(keys, 1)
    (tmp_path / "receipts.pem").unlink()
    again = ReceiptKeys.load(tmp_path)
    assert again.kid == keys.kid
    assert not (tmp_path / "receipts.pem").exists()
    assert verifies(again, old)


def test_the_settings_name_the_key(tmp_path: Path) -> None:
    keys = ReceiptKeys.load(tmp_path)
    first = keys.kid
    rotated(keys, 1)
    chosen = ReceiptKeys.load(tmp_path, "receipts.pem")
    assert (chosen.kid, chosen.pinned) == (first, True)
    with pytest.raises(SigningKeyRefused, match="no key of receipts is called"):
        ReceiptKeys.load(tmp_path, "other.pem")


def test_a_public_key_that_is_none_is_said(tmp_path: Path) -> None:
    keys = ReceiptKeys.load(tmp_path)
    (tmp_path / "receipts" / "public" / f"{keys.kid}.json").write_bytes(b"{")
    with pytest.raises(SigningKeyRefused, match="no public key"):
        ReceiptKeys.load(tmp_path)
