"""`sf-elt export …`: how exports stand, what one would do, and the end of a plan that nobody wants.

export_sending.py   send, undo
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.export_session import ExportName, opened_export
from sf_elt.cli.faults import ExitCode
from sf_elt.cli.showing import Column, FormatOption, JsonOption, Rows, chosen, refuse, say, show, show_json, tell
from sf_elt.cli.waiting import waiting
from sf_elt.counting import count

if TYPE_CHECKING:
    from sf_elt.components.exports.salesforce_export import SalesforceExport
    from sf_elt.writeback import FieldChange, Plan
    from sf_elt.writeback.standing import LastPlan

export = typer.Typer(
    name="export", help="Exports: what they would do, sending, approval and undo.", no_args_is_help=True
)

FullOption = Annotated[bool, typer.Option("--full", help="Show values in full, personal data among them.")]
VERBS = {"create": "create", "update": "update", "delete": "delete", "undelete": "bring back"}

_QUOTED = re.compile(r"'[^']*'")


@export.command("list")
@examples(
    "sf-elt export list",
    "sf-elt export list --json | jq -r '.[] | select(.state == \"waiting for approval\") | .export'",
)
def list_(how: FormatOption = None, as_json: JsonOption = False) -> None:
    """The exports with their last plans: what waits, what is paused, which run wrote last."""
    begin()
    from sf_elt.cli.loading import loaded_deployment
    from sf_elt.components.resources import open_warehouse
    from sf_elt.insight import WarehouseOutdated
    from sf_elt.report.asking import outdated_told
    from sf_elt.warehouse import WarehouseEmpty, WarehouseError
    from sf_elt.writeback.standing import last_plans

    how = chosen(how, as_json=as_json)
    deployment = loaded_deployment("export list")
    plans: Mapping[str, LastPlan] = {}
    try:
        with open_warehouse().read() as connection, outdated_told():
            plans = last_plans(connection)
    except WarehouseEmpty:
        plans = {}
    except (WarehouseError, WarehouseOutdated) as error:
        refuse("export list", str(error))
    rows = [_standing(each, plans.get(each.name)) for each in deployment.exports]
    labels = {
        "export": "Export", "object": "Object", "operation": "Does", "state": "State", "planned_at": "Planned",
        "records": "Records", "plan_id": "Plan", "last_run_that_wrote": "Last run that wrote",
    }  # fmt: skip
    copied = ("plan_id", "last_run_that_wrote")
    columns = [Column(name, label, whole=name in copied) for name, label in labels.items()]
    show(columns, Rows(rows, len(rows)), how)


@export.command()
@examples(
    "sf-elt export plan leads",
    "sf-elt export plan leads --full  # with personal data",
    "sf-elt export plan leads --json | jq .by_operation",
)
def plan(name: ExportName, full: FullOption = False, as_json: JsonOption = False) -> None:
    """What the export would do now: counts, what is set aside and why, the first records field by field.

    Nothing is sent and nothing is remembered. The exit code is 3 where the plan would wait for approval.
    """
    with opened_export(name, command="export plan") as opened:
        from sf_elt.writeback import plan_export

        if not opened.export.enabled:
            _say_switched_off(name, as_json=as_json)
            return
        with waiting(f"planning {name}:") as told:
            told("reading profiles, asking Salesforce", 0, None)
            found = plan_export(
                opened.org, opened.warehouse, opened.export, now=datetime.now(UTC), run_id="look", dry_run=True
            )
        shown = changes_shown(found.sample, opened.export, full=full)
    if as_json:
        show_json({**_plain(found, full=full), "first_changes": shown})
    else:
        _show_plan(found, shown, full=full)
    raise typer.Exit(ExitCode.WAITS if found.held_because else ExitCode.DONE)


@export.command()
@examples("sf-elt export reject leads 6892284be200446f96384de0161b5540")
def reject(name: ExportName, plan_id: Annotated[str, typer.Argument(metavar="PLAN_ID", help="The plan.")]) -> None:
    """Ends a plan that waits for approval. Nothing of it is sent; the next run plans anew."""
    begin()
    from sf_elt.cli.loading import loaded_deployment
    from sf_elt.components.deployment import NotInDeployment
    from sf_elt.components.resources import open_warehouse
    from sf_elt.warehouse import WarehouseError
    from sf_elt.writeback import ExportError
    from sf_elt.writeback.approval import reject_plan

    try:
        spec = loaded_deployment("export reject").export(name)
        with open_warehouse().write() as connection:
            reject_plan(connection, spec, plan_id, now=datetime.now(UTC))
    except (NotInDeployment, ExportError, WarehouseError, OSError) as error:
        refuse("export reject", str(error))
    say(f"Plan {plan_id} is rejected. The next run of {name} plans anew.")


def _say_switched_off(name: str, *, as_json: bool) -> None:
    if as_json:
        show_json({"export": name, "switched_off": True})
    else:
        say(switched_off(name))


def switched_off(name: str) -> str:
    """What a command says of an export that is switched off."""
    return f"The export {name} is switched off (enabled: false): nothing was planned, nothing was sent."


def counts_in_words(by_operation: Mapping[str, int]) -> str:
    """`12 to update, 3 to delete`."""
    told = [f"{number:,} to {VERBS[each]}" for each, number in sorted(by_operation.items()) if number]
    return ", ".join(told) or "nothing to write"


def changes_shown(
    changes: "tuple[FieldChange, ...]", spec: "SalesforceExport", *, full: bool
) -> list[dict[str, object]]:
    """The changes for people: masked, unless they are to be shown in full."""
    from sf_elt.components.exports.preview import shown
    from sf_elt.profiles.masking import as_text

    return [
        {
            "record": each.record_id,
            "profile": each.profile_id,
            "field": each.field,
            "before": as_text(each.before or None) if full else shown(each.field, each.before, spec),
            "after": as_text(each.after or None) if full else shown(each.field, each.after, spec),
        }
        for each in changes
    ]


def show_changes(changes: list[dict[str, object]]) -> None:
    """A table of the first records, field by field."""
    from sf_elt.cli.showing import Format

    if changes:
        columns = [Column(name, name.capitalize()) for name in ("record", "profile", "field", "before", "after")]
        show(columns, Rows(changes, len(changes)), Format.table, title="The first records", most=len(changes))


def _standing(spec: "SalesforceExport", last: "LastPlan | None") -> dict[str, object]:
    state = "not run yet" if last is None else f"undo {last.status}" if last.undoes else last.status
    return {
        "export": spec.name,
        "object": spec.object,
        "operation": spec.operation,
        "state": state if spec.enabled else "switched off",
        "planned_at": None if last is None else f"{last.planned_at:%Y-%m-%d %H:%M} UTC",
        "records": None if last is None else counts_in_words(last.by_operation),
        "plan_id": None if last is None else last.plan_id,
        "last_run_that_wrote": None if last is None else last.wrote,
    }


def _plain(found: "Plan", *, full: bool) -> dict[str, object]:
    """For programs."""
    return {
        "export": found.export,
        "would_write": found.rows_planned,
        "by_operation": dict(found.rows_by_operation),
        "unchanged": found.rows_unchanged,
        "set_aside": [
            {
                "code": each.code, "records": each.records, "an_example": _message(each.message, full=full),
                "profile": each.profile_id, "record": each.record_id,
            }
            for each in found.set_aside
        ],
        "refused_before": found.rows_refused_before,
        "without_record": found.rows_without_record,
        "would_delete": list(found.deletes),
        "would_wait_for_approval": found.held_because or None,
        "api_calls": found.api_calls,
    }  # fmt: skip


def _show_plan(found: "Plan", changes: list[dict[str, object]], *, full: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from sf_elt.salesforce.limits import calls_in_words

    console = Console(highlight=False)
    table = Table(title=f"Export {found.export}", title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    table.add_column("Records")
    table.add_column("", justify="right")
    for operation, number in found.rows_by_operation.items():
        table.add_row(f"would {VERBS[operation]}", f"{number:,}")
    for what, number in (
        ("unchanged", found.rows_unchanged),
        ("set aside", found.rows_set_aside),
        ("refused before, waiting for a change", found.rows_refused_before),
        ("without a record to write, or what to find it by", found.rows_without_record),
    ):
        table.add_row(what, f"{number:,}")
    console.print(table)
    for each in found.set_aside:
        where = each.record_id or f"profile {each.profile_id}"
        tell(f"  {each.code}  {each.records:,}: {_message(each.message, full=full)} ({where})")
    if found.deletes:
        console.print(
            Text(f"\nThis would DELETE {count(len(found.deletes), 'record')}, and nothing else:", style="bold red")
        )
        tell(", ".join(found.deletes))
    console.print()
    show_changes(changes)
    if found.held_already:
        say(
            f"{found.held_already:,} of {found.looked_at:,} records looked at hold these values already: "
            "sending writes nothing there."
        )
    if found.held_because:
        say(f"It would wait for approval: {found.held_because}.")
    if found.rows_without_record:
        say(f"`sf-elt why EMAIL {found.export}` says of one person why there is no record, or none is created.")
    hidden = "" if full or not changes else " Personal data is masked: --full shows it."
    say(f"Nothing was sent, nothing is remembered; {calls_in_words(found.api_calls)}.{hidden}")


def _message(message: str, *, full: bool) -> str:
    """What a reason says, without the value of a person that it quotes."""
    return message if full else _QUOTED.sub("'…'", message)
