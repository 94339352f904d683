"""How each connection logs in, and whether what `sf-elt login` has kept can be opened: no org is asked."""

from collections.abc import Iterator

from sf_elt.components.deployment import Deployment
from sf_elt.components.preflight.findings import Finding
from sf_elt.components.salesforce_connection import SalesforceConnection
from sf_elt.salesforce import AuthenticationFailed


def about_logins(deployment: Deployment) -> Iterator[Finding]:
    """Of each connection."""
    yield from (_login(each) for each in deployment.connections)


def _login(connection: SalesforceConnection) -> Finding:
    name, resource = connection.name, connection.resource()
    to_do = f"sf-elt login {name}; or set the variables of one way to log in: docs/connecting.md"
    try:
        way, kept = resource.login().way_in(), resource.kept()
        if way is None:
            return Finding(name, "credentials", "problem", "there are none that are complete", to_do)
        if way != "signed in" or kept is None or kept.about is None:
            return Finding(name, "credentials", "ok", f"from the environment ({connection.env_prefix}…): {way}")
        kept.read()
    except AuthenticationFailed as error:
        says = str(error).replace("SALESFORCE_", connection.env_prefix)
        return Finding(name, "credentials", "problem", says, to_do)
    where = "the system's keyring" if kept.is_in_keyring else f"{kept.file}, sealed"
    renewed = f"{kept.about.renewed_at:%Y-%m-%d %H:%M} UTC"
    return Finding(name, "credentials", "ok", f"signed in by {kept.about.way}, renewed {renewed}; kept in {where}")
