"""`sf-elt login`: signs a connection in, in the browser or by a key, an app's secret or a password."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.asking import asked, asked_secretly
from sf_elt.cli.examples import examples
from sf_elt.cli.showing import refuse, say, tell
from sf_elt.cli.signing import ConnectionName, callback_url, chosen_connection, place_of, told, where_kept, who
from sf_elt.cli.waiting import waiting

if TYPE_CHECKING:
    from sf_elt.components import SalesforceConnection
    from sf_elt.salesforce import Login
    from sf_elt.salesforce.connection.kept_login import Kept, KeptLogin

PATIENCE = 300.0  # seconds


@examples(
    "sf-elt login salesforce                     # in the browser",
    "sf-elt login salesforce --no-browser        # prints the address, for a browser on another machine",
    "sf-elt login salesforce --jwt               # with the key that `sf-elt keys new salesforce` made",
    "sf-elt login sandbox --client-credentials",
    "sf-elt login sandbox --password",
)
def login(
    name: ConnectionName = "",
    jwt: Annotated[bool, typer.Option("--jwt", help="With a private key (JWT bearer), without a browser.")] = False,
    client_credentials: Annotated[
        bool, typer.Option("--client-credentials", help="As the app itself, with its key and secret.")
    ] = False,
    password: Annotated[
        bool, typer.Option("--password", help="With user name, password and security token (SOAP).")
    ] = False,
    username: Annotated[str, typer.Option(metavar="NAME", help="The user, for --jwt and --password.")] = "",
    consumer_key: Annotated[str, typer.Option(metavar="KEY", help="The consumer key of the app.")] = "",
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="The private key, for --jwt. Default: that of `keys new`."),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser, or only print the address.")] = True,
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="How long the browser is waited for.")
    ] = PATIENCE,
) -> None:
    """Signs a connection in: from then on imports, exports and commands log in by themselves.

    What is not given comes from the environment (SALESFORCE_CONSUMER_KEY, …) or is asked for; no secret is an option.
    """
    from sf_elt.salesforce.connection.signing_in import keep

    if sum((jwt, client_credentials, password)) > 1:
        raise typer.BadParameter("choose one of --jwt, --client-credentials and --password")
    if username and not (jwt or password):
        raise typer.BadParameter("--username is for --jwt and --password: elsewhere Salesforce knows who it is")
    if key is not None and not jwt:
        raise typer.BadParameter("--key is for --jwt")
    connection = chosen_connection("login", name)
    place = place_of(connection)
    with told("login", connection):
        place.require_place()
        given = connection.resource().given()
        if jwt:
            kept = _by_key(connection, given, username, consumer_key, key)
        elif client_credentials:
            kept = _by_app(given, consumer_key)
        elif password:
            kept = _by_password(given, username)
        else:
            kept = _by_browser(connection, given, consumer_key, browser=browser, timeout=timeout)
        keep(place, kept)
    tell(f"{connection.name} is signed in: {who(kept)}.\nIts tokens are {where_kept(place)}.")
    _require_api(connection, place, given, kept)
    _warn_of_environment(connection, given)


def _by_browser(
    connection: "SalesforceConnection", given: "Login", consumer_key: str, *, browser: bool, timeout: float
) -> "Kept":
    from sf_elt.cli.browser import show_address
    from sf_elt.salesforce import Login
    from sf_elt.salesforce.connection.callback import Callback
    from sf_elt.salesforce.connection.signing_in import sign_in_by_browser

    callback = Callback(callback_url(connection))
    key = consumer_key or given.consumer_key or _ask("Consumer key of the app")
    secret = given.consumer_secret
    if secret is None and sys.stdin.isatty():
        secret = _ask_secretly("Consumer secret (empty where the app needs none)", required=False) or None
    app = Login(login_url=given.login_url, consumer_key=key, consumer_secret=secret, api_version=given.api_version)
    with show_address(opens=browser) as show:
        return sign_in_by_browser(app, callback, show, patience=timeout)


def _by_key(
    connection: "SalesforceConnection", given: "Login", username: str, consumer_key: str, key: Path | None
) -> "Kept":
    from sf_elt.components.resources import logins_folder
    from sf_elt.salesforce import Login
    from sf_elt.salesforce.connection.keys import key_file_of
    from sf_elt.salesforce.connection.signing_in import sign_in

    made = key_file_of(logins_folder(), connection.name)
    file = key or given.private_key_file or made
    if file == made and not made.exists():
        refuse(
            "login", f"there is no private key: make one with `sf-elt keys new {connection.name}`, or name it: --key"
        )
    key_of_app = consumer_key or given.consumer_key or _ask("Consumer key of the app")
    user = username or given.username or _ask("User name")
    return sign_in(
        "JWT key",
        Login(
            login_url=given.login_url,
            username=user,
            consumer_key=key_of_app,
            private_key_file=file,
            api_version=given.api_version,
        ),
    )


def _by_app(given: "Login", consumer_key: str) -> "Kept":
    from sf_elt.salesforce import Login
    from sf_elt.salesforce.connection.signing_in import sign_in

    key = consumer_key or given.consumer_key or _ask("Consumer key of the app")
    secret = given.consumer_secret or _ask_secretly("Consumer secret")
    return sign_in(
        "client credentials",
        Login(login_url=given.login_url, consumer_key=key, consumer_secret=secret, api_version=given.api_version),
    )


def _by_password(given: "Login", username: str) -> "Kept":
    from sf_elt.salesforce import Login
    from sf_elt.salesforce.connection.signing_in import sign_in

    user = username or given.username or _ask("User name")
    password = given.password or _ask_secretly("Password")
    token = given.security_token
    if token is None:
        token = _ask_secretly("Security token (empty where this network is trusted)", required=False)
    return sign_in(
        "password",
        Login(
            login_url=given.login_url,
            username=user,
            password=password,
            security_token=token,
            api_version=given.api_version,
        ),
    )


def _ask(what: str) -> str:
    with _somebody_there(what):
        return asked(what, required=True)


def _ask_secretly(what: str, *, required: bool = True) -> str:
    with _somebody_there(what):
        return asked_secretly(what, required=required)


@contextmanager
def _somebody_there(what: str) -> Iterator[None]:
    """Where input ends before the answer, the command ends with what to do instead; Ctrl-C is nobody's mistake."""
    try:
        yield
    except typer.Abort:
        say("")  # the question's line ends here
        if sys.stdin.isatty():
            raise
        refuse("login", f"nobody is there to be asked: {what}. Set its variable (docs/connecting.md), in .env say")


def _require_api(connection: "SalesforceConnection", place: "KeptLogin", given: "Login", kept: "Kept") -> None:
    """Asks the org one thing over the new login: what keeps the user from the API is told now, and not by night."""
    from contextlib import closing

    from sf_elt.cli.org_session import JOB
    from sf_elt.components.resources import open_warehouse
    from sf_elt.salesforce import Login, connect
    from sf_elt.salesforce.connection.transport import IN_PERSON
    from sf_elt.salesforce.limits import limits

    login = Login(login_url=kept.login_url, instance_url=kept.instance_url, kept=place, api_version=given.api_version)
    with told("login", connection):
        meter = connection.resource().meter(open_warehouse(), JOB, None)
        with waiting("asking the org"), closing(connect(login, meter, patience=IN_PERSON)) as org:
            limits(org)


def _warn_of_environment(connection: "SalesforceConnection", given: "Login") -> None:
    """Says where the new login is not the one that counts, or counts for as long as a variable stands."""
    from dotenv import dotenv_values

    variable = f"{connection.env_prefix}LOGIN_URL"
    if os.environ.get(variable) and not dotenv_values(".env").get(variable):
        say(
            f"{variable} names {given.login_url}, for this command: put it into .env for what runs later, or write the "
            "address as `org` into the connection's YAML."
        )
    if given.way_in() not in (None, "client credentials"):
        names = ", ".join(f"{connection.env_prefix}{each.upper()}" for each in given.given)
        say(
            f"The environment has a complete login, which goes first ({names}): unset it, also in .env, and what you "
            "have signed in counts."
        )
