"""`sf-elt keys`: key pairs for logins without a browser, and keys that seal tokens."""

from datetime import timedelta
from typing import Annotated

import typer

from sf_elt.cli.examples import examples
from sf_elt.cli.showing import refuse, say, tell
from sf_elt.cli.signing import ConnectionName, callback_url, chosen_connection

YEARS = 2
STEPS = (
    "The private key is {key}; it stays on this machine. What Salesforce gets is the certificate, {certificate}, which "
    "is good until {ends:%Y-%m-%d}.\n"
    "\n"
    "In Salesforce, Setup › External Client App Manager › New External Client App:\n"
    "  1. A name and a contact; distribution state Local. Enable OAuth. Callback URL: {callback}\n"
    "     Scopes: Manage user data via APIs (api); Perform requests at any time (refresh_token, offline_access).\n"
    "  2. Enable JWT Bearer Flow, and upload {certificate}.\n"
    "  3. After saving, Policies › Edit. Permitted Users: Admin approved users are pre-authorized. Select the "
    "permission set of the integration user.\n"
    "  4. Settings › OAuth Settings › Consumer Key and Secret: copy the consumer key. A new app can take ten minutes "
    "to work.\n"
    "\n"
    "Then: sf-elt login {name} --jwt --username USER"
)

keys = typer.Typer(
    name="keys", no_args_is_help=True, help="Make keys: for logins without a browser, and to seal tokens."
)


@keys.command()
@examples("sf-elt keys new salesforce")
def new(
    name: ConnectionName = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long the certificate is good.")] = 365 * YEARS,
) -> None:
    """Makes an RSA key pair and its self-signed certificate for a connection, and says what to do in Salesforce.

    Both are files for their owner only. A key that is there is never overwritten.
    """
    connection = chosen_connection("keys new", name)
    from sf_elt.components.resources import logins_folder
    from sf_elt.salesforce.connection.keys import new_key_pair
    from sf_elt.salesforce.connection.private_file import NotPrivate

    try:
        made = new_key_pair(logins_folder(), connection.name, lasts=timedelta(days=days))
    except FileExistsError as error:
        refuse("keys new", f"{error}: it is not overwritten. Move it away, if nothing logs in with it any more")
    except (OSError, NotPrivate) as error:
        refuse("keys new", str(error))
    steps = STEPS.format(
        key=made.key_file,
        certificate=made.certificate_file,
        ends=made.ends_at,
        callback=callback_url(connection),
        name=connection.name,
    )
    tell(steps)


@keys.command()
@examples("sf-elt keys token   # SF_ELT_TOKEN_KEY=…, a line for .env")
def token() -> None:
    """Prints a new key for SF_ELT_TOKEN_KEY, which seals tokens where the system has no keyring.

    To replace a key: SF_ELT_TOKEN_KEY=NEW,OLD opens with both and seals with the new one.
    """
    from sf_elt.salesforce.connection.sealing import TOKEN_KEY, new_token_key

    typer.echo(f"{TOKEN_KEY}={new_token_key()}")
    say("Keep it where only the programs that run this deployment can read it. Without it the tokens cannot be opened.")
