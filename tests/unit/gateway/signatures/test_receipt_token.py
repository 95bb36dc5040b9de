"""What is refused before any token is asked; tests/peers/softhsm drives a real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.signatures.jws import SigningKeyRefused
from gateway.signatures.receipt_token import TokenKey


def test_a_module_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "module.so").write_bytes(b"no module")
    (tmp_path / "pin").write_text("1234")
    (tmp_path / "pin").chmod(0o600)
    for module in ("module.so", "absent.so"):
        with pytest.raises(SigningKeyRefused):
            TokenKey(tmp_path / module, "token", "key", tmp_path / "pin")
