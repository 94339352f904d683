"""`sf-elt export send` and `sf-elt export undo`: what writes into the org."""

from collections import Counter
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from sf_elt.cli.examples import examples
from sf_elt.cli.export_session import ExportName, OpenExport, opened_export
from sf_elt.cli.exports import (
    FullOption,
    changes_shown,
    counts_in_words,
    export,
    show_changes,
    switched_off,
)
from sf_elt.cli.faults import ExitCode
from sf_elt.cli.showing import JsonOption, say, show_json
from sf_elt.cli.waiting import Told, waiting

if TYPE_CHECKING:
    from sf_elt.writeback import ExportReport, UndoPlan

DONE = {"create": "created", "update": "updated", "delete": "deleted", "undelete": "brought back"}


@export.command()
@examples(
    "sf-elt export send leads",
    "sf-elt export send leads --approve 6892284be200446f96384de0161b5540  # what waits, as it was planned",
    "sf-elt export send leads --json | jq '{by_operation, failed, waits_for_approval}'",
)
def send(
    name: ExportName,
    approve: Annotated[
        str, typer.Option(metavar="PLAN_ID", help="Send the very records of a plan that waits for approval.")
    ] = "",
    replan: Annotated[bool, typer.Option("--replan", help="Plan anew in place of a plan that waits.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Plans and sends, as the export's asset does when it is materialized.

    The exit code is 1 where the org refused records, 3 where the plan waits for approval or for API calls.
    """
    with opened_export(name, command="export send", writes=True) as opened, _told(name) as told:
        from sf_elt.writeback import run_export

        report = run_export(
            opened.org, opened.warehouse, opened.export, now=datetime.now(UTC), run_id=_run_id(), approve=approve,
            replan=replan, progress=told,
        )  # fmt: skip
    _end(report, as_json=as_json)


@export.command()
@examples(
    "sf-elt export undo leads  # what it would put back",
    "sf-elt export undo leads --apply",
    "sf-elt export undo leads --run 0f6c7f0c-0a0b-4b6e-8f3d-0c1f8e3a7b52 --json",
)
def undo(
    name: ExportName,
    run: Annotated[
        str, typer.Option(metavar="RUN_ID", help="The run. Default: the last one that wrote and was not undone.")
    ] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Default: only say what would be done.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Delete records that the run made though somebody has worked on them.")
    ] = False,
    full: FullOption = False,
    as_json: JsonOption = False,
) -> None:
    """Puts back what stood before a run, deletes what it made, brings back what it deleted.

    What somebody has changed since stays theirs. It works while the export is switched off, too.
    """
    with opened_export(name, command="export undo", writes=apply) as opened:
        from sf_elt.writeback import plan_undo, run_undo

        org, warehouse, spec, now, run_id = opened.org, opened.warehouse, opened.export, datetime.now(UTC), _run_id()
        if not apply:
            with waiting(f"{name}: looking at what the run wrote"):
                found = plan_undo(org, warehouse, spec, now=now, run_id=run_id, undoes=run, force=force, dry_run=True)
            _show_undo(opened, found, full=full, as_json=as_json)
            return
        with _told(name) as told:
            report = run_undo(org, warehouse, spec, now=now, run_id=run_id, undoes=run, force=force, progress=told)
    _end(report, as_json=as_json)


def _run_id() -> str:
    """Of a run by hand: Dagster knows nothing of it."""
    return f"cli-{uuid4().hex}"


def _told(name: str) -> AbstractContextManager[Told]:
    return waiting(f"{name}:", elsewhere=_progress)


def _progress(what: str, done: int, total: int | None) -> None:
    """Says now and then how far it is."""
    if done == total or done % 10_000 == 0:
        say(f"{what}: {done:,}{'' if total is None else f' of {total:,}'}")


def _end(report: "ExportReport", *, as_json: bool) -> None:
    """Says what came of it, and ends with the code that goes with it."""
    if as_json:
        show_json(_plain(report))
    elif report.switched_off:
        say(switched_off(report.export))
    elif report.awaits is not None:
        say(str(report.awaits))
    else:
        _say_numbers(report)
    waits = report.awaits is not None or report.paused_until is not None
    raise typer.Exit(ExitCode.WRONG if report.failed else ExitCode.WAITS if waits else ExitCode.DONE)


def _say_numbers(report: "ExportReport") -> None:
    from sf_elt.salesforce.limits import calls_in_words

    told = ", ".join(f"{number:,} {DONE[each]}" for each, number in report.by_operation.items()) or "nothing written"
    what = f"The undo of run {report.undoes}" if report.undoes else f"The export {report.export}"
    say(f"{what}: {told}; {calls_in_words(report.api_calls)}.")
    for number, says in (
        (
            report.succeeded - sum(report.by_operation.values()),
            "held the values already, or stand as somebody set them",
        ),
        (
            report.failed,
            f"refused by the org: `sf-elt why ID {report.export}` has its words. What was locked goes again with the "
            "next run; what else was refused, once it or the record has changed, or after a day",
        ),
        (report.set_aside, "set aside"),
        (report.waiting, "wait"),
    ):
        if number > 0:
            say(f"  {number:,} {says}")
    if report.paused_until is not None:
        say(f"Paused until {report.paused_until:%Y-%m-%d %H:%M} UTC: {report.paused_because}. The next run goes on.")


def _plain(report: "ExportReport") -> dict[str, object]:
    """For programs."""
    return {
        "export": report.export,
        "plan_id": report.plan_id,
        "switched_off": report.switched_off,
        "undoes": report.undoes,
        "planned": report.planned,
        "succeeded": report.succeeded,
        "by_operation": dict(report.by_operation),
        "failed": report.failed,
        "set_aside": report.set_aside,
        "unchanged": report.unchanged,
        "without_record": report.without_record,
        "waiting": report.waiting,
        "waits_for_approval": None if report.awaits is None else report.awaits.because,
        "paused_until": None if report.paused_until is None else report.paused_until.isoformat(timespec="seconds"),
        "api_calls": report.api_calls,
    }


def _show_undo(opened: OpenExport, found: "UndoPlan", *, full: bool, as_json: bool) -> None:
    from sf_elt.salesforce.limits import calls_in_words

    changes = changes_shown(found.plan.sample, opened.export, full=full)
    if as_json:
        show_json(
            {
                "export": found.plan.export,
                "undoes": found.undoes,
                "by_operation": dict(found.plan.rows_by_operation),
                "would_delete": _deleted(found),
                "kept": _kept(found),
                "made_on_the_way": [
                    {"object": each.plan.describe.name, "would_delete": _deleted(each), "kept": _kept(each)}
                    for each in found.afterwards
                ],
                "first_changes": changes,
                "api_calls": found.plan.api_calls,
            }
        )
        return
    say(f"Undo of run {found.undoes} of {found.plan.export}: {counts_in_words(found.plan.rows_by_operation)}.")
    _say_left(found, "what the run made")
    for each in found.afterwards:
        _say_left(each, f"the {each.plan.describe.name} records that it made on the way")
    show_changes(changes)
    say(f"Nothing was sent: --apply does it; {calls_in_words(found.plan.api_calls)}.")


def _deleted(found: "UndoPlan") -> list[str]:
    return [step.written.record_id for step in found.steps if step.operation == "delete"]


def _kept(found: "UndoPlan") -> list[dict[str, object]]:
    return [
        {"record": each.written.record_id, "field": each.field, "code": each.code, "message": each.message}
        for each in found.kept
    ]


def _say_left(found: "UndoPlan", made: str) -> None:
    """What would be deleted, all of it, and what stays, by reason with an example."""
    if deleted := _deleted(found):
        say(f"It would DELETE {made}: {', '.join(deleted)}")
    if not found.kept:
        return
    say(f"What stays as it is, {found.plan.describe.name} records: {len(found.kept):,}")
    examples = {each.code: each for each in reversed(found.kept)}
    for code, number in Counter(each.code for each in found.kept).most_common():
        say(f"  {code}  {number:,}: {examples[code].message} ({examples[code].written.record_id})")
