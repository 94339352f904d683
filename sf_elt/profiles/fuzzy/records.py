"""The records that are compared to find fuzzy links: read once from the streams, their values written alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from sf_elt.profiles.errors import FuzzyRefused, NothingToUnify
from sf_elt.profiles.fuzzy.options import ComparedField, FuzzyLinks, check_fuzzy
from sf_elt.profiles.identity.guards import Guards, refusing_rule, set_up_guards
from sf_elt.profiles.identity.joining import find_occurrences
from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.reading.rows import MappedStream, mapped_streams, number_rows
from sf_elt.profiles.reading.sources import find_sources
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import Warehouse, quote_text
from sf_elt.warehouse.erased import erasures


@dataclass(frozen=True)
class ComparedRecords:
    """What is compared.

    `records` has number, stream, record_id, kind and value (the identifier by which the record is known) and c0, c1, …
    for the fields; `shared` has number and key, for each identifier that several of the records carry. `erasures` is
    how many people had been erased when they were read.
    """

    records: pa.Table
    shared: pa.Table
    erasures: int


def read_records(
    warehouse: Warehouse, mapping: Sequence[FieldRule], fuzzy: FuzzyLinks, guards: Guards
) -> ComparedRecords:
    """The living records of the streams that are compared, as far as they carry an identifier that can be linked.

    Raises FuzzyRefused where the options do not fit the streams, NothingToUnify where none has been imported yet.
    """
    identifiers = [rule for rule in mapping if rule.identifier and rule.stream in fuzzy.streams]
    rules = [*identifiers, *fuzzy.rules()]
    with warehouse.read() as connection:
        sources = find_sources(connection, fuzzy.streams)
        faults = check_fuzzy(fuzzy, mapping, {name: source.columns for name, source in sources.items()})
        problems = [fault.text for fault in faults] + [
            f"{name}: its rows are events; what is compared are records"
            for name, source in sources.items()
            if source.holds_events
        ]
        if problems:
            raise FuzzyRefused(problems)
        if not sources:
            raise NothingToUnify(f"none of these streams has been imported yet: {', '.join(fuzzy.streams)}")
        streams = mapped_streams(rules, sources)
        connection.execute(statement("clean"))
        connection.execute(statement("fuzzy_clean"))
        number_rows(connection, streams)
        set_up_guards(connection, rules, guards)
        find_occurrences(connection, streams, rules, guards)
        connection.execute(
            statement(
                "fuzzy_records",
                rows="\n    UNION ALL\n    ".join(_rows(stream, fuzzy.compare) for stream in streams),
                fields=", ".join(f"c{number}" for number in range(len(fuzzy.compare))),
            ),
            _judging(fuzzy, guards),
        )
        shared = connection.sql(statement("fuzzy_shared")).to_arrow_table()
        records = connection.sql("SELECT * EXCLUDE (record) FROM compared_records ORDER BY number").to_arrow_table()
        erased = erasures(connection)
    return ComparedRecords(records, shared, erased)


def _rows(stream: MappedStream, fields: Sequence[ComparedField]) -> str:
    """SQL for the living rows of the stream with the compared values."""
    places = {rule.user_field: number for number, rule in enumerate(stream.rules) if not rule.identifier}
    columns = ", ".join(
        f"{_alike(field, places.get(field.user_field))} AS c{number}" for number, field in enumerate(fields)
    )
    return statement("fuzzy_rows", stream=quote_text(stream.source.stream), columns=columns, table=stream.table)


def _alike(field: ComparedField, place: int | None) -> str:
    """SQL for the field's value of a row, written as all of its kind are; null where it says nothing of anybody."""
    if place is None:
        return "CAST(NULL AS VARCHAR)"
    value = f"CAST(v{place} AS VARCHAR)"
    if field.kind in _JUDGED:
        refused = refusing_rule(value, field.kind, "$never_join")
        return f"CASE WHEN {refused} IS NULL THEN {value} END"
    return f"alike_{field.kind}({value})"


_JUDGED = ("email", "phone")
"""Kinds of which the guards may refuse a value: what joins no rows says nothing of a person."""


def _judging(fuzzy: FuzzyLinks, guards: Guards) -> dict[str, object]:
    """What the guards refuse of the compared fields, as parameters."""
    never = [value.lower() for values in guards.never_join.values() for value in values]
    return {"never_join": never} if any(field.kind in _JUDGED for field in fuzzy.compare) else {}
