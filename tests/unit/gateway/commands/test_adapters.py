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
    found = registry.Found({"pigeon": registry.Installed(SPEC, "loft", "1.2")}, {})
    monkeypatch.setattr(registry, "installed", lambda: found)


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


@pytest.fixture
def dove(monkeypatch) -> None:
    here = {"pigeon": registry.Installed(SPEC, "loft", "1.2")}
    found = registry.Found(here, {"dove": registry.Broken("cote", "3.0", "the module 'x' is missing")})
    monkeypatch.setattr(registry, "installed", lambda: found)


def test_what_is_broken_is_listed_with_its_cause_beside_the_others(dove) -> None:
    result = adapters()
    assert result.exit_code == 0
    for told in ("Letters by pigeon", "dove", "the module 'x' is missing", "cote 3.0"):
        assert told in result.stdout
    told = json.loads(adapters("--json").stdout)
    assert [one["name"] for one in told["adapters"]] == ["pigeon"]
    assert told["broken"] == [{"name": "dove", "distribution": "cote 3.0", "cause": "the module 'x' is missing"}]


def test_what_is_broken_can_be_asked_for_alone(dove) -> None:
    told = json.loads(adapters("dove", "--json").stdout)
    assert (told["adapters"], len(told["broken"])) == ([], 1)
    assert json.loads(adapters("pigeon", "--json").stdout)["broken"] == []


def test_every_field_of_a_folder_says_what_it_means() -> None:
    result = CliRunner().invoke(build(), ["adapters", "filedrop", "--json"])
    kinds = json.loads(result.stdout)["adapters"][0]["kinds"]
    assert {kind for kind, fields in kinds.items() if fields} == {"source", "sink"}
    assert [field["name"] for fields in kinds.values() for field in fields if not field["meaning"]] == []
