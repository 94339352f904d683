"""What `login`, `logout`, `keys` and `connections` have in common: which connection is meant, and errors in words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli import completing
from sf_elt.cli.environment import begin
from sf_elt.cli.loading import loaded_deployment
from sf_elt.cli.showing import refuse

if TYPE_CHECKING:
    from sf_elt.components import SalesforceConnection
    from sf_elt.salesforce.connection.kept_login import About, KeptLogin

ConnectionName = Annotated[
    str,
    typer.Argument(
        metavar="[NAME]",
        help="The connection, as its YAML names it. Needed where this deployment has several.",
        autocompletion=completing.connections,
    ),
]


def chosen_connection(command: str, name: str) -> "SalesforceConnection":
    """The connection of that name, or the only one. Ends the command where it is not clear which."""
    begin()
    connections = loaded_deployment(command, connection=name).connections
    found = [each for each in connections if name in ("", each.name)]
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        refuse(
            command, f"this deployment has several connections: {names}. Say which: sf-elt {command} {found[0].name}"
        )
    return found[0]


def place_of(connection: "SalesforceConnection") -> "KeptLogin":
    """Where the connection's login is kept."""
    from sf_elt.components.resources import logins_folder
    from sf_elt.salesforce.connection.kept_login import KeptLogin

    return KeptLogin(logins_folder(), connection.name)


def callback_url(connection: "SalesforceConnection") -> str:
    """Where the browser comes back to after a login: the app's callback URL, to the letter."""
    from sf_elt.salesforce.connection.callback import CALLBACK_URL

    return os.environ.get(f"{connection.env_prefix}CALLBACK_URL") or CALLBACK_URL


def where_kept(place: "KeptLogin") -> str:
    """Where the secrets are, in words."""
    return "in the system's keyring" if place.is_in_keyring else f"in {place.file}, sealed with SF_ELT_TOKEN_KEY"


def who(about: "About") -> str:
    """Who is signed in where, and how, in words."""
    return f"{about.username or 'the user of the app'} at {about.instance_url}, by {about.way}"


@contextmanager
def told(command: str, connection: "SalesforceConnection") -> Iterator[None]:
    """What goes wrong with the org ends the command with a sentence, and what to do about it."""
    from sf_elt.salesforce import SalesforceError
    from sf_elt.salesforce.connection.refused_logins import with_advice
    from sf_elt.warehouse import WarehouseError

    try:
        yield
    except SalesforceError as error:
        refuse(command, with_advice(error, connection.env_prefix))
    except WarehouseError as error:
        refuse(command, str(error))
