"""The import law of the house: adapters → gateway.contract → schemas, and the rest of pyproject's contracts."""

import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]


def test_every_import_contract_is_kept() -> None:
    script = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", script, "--no-cache"], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_the_gateway_is_behind_the_door() -> None:
    """A new module of gateway/ joins the list that adapters may not import, unless it is the contract itself."""
    text = (HOUSE / "pyproject.toml").read_text()
    names = {
        path.stem if path.is_file() else path.name
        for path in (HOUSE / "gateway").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.name != "__init__.py"
    }
    missing = {name for name in names - {"contract", "cli"} if f'"gateway.{name}"' not in text}
    assert not missing
