from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from demo import places
from gateway.federation import load
from gateway.registry import adapters
from schemas.catalogue import DOCUMENTS, SERVICES

CONFIG = Path(__file__).parents[3] / "config"


def test_the_shipped_federation_has_everything_the_morning_needs(tmp_path: Path) -> None:
    found = places.read(CONFIG, tmp_path)
    assert set(places.SERVERS) <= found.addresses.keys()
    assert found.keys[places.CENTRE] == tmp_path / "keys" / "kota-bandung--simpus.key"
    assert found.folders[places.VILLAGE].inbox == tmp_path / "drop" / "kelurahan-cihapit" / "inbox"
    assert found.operator_key.name == "operator-1.key"
    assert found.signer.key == tmp_path / "keys" / "signers" / "kepala-dinas.pem"
    assert found.stamping.path == "/tsr"


def test_a_copy_has_free_ports_and_is_still_a_good_configuration(tmp_path: Path) -> None:
    before = places.read(CONFIG, tmp_path)
    copy = places.relocated(CONFIG, tmp_path / "a copy")
    after = places.read(copy, tmp_path)
    ports = {address.port for address in after.addresses.values()}
    assert len(ports) == len({address.port for address in before.addresses.values()})
    assert after.stamping.port not in {*ports, before.stamping.port}
    assert ports.isdisjoint(address.port for address in before.addresses.values())
    assert {name: one.path for name, one in after.addresses.items()} == {
        name: one.path for name, one in before.addresses.items()
    }
    federation, findings = load(copy, adapters(), SERVICES, DOCUMENTS)
    assert federation is not None
    assert [one for one in findings if one.is_error] == []
    assert places.relocated(CONFIG, copy) == copy


def test_another_federation_is_refused_by_name(tmp_path: Path) -> None:
    copy = tmp_path / "config"
    shutil.copytree(CONFIG, copy)
    (copy / "agencies" / "bpjs.yaml").unlink()
    with pytest.raises(places.NotThatFederation, match="bpjs/vclaim-sim"):
        places.read(copy, tmp_path)


def test_a_signer_without_timestamps_is_missed(tmp_path: Path) -> None:
    copy = tmp_path / "config"
    shutil.copytree(CONFIG, copy)
    file = copy / "agencies" / "dinas-kominfo.yaml"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if "tsa:" not in line))
    with pytest.raises(places.NotThatFederation, match="the signer kepala-dinas"):
        places.read(copy, tmp_path)


def test_a_port_is_free_until_somebody_listens() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        assert not places.is_free("127.0.0.1", one.getsockname()[1])
    with places.free_ports(3) as ports:
        assert len(set(ports)) == 3
    assert all(places.is_free("127.0.0.1", port) for port in ports)
