"""`sf-elt connections`: what this deployment connects to, and how it logs in."""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.loading import loaded_deployment
from sf_elt.cli.showing import Column, Format, JsonOption, Rows, say, show, show_json
from sf_elt.cli.signing import place_of, where_kept
from sf_elt.cli.times import moment

if TYPE_CHECKING:
    from sf_elt.components import SalesforceConnection

COLUMNS = (
    Column("name", "Connection", whole=True),
    Column("label", "Label"),
    Column("description", "For"),
    Column("org", "Org", whole=True),
    Column("logs_in_by", "Logs in by"),
    Column("username", "User", whole=True),
    Column("instance_url", "Instance", whole=True),
    Column("signed_in_at", "Signed in since"),
    Column("tokens", "Tokens"),
    Column("to_do", "To do"),
)
HOSTS = {"https://login.salesforce.com": "production", "https://test.salesforce.com": "sandbox"}
RULE = (
    "A complete login in the environment goes first, then what `sf-elt login` was given, then the consumer key and "
    "secret of an app in the environment."
)


@dataclass(frozen=True)
class _Told:
    """One connection. `environment` names the variables that are set, and has no value of theirs."""

    name: str
    label: str
    description: str
    org: str = ""
    login_url: str = ""
    logs_in_by: str = ""
    environment: tuple[str, ...] = ()
    username: str = ""
    instance_url: str = ""
    signed_in_by: str = ""
    signed_in_at: str = ""
    renewed_at: str = ""
    tokens: str = ""
    to_do: str = ""


@examples("sf-elt connections", "sf-elt connections --json")
def connections(
    as_json: JsonOption = False,
) -> None:
    """Lists the connections: which org, how it logs in, as whom, and since when. Shows nothing secret, asks no org."""
    begin()
    found = [_told(each) for each in loaded_deployment("connections").connections]
    if as_json:
        show_json([asdict(each) for each in found])
        return
    show(COLUMNS, Rows([asdict(each) for each in found], len(found)), Format.table, as_lines=True)
    if any(each.environment and each.signed_in_by for each in found):
        say(RULE)


def _told(connection: "SalesforceConnection") -> _Told:
    from sf_elt.salesforce import AuthenticationFailed

    prefix, resource, place = connection.env_prefix, connection.resource(), place_of(connection)
    row = _Told(connection.name, connection.label, connection.description)
    try:
        given, login, about = resource.given(), resource.login(), place.about
    except AuthenticationFailed as error:
        return replace(row, to_do=resource.by_its_names(error))
    row = replace(
        row,
        org=HOSTS.get(login.login_url, login.login_url),
        login_url=login.login_url,
        environment=tuple(f"{prefix}{each.upper()}" for each in given.given),
        username=login.username or "",
        instance_url=login.instance_url or "",
    )
    if about is not None:
        row = replace(
            row,
            signed_in_by=about.way,
            signed_in_at=moment(about.signed_in_at),
            renewed_at=moment(about.renewed_at),
            tokens=where_kept(place),
        )
    way = login.way_in()
    if way is None:
        return replace(row, logs_in_by="nothing yet", to_do=f"Run `sf-elt login {connection.name}`")
    is_kept = way == "signed in" and about is not None
    return replace(row, logs_in_by=f"sf-elt login: {row.signed_in_by}" if is_kept else f"environment: {way}")
