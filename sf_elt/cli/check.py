"""`sf-elt check`: what this deployment needs of its orgs, before anything runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.environment import read_env_file

if TYPE_CHECKING:
    from sf_elt.components.findings import Preflight

STYLES = {"ok": "green", "warning": "yellow", "missing": "bold red"}


def check(
    connection: Annotated[str, typer.Argument(help="Name of one connection. Default: all of them.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Tests logins, limits, permissions and fields against the YAML of this deployment, and says what to grant.

    It reads a few things of each org and changes nothing there. The exit code is 1 where something is missing.
    """
    import json

    from sf_elt.cli.loading import loaded_deployment
    from sf_elt.components.preflight import preflight
    from sf_elt.components.resources import open_warehouse

    read_env_file()
    deployment = loaded_deployment("check", connection=connection)
    names = [connection] if connection else [each.name for each in deployment.connections]
    found = [preflight(deployment, name, open_warehouse()) for name in names]
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in found], indent=2, ensure_ascii=False))
    else:
        for each in found:
            _show(each)
    raise typer.Exit(0 if all(each.passed for each in found) else 1)


def _show(found: "Preflight") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from sf_elt.components.findings import MARKS

    table = Table(title=f"Connection {found.connection}", title_justify="left", box=SIMPLE_HEAD, expand=True)
    table.add_column("", no_wrap=True)
    table.add_column("About", overflow="fold", max_width=36)
    table.add_column("Test", max_width=20)
    table.add_column("Found", ratio=1)
    table.add_column("To grant or change", ratio=1)
    subject = ""
    for each in found.findings:
        if each.subject != subject:
            table.add_section()
        mark = f"[{STYLES[each.verdict]}]{MARKS[each.verdict]} {each.verdict}[/]"
        about = "" if each.subject == subject else each.subject
        table.add_row(mark, escape(about), each.test, escape(each.says), escape(each.grant))
        subject = each.subject
    console = Console()
    console.print(table)
    console.print(found.in_words(), highlight=False)
