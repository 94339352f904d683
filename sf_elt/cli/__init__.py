"""The command line: `sf-elt …`. Heavy things are imported by the command that needs them, so that help is quick.

alerts.py    alerts test, alerts list
audiences.py audiences list, audiences preview
campaigns.py sf campaigns, campaign, members, member
check.py     check
connections.py  connections
demo_org.py  demo-org
demo.py      demo, dev
doctor.py    doctor
erase.py     erase
estimate.py  estimate
exists.py    exists
keys.py      keys new, keys token
login.py     login; browser.py shows where; logout.py logout; signing.py what these share
exports.py   export list, plan, reject; export_sending.py send, undo
init/        init
look_ups.py  the rest of sf
profile.py   profile
report.py    report
setup.py     setup
status.py    status
why.py       why

examples.py  what stands below each command's help; completing.py  what the shell completes
face.py      what all commands have in common; faults.py  how they end
showing.py   how they show rows; findings.py  what was tested; waiting.py  how far they are
asking.py    how they ask
"""

from typing import Annotated

import typer

from sf_elt.cli import campaigns as _campaigns  # noqa: F401  adds its commands to `sf`
from sf_elt.cli import export_sending as _export_sending  # noqa: F401  adds its commands to `export`
from sf_elt.cli.alerts import alerts
from sf_elt.cli.audiences import audiences
from sf_elt.cli.check import check
from sf_elt.cli.connections import connections
from sf_elt.cli.demo import demo, dev
from sf_elt.cli.demo_org import demo_org
from sf_elt.cli.doctor import doctor
from sf_elt.cli.erase import erase
from sf_elt.cli.estimate import estimate
from sf_elt.cli.exists import exists
from sf_elt.cli.exports import export
from sf_elt.cli.face import Face, show_version
from sf_elt.cli.init import init
from sf_elt.cli.keys import keys
from sf_elt.cli.login import login
from sf_elt.cli.logout import logout
from sf_elt.cli.look_ups import sf
from sf_elt.cli.profile import profile
from sf_elt.cli.report import report
from sf_elt.cli.setup import setup
from sf_elt.cli.status import status
from sf_elt.cli.why import why

app = typer.Typer(
    cls=Face,
    help="Salesforce in, unified profiles and audiences, Salesforce out.",
    epilog="`sf-elt COMMAND --help` shows examples. docs/commands.md lists all commands and their exit codes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _of_all_commands(
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            help="Tell all of an error, and what happens. Anywhere in the line; or SF_ELT_VERBOSE=1.",
        ),
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=show_version, is_eager=True)
    ] = False,
) -> None:
    """The face has taken --verbose out of the line before any command sees it."""


BEGIN = "Connect and set up"
app.command(rich_help_panel=BEGIN)(init)
app.command(rich_help_panel=BEGIN)(login)
app.command(rich_help_panel=BEGIN)(logout)
app.command(rich_help_panel=BEGIN)(connections)
app.add_typer(keys, rich_help_panel=BEGIN)
app.command(rich_help_panel=BEGIN)(check)
app.command(rich_help_panel=BEGIN)(estimate)
app.command(rich_help_panel=BEGIN)(setup)

DAILY = "Day by day"
app.command(rich_help_panel=DAILY)(status)
app.command(rich_help_panel=DAILY)(doctor)
app.command(rich_help_panel=DAILY)(report)
app.add_typer(alerts, rich_help_panel=DAILY)

PEOPLE = "People and audiences"
app.add_typer(audiences, rich_help_panel=PEOPLE)
app.command(rich_help_panel=PEOPLE)(profile)
app.command(rich_help_panel=PEOPLE)(erase)

EXPORTS = "Write to Salesforce"
app.add_typer(export, rich_help_panel=EXPORTS)
app.command(rich_help_panel=EXPORTS)(why)

LOOK = "Look into Salesforce"
app.command(rich_help_panel=LOOK)(exists)
app.add_typer(sf, rich_help_panel=LOOK)

DEMO = "Try it without an account"
app.command(rich_help_panel=DEMO)(demo)
app.command(rich_help_panel=DEMO)(dev)
app.command("demo-org", rich_help_panel=DEMO)(demo_org)
