"""An org for a command: credentials from the environment, calls counted, and errors told in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.environment import read_env_file
from sf_elt.cli.showing import refuse

if TYPE_CHECKING:
    from sf_elt.salesforce import Org

JOB = "sf:cli"

Connection = Annotated[
    str,
    typer.Option(
        metavar="PREFIX",
        help="Which org: what the names of its environment variables start with, SANDBOX_ for SANDBOX_USERNAME.",
    ),
]
DEFAULT_CONNECTION = "SALESFORCE_"


@contextmanager
def opened_org(connection: str = DEFAULT_CONNECTION, job: str = JOB) -> Iterator["Org"]:
    """An open session, whose calls are counted as those of `job`. What goes wrong ends the command with status 1."""
    read_env_file()
    from sf_elt.components.resources import OrgConnection, open_warehouse
    from sf_elt.salesforce import AuthenticationFailed, SalesforceError
    from sf_elt.salesforce.ids import NotAnId
    from sf_elt.warehouse import WarehouseError

    known = OrgConnection(env_prefix=connection)
    try:
        try:
            meter = known.meter(open_warehouse(), job, None)
        except ValueError as error:  # an address or a token that cannot be one
            raise AuthenticationFailed(str(error)) from error
        with known.org(meter) as org:
            yield org
    except NotAnId as error:
        raise typer.BadParameter(str(error)) from None
    except AuthenticationFailed as error:
        refuse(str(error).replace("SALESFORCE_", connection))
    except (SalesforceError, WarehouseError) as error:
        refuse(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        refuse(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
