"""`sf-elt alerts …`: a test message to each channel, and the incidents that there are."""

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.loading import loaded_components
from sf_elt.cli.showing import Column, Format, JsonOption, Rows, refuse, say, show, show_json
from sf_elt.cli.times import minute

if TYPE_CHECKING:
    from sf_elt.components import Alerts

alerts = typer.Typer(name="alerts", help="Alerts: a test message, and what is wrong now.", no_args_is_help=True)


@alerts.command("test")
@examples("sf-elt alerts test", "sf-elt alerts test slack")
def send_trial(
    channel: Annotated[str, typer.Argument(help="slack, email or webhook. Default: all that the YAML names.")] = "",
) -> None:
    """Sends a test message. Ends with status 1 where a channel does not take it, and says why."""
    begin()
    from sf_elt.alerts import NotDelivered, trial_message
    from sf_elt.alerts.delivering import LONGEST
    from sf_elt.components.alerts.channels import ready
    from sf_elt.components.attributes import did_you_mean
    from sf_elt.salesforce.connection.halting import begun

    named = _component("alerts test").channels()
    if channel and channel not in named:
        refuse("alerts test", f"there is no channel {channel!r}; {did_you_mean(channel, named)}")
    usable, unusable = ready({name: each for name, each in named.items() if channel in ("", name)})
    for name, why in unusable.items():
        say(f"✗ {name}: {why}")
    faults = len(unusable)
    for each in usable:
        try:
            begun(partial(each.send, trial_message(each.name, datetime.now(UTC)))).result(LONGEST)
        except TimeoutError:
            faults += 1
            say(f"✗ {each.name}: it has begun to take the message, and did not end within {LONGEST:.0f} seconds")
        except NotDelivered as error:
            faults += 1
            say(f"✗ {each.name}: {error}")
        else:
            say(f"✓ {each.name}: sent")
    if faults:
        raise typer.Exit(1)


@alerts.command("list")
@examples("sf-elt alerts list", "sf-elt alerts list --all --json | jq '.[] | select(.kind == \"failure\")'")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also those that are over, of the last 90 days.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The incidents that are open, the latest first. It looks at nothing anew: the sensors do that."""
    begin()
    from sf_elt.alerts import IncidentBook
    from sf_elt.components.resources import open_warehouse
    from sf_elt.warehouse import WarehouseError

    try:
        book = IncidentBook.begun(open_warehouse())
        found = [] if book is None else book.incidents(only_open=not every)
        backlogs = [] if book is None else book.backlogs(now=datetime.now(UTC))
    except WarehouseError as error:
        refuse("alerts list", str(error))
    rows = [
        {
            "incident": each.id,
            "kind": each.kind,
            "since": each.began_at.isoformat(timespec="minutes"),
            "until": each.closed_at.isoformat(timespec="minutes") if each.closed_at else None,
            "times": each.times or None,
            "about": [{"subject": subject.name, "says": subject.says} for subject in each.subjects],
        }
        for each in found
    ]
    for each in backlogs:
        say(f"{each.channel}: {each}")
    if as_json:
        show_json(rows)
        return
    shown = [
        {
            **row,
            "since": minute(each.began_at),
            "until": minute(each.closed_at),
            "about": "; ".join(f"{subject.name}: {subject.says}" for subject in each.subjects),
        }
        for row, each in zip(rows, found, strict=True)
    ]
    times = [Column("since", "Since, UTC", whole=True), Column("until", "Until, UTC", whole=True)]
    columns = [Column("kind", "Kind"), *times, Column("times", "Runs"), Column("about", "What")]
    show(columns, Rows(shown), Format.table, most=len(shown))


def _component(command: str) -> "Alerts":
    """The deployment's Alerts. Ends the command where its YAML is wrong, or has none."""
    from sf_elt.components import Alerts

    found = loaded_components(command, Alerts)
    if not found:
        refuse(command, "the deployment has no alerts: see docs/alerts.md")
    return found[0]
