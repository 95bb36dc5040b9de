from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.store.keyfiles import KeyFileRefused, secret


def test_a_secret_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a.key"
    first = secret(path, make=True)
    assert len(first) == 32
    assert secret(path, make=True) == secret(path, make=False) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert os.listdir(path.parent) == ["a.key"]


def test_of_two_first_starts_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "a.key"

    def entropy(size: int) -> bytes:
        path.write_bytes(b"w" * size)
        path.chmod(0o600)
        return b"l" * size

    assert secret(path, make=True, entropy=entropy) == b"w" * 32
    assert os.listdir(tmp_path) == ["a.key"]


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused, match=r"a\.key is missing"):
        secret(tmp_path / "a.key", make=False)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.key"
    secret(path, make=True)
    path.chmod(mode)
    with pytest.raises(KeyFileRefused, match="chmod 600"):
        secret(path, make=True)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_secret_of_another_size_is_refused_and_kept(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.key"
    path.write_bytes(b"x" * size)
    path.chmod(0o600)
    with pytest.raises(KeyFileRefused, match="32 bytes") as caught:
        secret(path, make=True)
    assert "xxx" not in str(caught.value)
    assert path.stat().st_size == size


def test_a_link_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    secret(tmp_path / "real.key", make=True)
    (tmp_path / "link.key").symlink_to(tmp_path / "real.key")
    (tmp_path / "folder.key").mkdir()
    os.mkfifo(tmp_path / "pipe.key", 0o600)
    for name in ("link", "folder", "pipe"):
        with pytest.raises(KeyFileRefused):
            secret(tmp_path / f"{name}.key", make=True)
