"""The deployment for a command, or the error that says why there is none."""

from typing import TYPE_CHECKING

from sf_elt.cli.showing import refuse

if TYPE_CHECKING:
    from sf_elt.components.deployment import Deployment


def loaded_deployment(command: str, *, connection: str = "") -> "Deployment":
    """This deployment. Ends the command where its YAML is wrong, or has no connection, or none of that name."""
    from dagster import DagsterError

    from sf_elt.components.deployment import NotInDeployment, load_deployment

    try:
        deployment = load_deployment()
        if connection:
            deployment.connection(connection)
    except (DagsterError, NotInDeployment) as error:
        refuse(command, str(error.__cause__ or error))
    if not deployment.connections:
        refuse(command, "the deployment has no SalesforceConnection: see docs/connecting.md")
    return deployment
