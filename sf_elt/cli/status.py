"""`sf-elt status`: how everything stands, in a look."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.showing import Column, Format, JsonOption, Rows, say, show, show_json
from sf_elt.cli.times import length, minute, moment
from sf_elt.cli.waiting import waiting

if TYPE_CHECKING:
    from sf_elt.components.status import Status
    from sf_elt.components.status.timetable import Ticking

NAMES = ("stream", "export", "job", "name")  # never broken: they are what one types
NUMBERS = ("rows", "lag", "until", "aside", "open", "failed", "used", "took")
ENDED = {"success": "✓ done", "failure": "✗ failed", "canceled": "· ended by somebody"}


@examples(
    "sf-elt status",
    "sf-elt status --runs 30  # more of the last runs",
    "sf-elt status --json | jq '.streams[] | {stream, newest, lag_seconds}'  # for a program",
)
def status(
    runs: Annotated[int, typer.Option(min=0, max=1000, help="How many of the last runs.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Shows streams with their newest records and lag, API calls left, exports, last runs, and what runs next.

    It asks no org and waits for nobody: while a run is writing it says so, and shows the rest. Nothing is changed.
    """
    begin()
    from sf_elt.cli.loading import definitions, without_collecting

    with without_collecting():
        from sf_elt.components.resources import open_warehouse
        from sf_elt.components.status import read_status

        with waiting("looking at runs and the warehouse"):
            found = read_status(open_warehouse(), definitions, datetime.now(UTC), runs=runs)
    if as_json:
        show_json(found.as_dict())
    else:
        _show(found)


def _show(found: "Status") -> None:
    _show_streams(found)
    _show_exports(found)
    _show_quotas(found)
    _show_runs(found)
    _show_next(found)
    for note in found.notes:
        say(note)


def _show_streams(found: "Status") -> None:
    rows = [
        {
            "stream": each.stream,
            "rows": f"{each.rows:,}",
            "newest": minute(each.newest),
            "lag": length(each.lag),
            "aside": f"{each.set_aside:,}" if each.set_aside else "",
        }
        for each in found.standing.streams
    ]
    labels = {"stream": "Stream", "rows": "Rows", "newest": "Newest, UTC", "lag": "Lag", "aside": "Set aside"}
    _table("Streams", labels, rows)


def _show_exports(found: "Status") -> None:
    rows = [
        {
            "export": each.export,
            "state": each.status,
            "planned": minute(each.planned_at),
            "open": f"{each.still_to_write:,}" if each.still_to_write else "",
            "failed": f"{each.failed:,}" if each.failed else "",
            "aside": f"{each.set_aside:,}" if each.set_aside else "",
            "most": each.most_often,
        }
        for each in found.standing.exports
    ]
    labels = {"export": "Export", "state": "State", "planned": "Planned, UTC", "open": "To write", "failed": "Failed"}
    _table("Exports", labels | {"aside": "Set aside", "most": "Most often"}, rows)
    for each in found.standing.exports:
        if each.held_because and each.status == "waiting for approval":
            say(
                f"{each.export} waits for approval: {each.held_because}. To look: sf-elt export plan {each.export}; "
                f"to approve: sf-elt export send {each.export} --approve {each.plan_id}"
            )


def _show_quotas(found: "Status") -> None:
    rows = [
        {
            "job": each.job,
            "used": f"{each.used:,}",
            "left": "no maximum" if each.left is None else f"{each.left:,} of {each.maximum:,}",
        }
        for each in found.quotas
    ]
    rows += [
        {
            "job": f"org: {each.org}",
            "used": f"{each.used:,}",
            "left": f"{max(0, each.allowed - each.used):,} of {each.allowed:,}, said {moment(each.said_at)}",
        }
        for each in found.orgs
    ]
    _table("API calls in 24 hours", {"job": "By", "used": "Used", "left": "Left"}, rows)
    for each in found.paused:
        say(f"{each.asset} is paused until {moment(each.until)}, and goes on by itself: {each.reason}")
    if found.paused:
        say("")


def _show_runs(found: "Status") -> None:
    rows = [
        {
            "what": each.what,
            "status": ENDED.get(each.status, f"… {each.status.replace('_', ' ')}"),
            "started": minute(each.started_at),
            "took": "" if each.seconds is None else f"{each.seconds:,.0f} s",
            "error": each.error or "",
        }
        for each in found.runs
    ]
    labels = {"what": "Run", "status": "Status", "started": "Started, UTC", "took": "Took", "error": "Error"}
    _table("Last runs", labels, rows)


def _show_next(found: "Status") -> None:
    rows = [
        {
            "name": each.name,
            "when": each.when,
            "next": _next(each),
            "until": _until(each, found.at),
            "last": minute(each.last_at),
            "why": each.failed or "",
        }
        for each in found.tickings
    ]
    labels = {
        "name": "Schedule or sensor",
        "when": "When",
        "next": "Next run, UTC",
        "until": "In",
        "last": "Last looked, UTC",
    }
    _table("What runs by itself", labels | {"why": "Failed because"}, rows)
    if found.daemon is not None and not found.daemon.is_alive:
        seen = f"was last seen {moment(found.daemon.seen_at)}" if found.daemon.seen_at else "has never run"
        say(f"Nothing runs by itself now: Dagster's daemon {seen}.")


def _next(each: "Ticking") -> str:
    if not each.is_on:
        return "off"
    return minute(each.next_at) if each.next_at else "on"


def _until(each: "Ticking", now: datetime) -> str:
    """How long until then: the same in every time zone."""
    return length(each.next_at - now) if each.next_at else ""


def _table(title: str, labels: Mapping[str, str], rows: Sequence[Mapping[str, str]]) -> None:
    """All rows, without the columns in which nothing stands; nothing where there are no rows."""
    columns = [
        Column(name, label, whole=name in NAMES, right=name in NUMBERS)
        for name, label in labels.items()
        if any(row[name] for row in rows)
    ]
    if rows:
        show(columns, Rows(rows), Format.table, title=title, most=len(rows))
        typer.echo()
