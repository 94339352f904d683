"""How each connection logs in, and whether what `sf-elt login` has kept can be opened: no org is asked."""

from sf_elt.components.preflight.findings import Finding
from sf_elt.components.salesforce_connection import SalesforceConnection
from sf_elt.salesforce import AuthenticationFailed


def about_login(connection: SalesforceConnection) -> Finding:
    """Of one connection."""
    name, resource = connection.name, connection.resource()
    to_do = f"sf-elt login {name}  # or set the variables of one way to log in: docs/connecting.md"
    try:
        kept = resource.kept()
        if kept is not None and kept.about is None and kept.is_torn:
            says = f"a login that was killed before its end has left files in {kept.folder}, and tokens perhaps"
            return Finding(name, "credentials", "problem", says, f"sf-elt logout {name}  # and log in again")
        way = resource.login().require_way_in()
        if way != "signed in" or kept is None or kept.about is None:
            return Finding(name, "credentials", "ok", f"from the environment ({connection.env_prefix}…): {way}")
        kept.read()
    except AuthenticationFailed as error:
        return Finding(name, "credentials", "problem", resource.by_its_names(error), to_do)
    where = "the system's keyring" if kept.is_in_keyring else f"{kept.file}, sealed"
    renewed = f"{kept.about.renewed_at:%Y-%m-%d %H:%M} UTC"
    return Finding(name, "credentials", "ok", f"signed in by {kept.about.way}, renewed {renewed}; kept in {where}")
