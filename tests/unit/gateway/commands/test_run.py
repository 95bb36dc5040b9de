"""`lintas run` as a process of its own: what it says, and how it ends."""

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.commands.exits import Failure
from gateway.commands.run import _unbound

ROOT = Path(__file__).parents[4]
LINTAS = [sys.executable, "-m", "gateway.cli"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "config", tmp_path / "a folder with spaces"))


@contextmanager
def running(config: Path, state: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [*LINTAS, "run", "--config", str(config), "--state", str(state), "--port", "0", *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_ends_with_0(config: Path, tmp_path: Path, number: signal.Signals) -> None:
    with running(config, tmp_path / "state", "--json") as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["ready"]
        key = tmp_path / "state/keys/operators/operator-1.key"
        asked = [*LINTAS, "--url", url, "--key-file", str(key), "status", "--json"]
        status = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, check=True)
        assert json.loads(status.stdout)["instance"] == "test"
        process.send_signal(number)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert "Traceback" not in told


def test_a_taken_port_is_a_sentence(config: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [*LINTAS, "run", "--config", str(config), "--state", str(tmp_path / "state"), "--port", str(port)]
        result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert result.returncode == 3
    assert f"another program already listens on 127.0.0.1:{port}" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_configuration_with_errors_is_listed_and_not_started(config: Path, tmp_path: Path) -> None:
    (config / "gateway.yaml").write_text("http: {prot: 1}\n")
    command = [*LINTAS, "run", "--config", str(config), "--state", str(tmp_path / "state")]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert result.returncode == 2
    assert "gateway.yaml:1:8: C001" in result.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.EADDRINUSE, "port_taken"), (errno.EACCES, "cannot_bind"), (errno.EADDRNOTAVAIL, "cannot_bind")],
)
def test_what_the_system_says_of_an_address(number: int, code: str) -> None:
    failure = _unbound(OSError(number, os.strerror(number)), "127.0.0.1", 65_535)
    assert isinstance(failure, Failure)
    assert (failure.exit_code, failure.code) == (3, code)


def test_other_errors_of_the_system_stay_what_they_are() -> None:
    for error in (OSError(errno.ENOSPC, "full"), PermissionError(errno.EACCES, "no", "/state")):
        assert _unbound(error, "127.0.0.1", 1) is error


def test_an_address_that_is_not_ours_is_said(config: Path, tmp_path: Path) -> None:
    command = [*LINTAS, "run", "--config", str(config), "--state", str(tmp_path / "state")]
    more = ["--host", "192.0.2.1", "--port", "8799"]
    result = subprocess.run([*command, *more], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert result.returncode == 3, result.stderr
    assert "192.0.2.1:8799 cannot be bound" in result.stderr
    assert "another program" not in result.stderr


def test_a_file_where_the_state_belongs_is_a_sentence(config: Path, tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    command = [*LINTAS, "run", "--config", str(config), "--state", str(tmp_path / "state"), "--port", "0", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert result.returncode == 2, result.stderr
    assert "start_refused" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("host", "code"), [("", 2), ("nosuch.invalid", 3), ("not a host", 2)])
@pytest.mark.parametrize("port", ["0", "8701"])
def test_what_is_no_address_is_a_sentence(config: Path, tmp_path: Path, host: str, code: int, port: str) -> None:
    command = [*LINTAS, "run", "--config", str(config), "--state", str(tmp_path / "state"), "--host", host]
    result = subprocess.run([*command, "--port", port], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert result.returncode == code, result.stderr
    assert "--host" in result.stderr
    assert "Traceback" not in result.stderr
