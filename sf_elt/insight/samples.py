"""A few members of an audience, to see what kind of people they are, without personal data."""

from collections.abc import Collection

import duckdb

from sf_elt.insight.affinity.asked import AFFINITIES
from sf_elt.insight.conditions import Condition
from sf_elt.insight.evaluating import run_sql
from sf_elt.profiles.samples import Sample, masked_sample
from sf_elt.warehouse import quote, quote_text

KNOWN_BY = ("email", "salesforce_lead_name", "salesforce_lead_company")
"""User fields that tell who somebody is, where the mapping has them: a sample shows them first, masked."""


def sample_members(connection: duckdb.DuckDBPyConnection, condition: Condition, audience: str, rows: int) -> Sample:
    """At most so many of an audience's members, with the fields and topics of its condition, where they have any.

    Reads the temporary tables of an evaluation: subjects and current_members.
    """
    columns_of_subjects = [str(name) for name, *_ in connection.execute("DESCRIBE subjects").fetchall()]
    known_by = [name for name in KNOWN_BY if name in columns_of_subjects]
    columns = tuple(dict.fromkeys(["profile_id", *known_by, *condition.fields]))
    found = run_sql(
        connection,
        "sample_members",
        {"audience": audience, "rows": rows},
        columns=", ".join(_asked_for(name, condition.topics) for name in columns),
    ).fetchall()
    return masked_sample(connection, columns, found)


def _asked_for(column: str, topics: Collection[str]) -> str:
    """SQL for a column of subjects; of the affinities those to these topics, where the condition names any."""
    if column != AFFINITIES or not topics:
        return quote(column)
    keys = ", ".join(map(quote_text, topics))
    return f"map_from_entries([each FOR each IN map_entries({quote(column)}) IF each.key IN ({keys})])"
