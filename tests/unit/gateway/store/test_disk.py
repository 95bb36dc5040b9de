from __future__ import annotations

from pathlib import Path

from gateway.store.disk import DiskReserve, free_bytes


def test_the_reserve_is_asked_for_at_most_once_a_second(tmp_path: Path) -> None:
    now, room, asked = 100.0, 50, 0

    def free(path: Path) -> int:
        nonlocal asked
        asked += 1
        return room

    reserve = DiskReserve(tmp_path, 50, lambda: now, free=free)
    assert reserve.ok()
    room = 49
    now += 0.9
    assert reserve.ok()
    assert asked == 1
    now += 0.1
    assert not reserve.ok()
    assert reserve.free_bytes() == 49
    assert asked == 2


def test_a_filesystem_has_room(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0
