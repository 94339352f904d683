"""`sf-elt demo-org`: runs the demo org."""

import shlex
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.examples import examples

if TYPE_CHECKING:
    from sf_elt.demo_org.serve import Details


@examples(
    "sf-elt demo-org --port 8080 --records 300",
    "sf-elt demo-org --json > org.json  # for a program: address, users, a session",
    "sf-elt demo-org --file org.duckdb  # the same org next time",
)
def demo_org(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 0,
    seed: Annotated[int, typer.Option(help="The same seed, records and day make the same data.", min=0)] = 7,
    records: Annotated[
        int,
        typer.Option(help="Leads and contacts to make, at least 50; the rest in proportion. 0 makes an empty org."),
    ] = 5_000,
    contacts: Annotated[
        int | None,
        typer.Option(help="So many contacts instead of two in five of the records; the rest stays as it is."),
    ] = None,
    person_accounts: Annotated[
        bool, typer.Option("--person-accounts", help="Have Person Accounts: people who are account and contact in one.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(help="Keep the org in this DuckDB file, its credentials beside it, and find it again next time."),
    ] = None,
    daily_api_requests: Annotated[int, typer.Option(help="Calls the org takes in any 24 hours.", min=0)] = 100_000,
    sandbox: Annotated[str, typer.Option(metavar="NAME", help="Make it a sandbox; all usernames end in .NAME.")] = "",
    my_domain: Annotated[
        str, typer.Option(metavar="NAME", help="Refuse logins at another NAME.my.salesforce.com than this.")
    ] = "",
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve HTTPS, and print the file that clients have to trust.")
    ] = False,
    apps: Annotated[
        Path | None, typer.Option(help="Connected apps besides the org's own: a YAML or JSON file.")
    ] = None,
    rotate_refresh_tokens: Annotated[
        bool,
        typer.Option("--rotate-tokens", help="Replace a refresh token of the org's own app each time it is used."),
    ] = False,
    session_minutes: Annotated[int, typer.Option(help="How long a session lives from its last use.", min=1)] = 120,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON once it is ready.")] = False,
    stop_with_stdin: Annotated[bool, typer.Option(hidden=True, help="Stop when standard input ends.")] = False,
) -> None:
    """Runs a Salesforce-compatible org on loopback, with its own data, until SIGTERM or Ctrl-C.

    docs/demo-org.md says what it speaks, how clients reach it, and how to make it misbehave.
    """
    from datetime import timedelta

    from sf_elt.demo_org.auth.apps import AppsFileError, read_apps
    from sf_elt.demo_org.org import OrgFileError, Settings, create_org
    from sf_elt.demo_org.serve import DemoOrgError, bind, serve

    def say_ready(details: "Details") -> None:
        typer.echo(details.as_json() if as_json else _readable(details))  # flushes, where there is an output at all

    try:
        settings = Settings(
            session_lifetime=timedelta(minutes=session_minutes),
            rotate_refresh_tokens=rotate_refresh_tokens,
            daily_api_requests=daily_api_requests,
            sandbox=sandbox,
            my_domain=my_domain,
            tls=tls,
            person_accounts=person_accounts,
            apps=read_apps(apps) if apps else (),
        )
        listener = bind(port)
        kept = file is not None and file.exists()
        with _progress(f"Opening {file} …" if kept else f"Making an org of {records:,} leads and contacts …"):
            org = create_org(seed=seed, records=records, contacts=contacts, file=file, settings=settings)
    except MemoryError as error:
        typer.echo(f"sf-elt demo-org: {records:,} leads and contacts do not fit into memory: {error}", err=True)
        raise typer.Exit(1) from None
    except (DemoOrgError, OrgFileError, AppsFileError, ValueError, OSError) as error:
        typer.echo(f"sf-elt demo-org: {error}", err=True)
        raise typer.Exit(1) from None
    serve(org, listener, on_ready=say_ready, with_stdin=stop_with_stdin)


def _progress(what: str) -> AbstractContextManager[object]:
    """Says on a terminal, and there only, what takes its time."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(what)


def _readable(details: "Details") -> str:
    """The connection details for a person to copy, and a first call with them."""
    from sf_elt.demo_org.versions import NEWEST

    trust = f" --cacert {shlex.quote(details.ca_file)}" if details.ca_file else ""
    trusted = f"  ca_file               {details.ca_file}\n" if details.ca_file else ""
    return f"""The demo org is ready (Ctrl-C stops it).

  instance_url          {details.instance_url}
{trusted}  username              {details.username}
  password              {details.password}
  security_token        {details.security_token}
  access_token          {details.access_token}
  client_id             {details.client_id}
  client_secret         {details.client_secret}
  jwt_private_key_file  {details.jwt_private_key_file}
  pid                   {details.pid}

Every active user has this password; {details.instance_url}/demo/users lists them.
Try it, in another terminal:

  export ORG='{details.instance_url}' TOKEN='{details.access_token}'
  curl{trust} -H "Authorization: Bearer $TOKEN" "$ORG/services/data/v{NEWEST}.0/query?q=SELECT+Name+FROM+User"
"""
