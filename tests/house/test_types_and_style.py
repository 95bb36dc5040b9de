"""mypy --strict and ruff, over everything they are promised for."""

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=HOUSE, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
def test_types_are_strict() -> None:
    done = run("mypy")
    assert done.returncode == 0, done.stdout[-4000:]


def test_style_holds() -> None:
    done = run("ruff", "check", ".")
    assert done.returncode == 0, done.stdout[-4000:]


def test_format_holds() -> None:
    done = run("ruff", "format", "--check", ".")
    assert done.returncode == 0, done.stdout[-4000:]
