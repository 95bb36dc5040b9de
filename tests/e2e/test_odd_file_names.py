"""A file whose name is no UTF-8 is refused by name, and stops neither the process nor the files beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.e2e.process import Place, until


def drop(folder: Path, name: bytes, content: str) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text(content)


async def test_a_name_that_is_not_utf8_stops_nobody(tmp_path: Path) -> None:
    source = {
        "name": "inbox",
        "adapter": "filedrop",
        "config": {
            "inbox": "drop/desa/inbox",
            "ready": {"mode": "rename", "min_age": "0s"},
            "formats": ["json"],
            "document": "person/1",
            "service": "person.deliver",
        },
    }
    systems: dict[str, Any] = {
        "desa": {"may_use": ["person.deliver"], "sources": [source]},
        "tarik": {"channel": {"pull": True}},
    }
    place = Place(tmp_path, systems, [{"service": "person.deliver", "to": ["uji/tarik"]}])
    async with place.running() as gateway:
        inbox = place.state / "drop" / "desa" / "inbox"
        errors = inbox.with_name("errors")
        for name, content in ((b"bad\xff.json", "{}"), (b"beside.json", "{")):
            drop(inbox, name, content)
        await until(lambda: len(list(errors.glob("*.error.json"))) == 2, "two error files")
        assert any('"name_refused"' in path.read_text() for path in errors.glob("*.error.json"))
        await gateway.healthy()
