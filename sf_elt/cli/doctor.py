"""`sf-elt doctor`: the whole installation looked at, and what to do next."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.findings import show_findings
from sf_elt.cli.showing import JsonOption, safe, show_json
from sf_elt.cli.waiting import waiting

if TYPE_CHECKING:
    from rich.console import Console


@examples(
    "sf-elt doctor",
    "sf-elt doctor --offline  # without asking any org",
    "sf-elt doctor --json | jq -r .next_steps[]  # for a program",
)
def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Ask no org.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Looks at the whole installation and says what to do next: program, files, YAML, orgs, Dagster, waiting work.

    It changes nothing. The exit code is 1 where there is a problem.
    """
    from rich.console import Console
    from rich.text import Text

    begin()
    from sf_elt.cli.loading import definitions
    from sf_elt.components.doctor import diagnose, usable_warehouse
    from sf_elt.salesforce.limits import calls_in_words

    with waiting("looking at") as told:
        found = diagnose(
            usable_warehouse(),
            definitions,
            Path.cwd(),
            datetime.now(UTC),
            offline=offline,
            told=lambda what: told(what, 0, None),
        )
    if as_json:
        show_json(found.as_dict())
    else:
        show_findings(found.findings)
        console = Console(highlight=False)
        console.print(Text(f"{found.in_words()}; {calls_in_words(found.api_calls)}."))
        _show_steps(console, found.next_steps)
    raise typer.Exit(0 if found.is_well else 1)


def _show_steps(console: "Console", steps: Sequence[str]) -> None:
    """What to do, numbered where there is more than one thing; a command stays in one piece, to be copied."""
    from rich.text import Text

    for place, step in enumerate(steps, start=1):
        before = "Next: " if len(steps) == 1 else f"{'Next:' if place == 1 else '     '} {place}. "
        console.print(Text(before, style="bold") + Text(safe(step)), soft_wrap=True)
