"""A few members of an audience, to see what kind of people they are, without personal data."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from sf_elt.insight.conditions import Condition
from sf_elt.insight.evaluating import run_sql
from sf_elt.profiles.masking import NOTHING, mask
from sf_elt.warehouse import quote

KNOWN_BY = ("email", "salesforce_lead_name", "salesforce_lead_company")
"""User fields that tell who somebody is, where the mapping has them: a sample shows them first, masked."""


@dataclass(frozen=True)
class Sample:
    """Columns, and rows of masked texts. The first column is the profile's id, which is shown as it is."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sample_members(connection: duckdb.DuckDBPyConnection, condition: Condition, audience: str, rows: int) -> Sample:
    """At most so many of an audience's members, with the fields of its condition, where they have any.

    Reads the temporary tables of an evaluation: subjects and current_members.
    """
    columns_of_subjects = [str(name) for name, *_ in connection.execute("DESCRIBE subjects").fetchall()]
    known_by = [name for name in KNOWN_BY if name in columns_of_subjects]
    columns = tuple(dict.fromkeys(["profile_id", *known_by, *condition.fields]))
    found = run_sql(
        connection,
        "sample_members",
        {"audience": audience, "rows": rows},
        columns=", ".join(map(quote, columns)),
    ).fetchall()
    kinds = {str(kind) for (kind,) in connection.execute("SELECT DISTINCT kind FROM profiles.identifiers").fetchall()}
    return _without_empty_columns(columns, [_masked(columns, row, kinds) for row in found])


def _without_empty_columns(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Sample:
    kept = [place for place in range(len(columns)) if any(row[place] != NOTHING for row in rows)]
    return Sample(tuple(columns[place] for place in kept), tuple(tuple(row[place] for place in kept) for row in rows))


def _masked(columns: Sequence[str], row: Sequence[object], kinds: set[str]) -> tuple[str, ...]:
    profile_id, *values = row
    texts = (mask(name, value, identifies=name in kinds) for name, value in zip(columns[1:], values, strict=True))
    return (str(profile_id), *texts)
