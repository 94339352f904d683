"""Component SalesforceConnection: how to reach an org."""

from typing import Annotated
from urllib.parse import urlsplit

import dagster as dg
from pydantic import AfterValidator, Field

from sf_elt.components.attributes import Attributes, attribute_error, require_known
from sf_elt.components.resources import PRODUCTION, OrgConnection
from sf_elt.components.scaffold import Example
from sf_elt.salesforce.connection.addresses import is_address, is_safe, without_user

SANDBOX = "https://test.salesforce.com"
NAMED_ORGS = {"production": PRODUCTION, "sandbox": SANDBOX}
PAGES = (".lightning.force.com", ".salesforce-setup.com", ".my.site.com", ".visual.force.com")


def _org(value: str) -> str:
    if value in NAMED_ORGS or "{{" in value:  # a template comes here before it is filled in, and again after
        return value
    parts = urlsplit(value)
    host = parts.hostname or ""
    wrong = ""
    if host.endswith(PAGES):
        wrong = "is where pages are; Setup › My Domain names the address that logs in"
    elif not host or parts.path.strip("/") or parts.query or "@" in value:
        wrong = "is neither production, sandbox nor a My Domain"
    elif not (is_address(value) and is_safe(value)):
        wrong = "must begin with https://; http:// is for this machine only"
    if wrong:
        accepted = "production, sandbox and https://NAME.my.salesforce.com"
        raise ValueError(f"{without_user(value)!r} {wrong}; accepted are {accepted}")
    return value.rstrip("/")


@dg.scaffold_with(Example)
class SalesforceConnection(dg.Component, Attributes):
    """A connection to a Salesforce org; imports and exports name it.

    `sf-elt login NAME` signs it in. Or credentials come from environment variables: INSTANCE_URL, LOGIN_URL, USERNAME,
    PASSWORD, SECURITY_TOKEN, CONSUMER_KEY, CONSUMER_SECRET, PRIVATE_KEY_FILE, ACCESS_TOKEN and API_VERSION, each with
    the prefix in front. Where these are complete, they go before the other.
    """

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        description="What imports and exports call this connection: salesforce, sandbox, ….",
    )
    label: str = Field(default="", description="What people call it: Production of the EMEA team.")
    description: str = Field(default="", description="What it is for, for who comes after you.")
    org: Annotated[str, AfterValidator(_org)] = Field(
        default="production",
        description="Where its users log in: production, sandbox, or a My Domain, https://NAME.my.salesforce.com. "
        "LOGIN_URL in the environment goes first.",
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
        for other in context.component_tree.get_all_components(SalesforceConnection):
            if other.name != self.name and other.env_prefix == self.env_prefix:
                raise attribute_error(
                    context,
                    ["name"],
                    f"the connections {self.name} and {other.name} have the same env_prefix, {self.env_prefix}: each "
                    f"needs one of its own, {self.name.upper()}_ say, or one would log in as the other",
                )
        return dg.Definitions(resources={self.name: self.resource()})

    def resource(self) -> OrgConnection:
        """What runs connect with."""
        login_url = NAMED_ORGS.get(self.org, self.org)
        return OrgConnection(
            name=self.name, env_prefix=self.env_prefix, login_url=login_url, org_reserve=self.org_reserve
        )


def require_connection(context: dg.ComponentLoadContext, name: str) -> None:
    """Raises where no SalesforceConnection of the project has this name."""
    known = [each.name for each in context.component_tree.get_all_components(SalesforceConnection)]
    require_known(context, ["connection"], "connection", name, known)
