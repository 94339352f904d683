"""`sf-elt check`: what this deployment needs of its orgs, before anything runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli import completing
from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.findings import show_findings
from sf_elt.cli.showing import JsonOption, safe, show_json
from sf_elt.cli.waiting import waiting

if TYPE_CHECKING:
    from sf_elt.components.preflight import Preflight


@examples(
    "sf-elt check",
    "sf-elt check sandbox  # one connection alone",
    "sf-elt check --json | jq '.[].findings[] | select(.verdict != \"ok\")'  # what is to be granted",
)
def check(
    connection: Annotated[
        str, typer.Argument(help="Name of one connection. Default: all of them.", autocompletion=completing.connections)
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Tests logins, limits, permissions and fields against the YAML of this deployment, and says what to grant.

    It reads a few things of each org and changes nothing there. The exit code is 1 where something is missing.
    """
    begin()
    from sf_elt.cli.loading import loaded_deployment
    from sf_elt.components.preflight import preflight
    from sf_elt.components.resources import open_warehouse
    from sf_elt.salesforce.connection.transport import IN_PERSON

    deployment = loaded_deployment("check", connection=connection)
    names = [connection] if connection else [each.name for each in deployment.connections]
    found = []
    with waiting("asking Salesforce over the connection") as told:
        for number, name in enumerate(names):
            told(name, number, len(names))
            found.append(preflight(deployment, name, open_warehouse(), patience=IN_PERSON))
    if as_json:
        show_json([each.as_dict() for each in found])
    else:
        for each in found:
            _show(each)
    raise typer.Exit(0 if all(each.passed for each in found) else 1)


def _show(found: "Preflight") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(f"Connection {safe(found.connection)}", style="bold"))
    show_findings(found.findings)
    console.print(Text(found.in_words()))
