"""An org for a command: credentials from the environment, calls counted, and errors told in a sentence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli import completing
from sf_elt.cli.environment import begin
from sf_elt.cli.showing import refuse

if TYPE_CHECKING:
    from sf_elt.components import SalesforceConnection
    from sf_elt.salesforce import Org
    from sf_elt.warehouse import JobMeter

JOB = "sf:cli"
"""Under this name the calls are counted, in the ledger beside the warehouse."""

Connection = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Which org: the name of a SalesforceConnection. Needed where this deployment has several.",
        autocompletion=completing.connections,
    ),
]


@contextmanager
def opened_org(connection: str = "") -> Iterator["Org"]:
    """An open session, with the connection's reserve of API calls. What goes wrong ends the command with status 1."""
    with metered_org(connection) as (org, _):
        yield org


@contextmanager
def metered_org(connection: str = "", *, command: str = "sf") -> Iterator[tuple["Org", "JobMeter"]]:
    """The same for a command of that name, with the meter that knows how many calls it has made."""
    begin()
    from sf_elt.cli.loading import loaded_deployment
    from sf_elt.components.resources import open_warehouse
    from sf_elt.salesforce import SalesforceError
    from sf_elt.salesforce.connection.refused_logins import with_advice
    from sf_elt.salesforce.connection.transport import IN_PERSON
    from sf_elt.salesforce.ids import NotAnId
    from sf_elt.warehouse import WarehouseError

    chosen = _chosen(loaded_deployment(command, connection=connection).connections, connection, command)
    known = chosen.resource()
    try:
        meter = known.meter(open_warehouse(), JOB, None)
        with known.org(meter, IN_PERSON) as org:
            yield org, meter
    except NotAnId as error:
        raise typer.BadParameter(str(error)) from None
    except SalesforceError as error:
        refuse(command, with_advice(error, chosen.env_prefix))
    except WarehouseError as error:
        refuse(command, str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        refuse(command, f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))


def _chosen(connections: "Sequence[SalesforceConnection]", name: str, command: str) -> "SalesforceConnection":
    """The connection of that name; without one the only one. Ends the command where it is not clear which."""
    found = [each for each in connections if name in ("", each.name)]
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        refuse(command, f"this deployment has several connections: {names}. Say which: --connection {found[0].name}")
    return found[0]
