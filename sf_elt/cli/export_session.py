"""An export of this deployment for a command, with its org: calls counted, and errors told in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli import completing
from sf_elt.cli.environment import begin
from sf_elt.cli.faults import ExitCode
from sf_elt.cli.showing import refuse

if TYPE_CHECKING:
    from sf_elt.components.exports.salesforce_export import SalesforceExport
    from sf_elt.salesforce import Org
    from sf_elt.warehouse import Warehouse

ExportName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The export: leads. `sf-elt export list` names them.",
        autocompletion=completing.exports,
    ),
]


@dataclass(frozen=True)
class OpenExport:
    """An export, its org and the warehouse."""

    export: "SalesforceExport"
    org: "Org"
    warehouse: "Warehouse"


@contextmanager
def opened_export(name: str, *, command: str, job: str = "", writes: bool = False) -> Iterator[OpenExport]:
    """The export with an open session. What goes wrong ends the command with its code.

    Calls count for the export and its maximum, or for the `job`, which has none. What `writes` is as patient as a run.
    """
    begin()
    from sf_elt.cli.loading import loaded_deployment
    from sf_elt.components.deployment import NotInDeployment
    from sf_elt.components.exports.told import what_to_do as what_to_do_with_fields
    from sf_elt.components.resources import open_warehouse
    from sf_elt.profiles import ProfilesError
    from sf_elt.salesforce import AllowanceSpent, SalesforceError, UnknownObject
    from sf_elt.salesforce.connection.refused_logins import with_advice
    from sf_elt.salesforce.connection.transport import IN_PERSON
    from sf_elt.warehouse import WarehouseError
    from sf_elt.writeback import ExportError, ExportMisconfigured

    deployment = loaded_deployment(command)
    try:
        export = deployment.export(name)
        resource = deployment.connection(export.connection).resource()
    except NotInDeployment as error:
        refuse(command, str(error))
    try:
        warehouse = open_warehouse()
        limit = None if job else export.max_daily_api_calls
        meter = resource.meter(warehouse, job or export.spender, limit, org_reserve=export.org_reserve)
        with resource.org(meter, None if writes else IN_PERSON) as org:
            yield OpenExport(export, org, warehouse)
    except AllowanceSpent as spent:
        refuse(command, f"{spent}; calls are free again at {spent.until:%Y-%m-%d %H:%M} UTC", ExitCode.WAITS)
    except (ExportMisconfigured, UnknownObject) as error:
        refuse(command, what_to_do_with_fields(export, export.connection, str(error)))
    except SalesforceError as error:
        refuse(command, with_advice(error, resource.env_prefix))
    except (ExportError, ProfilesError, WarehouseError) as error:
        refuse(command, str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        refuse(command, f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
