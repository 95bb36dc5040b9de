"""The zoo's trust folder, read once."""

from pathlib import Path

import pytest

from gateway.signatures.trust import TrustStore, load
from tests.zoo.pki import pki


@pytest.fixture(scope="session")
def zoo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pki().trust(tmp_path_factory.mktemp("trust"))


@pytest.fixture(scope="session")
def zoo_trust(zoo_folder: Path) -> TrustStore:
    store = load(zoo_folder)
    assert not store.problems
    return store
