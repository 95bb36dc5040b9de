"""The refusals of `lintas demo` that need no gateway."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from demo.agencies.server import PortTaken
from demo.command import AGENCY_PORTS, demo

CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(demo)
    return made


def test_a_taken_port_is_one_sentence_and_exit_code_three(app: typer.Typer, tmp_path: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port = one.getsockname()[1]
        arguments = ["--once", "--json", "--config", str(CONFIG), "--state", str(tmp_path), "--port", str(port)]
        result = CliRunner().invoke(app, arguments, env={AGENCY_PORTS: "free"})
    assert result.exit_code == 3
    error = json.loads(result.stdout)["error"]
    assert error["detail"] == str(PortTaken("the gateway", port))
    assert "--port 0" in error["advice"]


def test_a_federation_without_the_systems_of_the_morning_is_refused(app: typer.Typer, tmp_path: Path) -> None:
    copy = tmp_path / "config"
    shutil.copytree(CONFIG, copy)
    (copy / "agencies" / "tamu.yaml").unlink()
    result = CliRunner().invoke(app, ["--once", "--json", "--config", str(copy), "--state", str(tmp_path / "s")])
    assert result.exit_code == 2
    assert "tamu/orang-asing" in json.loads(result.stdout)["error"]["detail"]
