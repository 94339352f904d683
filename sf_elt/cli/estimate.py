"""`sf-elt estimate`: how long a first import takes, what it spends, and which setting would shorten it."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli import completing
from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.showing import Column, Format, JsonOption, Rows, refuse, safe, show, show_json, tell
from sf_elt.cli.times import length
from sf_elt.cli.waiting import waiting

if TYPE_CHECKING:
    from sf_elt.components.estimate import Estimate
    from sf_elt.streams.estimating import Finish

COLUMNS = (
    Column("stream", "Stream"),
    Column("rows", "Rows", right=True),
    Column("by", "By"),
    Column("calls", "API calls", right=True),
    Column("megabytes", "MB", right=True),
    Column("time", "Time", right=True),
)


@examples(
    "sf-elt estimate",
    "sf-elt estimate salesforce --json | jq '.[] | {rows, api_calls, done_at}'",
)
def estimate(
    name: Annotated[
        str,
        typer.Argument(
            metavar="IMPORT", help="Name of one import. Default: all of them.", autocompletion=completing.imports
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Says what the first import reads and spends and when it is done, from the org's own counts and limits.

    It costs a few API calls of its own and reads no records.
    """
    begin()
    from sf_elt.cli.loading import loaded_deployment
    from sf_elt.components.deployment import NotInDeployment
    from sf_elt.components.estimate import estimate as estimated
    from sf_elt.components.resources import open_warehouse
    from sf_elt.salesforce import SalesforceError
    from sf_elt.salesforce.connection.refused_logins import with_advice
    from sf_elt.streams import SpecRefused
    from sf_elt.warehouse import WarehouseError

    deployment = loaded_deployment("estimate")
    try:
        importers = [deployment.importer(name)] if name else deployment.imports
        with waiting("asking Salesforce how much there is for") as told:
            found = []
            for number, importer in enumerate(importers):
                told(importer.name, number, len(importers))
                prefix = deployment.connection(importer.connection).env_prefix
                found.append(estimated(deployment, importer, open_warehouse()))
    except SalesforceError as error:
        refuse("estimate", f"{with_advice(error, prefix)}\n`sf-elt check` says more.")
    except (NotInDeployment, SpecRefused, WarehouseError, OSError) as error:
        refuse("estimate", str(error))
    now = datetime.now(UTC)
    if as_json:
        show_json([_plain(each, now) for each in found])
        return
    for each in found:
        show_estimate(each, now)


def show_estimate(found: "Estimate", now: datetime) -> None:
    """A table of its streams, and lines below it: when it is done, what would shorten it, what was assumed."""
    rows = [
        {
            "stream": each.stream,
            "rows": "?" if each.rows is None else f"{each.rows:,}",
            "by": each.transport,
            "calls": f"{each.calls:,}",
            "megabytes": f"{each.megabytes:,.1f}",
            "time": length(timedelta(seconds=each.seconds)),
        }
        for each in found.demands
    ]
    of_all = {
        "stream": "all, with the login",
        "rows": f"{sum(each.rows or 0 for each in found.demands):,}",
        "calls": f"{found.calls:,}",
        "megabytes": f"{sum(each.megabytes for each in found.demands):,.1f}",
        "time": length(timedelta(seconds=sum(each.seconds for each in found.demands))),
    }
    title = f"First import of {found.name}"
    show(COLUMNS, Rows([*rows, of_all]), Format.table, title=title, most=len(rows) + 1)
    tell("\n".join(["", *map(safe, _lines(found, now))]))


def _lines(found: "Estimate", now: datetime) -> list[str]:
    from sf_elt.salesforce.limits import calls_in_words

    uncounted = [each.object for each in found.demands if each.rows is None]
    lines = [f"Done {_when(found.finish, now)}{', without ' + ', '.join(uncounted) if uncounted else ''}."]
    for each in found.allowances:
        if each.daily is not None and each.today is not None:
            lines.append(f"  {each.name}: {each.today:,.0f} now, {each.daily:,.0f} in any further 24 hours")
    quiet, busy = found.upkeep
    if busy:
        lines.append(f"Then {calls_in_words(quiet)} on a quiet day and about {busy:,} on a busy one.")
    else:
        lines.append("Nothing keeps it updated: keep_updated is false.")
    if found.calls_a_day is not None and quiet > found.calls_a_day:
        lines.append(
            f"  That is more than the {found.calls_a_day:,.0f} of a day: it will pause. Let it run less often."
        )
    lines += ["", "It would be shorter with:" if found.suggestions else "No setting would shorten it much."]
    lines += [f"  {each.change}: {_when(each.finish, now)}" for each in found.suggestions]
    return [
        *lines,
        "",
        "Assumed:",
        *(f"  {each}" for each in found.assumptions),
        f"({calls_in_words(found.api_calls)})",
    ]


def _when(finish: "Finish", now: datetime) -> str:
    if finish.after is None:
        return f"never: {finish.limited_by} leaves no call for a page"
    at = f"in {length(finish.after)}, {now + finish.after:%Y-%m-%d %H:%M} UTC"
    if not finish.pauses:
        return at
    days = "a day's pause" if finish.pauses == 1 else f"{finish.pauses:,} pauses of a day"
    return f"{at}, after {days} by {finish.limited_by}"


def _plain(found: "Estimate", now: datetime) -> dict[str, object]:
    """For programs: seconds, calls and times in ISO 8601."""
    from dataclasses import asdict

    return {
        "import": found.name,
        "streams": [asdict(each) for each in found.demands],
        "rows": sum(each.rows or 0 for each in found.demands),
        "api_calls": found.calls,
        "bulk_jobs": sum(each.jobs for each in found.demands),
        "bulk_megabytes": sum(each.megabytes for each in found.demands if each.jobs),
        **_finish(found.finish, now),
        "allowances": [asdict(each) for each in found.allowances],
        "api_calls_a_day_afterwards": {"quiet": found.upkeep[0], "busy": found.upkeep[1]},
        "shorter_with": [{"change": each.change, **_finish(each.finish, now)} for each in found.suggestions],
        "assumed": list(found.assumptions),
        "api_calls_of_this_estimate": found.api_calls,
    }


def _finish(finish: "Finish", now: datetime) -> dict[str, object]:
    after = finish.after
    return {
        "done_at": None if after is None else (now + after).isoformat(timespec="seconds"),
        "seconds": None if after is None else round(after.total_seconds(), 1),
        "pauses": finish.pauses,
        "limited_by": finish.limited_by,
    }
