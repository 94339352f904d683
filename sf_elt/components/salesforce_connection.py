"""Component SalesforceConnection: how to reach an org."""

import dagster as dg
from pydantic import Field

from sf_elt.components.attributes import Attributes, require_known
from sf_elt.components.resources import OrgConnection
from sf_elt.components.scaffold import Example


@dg.scaffold_with(Example)
class SalesforceConnection(dg.Component, Attributes):
    """A connection to a Salesforce org; imports and exports name it.

    Credentials come from environment variables only: INSTANCE_URL, LOGIN_URL, USERNAME, PASSWORD, SECURITY_TOKEN,
    CONSUMER_KEY, CONSUMER_SECRET, PRIVATE_KEY_FILE, ACCESS_TOKEN and API_VERSION, each with the prefix in front.
    """

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        description="What imports and exports call this connection: salesforce, sandbox, ….",
    )
    env_prefix: str = Field(
        default="SALESFORCE_",
        pattern=r"^[A-Z][A-Z0-9_]*_$",
        description="What the names of its environment variables start with; a second org gets a prefix of its own.",
    )
    org_reserve: int = Field(
        default=0,
        ge=0,
        description="How many of the org's own daily API calls every import and export leaves for others.",
    )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The connection as a resource under its name. Nothing secret is part of the definitions."""
        return dg.Definitions(resources={self.name: self.resource()})

    def resource(self) -> OrgConnection:
        """What runs connect with."""
        return OrgConnection(env_prefix=self.env_prefix, org_reserve=self.org_reserve)


def require_connection(context: dg.ComponentLoadContext, name: str) -> None:
    """Raises where no SalesforceConnection of the project has this name."""
    known = [each.name for each in context.component_tree.get_all_components(SalesforceConnection)]
    require_known(context, ["connection"], "connection", name, known)
