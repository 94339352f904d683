"""`sf-elt erase`: a person erased on request."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.asking import agreed
from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.profile import loaded_mapping
from sf_elt.cli.showing import JsonOption, refuse, safe, say, show_json
from sf_elt.cli.waiting import waiting
from sf_elt.counting import count

if TYPE_CHECKING:
    from sf_elt.profiles import Erasure

MOST_LINES = 20


@examples(
    "sf-elt erase ada@example.com --dry-run",
    "sf-elt erase ada@example.com --reason 'request 4711'",
    "sf-elt erase  # ends what was cut short",
)
def erase(
    asked: Annotated[
        str,
        typer.Argument(
            metavar="[EMAIL|ID]",
            help="An email or another identifier, or the profile's id. Without it, what was cut short is ended.",
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
    reason: Annotated[
        str, typer.Option("--reason", help="Kept in ops.erasures: the number of a request, and not who it was.")
    ] = "",
) -> None:
    """Erases a person from every table and file of the warehouse, and keeps them out of what comes later.

    Records in the org and the files that you keep stay: docs/privacy.md says what to do about them.
    """
    begin()
    from sf_elt.components.resources import open_warehouse
    from sf_elt.profiles import NoSuchProfile, ProfilesError, erase_profile, finish_erasures, preview_erasure
    from sf_elt.warehouse import WarehouseError

    if "@" in reason or (asked and asked.strip().lower() in reason.lower()):
        refuse("erase", "--reason is kept: it must not say who it was")
    if as_json and asked and not (dry_run or yes):
        raise typer.BadParameter("with --json nobody is asked: give --yes or --dry-run as well")
    warehouse = open_warehouse()
    try:
        if not asked:
            ended = finish_erasures(warehouse, now=datetime.now(UTC), progress=say)
            say(f"{ended} erasures came to their end." if ended else "There is nothing left to end.")
            _show_json({"ended": ended}, as_json)
            return
        mapping = loaded_mapping("erase")
        try:
            with waiting("reading the warehouse"):
                what = preview_erasure(warehouse, mapping, asked)
        except NoSuchProfile as nobody:
            ended = 0 if dry_run else finish_erasures(warehouse, now=datetime.now(UTC), progress=say)
            if not ended:
                raise
            say(f"{nobody}; {ended} erasures that had been cut short came to their end.")
            _show_json({"ended": ended}, as_json)
            return
        if not as_json:
            _show(what)
        if dry_run:
            say("Nothing was changed.")
            _show_json(asdict(what) | {"erased": False}, as_json)
            return
        if not yes:
            _require_agreement()
        erase_profile(warehouse, mapping, asked, reason=reason, now=datetime.now(UTC), progress=say)
    except (ProfilesError, WarehouseError) as error:
        refuse("erase", str(error))
    say("Erased. The next run of the profiles builds all of them anew.")
    _show_json(asdict(what) | {"erased": True}, as_json)


def _require_agreement() -> None:
    """Ends the command where somebody does not agree, or nobody is there who could."""
    try:
        agrees = agreed("Erase this person? It cannot be undone.", default=False)
    except typer.Abort:
        say("")  # the question's line ends here
        if sys.stdin.isatty():
            raise
        refuse("erase", "nobody is there to agree, and nothing was changed: --yes agrees")
    if not agrees:
        say("Nothing was changed.")
        raise typer.Abort


def _show_json(value: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        show_json(value)


def _show(what: "Erasure") -> None:
    """Counts alone, and where the person stands in files that are not ours to change."""
    merged = f", and {count(what.aliases, 'id')} that it had before" if what.aliases else ""
    if what.profile_id:
        typer.echo(f"Profile {what.profile_id[:6]}…{merged}")
    else:
        typer.echo("No profile: the org has deleted these records, or no build of the profiles has read them yet")
    _counts("Identifiers that are kept out from now on", what.identifiers)
    _counts("Identifiers that other people's rows carry as well: they stay theirs", what.shared)
    _counts("Rows that go; those of writeback.sync_log stay without who it was", what.rows)
    _counts("Cells of other rows that are emptied", what.cells)
    if "profiles.manual_links" in what.rows:
        typer.echo("Left to you: take the person out of links and unlinks, in the YAML or the CSV files that it names")
    if what.event_lines:
        typer.echo("Left to you: empty these lines of your files, and leave their line ends")
        for each in what.event_lines:
            listed = ", ".join(f"{line:,}" for line in each.lines[:MOST_LINES])
            more = f" and {len(each.lines) - MOST_LINES:,} more" if len(each.lines) > MOST_LINES else ""
            typer.echo(f"  {safe(each.file)}: line {listed}{more}")


def _counts(title: str, counts: Mapping[str, int]) -> None:
    if counts:
        typer.echo(title)
        for name, count in counts.items():
            typer.echo(f"  {safe(name)}  {count:,}")
