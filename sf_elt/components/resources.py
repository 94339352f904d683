"""What assets use at run time: the warehouse and a connection to an org. Their configuration holds no secret."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from sf_elt.components.kept_describes import kept_describes
from sf_elt.warehouse import JobMeter, Warehouse
from sf_elt.warehouse import open_warehouse as open_warehouse

if TYPE_CHECKING:
    from sf_elt.salesforce import CallMeter, Login, Org
    from sf_elt.salesforce.connection.kept_login import KeptLogin
    from sf_elt.salesforce.connection.transport import Patience

LOGINS_FOLDER = "data/logins"
PRODUCTION = "https://login.salesforce.com"


class WarehouseResource(dg.ConfigurableResource[Warehouse]):
    """The DuckDB warehouse in the folder that the environment variable SF_ELT_DATA names (default: data/warehouse)."""

    def create_resource(self, context: dg.InitResourceContext) -> Warehouse:
        return open_warehouse()


def logins_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where `sf-elt login` keeps what it must remember: the folder that SF_ELT_LOGINS names."""
    return Path(environ.get("SF_ELT_LOGINS") or LOGINS_FOLDER)


class OrgConnection(dg.ConfigurableResource[object]):
    """A connection to a Salesforce org. Credentials are read when a run needs them: from the environment where they are
    complete there, else from what `sf-elt login` has kept.
    """

    name: str = Field(default="", description="The connection's name, under which `sf-elt login` signs it in.")
    env_prefix: str = Field(
        default="SALESFORCE_", description="What the names of the connection's environment variables start with."
    )
    login_url: str = Field(
        default=PRODUCTION, description="Where its users log in, unless the environment names another address."
    )
    org_reserve: int = Field(
        default=0, description="How many of the org's own daily API calls every import and export leaves for others."
    )

    def login(self, environ: Mapping[str, str] = os.environ) -> "Login":
        """Who logs in. Secrets do not show in `repr`. Raises AuthenticationFailed for what cannot be a login."""
        from sf_elt.salesforce import Login

        with self._told_by_its_names():
            return Login.from_env(self._named(environ), login_url=self.login_url, kept=self.kept(environ))

    def given(self, environ: Mapping[str, str] = os.environ) -> "Login":
        """What the environment has of a login, complete or not. Raises AuthenticationFailed as `login` does."""
        from sf_elt.salesforce import Login

        with self._told_by_its_names():
            return Login.from_env(self._named(environ), login_url=self.login_url)

    def kept(self, environ: Mapping[str, str] = os.environ) -> "KeptLogin | None":
        """Where `sf-elt login` keeps the connection's login; None for one without a name."""
        from sf_elt.salesforce.connection.kept_login import KeptLogin

        return KeptLogin(logins_folder(environ), self.name) if self.name else None

    def by_its_names(self, said: Exception | str) -> str:
        """What an error or an advice says, with the names that the connection's environment variables have."""
        from sf_elt.salesforce.connection.refused_logins import by_names_of

        return by_names_of(self.env_prefix, str(said))

    @contextmanager
    def _told_by_its_names(self) -> Iterator[None]:
        """An error that tells which variable to set names the connection's own, whoever hears it: a run's log too."""
        from sf_elt.salesforce import SalesforceError

        try:
            yield
        except SalesforceError as error:
            error.args = (self.by_its_names(error),)
            raise

    def _named(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The connection's variables under the names that they have with the default prefix."""
        return {
            f"SALESFORCE_{name.removeprefix(self.env_prefix)}": value
            for name, value in environ.items()
            if name.startswith(self.env_prefix)
        }

    def meter(self, warehouse: Warehouse, job: str, limit: int | None, org_reserve: int = 0) -> JobMeter:
        """What counts the calls of `job`: at most `limit` in 24 hours, leaving the org the larger of the reserves."""
        login = self.login()
        org = login.instance_url or " at ".join(filter(None, [login.username, login.login_url]))
        return JobMeter(warehouse.calls(), job, org, limit=limit, org_reserve=max(org_reserve, self.org_reserve))

    @contextmanager
    def org(self, meter: "CallMeter", patience: "Patience | None" = None) -> Iterator["Org"]:
        """A connection, closed at the end of the block; its session stays open for the next one of this process.

        What the org says of its objects is kept beside the ledger of its calls, for the next time the YAML is loaded.
        Raises AuthenticationFailed with what is missing.
        """
        from sf_elt.salesforce import connect

        with self._told_by_its_names():
            login = self.login()
            org = connect(login, meter, patience=patience)
            if isinstance(meter, JobMeter):
                org.noted = kept_describes(meter.ledger.file.parent, self.env_prefix, login).keep
            try:
                yield org
            finally:
                org.close()
