from pathlib import Path

import typer

from gateway.cli import build
from gateway.commands.manual import markdown

PAGE = Path(__file__).parents[4] / "docs/cli.md"


def test_the_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text() == markdown(build()), "run `python -m gateway.commands.manual > docs/cli.md`"


def test_a_further_option_changes_the_page() -> None:
    app = build()

    def more(colour: str = typer.Option("red", metavar="COLOUR", help="Which | colour.")) -> None:
        """Do more."""

    app.command("more")(more)
    page = markdown(app)
    assert "## lintas more" in page
    assert "| `--colour COLOUR` | `red` | Which \\| colour. |" in page
