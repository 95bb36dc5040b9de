"""What holds for every adapter: it opens, closes twice, checks without consuming, and keeps its secrets.

Enters: `make`. Leaves: tests. Refuses: an adapter that shows a secret in a log line, a repr or a finding.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import pytest
import pytest_asyncio

from gateway.contract.adapter import Adapter
from gateway.contract.signer import DocumentSigner
from gateway.contract.testing import Disk, FakeHost

SECRET_FILE = "keys/conformance.key"  # noqa: S105  a reference, not the secret
SECRET = "lintas_conformance_3jJm9Q2nV7xT1bYwK5cR8dLs"  # noqa: S105  made for these tests, good for nothing
MARKER = "Rahasia-Sekali-7731"
"""A value that hooks put where it is refused; no refusal may repeat it."""

HUGE = 48 * 1024 * 1024
PEAK = 6 * 1024 * 1024
MakeHost = Callable[[], FakeHost]
Made = TypeVar("Made", bound=Adapter)


@contextmanager
def flat_memory() -> Iterator[None]:
    """Fails if Python's own memory grew by more than `PEAK` bytes at any moment inside."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        yield
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < PEAK, f"{peak} bytes were held while {HUGE} went by"


class AdapterConformance(Generic[Made]):
    """Fill `make`. The host has the secret `SECRET` under `file:` + `SECRET_FILE`; use it if the adapter takes one."""

    def make(self, host: FakeHost) -> Made:
        raise NotImplementedError

    @pytest.fixture
    def make_host(self, tmp_path: Path) -> MakeHost:
        disk = Disk(keep_bytes=256 * 1024)
        secrets = {f"file:{SECRET_FILE}": SECRET}
        return lambda: FakeHost(secrets=secrets, state_dir=str(tmp_path), disk=disk, name="conformance")

    @pytest.fixture
    def host(self, make_host: MakeHost) -> FakeHost:
        return make_host()

    @pytest_asyncio.fixture
    async def adapter(self, host: FakeHost) -> AsyncIterator[Made]:
        made = self.make(host)
        await made.open()
        yield made
        await made.close()

    @pytest.mark.asyncio
    async def test_it_opens_and_closes_twice(self, host: FakeHost) -> None:
        made = self.make(host)
        await made.open()
        assert self.codec_of(made) is not None or isinstance(made, DocumentSigner)
        await made.close()
        await made.close()

    @pytest.mark.asyncio
    async def test_it_opens_again_after_a_restart(self, host: FakeHost) -> None:
        for _ in range(2):
            made = self.make(host)
            await made.open()
            assert isinstance(made, Adapter)
            await made.close()
            host = host.restart()

    @pytest.mark.asyncio
    async def test_it_shows_no_secret(
        self, adapter: Made, host: FakeHost, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        await self.prepare_check(host)
        with caplog.at_level("DEBUG"):
            findings = await adapter.check()
        out, err = capsys.readouterr()
        shown = "".join(
            [repr(adapter), str(adapter), repr(self.codec_of(adapter)), repr(host), *findings, caplog.text, out, err]
        )
        assert SECRET not in shown

    @staticmethod
    def codec_of(adapter: Adapter) -> object:
        """Its codec; a signer has none."""
        return getattr(adapter, "codec", None)

    async def prepare_check(self, host: FakeHost) -> None:
        """Scripts what `check` may call (nothing, for most)."""
