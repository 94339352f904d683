"""`sf-elt check`: what this deployment needs of its orgs, before anything runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.environment import read_env_file
from sf_elt.cli.showing import safe, show_json

if TYPE_CHECKING:
    from sf_elt.components.preflight import Preflight

STYLES = {"ok": "green", "warning": "yellow", "missing": "bold red"}
TEST_WIDTH = 20  # characters


def check(
    connection: Annotated[str, typer.Argument(help="Name of one connection. Default: all of them.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Tests logins, limits, permissions and fields against the YAML of this deployment, and says what to grant.

    It reads a few things of each org and changes nothing there. The exit code is 1 where something is missing.
    """
    from sf_elt.cli.loading import loaded_deployment
    from sf_elt.components.preflight import preflight
    from sf_elt.components.resources import open_warehouse

    read_env_file()
    deployment = loaded_deployment("check", connection=connection)
    names = [connection] if connection else [each.name for each in deployment.connections]
    found = [preflight(deployment, name, open_warehouse()) for name in names]
    if as_json:
        show_json([each.as_dict() for each in found])
    else:
        for each in found:
            _show(each)
    raise typer.Exit(0 if all(each.passed for each in found) else 1)


def _show(found: "Preflight") -> None:
    """Below each subject a line for each test, and what to grant below that: readable in a narrow terminal too."""
    from itertools import groupby

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from sf_elt.components.preflight import MARKS

    console = Console(highlight=False)
    console.print(Text(f"Connection {safe(found.connection)}", style="bold"))
    for subject, findings in groupby(found.findings, lambda each: each.subject):
        console.print()
        console.print(Text(safe(subject), style="bold"))
        lines = Table.grid(padding=(0, 2, 0, 0))
        lines.add_column(no_wrap=True)
        lines.add_column(width=TEST_WIDTH)
        lines.add_column(overflow="fold")
        for each in findings:
            style = STYLES[each.verdict]
            told = Text(safe(each.says))
            if each.grant:
                told.append(f"\n→ {safe(each.grant)}", style=style)
            lines.add_row(Text(f"  {MARKS[each.verdict]} {each.verdict}", style=style), Text(safe(each.test)), told)
        console.print(lines)
    console.print()
    console.print(Text(found.in_words()))
