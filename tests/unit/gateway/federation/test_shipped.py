"""The federation in config/, as it is shipped: no finding but the key of a signer, and everything the morning needs."""

from pathlib import Path
from typing import Any

import pytest

from gateway.federation import Federation, load
from schemas.catalogue import DOCUMENTS, SERVICES

CONFIG = Path(__file__).resolve().parents[4] / "config"


@pytest.fixture(scope="module")
def shipped(built_in: Any) -> Federation:
    federation, findings = load(CONFIG, built_in, SERVICES, DOCUMENTS)
    # The key of its signer belongs below the state folder and is not shipped; the gateway runs without it.
    assert {(one.code, one.file) for one in findings} <= {("C037", "agencies/dinas-kominfo.yaml")}
    assert [one for one in findings if one.is_error] == []
    assert federation is not None
    return federation


@pytest.mark.parametrize(
    ("service", "sender", "recipients"),
    [
        ("coverage.lookup", "kota-bandung/simpus", {"bpjs/vclaim-sim"}),
        ("referral.deliver", "rsud-bandung/simrs", {"rs-rujukan/soap"}),
        ("person.deliver", "kota-bandung/kependudukan", {"dinas-dukcapil/penerima"}),
        ("letter.deliver", "dinas-kominfo/persuratan", {"kota-bandung/dinas-sosial"}),
        ("letter.sign", "dinas-kominfo/persuratan", set()),
        ("letter.deliver", "kota-bandung/kelurahan-cihapit", {"dinas-kominfo/persuratan", "kota-bandung/dinas-sosial"}),
    ],
)
def test_the_morning_has_its_routes(shipped: Federation, service: str, sender: str, recipients: set[str]) -> None:
    route = shipped.route_for(service, sender)
    assert route is not None
    assert shipped.may_use(sender, service)
    assert shipped.recipients_of(route) == recipients


def test_altered_letters_are_refused_and_signers_are_known(shipped: Federation) -> None:
    for sender in ("kota-bandung/kelurahan-cihapit", "dinas-kominfo/persuratan"):
        route = shipped.route_for("letter.deliver", sender)
        assert route is not None
        assert route.signature is not None
        assert (route.signature.signer, route.signature.failing) == ("sender", "refuse")
        assert shipped.signed_as(sender.partition("/")[0])


def test_nobody_is_trusted_by_accident() -> None:
    assert [path.name for path in (CONFIG / "trust").iterdir()] == ["README.md"]


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
