"""The deployment for a command, or the error that says why there is none."""

from typing import TYPE_CHECKING, NoReturn

import typer

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
        fail(command, str(error.__cause__ or error))
    if not deployment.connections:
        fail(command, "the deployment has no SalesforceConnection: see docs/connecting.md")
    return deployment


def fail(command: str, message: str) -> NoReturn:
    """Says what is wrong and ends the command with exit code 1."""
    typer.echo(f"sf-elt {command}: {message}", err=True)
    raise typer.Exit(1)
