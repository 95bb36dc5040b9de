"""The letter of examples/, dropped as the README says, is taken for who it names: the folder as it is shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.filedrop import ADAPTER as FILEDROP
from adapters.filedrop import FolderSource, SourceConfig
from adapters.rest import ADAPTER as REST
from adapters.soap import ADAPTER as SOAP
from gateway.contract import Accepted
from gateway.contract.testing import FakeHost, Ledger, drive
from gateway.federation import load
from schemas.catalogue import DOCUMENTS, SERVICES, parse_json

HOUSE = Path(__file__).parents[2]
EXAMPLES = HOUSE / "examples"
SENDER = "kota-bandung/kelurahan-cihapit"


@pytest.fixture(scope="module")
def dropped() -> tuple[SourceConfig, set[str]]:
    """The settings of the folder, and who its letters may go to."""
    federation, _ = load(HOUSE / "config", {one.name: one for one in (FILEDROP, REST, SOAP)}, SERVICES, DOCUMENTS)
    assert federation is not None
    [source] = [use for use in federation.uses_of("source") if use.system == SENDER]
    assert isinstance(source.config, SourceConfig)
    route = federation.route_for("letter.deliver", SENDER)
    assert route is not None
    return source.config, set(federation.recipients_of(route))


async def test_a_dropped_letter_is_taken(dropped: tuple[SourceConfig, set[str]], tmp_path: Path) -> None:
    config, recipients = dropped
    host = FakeHost(state_dir=str(tmp_path))
    source = FolderSource(config, host)
    await source.open()
    inbox = tmp_path / config.inbox
    for name in ("letter.pdf.json", "letter.pdf"):
        shutil.copy(EXAMPLES / name, inbox / name)
    taken = []
    for _ in range(6):
        taken += await drive(source, host=host, ledger=Ledger())
        host.clock.advance(60)
    [one] = taken
    assert isinstance(one.settlement, Accepted), one.settlement
    assert one.inbound.service == "letter.deliver"
    assert one.inbound.recipients
    assert set(one.inbound.recipients) <= recipients
    await source.close()


def test_the_readme_drops_it_where_the_folder_is(dropped: tuple[SourceConfig, set[str]]) -> None:
    command = f"cp examples/letter.pdf.json examples/letter.pdf var/{dropped[0].inbox}/"
    assert command in (HOUSE / "README.md").read_text(encoding="utf-8")


def test_the_paper_is_a_pdf_and_small() -> None:
    data = (EXAMPLES / "letter.pdf").read_bytes()
    assert data.startswith(b"%PDF-1.")
    assert data.endswith(b"%%EOF\n")
    assert len(data) < 4096


def test_the_referral_of_the_guide_is_one() -> None:
    parse_json("referral/1", (EXAMPLES / "referral.json").read_bytes())
    for guide in ("README.md", "docs/cli.md"):
        assert "send examples/referral.json --service referral.deliver" in (HOUSE / guide).read_text(encoding="utf-8")
