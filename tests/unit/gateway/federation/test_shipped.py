"""The federation in config/, as it is shipped: no finding, and everything the morning needs."""

from pathlib import Path
from typing import Any

import pytest

from gateway.federation import Federation, load
from schemas.catalogue import DOCUMENTS, SERVICES

CONFIG = Path(__file__).resolve().parents[4] / "config"


@pytest.fixture(scope="module")
def shipped(built_in: Any) -> Federation:
    federation, findings = load(CONFIG, built_in, SERVICES, DOCUMENTS)
    assert [str(one) for one in findings] == []
    assert federation is not None
    return federation


@pytest.mark.parametrize(
    ("service", "sender", "recipients"),
    [
        ("coverage.lookup", "kota-bandung/simpus", {"bpjs/vclaim-sim"}),
        ("referral.deliver", "rsud-bandung/simrs", {"rs-rujukan/soap"}),
        ("person.deliver", "kota-bandung/kependudukan", {"dinas-dukcapil/penerima"}),
        ("letter.deliver", "kota-bandung/kelurahan-cihapit", {"dinas-kominfo/persuratan", "kota-bandung/dinas-sosial"}),
    ],
)
def test_the_morning_has_its_routes(shipped: Federation, service: str, sender: str, recipients: set[str]) -> None:
    route = shipped.route_for(service, sender)
    assert route is not None
    assert shipped.may_use(sender, service)
    assert shipped.recipients_of(route) == recipients


def test_the_stranger_has_a_key_and_no_right(shipped: Federation) -> None:
    stranger = shipped.systems["tamu/orang-asing"]
    assert stranger.credentials.api_keys
    assert not any(shipped.may_use("tamu/orang-asing", service) for service in SERVICES)


def test_every_called_system_listens_on_its_own_port(shipped: Federation) -> None:
    urls = [use.config.model_dump()["url"] for use in shipped.uses_of("channel")]
    ports = [url.split("/")[2] for url in urls]
    assert len(set(ports)) == len(ports)
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_each_role_is_held_by_someone(shipped: Federation) -> None:
    held = {role for person in shipped.operators.values() for role in person.roles}
    assert held == {"operator", "approver", "auditor", "privacy_officer"}
