"""`sf-elt demo` and `sf-elt dev`: the whole loop once, and the web UI on what it made."""

from pathlib import Path
from typing import Annotated

import typer

from sf_elt.cli.examples import examples

DEMO_FOLDER = Path("data/demo")


@examples(
    "sf-elt demo", "sf-elt demo --records 500 --folder /tmp/demo", "sf-elt demo --keep-org  # the same org, once more"
)
def demo(
    records: Annotated[int, typer.Option(help="People to make (leads and contacts).", min=50)] = 5_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same data.", min=0)] = 7,
    folder: Annotated[Path, typer.Option(help="Where everything it makes goes; emptied first.")] = DEMO_FOLDER,
    keep_org: Annotated[bool, typer.Option("--keep-org", help="Go on with the org of the last demo.")] = False,
) -> None:
    """Runs the whole loop once against a local demo org: import, profiles, audiences, write-back, an increment."""
    from sf_elt.demo import run_demo

    raise typer.Exit(run_demo(folder, seed=seed, records=records, keep_org=keep_org))


@examples("sf-elt dev", "sf-elt dev --port 3001")
def dev(
    port: Annotated[int, typer.Option(help="Port of Dagster's web UI on 127.0.0.1.", min=0, max=65535)] = 3000,
    folder: Annotated[
        Path, typer.Option(help="The demo's folder; its data is made first where it is missing.")
    ] = DEMO_FOLDER,
) -> None:
    """Runs the demo org, Dagster's web UI and its daemon on loopback, on the demo's data, until Ctrl-C or SIGTERM."""
    from sf_elt.demo import run_dev

    raise typer.Exit(run_dev(folder, port=port))
