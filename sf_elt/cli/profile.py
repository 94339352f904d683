"""`sf-elt profile`: why a profile is what it is."""

from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.loading import loaded_components
from sf_elt.cli.showing import JsonOption, readable, refuse, safe, show_json
from sf_elt.cli.waiting import waiting

if TYPE_CHECKING:
    from rich.console import Console

    from sf_elt.insight.of_profile import InsightOfProfile, Stay
    from sf_elt.profiles import FieldRule, ProfileExplained

MOST = 20
"""As many rows of one subject a terminal shows; JSON has them all."""


@examples(
    "sf-elt profile ada@example.com",
    "sf-elt profile ada@example.com --json | jq .fields  # everything, without an end",
)
def profile(
    asked: Annotated[
        str, typer.Argument(metavar="EMAIL|ID", help="An email or another identifier, or the profile's id, old or new.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Explains a profile: its rows and links, whose value won each field, what was refused, scores and audiences.

    It shows personal data in full, to whoever may read the warehouse. Nothing is written.
    """
    begin()
    from sf_elt.components.resources import open_warehouse
    from sf_elt.insight.of_profile import insight_of_profile
    from sf_elt.profiles import ProfilesError, explain_profile
    from sf_elt.warehouse import WarehouseError

    mapping = loaded_mapping("profile")
    warehouse = open_warehouse()
    try:
        with waiting("reading the warehouse"):
            found = explain_profile(warehouse, mapping, asked, most=None if as_json else MOST)
            insight = insight_of_profile(warehouse, found.profile_id)
    except (ProfilesError, WarehouseError) as error:
        refuse("profile", str(error))
    if as_json:
        show_json(_as_json({**_plain(found), **_plain(insight)}))
    else:
        _show(found, insight)


def loaded_mapping(command: str) -> "list[FieldRule]":
    """The mapping of this deployment. Ends the command where its YAML is wrong or has none."""
    from sf_elt.components.profiles import Profiles

    components = loaded_components(command, Profiles)
    if not components:
        refuse(command, "the deployment has no Profiles: see docs/mapping-and-identity.md")
    return [rule for component in components for rule in component.rules()]


def _plain(found: "ProfileExplained | InsightOfProfile") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(found)


def _as_json(value: object) -> object:
    """The value with times as ISO texts in UTC, and what else JSON has no word for as text."""
    from datetime import datetime

    if isinstance(value, dict):
        return {str(key): _as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _show(found: "ProfileExplained", insight: "InsightOfProfile") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(f"Profile {found.profile_id}", style="bold"))
    console.print(f"created {found.created_at:%Y-%m-%d %H:%M} UTC, changed {found.updated_at:%Y-%m-%d %H:%M} UTC")
    if found.aliases:
        console.print(Text(f"was also {', '.join(found.aliases)}"))
    _lines(console, "Rows, and what links them", _links(found), count=found.rows)
    _lines(console, "Fuzzy links", _fuzzy(found))
    _lines(console, "Links refused", [f"{_row(each.stream, each.record_id)}  {each.kind} {each.value}\n"
                                      f"  {each.rule}: {each.detail}" for each in found.refused])  # fmt: skip
    _lines(console, "User fields", _fields(found), most=None)
    _lines(console, "Scores", [f"{name}  {score}" for name, score in insight.scores.items() if score is not None])
    _lines(console, "Audiences", [_stay(each) for each in insight.stays])
    _lines(console, "Topics", [f"{topic}  {affinity:.2f}" for topic, affinity in insight.affinities.items()])


def _stay(stay: "Stay") -> str:
    until = f" until {stay.left_at:%Y-%m-%d}" if stay.left_at else ""
    return f"{stay.audience}  since {stay.entered_at:%Y-%m-%d}{until}"


def _links(found: "ProfileExplained") -> list[str]:
    """Below each row the identifiers that it carries."""
    from itertools import groupby

    told = []
    for (stream, record_id), links in groupby(found.links, lambda link: (link.stream, link.record_id)):
        carried = "".join(
            f"\n  {link.kind} {link.value}" + (f" ({link.via})" if link.via != "identifier" else "") for link in links
        )
        told.append(_row(stream, record_id) + carried)
    return told


def _fuzzy(found: "ProfileExplained") -> list[str]:
    """Below each pair of records how they agree, and how many bits of evidence that is."""
    return [
        f"{_row(link.stream, link.record_id)} ~ {_row(link.other_stream, link.other_record_id)}  {link.probability:.3f}"
        + "".join(f"\n  {each.field}: {each.level} ({each.weight:+.1f})" for each in link.agreement)
        for link in found.fuzzy
    ]


def _fields(found: "ProfileExplained") -> list[str]:
    """Below each field with a value what the rows say, the newest first; the ones that count are marked.

    Where an older one counts, it comes last.
    """
    told = []
    for name, field in found.fields.items():
        if field.value is None and not field.said:
            continue
        said = "".join(
            f"\n  {'✓' if each.won else '·'} {each.value}  ← {_row(each.stream, each.record_id)} {each.source}"
            + (f", {each.modified_at:%Y-%m-%d %H:%M}" if each.modified_at else "")
            for each in field.said
        )
        more = f"\n  … and {field.count - len(field.said):,} more" if field.count > len(field.said) else ""
        told.append(f"{name} = {readable(field.value)}  ({field.merge}){said}{more}")
    return told


def _row(stream: str, record_id: str) -> str:
    return f"{stream} {record_id}"


def _lines(
    console: "Console", title: str, lines: list[str], *, most: int | None = MOST, count: int | None = None
) -> None:
    """A title and lines below it, as far as there are any; `count` is how many there are, where these are not all."""
    from rich.text import Text

    if not lines:
        return
    console.print()
    console.print(Text(title, style="bold"))
    for line in lines[:most]:
        console.print(Text(safe(line, keep_lines=True)), soft_wrap=True)
    if most is not None and (count or len(lines)) > most:
        console.print(f"… and {(count or len(lines)) - most:,} more")
