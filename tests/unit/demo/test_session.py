from __future__ import annotations

from pathlib import Path

from demo import session
from gateway.settings import load_settings

CONFIG = Path(__file__).parents[3] / "config"


def test_names_of_mornings_are_new_each_time_and_fit_everywhere() -> None:
    names = {session.new_run() for _ in range(50)}
    assert len(names) > 45
    assert all(len(name) == 8 and name.isalnum() and name == name.lower() for name in names)


def test_the_ports_of_the_configuration_are_used_unless_free_ones_are_wanted(tmp_path: Path) -> None:
    settings, _ = load_settings(CONFIG)
    assert settings is not None
    plain = session.plan(settings, tmp_path, None, free=False)
    assert (plain.port, plain.places.config) == (settings.http.port, CONFIG)
    moved = session.plan(settings, tmp_path, 0, free=True)
    assert moved.port not in (0, settings.http.port)
    assert moved.places.config == tmp_path / "demo" / "config"
    assert moved.places.addresses.keys() == plain.places.addresses.keys()
