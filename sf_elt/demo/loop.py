"""The whole loop once: Salesforce in, profiles, audiences, Salesforce out; then an increment with few changes."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sf_elt.counting import count
from sf_elt.demo.errors import DemoError
from sf_elt.demo.folder import DemoFolder, only
from sf_elt.demo.signals import Ended, EndedBy, signals_interrupt

if TYPE_CHECKING:
    from sf_elt.demo_org.serve import DemoOrgProcess

Say = Callable[[str, int, int | None], None]
Working = Callable[[str], AbstractContextManager[Say]]


def run_demo(root: Path, *, seed: int, records: int, keep_org: bool = False, console: Console | None = None) -> int:
    """Runs the loop in the folder `root`, printing as it goes. Gives the exit status: 0 where every claim held.

    Ctrl-C, SIGTERM and SIGHUP end it with all that it started, and give 128 and the signal's number.
    """
    started = time.monotonic()
    screen = console or Console()
    with signals_interrupt() as ended_by:
        try:
            folder, working = DemoFolder(root), partial(_working, screen, ended_by)
            with folder.claimed():
                folder.make_anew(seed=seed, records=records, keep_org=keep_org, now=datetime.now(UTC))
                about = "The whole loop once, against a made-up Salesforce org on this machine."
                screen.print(f"{about}\nIts data is in {escape(str(root))}", highlight=False, soft_wrap=True)
                with _org_and_events(folder, working) as org, _environment(only(folder.environment(org.details))):
                    _loop(org, working, screen)
        except (DemoError, KeyboardInterrupt) as error:
            if signal_number := ended_by():
                screen.print("Stopped, with everything that it had started. `sf-elt demo` begins anew.")
                return 128 + signal_number
            screen.print(f"[bold red]The demo failed.[/] {escape(str(error))}", highlight=False)
            return 1
        seconds = time.monotonic() - started
        screen.print(f"Everything held, in {seconds:.0f} s. `make dev` shows all of it in Dagster's web UI.")
    return 0


def _loop(org: "DemoOrgProcess", working: Working, screen: Console) -> None:
    with working("loading Dagster") as say:
        from sf_elt.demo.changes import change_some
        from sf_elt.demo.claims import check_claims
        from sf_elt.demo.runs import deployed
        from sf_elt.demo.table import table_of
        from sf_elt.salesforce import Login, SalesforceError, connect

        say("Dagster is loaded", 1, 1)
    with deployed(org.details.instance_url) as deployment:
        with working("importing everything the org has") as say:
            first = deployment.run_all(say)
            say(f"imported everything: {first.rows_in:,} rows, {first.profiles:,} profiles", 1, 1)
        with working("importing what our own writes changed") as say:
            echo = deployment.run_all(say)
            say(f"imported the echo of our own writes: {echo.moved:,} rows", 1, 1)
        with working("somebody works in the org") as say:
            try:
                changed = change_some(connect(Login.from_env()).client)
            except SalesforceError as error:
                raise DemoError(f"the demo org does not take changes. {error}") from error
            say(f"somebody changed {count(changed.count, 'record')} in the org", 1, 1)
        with working("importing what changed") as say:
            increment = deployment.run_all(say)
            say(f"imported what changed: {increment.moved:,} rows", 1, 1)
        screen.print(table_of({"first run": first, "our own writes": echo, "their changes": increment}))
        check_claims(first, echo, increment, changed)


@contextmanager
def _org_and_events(folder: DemoFolder, working: Working) -> Iterator["DemoOrgProcess"]:
    """The demo org, running, and the web events of its people, written at the same time."""
    from sf_elt.demo_org.seeding.events import write_events
    from sf_elt.demo_org.serve import DemoOrgError

    made = folder.made()
    with _starting_org(folder) as starting:
        with working(f"making an org with {made.records:,} people, and their web events") as say:
            events = write_events(folder.events, seed=made.seed, records=made.records, now=datetime.now(UTC))
            try:
                org = starting.result()
            except DemoOrgError as error:
                raise DemoError(str(error)) from error
            say(f"made an org with {made.records:,} people, and {events.lines:,} web events", 1, 1)
        yield org


@contextmanager
def _starting_org(folder: DemoFolder) -> Iterator["Future[DemoOrgProcess]"]:
    """The demo org, which starts meanwhile. It is stopped at the end of the block, also if it was not ready by then."""
    from sf_elt.demo_org.serve import start_demo_org

    made = folder.made()
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(start_demo_org, seed=made.seed, records=made.records, file=folder.org_file)
        try:
            yield starting
        finally:
            if starting.exception() is None:
                starting.result().stop()


@contextmanager
def _working(screen: Console, ended_by: EndedBy, doing: str) -> Iterator[Say]:
    """A line with a spinner while the block works; what is said last with done == total stays on the screen."""
    columns = (SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=screen) as progress:
        task = progress.add_task(doing, total=None)

        def say(what: str, done: int, total: int | None) -> None:
            if ended_by() is not None:  # Dagster may have taken the signal, and let it pass
                raise Ended
            of_total = "" if total is None or done == total else f" ({done:,} of {total:,})"
            progress.update(task, description=f"{what}{of_total}")

        yield say
        progress.update(task, total=1, completed=1)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
