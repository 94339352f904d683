"""The command line: `sf-elt …`. Heavy things are imported by the command that needs them, so that help is quick.

audiences.py audiences list, audiences preview
campaigns.py sf campaigns, campaign, members, member
check.py     check
demo_org.py  demo-org
demo.py      demo, dev
erase.py     erase
estimate.py  estimate
exists.py    exists
exports.py   export list, plan, reject; export_sending.py send, undo
look_ups.py  the rest of sf
profile.py   profile
report.py    report
setup.py     setup
why.py       why
"""

import typer

from sf_elt.cli import campaigns as _campaigns  # noqa: F401  adds its commands to `sf`
from sf_elt.cli import export_sending as _export_sending  # noqa: F401  adds its commands to `export`
from sf_elt.cli.audiences import audiences
from sf_elt.cli.check import check
from sf_elt.cli.demo import demo, dev
from sf_elt.cli.demo_org import demo_org
from sf_elt.cli.erase import erase
from sf_elt.cli.estimate import estimate
from sf_elt.cli.exists import exists
from sf_elt.cli.exports import export
from sf_elt.cli.look_ups import sf
from sf_elt.cli.profile import profile
from sf_elt.cli.report import report
from sf_elt.cli.setup import setup
from sf_elt.cli.why import why

app = typer.Typer(
    help="Salesforce in, unified profiles and audiences, Salesforce out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("demo-org")(demo_org)
app.command()(check)
app.command()(demo)
app.command()(dev)
app.command()(erase)
app.command()(estimate)
app.command()(exists)
app.command()(profile)
app.command()(report)
app.command()(setup)
app.command()(why)
app.add_typer(audiences)
app.add_typer(export)
app.add_typer(sf)
