"""Deployments of the tests' own, made as their YAML would make them, and the environment of their connection."""

from collections.abc import Mapping

from sf_elt.components.deployment import Deployment
from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.imports.salesforce_import import SalesforceImport
from sf_elt.components.salesforce_connection import SalesforceConnection
from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Login


def deployment_of(
    *objects: Mapping[str, object], exports: tuple[SalesforceExport, ...] = (), **of_import: object
) -> Deployment:
    """One connection `salesforce`, an import `salesforce` of these objects, and exports."""
    settings = {"name": "salesforce", "connection": "salesforce", "start": "2026-01-01", **of_import}
    return Deployment(
        connections=(SalesforceConnection(name="salesforce", org_reserve=10),),
        imports=(SalesforceImport.model_validate({**settings, "objects": list(objects)}),),
        exports=exports,
    )


def environment_of(org: Details | Login) -> dict[str, str]:
    """The variables that a login with user name and password needs."""
    return {
        "SALESFORCE_LOGIN_URL": org.instance_url or "",
        "SALESFORCE_USERNAME": org.username or "",
        "SALESFORCE_PASSWORD": org.password or "",
        "SALESFORCE_SECURITY_TOKEN": org.security_token or "",
    }
