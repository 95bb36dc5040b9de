"""What is built is whole, private, and under the test's barrier."""

from __future__ import annotations

import stat
from pathlib import Path

from gateway.app import build
from gateway.federation import Federation
from tests.unit.gateway.bench import STUB
from tests.unit.gateway.http.face import loopback


async def test_a_node_is_built_private_and_stands_at_the_barrier_it_was_given(
    tmp_path: Path, federation: Federation
) -> None:
    seen: list[str] = []
    state = tmp_path / "state"
    node = build(loopback(state_dir=state, endpoints=()), federation, {"stub": STUB}, seen.append)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert [name for name, _ in node.adapters]
    await node.start()
    await node.stop()
    assert {"journal.before_begin", "journal.before_commit", "journal.after_commit", "sequencer.before_file"} <= set(
        seen
    )
    assert {path.name for path in state.iterdir()} >= {"journal", "keys", "log", "parts"}
    assert [path for path in state.rglob("*") if path.stat().st_mode & 0o077] == []
