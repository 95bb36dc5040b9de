"""A desk with a folder on it: a fake host, a folder source over a real temporary folder, and the host's loop."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.filedrop import FolderSource, SourceConfig
from gateway.contract.testing import FakeHost, Ledger, Taken, accept, drive

PERSON = {"nik": "3273014205900001", "fullName": "Siti Contoh", "birthDate": "1990-05-02", "sex": "female"}
LETTER = {
    "letterNumber": "005/12/Kel.Cpt/2026",
    "letterDate": "2026-11-20",
    "letterType": "undangan",
    "subject": "Undangan rapat koordinasi",
    "securityLevel": "B",
    "urgency": "biasa",
    "archiveClass": "000.1.2",
    "sender": {"name": "Kelurahan Cihapit"},
    "recipients": [{"kind": "non_srikandi", "organisation": {"name": "Dinas Sosial"}}],
}


class PowerCut(BaseException):
    """The process ends here, whatever it holds."""


class Desk:
    """One inbox and everything around it. `restart` keeps the disk and the journal, nothing else."""

    def __init__(self, root: Path, **config: Any) -> None:
        self.root = root
        self.inbox = root / config.get("inbox", "drop/inbox")
        self.inbox.mkdir(parents=True, exist_ok=True)
        settings: dict[str, Any] = {
            "inbox": "drop/inbox",
            "service": "person.deliver",
            "document": "person/1",
            "ready": {"mode": "rename", "min_age": "0s"},
        }
        self.host = FakeHost(state_dir=str(root), name=config.pop("name", ""))
        self.config = SourceConfig.model_validate({**settings, **config})
        self.ledger = Ledger()
        self.points: list[str] = []
        self.dies_at: Callable[[str], bool] = lambda point: False
        self.source = FolderSource(self.config, self.host, self._barrier)
        places = self.source.places
        self.work, self.archive = places["work"], places["archive"]
        self.errors, self.outbox = places["errors"], places["outbox"]

    def _barrier(self, point: str) -> None:
        self.points.append(point)
        if self.dies_at(point):
            raise PowerCut(point)

    def drop(self, name: str, content: Any) -> Path:
        """Writes elsewhere and renames in, as a careful sender does."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        aside = self.root / "aside"
        aside.write_bytes(data)
        return aside.rename(self.inbox / name)

    async def open(self) -> Desk:
        await self.source.open()
        return self

    async def restart(self) -> None:
        await self.source.close()
        self.dies_at = lambda point: False
        self.host = self.host.restart()
        self.source = FolderSource(self.config, self.host, self._barrier)
        await self.source.open()

    async def round(self, decide: Any = accept, **options: Any) -> list[Taken]:
        return await drive(self.source, decide, host=self.host, ledger=self.ledger, **options)

    async def until_still(self) -> list[Taken]:
        """Looks often enough, and long enough apart, for anything that can get ready."""
        taken = []
        for _ in range(self.config.ready.polls + 1):
            taken += await self.round()
            self.host.clock.advance(self.config.ready.min_age + 1)
        return taken

    @staticmethod
    def names(folder: Path) -> list[str]:
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def notice(self, folder: Path, name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((folder / name).read_bytes())
        return loaded


@pytest.fixture
def person() -> dict[str, Any]:
    return dict(PERSON)


@pytest.fixture
def letter() -> dict[str, Any]:
    return dict(LETTER)


@pytest.fixture
def power_cut() -> type[BaseException]:
    return PowerCut


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    made: list[Desk] = []

    async def make(root: Path = tmp_path, **config: Any) -> Desk:
        made.append(Desk(root, **config))
        return await made[-1].open()

    yield make
    for one in made:
        await one.source.close()
