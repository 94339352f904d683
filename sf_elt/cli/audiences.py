"""`sf-elt audiences …`: who is in which audience, and what an evaluation would change, without writing anything."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli import completing
from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.showing import Column, Format, JsonOption, Rows, refuse, safe, say, show, show_json
from sf_elt.cli.waiting import waiting
from sf_elt.counting import count

if TYPE_CHECKING:
    from sf_elt.insight import Audience, AudiencePreview, AudiencesPreview, StandingAudience

audiences = typer.Typer(name="audiences", help="Audiences: as they stand, and as they would be.", no_args_is_help=True)

TRIED = "This condition"


@audiences.command("list")
@examples("sf-elt audiences list", "sf-elt audiences list --json | jq '.[] | {name, members}'")
def list_(as_json: JsonOption = False) -> None:
    """The audiences as last evaluated: members, share of all profiles, who came and went in the last 7 days."""
    begin()
    from sf_elt.components.resources import open_warehouse
    from sf_elt.insight import InsightError, standing_audiences
    from sf_elt.warehouse import WarehouseError

    defined = _loaded("audiences list")
    try:
        with open_warehouse().read() as connection:
            standing = standing_audiences(connection, now=datetime.now(UTC))
    except (InsightError, WarehouseError) as error:
        refuse("audiences list", str(error))
    if as_json:
        show_json([_standing(each) for each in standing])
        return
    rows = [
        {
            "audience": each.name,
            "members": f"{each.members:,}",
            "share": _percent(each.share),
            "moves": f"+{each.week.entered:,} −{each.week.left:,}",
            "description": each.description,
        }
        for each in standing
    ]
    labels = {"audience": "Audience", "members": "Members", "share": "Share", "moves": "7 days"}
    _show(labels | {"description": "Who"}, rows)
    if standing:
        say(f"Evaluated {max(each.evaluated_at for each in standing):%Y-%m-%d %H:%M} UTC.")
    if missing := [each.name for each in defined if each.name not in {each.name for each in standing}]:
        say(f"Not evaluated yet: {', '.join(missing)}")


@audiences.command()
@examples(
    "sf-elt audiences preview",
    "sf-elt audiences preview 'Frequent visitors'",
    "sf-elt audiences preview --condition 'frequency > 80 AND recency > 50'  # before it is in the YAML",
)
def preview(
    name: Annotated[
        str,
        typer.Argument(
            help="Name of one audience, to see it in detail. Default: all.", autocompletion=completing.audiences
        ),
    ] = "",
    condition: Annotated[
        str, typer.Option("--condition", help="A condition to try, which need not be in the YAML.")
    ] = "",
    sample: Annotated[int, typer.Option(min=0, max=100, help="How many members to show, without personal data.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """What the audiences would be now: size, overlap, a sample, and who would enter and leave. Nothing is written."""
    begin()
    from sf_elt.components.resources import open_warehouse
    from sf_elt.insight import InsightError, preview_audiences
    from sf_elt.warehouse import WarehouseError

    every = _loaded("audiences preview")
    if condition:
        if name:
            refuse("audiences preview", "either the name of an audience or --condition, not both")
        every, name = [*every, _tried(condition)], TRIED
    _require_known(name, every)
    try:
        with waiting("evaluating audiences"):
            found = preview_audiences(
                open_warehouse(), every, now=datetime.now(UTC), names=[name] if name else (), sample=sample
            )
    except (InsightError, WarehouseError) as error:
        refuse("audiences preview", str(error))
    if as_json:
        show_json(_plain(found))
    elif name:
        _show_one(found.audiences[0], found.profiles)
    else:
        _show_all(found)


def _loaded(command: str) -> "list[Audience]":
    from sf_elt.cli.loading import loaded_audiences

    return loaded_audiences(command)


def _tried(condition: str) -> "Audience":
    from pydantic import ValidationError

    from sf_elt.insight import Audience

    try:
        return Audience(name=TRIED, description="A condition to try.", condition=condition)
    except ValidationError as error:
        refuse("audiences preview", error.errors()[0]["msg"])


def _require_known(name: str, every: "Sequence[Audience]") -> None:
    from sf_elt.components.attributes import did_you_mean

    names = [each.name for each in every]
    if name and name not in names:
        refuse("audiences preview", f"there is no audience {name!r}; {did_you_mean(name, names)}")


def _show_all(found: "AudiencesPreview") -> None:
    rows = [
        {
            "audience": each.audience,
            "size": f"{each.size:,}",
            "share": _percent(each.share),
            "entering": _moves(each.entering),
            "leaving": _moves(each.leaving),
            "overlap": ", ".join(f"{other.audience} {_percent(other.share)}" for other in each.overlaps[:1]),
            "definition": each.definition,
        }
        for each in found.audiences
    ]
    labels = {"audience": "Audience", "size": "Size", "share": "Share", "entering": "Would enter"}
    labels |= {"leaving": "Would leave", "overlap": "Most in", "definition": "Definition"}
    _show(labels, rows)
    for each in found.audiences:
        _say_notes(each)
    for name, members in found.no_longer_defined.items():
        say(f"{name} is no longer defined: {members:,} would leave")
    say(f"Of {count(found.profiles, 'profile')}, {found.now:%Y-%m-%d %H:%M} UTC. Nothing was written.")


def _show_one(each: "AudiencePreview", profiles: int) -> None:
    from rich.console import Console
    from rich.text import Text

    from sf_elt.profiles.masking import NOTHING

    console = Console(highlight=False)
    console.print(Text(safe(f"{each.audience}: {each.description}"), style="bold"))
    console.print(Text(safe(each.condition), style="dim"))
    console.print(
        Text(f"{each.size:,} of {count(profiles, 'profile')}, {_percent(each.share)}. Definition: {each.definition}.")
    )
    console.print(Text(f"Would enter: {_moves(each.entering) or 'nobody'}. Leave: {_moves(each.leaving) or 'nobody'}."))
    if each.overlaps:
        console.print()
        rows = [
            {"audience": other.audience, "both": f"{other.both:,}", "share": _percent(other.share)}
            for other in each.overlaps
        ]
        _show({"audience": "Also in", "both": "Members", "share": "Share"}, rows)
    if each.sample.rows:
        console.print()
        texts = [["" if text == NOTHING else text for text in row] for row in each.sample.rows]
        sampled = [dict(zip(each.sample.columns, row, strict=True)) for row in texts]
        _show({column: column for column in each.sample.columns}, sampled)
    _say_notes(each)
    say("Nothing was written.")


def _say_notes(each: "AudiencePreview") -> None:
    for note in each.notes:
        say(safe(f"{each.audience}: {note}"))


def _show(labels: Mapping[str, str], rows: Sequence[Mapping[str, str]]) -> None:
    """All of the rows, under these labels."""
    show([Column(name, label) for name, label in labels.items()], Rows(rows), Format.table, most=len(rows) or None)


def _moves(by_reason: Mapping[str, int]) -> str:
    """`12 (10 definition, 2 person)`; empty where nobody moves."""
    if len(by_reason) <= 1:
        return "".join(f"{count:,} ({reason})" for reason, count in by_reason.items())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in by_reason.items())
    return f"{sum(by_reason.values()):,} ({reasons})"


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _standing(each: "StandingAudience") -> dict[str, object]:
    """For programs: times in ISO 8601, and the sizes of each day, today's last."""
    from dataclasses import asdict

    sizes = [{**asdict(size), "at": size.at.isoformat(timespec="seconds")} for size in each.sizes]
    return {**asdict(each), "sizes": sizes, "evaluated_at": each.evaluated_at.isoformat(timespec="seconds")}


def _plain(found: "AudiencesPreview") -> dict[str, object]:
    """For programs: shares from 0 to 1, times in ISO 8601, each of the sample by its columns."""
    from dataclasses import asdict

    every = []
    for each in found.audiences:
        sampled = [dict(zip(each.sample.columns, row, strict=True)) for row in each.sample.rows]
        every.append({**asdict(each), "sample": sampled})
    return {**asdict(found), "now": found.now.isoformat(timespec="seconds"), "audiences": every}
