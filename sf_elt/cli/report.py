"""`sf-elt report`: what stands in the warehouse, as a page for people."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sf_elt.cli.browser import open_in_browser
from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.showing import JsonOption, refuse, say, show_json
from sf_elt.cli.waiting import waiting
from sf_elt.counting import count
from sf_elt.disk import free_room, is_closed, is_full, wanted_owner


@examples(
    "sf-elt report --open",
    "sf-elt report --out /var/www/report.html",
    "sf-elt report --json | jq -r '.attention[].title'",
)
def report(
    out: Annotated[
        Path | None, typer.Option(help="The file to write. Default: report.html beside the warehouse's folder.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser afterwards.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Writes an HTML page of audiences, scores, topics, profile health and write-backs. It needs no org and no network.

    The page has counts only, no personal data, and times in this machine's time zone.
    """
    begin()
    from sf_elt.components.resources import open_warehouse
    from sf_elt.insight import InsightError
    from sf_elt.report import needs_attention, read_report, render, report_file, write_page
    from sf_elt.warehouse import WarehouseError

    warehouse = open_warehouse()
    file = (out or report_file(warehouse)).absolute()
    try:
        with waiting("reading the warehouse"):
            found = read_report(warehouse, datetime.now().astimezone())
            write_page(render(found), file)
    except (InsightError, WarehouseError) as error:
        refuse("report", str(error))
    except OSError as error:
        refuse("report", f"{file} cannot be written: {error.strerror}{_cure(error, file)}")
    attention = needs_attention(found)
    if as_json:
        show_json({"file": str(file), "attention": [asdict(each) for each in attention]})
    else:
        typer.echo(file)
    things = len(attention)
    say(f"{count(things, 'thing needs', 'things need')} attention." if things else "Nothing needs attention.")
    if open_ and not open_in_browser(file.as_uri()):
        say("There is no browser to open it in.")


def _cure(error: OSError, file: Path) -> str:
    """What to do about a disk or a folder that takes nothing, as a sentence after the error."""
    if is_full(error):
        return f". {free_room(file.parent)}Free disk space, or take another place with --out"
    if is_closed(error):
        return (
            f". {file.parent} must belong to the user who runs this, {wanted_owner(file.parent)}, on a disk that is "
            "not read-only: run it as that user, or take another place with --out"
        )
    return ""
