"""`sf-elt exists`: who of a list is in Salesforce already."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.examples import examples
from sf_elt.cli.org_session import Connection, metered_org
from sf_elt.cli.showing import Column, Format, FormatOption, JsonOption, Rows, chosen, refuse, safe, say, show
from sf_elt.cli.waiting import waiting

if TYPE_CHECKING:
    from sf_elt.salesforce.matching import Person, Presence

EMAIL = "email"
LABELS = {
    "email": "E-mail", "company": "Company", "status": "Found", "is_converted": "Converted", "lead_ids": "Leads",
    "contact_ids": "Contacts", "account_ids": "Accounts", "account_names": "Account names",
    "owner_emails": "Owner's e-mail",
}  # fmt: skip


@examples(
    "sf-elt exists people.csv",
    "sf-elt exists people.csv --company-column Employer --out answer.csv",
    "sf-elt exists 'Frequent visitors' --json | jq 'group_by(.status) | map({(.[0].status): length})'",
)
def exists(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|AUDIENCE",
            help="A list of people (.csv, .tsv, .jsonl, .json, .parquet), or the name of an audience.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where the whole answer goes: a .csv, .jsonl or .parquet file."),
    ] = None,
    email_column: Annotated[
        str,
        typer.Option(metavar="NAME", help="The column of addresses, or the audience's user field. Default: email."),
    ] = "",
    company_column: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The column, or user field, of companies: names, domains or websites of accounts."
        ),
    ] = "",
    how: FormatOption = None,
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Tells for a list of people who is in Salesforce already: as lead, as contact, by their company's account.

    It costs a handful of API calls and changes nothing in the org.
    """
    from sf_elt.cli.people_files import FileRefused, check_answer, write_answer
    from sf_elt.salesforce.limits import calls_in_words
    from sf_elt.salesforce.matching import find_people

    how = chosen(how, as_json=as_json)
    try:
        if out is not None:
            check_answer(out, Path(source))
        people = _people(source, email_column, company_column)
        with metered_org(connection, command="exists") as (org, meter), waiting("asking Salesforce:") as told:
            found = find_people(org, people, on_progress=told)
        rows = [_row(person, presence) for person, presence in zip(people, found, strict=True)]
        if out is not None:
            write_answer(out, [*LABELS], rows)
    except FileRefused as error:
        refuse("exists", str(error))
    if out is None:
        _show(rows, how)
    _show_counts(found)
    say(f"{calls_in_words(meter.made)} made." + (f" The answer is in {out}." if out is not None else ""))


def _people(source: str, email_column: str, company_column: str) -> "list[Person]":
    """The people of a file, or of an audience where there is no such file."""
    from sf_elt.cli.people_files import is_file, kind_of, people_in_file

    file = Path(source)
    if is_file(file) or kind_of(file) or file.suffix.lower() in (".xlsx", ".xls"):
        return people_in_file(file, email_column, company_column)
    return _members(source, email_column or EMAIL, company_column)


def _members(audience: str, email_field: str, company_field: str) -> "list[Person]":
    from sf_elt.cli.environment import begin

    begin()
    from sf_elt.cli.people_files import addresses_in
    from sf_elt.components.resources import open_warehouse
    from sf_elt.insight import InsightError, members_known_by
    from sf_elt.salesforce.matching import Person
    from sf_elt.warehouse import WarehouseError

    try:
        with open_warehouse().read() as connection:
            emails = members_known_by(connection, audience, email_field)
            companies = members_known_by(connection, audience, company_field) if company_field else [()] * len(emails)
    except (InsightError, WarehouseError) as error:
        refuse("exists", f"there is no file {audience!r}, and as an audience: {error}")
    return [Person(addresses_in(each), of_each) for each, of_each in zip(emails, companies, strict=True)]


def _row(person: "Person", presence: "Presence") -> dict[str, object]:
    return {
        "email": "; ".join(person.emails) or None,
        "company": "; ".join(person.companies) or None,
        "status": presence.status,
        "is_converted": presence.is_converted,
        "lead_ids": [each.id for each in presence.leads],
        "contact_ids": [*presence.contact_ids],
        "account_ids": [each.id for each in presence.accounts],
        "account_names": [str(each["Name"]) for each in presence.accounts],
        "owner_emails": [*presence.owner_emails],
    }


def _show(rows: Sequence[Mapping[str, object]], how: Format) -> None:
    from sf_elt.cli.people_files import for_spreadsheet

    if how in (Format.jsonl, Format.json):
        show([], Rows(rows, len(rows)), how)
        return
    of_text = [*for_spreadsheet(rows)] if how == Format.csv else [_readable(row) for row in rows]
    shown = [name for name in LABELS if how == Format.csv or any(row[name] for row in of_text)]
    show([Column(name, LABELS[name]) for name in shown], Rows(of_text, len(rows)), how)


def _readable(row: Mapping[str, object]) -> dict[str, object]:
    return {name: "; ".join(map(str, value)) if isinstance(value, list) else value for name, value in row.items()}


def _show_counts(found: "Sequence[Presence]") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from sf_elt.salesforce.matching import STATUSES

    counts = Counter(each.status for each in found)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, show_footer=True)
    table.add_column("In Salesforce", "All")
    table.add_column("People", f"{len(found):,}", justify="right")
    for status, meaning in STATUSES.items():
        if counts[status]:
            table.add_row(safe(meaning), f"{counts[status]:,}")
    converted = sum(each.is_converted for each in found)
    console = Console(stderr=True, highlight=False)
    console.print(table)
    if converted:
        say(f"People with a lead that was converted: {converted:,}.")
