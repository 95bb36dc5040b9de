"""Many different messages at once: each recipient gets each content under its own name."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.e2e.evidence import nothing_is_held, parts_are_of_messages, the_log_is_whole
from tests.e2e.scenes import Scene, letter, once, recipients
from tests.walk.inside import inside


async def test_every_message_keeps_its_own_content(tmp_path: Path) -> None:
    numbers = [f"L-{number:02d}" for number in range(40)]
    async with recipients() as found:
        scene = Scene(tmp_path, found, to=("idem", "buta"))
        async with inside(scene.place) as gateway:
            told = await asyncio.gather(*[gateway.post(letter(number), "pengirim") for number in numbers])
            assert {status for status, _ in told} == {202}
            await gateway.drained()
            assert await gateway.quarantine() == []
        for name in scene.to:
            assert sorted(once(found[name])) == numbers
        messages = {one["messageId"]: number for number, (_, one) in zip(numbers, told, strict=True)}
        for key, document in found["idem"].documents.items():
            assert messages[key.partition(".")[0]] == document["letterNumber"]
            assert found["idem"].envelopes[key]["messageId"] == key.partition(".")[0]
    the_log_is_whole(scene.place.state)
    nothing_is_held(scene.place.state)
    parts_are_of_messages(scene.place.state)
