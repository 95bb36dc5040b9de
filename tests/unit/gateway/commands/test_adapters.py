import json

import pytest
from pydantic import BaseModel, Field
from typer.testing import CliRunner

from gateway import registry
from gateway.cli import build
from gateway.contract import AdapterSpec
from gateway.contract.config import Seconds


class Inner(BaseModel):
    depth: int = Field(3, description="how deep")
    mode: str | None = None


class Config(BaseModel):
    url: str = Field(description="where to")
    inner: Inner = Inner()
    several: list[Inner] = []
    wait: Seconds = 90.0


def never(config, host):
    raise AssertionError("a listing makes no adapter")


SPEC = AdapterSpec(name="pigeon", title="Letters by pigeon", makers={"sink": (Config, never)})


@pytest.fixture
def pigeon(monkeypatch) -> None:
    monkeypatch.setattr(registry, "installed", lambda: {"pigeon": registry.Installed(SPEC, "loft", "1.2")})


def adapters(*arguments: str):
    return CliRunner().invoke(build(), ["adapters", *arguments])


def test_what_is_installed_and_what_it_takes(pigeon) -> None:
    result = adapters()
    assert result.exit_code == 0
    for told in ("pigeon", "Letters by pigeon", "sink", "loft 1.2", "inner.depth", "how deep"):
        assert told in result.stdout


def test_fields_for_machines(pigeon) -> None:
    [told] = json.loads(adapters("pigeon", "--json").stdout)["adapters"]
    fields = {one["name"]: one for one in told["kinds"]["sink"]}
    assert list(fields) == ["url", "inner.depth", "inner.mode", "several", "wait"]
    assert (fields["wait"]["type"], fields["wait"]["default"]) == ("string", "90s")
    assert (fields["url"]["required"], fields["url"]["type"]) == ("yes", "string")
    assert (fields["inner.depth"]["default"], fields["inner.depth"]["meaning"]) == (3, "how deep")
    assert fields["several"]["type"] == "list of {depth, mode}"


def test_an_unknown_name_gets_a_hint(pigeon) -> None:
    result = adapters("pigon")
    assert result.exit_code == 2
    assert "did you mean 'pigeon'?" in result.stderr


def test_two_of_one_name_are_said(monkeypatch) -> None:
    def twice():
        raise registry.RegistryError("two adapters are called 'pigeon'")

    monkeypatch.setattr(registry, "installed", twice)
    result = adapters()
    assert result.exit_code == 2
    assert "two adapters are called 'pigeon'" in result.stderr


def test_every_field_of_a_folder_says_what_it_means() -> None:
    result = CliRunner().invoke(build(), ["adapters", "filedrop", "--json"])
    kinds = json.loads(result.stdout)["adapters"][0]["kinds"]
    assert {kind for kind, fields in kinds.items() if fields} == {"source", "sink"}
    assert [field["name"] for fields in kinds.values() for field in fields if not field["meaning"]] == []
