import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gateway import cli, registry
from gateway.commands.exits import MEANINGS
from gateway.commands.manual import commands


def every() -> list[tuple[str, Any]]:
    return list(commands(typer.main.get_command(cli.build())))


def test_help_names_every_command_and_exit_code() -> None:
    result = CliRunner().invoke(cli.build(), ["--help"])
    assert result.exit_code == 0
    assert all(name.split()[0] in result.stdout for name, _ in every())
    flat = " ".join(result.stdout.split())
    assert all(f"{code} {told}" in flat for code, told in MEANINGS.items())


@pytest.mark.parametrize("name", [name for name, _ in every()])
def test_each_command_explains_itself_and_speaks_json(name: str) -> None:
    result = CliRunner().invoke(cli.build(), [*name.split(), "--help"])
    assert result.exit_code == 0
    options = [option for param in dict(every())[name].params for option in param.opts if option.startswith("--")]
    assert "--json" in options
    assert all(option in result.stdout for option in options)


def test_help_loads_nothing_heavy() -> None:
    program = """
import sys, json
from gateway import cli
try:
    cli.main(["--help"])
except SystemExit:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    loaded = set(json.loads(told.splitlines()[-1]))
    assert not loaded & {"pydantic", "aiohttp", "lxml", "zeep", "apsw", "cryptography", "rich", "yaml", "gateway.app"}


@pytest.mark.parametrize("arguments", [["nothing"], ["check", "--nothing"], ["run", "--port", "99999"], ["send"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli.build(), arguments).exit_code == 2


@pytest.mark.parametrize("arguments", [["nothing"], ["check", "--nothing"], ["run", "--port", "99999"], ["send"]])
def test_wrong_usage_is_said_to_machines_as_json(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--json"])
    assert ended.value.code == 2
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["code"] == "usage"
    assert told["detail"]


def test_the_version() -> None:
    result = CliRunner().invoke(cli.build(), ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("lintas ")


@pytest.mark.parametrize(
    ("arguments", "others"),
    [
        ([], True),
        (["--help"], True),
        (["check"], False),
        (["--json", "check"], False),
        (["--url", "demo", "status"], False),
        (["demo", "check"], True),
        (["--config", "check", "demo"], True),
        (["--version"], False),
    ],
)
def test_when_commands_of_others_are_looked_for(arguments: list[str], others: bool) -> None:
    assert cli.wants_others(arguments) is others


class Point:
    """An entry point whose loading gives, or raises, what it was made with."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def load(self) -> Any:
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


def built(**points: Any) -> typer.Typer:
    extra: Any = {name: Point(found) for name, found in points.items()}
    return cli.build(extra)


def test_further_commands_and_groups() -> None:
    def greet(name: str) -> None:
        """Say hello."""
        print(f"hello {name}")

    group = typer.Typer()
    group.command("one")(greet)
    group.command("two")(greet)
    app = built(greet=greet, more=group)
    assert CliRunner().invoke(app, ["greet", "you"]).stdout == "hello you\n"
    assert CliRunner().invoke(app, ["more", "two", "all"]).stdout == "hello all\n"
    assert "Say hello." in CliRunner().invoke(app, ["--help"]).stdout


def test_one_that_cannot_be_loaded_takes_nothing_down(capsys) -> None:
    app = built(broken=ImportError("no module"), check=lambda: None)
    told = capsys.readouterr().err
    assert "'broken' cannot be loaded (ImportError" in told
    assert "may not be called 'check'" in told
    assert CliRunner().invoke(app, ["schemas"]).exit_code == 0
    assert CliRunner().invoke(app, ["broken"]).exit_code == 2


def test_main_ends_the_process_with_the_code(monkeypatch, capsys) -> None:
    monkeypatch.setattr(registry, "commands", dict)
    for arguments, code in ((["schemas", "letter/1", "--xsd"], 0), (["schemas", "none"], 2), (["nothing"], 2)):
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        assert ended.value.code == code
    assert "<xs:schema" in capsys.readouterr().out


def test_further_commands_come_from_entry_points(monkeypatch) -> None:
    point = EntryPoint("demo", "json:dumps", registry.COMMANDS)
    assert registry.commands([point]) == {"demo": point}
