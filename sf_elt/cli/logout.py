"""`sf-elt logout`: revokes what `sf-elt login` was given, and forgets it."""

from typing import Annotated

import typer

from sf_elt.cli.examples import examples
from sf_elt.cli.signing import ConnectionName, chosen_connection, place_of, told


@examples(
    "sf-elt logout salesforce            # revokes at the org, and forgets",
    "sf-elt logout salesforce --forget   # forgets here only: the org is gone, or the tokens cannot be read",
)
def logout(
    name: ConnectionName = "",
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget it here without asking the org, which goes on taking it.")
    ] = False,
) -> None:
    """Ends what `sf-elt login` has begun: the org takes the tokens no more, and nothing is kept of them here.

    Where the org cannot be asked, nothing is forgotten, and the exit code is 1.
    """
    from sf_elt.salesforce import SalesforceError
    from sf_elt.salesforce.connection.signing_in import forget as forget_here
    from sf_elt.salesforce.connection.signing_in import sign_out

    connection = chosen_connection("logout", name)
    place = place_of(connection)
    with told("logout", connection):
        if forget:
            forget_here(place)
            typer.echo(
                f"{connection.name}: what was kept here is forgotten. The org takes the tokens until they are revoked: "
                "Setup › the user › OAuth Connected Apps."
            )
            return
        if place.about is None and place.begun() is None:
            if place.is_torn:
                forget_here(place)
            typer.echo(f"{connection.name} is not signed in.")
            return
        try:
            lived = sign_out(place)
        except SalesforceError as error:
            error.args = (
                f"{error}. Nothing is forgotten: run it again, or let the org go on taking the tokens, with "
                f"`sf-elt logout {connection.name} --forget`",
            )
            raise
    how = "its tokens are revoked and forgotten" if lived else "the org had ended its tokens before; they are forgotten"
    typer.echo(f"{connection.name} is signed out: {how}.")
