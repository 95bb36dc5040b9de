"""The source of docs/adapters.md passes the kit, and stands in the document as it is here, with its filled tests."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from gateway.contract import AdapterSpec, NeedsOperator, Reason, Source
from gateway.contract.conformance import MARKER, SourceConformance
from gateway.contract.testing import FakeHost, Ledger, drive

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "adapters.md"


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("daftar", HERE / "daftar.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["daftar"] = module
    spec.loader.exec_module(module)
    return module


ADAPTER: AdapterSpec = _module().ADAPTER


class TestDaftarSource(SourceConformance):
    def make(self, host: FakeHost) -> Source:
        made = ADAPTER.make("source", ADAPTER.config_model("source").model_validate({"folder": "daftar"}), host)
        assert isinstance(made, Source)
        return made

    def add(self, host: FakeHost, line: bytes) -> None:
        file = Path(host.state_dir) / "daftar" / "daftar.txt"
        file.parent.mkdir(exist_ok=True)
        with file.open("ab") as daftar:
            daftar.write(line)

    def put(self, host: FakeHost, number: int) -> None:
        self.add(host, f"D-{number}|3273011708900001|Warga {number}|17-08-1990|L\n".encode())

    def put_bad(self, host: FakeHost) -> Reason:
        self.add(host, f"D-9|3273011708900001|{MARKER}|31-02-1990|L\n".encode())
        return Reason.SCHEMA_INVALID

    def waiting(self, host: FakeHost) -> int:
        file = Path(host.state_dir) / "daftar" / "daftar.txt"
        return file.read_bytes().count(b"\n") - len(self.told(host))

    def told(self, host: FakeHost) -> Sequence[str]:
        results = (Path(host.state_dir) / "daftar" / "hasil").glob("*.txt")
        return [result.read_text().strip().partition("|")[2] for result in results]


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(state_dir=str(tmp_path))


@pytest.fixture
async def source(host: FakeHost) -> Source:
    made = TestDaftarSource().make(host)
    await made.open()
    return made


async def test_a_line_is_taken_when_it_is_whole(host: FakeHost, source: Source) -> None:
    kit = TestDaftarSource()
    kit.add(host, b"D-1|3273011708900001|Wa")
    assert await drive(source, host=host, ledger=Ledger()) == []
    kit.add(host, b"rga|17-08-1990|L\n")
    [one] = await drive(source, host=host, ledger=Ledger())
    assert one.inbound.key == "D-1"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"D-2|" + b"x" * 3_000_000, Reason.ROW_TOO_LARGE),
        (b"x" * 3_000_000, Reason.BAD_REQUEST),
        (b"D-2|only two", Reason.SCHEMA_INVALID),
        (b"|3273011708900001|Warga|17-08-1990|L", Reason.SCHEMA_INVALID),
        (b"", Reason.SCHEMA_INVALID),
        (b"\xff\xfe", Reason.SCHEMA_INVALID),
    ],
)
async def test_a_bad_line_does_not_hide_the_next(host: FakeHost, source: Source, line: bytes, reason: Reason) -> None:
    kit = TestDaftarSource()
    kit.add(host, line + b"\n")
    kit.put(host, 1)
    await drive(source, host=host, ledger=Ledger())
    assert sorted(kit.told(host)) == sorted(["accepted", reason.value])


async def test_what_was_given_out_and_not_settled_is_given_out_again(host: FakeHost, source: Source) -> None:
    TestDaftarSource().put(host, 1)
    [first] = [item async for item in source.poll(9)]
    [again] = [item async for item in source.poll(9)]
    assert again.message_id == first.message_id


async def test_a_second_process_is_stopped(host: FakeHost, source: Source) -> None:
    kit = TestDaftarSource()
    other = kit.make(host)
    await other.open()
    kit.put(host, 1)
    await drive(source, host=host, ledger=Ledger())
    kit.put(host, 2)
    with pytest.raises(NeedsOperator):
        await asyncio.wait_for(anext(aiter(other.poll(9))), 9)


async def test_a_file_that_is_not_there_is_found_by_check(host: FakeHost, source: Source) -> None:
    [told] = await source.check()
    assert "daftar.txt" in told


def test_the_guide_shows_this_very_source_and_its_filled_tests() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    source = (HERE / "daftar.py").read_text(encoding="utf-8")
    assert f"```python\n{source}```" in guide
    assert f"```python\n{inspect.getsource(TestDaftarSource)}```" in guide
    assert len([line for line in source.splitlines() if line.strip()]) <= 120
