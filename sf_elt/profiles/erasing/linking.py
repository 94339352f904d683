"""Which rows and identifiers are a person's: as the last build has linked them, or, without a profile, as rows say."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from sf_elt.profiles.erasing.marks import identifiers_read, identifying_fields, kind_by_looks, marks_of
from sf_elt.profiles.errors import NoSuchProfile, SeveralProfiles
from sf_elt.profiles.explaining.explaining import profile_id_of
from sf_elt.profiles.identity.guards import Guards, refusing_rule, set_up_guards
from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.mapping.values import is_list, row_value
from sf_elt.profiles.reading.rows import MappedStream, records_of, tried
from sf_elt.profiles.sql import statement, store
from sf_elt.streams.erasing import find_named_rows
from sf_elt.streams.keeping_out import OF_MANY
from sf_elt.warehouse import quote_text
from sf_elt.warehouse.erased import Mark, tell_apart

Identifiers = list[tuple[str, str]]


def link_person(
    connection: duckdb.DuckDBPyConnection, mapping: Sequence[FieldRule], streams: Sequence[MappedStream], asked: str
) -> tuple[str, ...]:
    """Makes the temporary table own_links (stream, record_id, kind, value) of whom `asked` leads to.

    Gives the profile's id and those that it had before: none where the org has deleted all of the person's records, or
    no build has read them. Raises SeveralProfiles, and NoSuchProfile where a guard keeps the value from being anyone's.
    """
    try:
        profile_id = profile_id_of(connection, asked)
    except NoSuchProfile:
        connection.execute(statement("dormant_links"), {"asked": asked})
        _refuse_several(connection, asked)
        _follow_rows(connection, mapping, streams, asked)
        return ()
    connection.execute(statement("standing_links"), {"profile_id": profile_id})
    aliases = connection.execute("SELECT alias_id FROM profiles.aliases WHERE profile_id = ? ORDER BY 1", [profile_id])
    return (profile_id, *(str(alias) for (alias,) in aliases.fetchall()))


def own_identifiers(
    connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream], profile_id: str | None
) -> tuple[Identifiers, Identifiers]:
    """The identifiers of own_links as (kind, value): the person's own, and those that others have as well."""
    every = connection.execute(
        "SELECT DISTINCT kind, value FROM own_links WHERE kind IS NOT NULL ORDER BY ALL"
    ).fetchall()
    about = {"streams": [stream.source.stream for stream in streams], "profile_id": profile_id}
    shared = connection.execute(statement("shared_identifiers"), about).fetchall()
    return [each for each in every if each not in shared], shared


def own_marks(
    connection: duckdb.DuckDBPyConnection,
    mapping: Sequence[FieldRule],
    streams: Sequence[MappedStream],
    own: Identifiers,
) -> list[Mark]:
    """What tells the person: these identifiers, and the rows of own_links but those of things that belong to many."""
    about = {"streams": [stream.source.stream for stream in streams], "of_many": list(OF_MANY)}
    rows = connection.execute(statement("own_rows"), about).fetchall()
    return marks_of(connection, mapping, streams, own, rows)


def _refuse_several(connection: duckdb.DuckDBPyConnection, asked: str) -> None:
    ((people,),) = connection.execute("SELECT count(DISTINCT component) FROM own_links").fetchall()
    if people > 1:
        raise SeveralProfiles("several people without a profile have this identifier: ask for the Id of one's record")
    rules = connection.execute(statement("rules_that_refuse"), {"asked": asked}).fetchall()
    if rules and not people:
        raise NoSuchProfile(
            "no profile has this identifier: rows carry it, and a guard keeps it from being anybody's "
            f"({', '.join(rule for (rule,) in rules)}). Ask for another one, or the Id of a record"
        )


def _follow_rows(
    connection: duckdb.DuckDBPyConnection, mapping: Sequence[FieldRule], streams: Sequence[MappedStream], asked: str
) -> None:
    """Adds to own_links the records that name the person and what these carry, until there are no more."""
    set_up_guards(connection, mapping, Guards())
    kind = kind_by_looks(asked)
    seed = [Mark(kind, asked)] if kind else []
    known = set(connection.execute("SELECT DISTINCT stream, record_id FROM own_links").fetchall())
    records = [stream for stream in streams if not stream.source.holds_events]
    while True:
        own, _ = own_identifiers(connection, streams, None)
        marks = [*seed, *own_marks(connection, mapping, streams, own)]
        if not marks:
            return
        named = find_named_rows(connection, tell_apart(connection, marks, identifying_fields(streams)))
        found = {
            (each.stream, record_id)
            for each in named
            for record_id in each.ids
            if each.id_column == "Id" and not record_id.startswith(OF_MANY)
        }
        if found <= known:
            return
        known |= found
        _link(connection, records, sorted(known))


def _link(
    connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream], rows: Sequence[tuple[str, str]]
) -> None:
    """Makes own_links of these rows, with the identifiers that they carry and that no guard refuses."""
    names, ids = zip(*rows, strict=True)
    store(connection, "own_records", {"stream": pa.array(names, pa.string()), "record_id": pa.array(ids, pa.string())})
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE own_links AS"
        " SELECT *, NULL::VARCHAR AS kind, NULL::VARCHAR AS value FROM own_records"
    )
    with tried(connection):
        for stream in streams:
            own = records_of(stream, "own_records")
            for rule, term in identifiers_read(connection, own):
                value = row_value(rule, [term]).sql
                carried = statement(
                    "carried",
                    stream=quote_text(stream.source.stream),
                    record_id=stream.source.record_id,
                    kind=quote_text(rule.user_field),
                    value=f"unnest({value})" if is_list(rule, [term]) else value,
                    rows=own.source.table,
                    rule=refusing_rule("value", rule.clean, "NULL"),
                )
                connection.execute(carried)
