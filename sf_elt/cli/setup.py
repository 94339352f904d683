"""`sf-elt setup`: the fields and permissions that exports need, planned and made in the org."""

import os
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli import completing
from sf_elt.cli.environment import begin
from sf_elt.cli.examples import examples
from sf_elt.cli.findings import Line, show_lines
from sf_elt.cli.showing import JsonOption, refuse, safe, show_json
from sf_elt.cli.waiting import waiting

if TYPE_CHECKING:
    from sf_elt.components.deployment import Deployment
    from sf_elt.components.resources import OrgConnection
    from sf_elt.components.setup import Setup

MARKS = {
    "stands": ("✓", "green"),
    "made": ("✓", "bold green"),
    "to make": ("+", "cyan"),
    "by hand": ("→", "yellow"),
    "waits": ("!", "yellow"),
    "in the way": ("✗", "bold red"),
    "refused": ("✗", "bold red"),
}
NAMED = {"stands": "as wanted", "waits": "waiting"}
WHAT_WIDTH = 14  # characters


@examples(
    "sf-elt setup  # what it would make",
    "sf-elt setup --apply --admin ADMIN_  # as an administrator, whose login is in ADMIN_USERNAME, …",
    "sf-elt setup --object Lead --json | jq '.items[] | select(.verdict != \"stands\")'",
)
def setup(
    connection: Annotated[
        str,
        typer.Argument(
            help="Name of a connection: salesforce. Needed where this deployment has several.",
            autocompletion=completing.connections,
        ),
    ] = "",
    apply: Annotated[
        bool, typer.Option("--apply/--plan", help="Make what is missing; or only say what would be made, the default.")
    ] = False,
    objects: Annotated[
        list[str] | None, typer.Option("--object", metavar="NAME", help="Only this object. Can be given again.")
    ] = None,
    fields: Annotated[
        list[str] | None, typer.Option("--field", metavar="NAME", help="Only this field. Can be given again.")
    ] = None,
    external_id: Annotated[
        str, typer.Option(metavar="NAME", help="An external id as well, unique: Sf_Elt_Id__c.")
    ] = "",
    duplicate_rule: Annotated[
        bool, typer.Option("--duplicate-rule", help="Say how a matching rule and a duplicate rule are made.")
    ] = False,
    visible_to_all: Annotated[
        bool, typer.Option("--visible-to-all", help="Read for every profile that reads the object, too.")
    ] = False,
    layouts: Annotated[
        list[str] | None,
        typer.Option("--layout", metavar="NAME", help="Only on this page layout. Can be given again. Default: on all."),
    ] = None,
    no_layouts: Annotated[
        bool, typer.Option("--no-layouts", help="Leave page layouts as they are, and say what is to do by hand.")
    ] = False,
    user: Annotated[
        str, typer.Option(metavar="USERNAME", help="Who gets edit. Default: the user of the connection's login.")
    ] = "",
    admin: Annotated[
        str,
        typer.Option(
            metavar="PREFIX",
            help="Log in by the variables of this prefix, an administrator's: ADMIN_ for ADMIN_USERNAME, ….",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Makes the custom fields that exports fill, puts them on page layouts, and lets the integration user edit them.

    It says first what it would do. Fields that stand are never changed, and page layouts lose nothing. The exit code is
    1 where something is in the way, refused or left waiting.
    """
    begin()
    from sf_elt.cli.loading import loaded_deployment
    from sf_elt.components.resources import open_warehouse
    from sf_elt.components.setup import Asked, NothingWanted, set_up, wanted_of
    from sf_elt.salesforce import SalesforceError
    from sf_elt.salesforce.connection.refused_logins import with_advice
    from sf_elt.warehouse import WarehouseError

    deployment = loaded_deployment("setup", connection=connection)
    name = connection or _only_connection(deployment)
    login, user = _login(deployment, name, admin, user)
    chosen = () if no_layouts else tuple(layouts) if layouts else None
    asked = Asked(tuple(objects or ()), tuple(fields or ()), external_id, user, visible_to_all, duplicate_rule, chosen)
    try:
        wanted = wanted_of(deployment, name, asked)
        with waiting("making fields in Salesforce" if apply else "asking Salesforce what is there"):
            found = set_up(name, login, open_warehouse(), wanted, apply=apply)
    except SalesforceError as error:
        refuse("setup", with_advice(error, login.env_prefix))
    except (NothingWanted, WarehouseError, OSError) as error:
        refuse("setup", str(error))
    if as_json:
        show_json(found.as_dict())
    else:
        _show(found)
    raise typer.Exit(0 if found.plan.passed else 1)


def _only_connection(deployment: "Deployment") -> str:
    names = [each.name for each in deployment.connections]
    if len(names) > 1:
        refuse("setup", f"this deployment has several connections: {', '.join(names)}. Say which: {names[0]}")
    return names[0]


def _login(deployment: "Deployment", connection: str, admin: str, user: str) -> tuple["OrgConnection", str]:
    """Who logs in, and the user name of who gets edit; empty for who logs in."""
    from sf_elt.components.resources import OrgConnection

    own = deployment.connection(connection).resource()
    if not admin:
        return own, user
    user = user or os.environ.get(f"{own.env_prefix}USERNAME", "") or _signed_in_user(own)
    if not user:
        refuse("setup", f"say who gets edit: --user, or {own.env_prefix}USERNAME in the environment")
    for name in ("LOGIN_URL", "API_VERSION"):  # the administrator of the same org, which may be a sandbox
        if value := os.environ.get(f"{own.env_prefix}{name}"):
            os.environ.setdefault(f"{admin}{name}", value)
    return OrgConnection(env_prefix=admin, login_url=own.login_url, org_reserve=own.org_reserve), user


def _signed_in_user(connection: "OrgConnection") -> str:
    """Who `sf-elt login` has signed in; empty where nobody is."""
    from sf_elt.salesforce import AuthenticationFailed

    place = connection.kept()
    try:
        about = place.about if place is not None else None
    except AuthenticationFailed as error:
        refuse("setup", str(error))
    return about.username if about is not None else ""


def _show(found: "Setup") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(f"Connection {safe(found.connection)}: {safe(found.org)}", style="bold"))
    show_lines(_told(found), test_width=WHAT_WIDTH)
    console.print(Text(_in_words(found)))


def _told(found: "Setup") -> Iterator[Line]:
    """A line for each thing, and for several of which the same is to be said and done."""
    for (subject, verdict, what, to_do), alike in groupby(
        found.plan.items, lambda each: (each.subject, each.verdict, each.what, each.todo)
    ):
        mark, style = MARKS[verdict]
        yield Line(subject, mark, verdict, style, what, "; ".join(each.says for each in alike), to_do)


def _in_words(found: "Setup") -> str:
    """How many things are how, and what comes next."""
    from sf_elt.salesforce.limits import calls_in_words

    counts = {verdict: sum(each.verdict == verdict for each in found.plan.items) for verdict in MARKS}
    told = ", ".join(f"{count} {NAMED.get(verdict, verdict)}" for verdict, count in counts.items() if count)
    if counts["to make"]:
        next_step = f" Nothing was changed: --apply makes it{', but for what is in the way' * (not found.plan.passed)}."
    elif counts["made"]:
        next_step = " `sf-elt check` says what exports may write now."
    else:
        next_step = "" if counts["waits"] or counts["refused"] else " Nothing is to make."
    return f"{told}; {calls_in_words(found.api_calls)}.{next_step}"
