"""One bench per test, and the federation it runs, read once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.federation import Federation
from tests.unit.gateway.bench import NARROW, WIDE, Bench, small_federation


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return small_federation(tmp_path_factory.mktemp("federation"))


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return small_federation(tmp_path_factory.mktemp("wide"), WIDE)


@pytest.fixture(scope="session")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return small_federation(tmp_path_factory.mktemp("narrow"), NARROW)


@pytest.fixture
async def bench(tmp_path: Path, federation: Federation) -> AsyncIterator[Bench]:
    one = Bench(tmp_path, federation)
    await one.open()
    yield one
    await one.close()
