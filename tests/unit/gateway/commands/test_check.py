import json
import shutil
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from gateway import registry
from gateway.cli import build

SHIPPED = Path(__file__).parents[4] / "config"


@pytest.fixture(autouse=True)
def only_what_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes an adapter has it installed beside ours; hints would name it."""

    def points(group: str) -> list[metadata.EntryPoint]:
        found = metadata.entry_points(group=group)
        return [one for one in found if one.dist is not None and one.dist.name == registry.DISTRIBUTION]

    monkeypatch.setattr(registry, "_points", points)


def check(*arguments: object):
    return CliRunner().invoke(build(), ["check", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(SHIPPED, tmp_path / "config"))
    # Without its signer, whose key is not shipped and is warned of.
    agency = copy / "agencies" / "dinas-kominfo.yaml"
    data = yaml.safe_load(agency.read_text())
    del data["signers"]
    agency.write_text(yaml.safe_dump(data))
    return copy


def test_the_shipped_configuration_is_sound() -> None:
    result = check("--config", SHIPPED)
    assert result.exit_code == 0, result.stdout
    assert "0 errors" in result.stdout


def test_every_mistake_with_its_place_and_what_to_do(folder: Path) -> None:
    (folder / "gateway.yaml").write_text("http:\n  prot: 8700\n")
    routes = folder / "routes.yaml"
    routes.write_text(routes.read_text().replace("letter.deliver", "leter.deliver"))
    result = check("--config", folder)
    assert result.exit_code == 1
    assert f"{folder}/gateway.yaml:2:3: C001 unknown-field" in result.stdout
    assert "did you mean 'port'?" in result.stdout
    assert "did you mean 'letter.deliver'?" in result.stdout
    told = json.loads(check("--config", folder, "--json").stdout)
    assert told["ok"] is False
    assert told["errors"] == len([one for one in told["findings"] if one["severity"] == "error"]) >= 2
    assert {"file", "line", "column", "code", "message", "hint", "advice"} <= set(told["findings"][0])


def test_a_warning_is_no_error(folder: Path) -> None:
    agency = folder / "agencies/tamu.yaml"
    before = check("--config", folder, "--json")
    text = agency.read_text()
    agency.write_text(text.rstrip() + "\n  extra:\n    name: Extra\n    may_use: [organisation.deliver]\n")
    told = json.loads(check("--config", folder, "--json").stdout)
    assert json.loads(before.stdout)["warnings"] < told["warnings"]
    assert (told["ok"], told["errors"]) == (True, 0)
    result = check("--config", folder)
    assert result.exit_code == 0
    assert "[warning]" in result.stdout


def test_a_variable_is_named_without_the_folder(folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("LINTAS_HTTP__PORT", "many")
    result = check("--config", folder)
    assert result.exit_code == 1
    assert "environment: " in result.stdout
    assert f"{folder}/environment" not in result.stdout


def test_an_absent_folder(tmp_path: Path) -> None:
    assert check("--config", tmp_path / "none").exit_code == 1


@pytest.mark.parametrize(
    ("endpoints", "code", "hint"),
    [
        ("rest, soap, antrean", "C013", "known: rest, soap"),
        ("rest, soap, sop", "C013", "did you mean 'soap'?"),
        ("rest, soap, filedrop", "C017", "known: rest, soap"),
        ("rest, soap, rest", "C021", ""),
    ],
)
def test_endpoints_are_installed_adapters_that_have_one(folder: Path, endpoints: str, code: str, hint: str) -> None:
    (folder / "gateway.yaml").write_text(
        f"instance: test\nendpoints:\n  - {endpoints.replace(', ', chr(10) + '  - ')}\n"
    )
    told = json.loads(check("--config", folder, "--json").stdout)
    assert told["ok"] is False
    found = [(one["code"], one["file"], one["line"], one["hint"]) for one in told["findings"]]
    assert found == [(code, "gateway.yaml", 5, hint)]
    started = CliRunner().invoke(build(), ["run", "--config", str(folder), "--state", str(folder / "var")])
    assert started.exit_code == 2
    assert "lintas check" in started.output
    assert f"gateway.yaml:5:5: {code}" in started.output
    assert not (folder / "var").exists()


def test_an_endpoint_from_a_variable_is_told_as_the_variable(folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("LINTAS_ENDPOINTS", '["rest", "antrean"]')
    result = check("--config", folder)
    assert result.exit_code == 1
    assert "environment: C013 unknown-adapter: LINTAS_ENDPOINTS: no adapter is called 'antrean'" in result.stdout


def test_two_sources_on_one_inbox_are_an_error(folder: Path) -> None:
    agency = folder / "agencies/kota-bandung.yaml"
    agency.write_text(agency.read_text().replace("drop/kependudukan/inbox", "drop/kelurahan-cihapit/inbox"))
    told = json.loads(check("--config", folder, "--json").stdout)
    assert told["ok"] is False
    assert {one["code"] for one in told["findings"]} == {"C026"}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("inbox: drop/kependudukan/inbox", "inbox: journal", "C026"),
        ("outbox: drop/kependudukan/outbox", "outbox: CONFIG/agencies", "C026"),
        ("keys/kota-bandung--simpus.key", "keys/receipts.pem", "C033"),
    ],
)
def test_nobody_is_given_what_is_the_gateways_own_and_a_start_is_refused_too(
    folder: Path, tmp_path: Path, old: str, new: str, code: str
) -> None:
    agency = folder / "agencies/kota-bandung.yaml"
    text = agency.read_text()
    assert text.count(old) == 1
    agency.write_text(text.replace(old, new.replace("CONFIG", str(folder))))
    state = tmp_path / "state"
    told = json.loads(check("--config", folder, "--state", state, "--json").stdout)
    assert {one["code"] for one in told["findings"]} == {code}
    started = CliRunner().invoke(build(), ["run", "--config", str(folder), "--state", str(state)])
    assert started.exit_code == 2
    assert code in started.output
    assert not state.exists()


LIVE = """\
agency: uji
name: Uji
time_zone: Asia/Jakarta
systems:
  pengirim:
    name: Pengirim
    credentials: {api_keys: [{file: keys/pengirim.key}]}
    may_use: [organisation.deliver]
  penerima:
    name: Penerima
    channel:
      adapter: rest
      config: {url: "%s", recipient: idempotent, key: {file: keys/absent.key}}
"""
ROUTE = """\
routes:
  - {service: organisation.deliver, from: [uji/pengirim], to: [uji/penerima], purpose: Uji}
"""


@pytest.fixture
def out_there(tmp_path: Path) -> Path:
    """A sound configuration whose recipient's key is not there."""
    folder = tmp_path / "federation"
    (folder / "agencies").mkdir(parents=True)
    (folder / "agencies/uji.yaml").write_text(LIVE % "http://127.0.0.1:9/documents")
    (folder / "routes.yaml").write_text(ROUTE)
    return folder


def test_a_look_says_what_an_adapter_does_not_find(out_there: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    sound = check("--config", out_there, "--state", state)
    assert sound.exit_code == 0, sound.stdout
    result = check("--config", out_there, "--state", state, "--live")
    assert result.exit_code == 1
    assert f"{out_there}/agencies/uji.yaml: C028 not-ready: uji/penerima:channel: the key file:keys/absent.key" in (
        result.stdout
    )
    told = json.loads(check("--config", out_there, "--state", state, "--live", "--json").stdout)
    assert (told["ok"], told["errors"]) == (False, 1)
    assert told["findings"][0]["slug"] == "not-ready"
    # A look leaves no journal, no keys and no log.
    assert not state.exists() or list(state.rglob("*")) == []


def test_no_look_before_the_configuration_is_sound(out_there: Path, tmp_path: Path) -> None:
    (out_there / "routes.yaml").write_text(ROUTE.replace("organisation.deliver", "organisation.delver"))
    result = check("--config", out_there, "--state", tmp_path / "state", "--live")
    assert result.exit_code == 1
    assert "C028" not in result.stdout


def test_a_look_that_finds_all_is_well(tmp_path: Path) -> None:
    folder = tmp_path / "federation"
    (folder / "agencies").mkdir(parents=True)
    (folder / "agencies/uji.yaml").write_text(LIVE[: LIVE.index("    channel:")] + "    channel: {pull: true}\n")
    (folder / "routes.yaml").write_text(ROUTE)
    result = check("--config", folder, "--state", tmp_path / "state", "--live")
    assert (result.exit_code, "0 errors" in result.stdout) == (0, True), result.stdout


def test_a_key_file_that_a_start_would_refuse_is_found_before(folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    key = state / "keys/tamu--orang-asing.key"

    def found(*more: str) -> list[tuple[str, int, str]]:
        told = json.loads(check("--config", folder, "--state", state, "--json", *more).stdout)
        return [(one["file"], one["line"], one["message"]) for one in told["findings"] if one["code"] == "C033"]

    assert found() == []
    assert not state.exists()
    key.parent.mkdir(parents=True)
    key.write_text("no key\n")
    key.chmod(0o600)
    [(file, line, message)] = found()
    assert (file, line) == ("agencies/tamu.yaml", 8)
    assert "holds no API key" in message
    key.chmod(0o644)
    assert "chmod 600" in found()[0][2]
    key.unlink()
    key.mkdir(mode=0o700)
    assert "cannot be read" in found()[0][2]
    (folder / "gateway.yaml").write_text("create_keys: false\n")
    assert len(found()) > 5


@pytest.fixture
def broken_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's adapter that cannot be imported stands beside ours."""
    ours = registry.installed()
    broken = registry.Found(
        ours.adapters, {"pesan": registry.Broken("lintas-pesan", "1.0", "the module 'x' is missing")}
    )
    monkeypatch.setattr(registry, "installed", lambda: broken)


def test_a_broken_adapter_that_nobody_names_stops_nothing(broken_beside, folder: Path) -> None:
    result = check("--config", folder)
    assert result.exit_code == 0, result.stdout
    assert "pesan" not in result.stdout


def test_a_broken_adapter_that_is_named_is_a_finding_with_its_cause(broken_beside, folder: Path) -> None:
    (folder / "gateway.yaml").write_text("endpoints: [rest, soap, pesan]\n")
    agency = folder / "agencies/tamu.yaml"
    text = agency.read_text().rstrip() + "\n  extra:\n    name: Extra\n    channel: {adapter: pesan, config: {}}\n"
    agency.write_text(text)
    result = check("--config", folder, "--json")
    assert result.exit_code == 1
    found = [(one["file"], one["code"], one["message"], one["hint"]) for one in json.loads(result.stdout)["findings"]]
    for file in ("agencies/tamu.yaml", "gateway.yaml"):
        assert (file, "C013", "the module 'x' is missing", "") in found
    refused = CliRunner().invoke(build(), ["run", "--config", str(folder)])
    assert refused.exit_code == 2
    assert "the module 'x' is missing" in refused.stderr
