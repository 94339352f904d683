"""Writes docs/views.md: every documented view and table with its columns, their types, meanings and examples.

python docs/make_views.py           # writes the page
python docs/make_views.py --check   # says whether it is not as it would write it

From what DuckDB itself keeps as comments: sf_elt/streams/source_names.csv, sf_elt/warehouse/schema.sql, and the mapping
of the shipped deployment.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from sf_elt.profiles import FieldRule
from sf_elt.profiles.writing.tables import OF_EVERY_PROFILE
from sf_elt.streams.source_names import OBJECTS, source_fields
from sf_elt.streams.views import VIEWS, comments_of_view, documented_columns
from sf_elt.warehouse.comments import comments_of
from sf_elt.warehouse.connection import SCHEMA

PAGE = Path(__file__).parent / "views.md"
MAPPING = Path(__file__).parents[1] / "sf_elt" / "defs" / "profiles" / "defs.yaml"
MADE = "<!-- docs/make_views.py has written this page from the code: change the code, and run it again. -->"
EXAMPLES = {
    "salesforce_leads": "00QHs0000000001IAA",
    "salesforce_contacts": "003Hs0000000002IAA",
    "salesforce_accounts": "001Hs0000000003IAA",
    "salesforce_opportunities": "006Hs0000000004IAA",
    "account_contact_id": "003Hs0000000002IAA",
    "opportunity_contact_id": "003Hs0000000002IAA",
}
MOMENT = "2026-03-01 09:15:00"
OPENING = """\
# Views and tables

{made}

What an analyst finds in the warehouse. The same is kept in it as comments: `warehouse.tables()` and
`warehouse.describe("salesforce_leads")` give it as pandas ([for analysts](analysts.md)), DuckDB's `duckdb_columns()`
and many SQL clients show it. All times are UTC, without a time zone.

- [The documented views](#the-documented-views): Salesforce's records by names that stay
- [Profiles](#profiles): one row a person
- [Scores, interests and audiences](#scores-interests-and-audiences)
- [What exports did](#what-exports-did)
- [What runs did](#what-runs-did)

## The documented views

Beside these columns each view has those that your import reads besides: custom and additional fields by their API
names, with what your org calls them for their meaning. A column that your org does not have is null. `record_id`,
`modified_at`, `imported_at` and `deleted_at` come with every view; a record that lives has a null in `deleted_at`.
"""
TITLES = {
    "insight": "Scores, interests and audiences",
    "writeback": "What exports did",
    "ops": "What runs did",
}


def page() -> str:
    """The text of the page."""
    parts = [OPENING.format(made=MADE), *(_view(view) for view in VIEWS), _profiles()]
    parts += [_schema(schema, title) for schema, title in TITLES.items()]
    return "\n".join(parts)


def _view(view: str) -> str:
    by_name = {field.source_field: field for field in source_fields() if field.stream == view}
    meanings = comments_of_view(view)
    rows = []
    for name, sql_type in documented_columns()[view].items():
        field = by_name.get(name)
        meaning = f"{field.meaning} (`{field.salesforce_field}`)" if field else meanings[name]
        example = field.example if field else EXAMPLES.get(view if name == "record_id" else name, MOMENT)
        rows.append((f"`{name}`", sql_type, meaning, f"`{example}`"))
    listed = _table(("Column", "Type", "Meaning", "Example"), rows)
    return f"### {view}\n\n{VIEWS[view]} From the object {OBJECTS[view]}.\n\n{listed}"


def _profiles() -> str:
    rules = [FieldRule(**line) for line in yaml.safe_load(MAPPING.read_text("utf-8"))["attributes"]["mapping"]]
    sources: dict[str, list[str]] = {}
    for rule in rules:
        sources.setdefault(rule.user_field, []).append(f"`{rule.stream}.{rule.source}`")
    types = {"profile_id": "VARCHAR"}
    rows = [(f"`{name}`", types.get(name, "TIMESTAMP"), holds, "") for name, holds in OF_EVERY_PROFILE.items()]
    described = {rule.user_field: rule for rule in rules}
    rows += [
        (f"`{name}`", rule.sql_type, rule.description, f"{rule.merge} of {', '.join(dict.fromkeys(sources[name]))}")
        for name, rule in described.items()
    ]
    others = _tables("profiles")
    return (
        "## Profiles\n\n### profiles.profiles\n\nOne row a person. Its columns are the user fields of the "
        "[mapping](mapping-and-identity.md); these are those of the shipped one.\n\n"
        + _table(("Column", "Type", "Meaning", "From"), rows)
        + "\n`profiles.STREAM_by_profile` (`profiles.web_events_by_profile`) has the rows of a stream of events, each "
        "with the `profile_id` that it belongs to.\n\n" + others
    )


def _schema(schema: str, title: str) -> str:
    return f"## {title}\n\n{_tables(schema)}"


def _tables(schema: str) -> str:
    """The tables of a schema, and of their columns those that do not explain themselves."""
    found: dict[str, list[tuple[str, str]]] = {}
    about: dict[str, str] = {}
    for comment in comments_of(SCHEMA):
        if comment.schema == schema and comment.column is None:
            about[comment.table] = comment.holds
            found.setdefault(comment.table, [])
        elif comment.schema == schema and comment.column:
            found.setdefault(comment.table, []).append((f"`{comment.column}`", comment.holds))
    return "\n".join(_part(f"{schema}.{table}", about.get(table, ""), rows) for table, rows in found.items())


def _part(name: str, holds: str, rows: list[tuple[str, str]]) -> str:
    listed = f"\n{_table(('Column', 'Meaning'), rows)}" if rows else ""
    said = f"\n{holds}\n" if holds else ""
    return f"### {name}\n{said}{listed}"


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    return "".join(_lines(titles, rows))


def _lines(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(titles)
    yield f"| {' | '.join(names)} |\n|{'---|' * len(names)}\n"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n"


def main() -> int | str:
    """Writes the page, or holds it against what would be written."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args().check:
        return 0 if PAGE.read_text("utf-8") == page() else "docs/views.md is stale: run python docs/make_views.py"
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
