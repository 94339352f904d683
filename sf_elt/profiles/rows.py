"""One pass over each stream: its rows with a number, cleaned and typed values, and the identifiers they carry."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sf_elt.profiles.mapping import SQL_TYPES, FieldRule, type_of
from sf_elt.profiles.sources import Source
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote, quote_table, quote_text

_MERGES_THAT_NEED_EVERY_EVENT = {"oldest", "sum", "count"}


@dataclass(frozen=True)
class RecordLink:
    """A column in which a record names another record of the same person.

    `target` is (stream, column) of the identifier that the column's value belongs to.
    """

    stream: str
    column: str
    target: tuple[str, str]
    via: str
    of_deleted: bool


RECORD_LINKS = (
    RecordLink(
        "salesforce_leads", "lead_converted_contact_id", ("salesforce_contacts", "contact_id"), "converted lead", False
    ),
    RecordLink("salesforce_leads", "master_record_id", ("salesforce_leads", "lead_id"), "merged record", True),
    RecordLink("salesforce_contacts", "master_record_id", ("salesforce_contacts", "contact_id"), "merged record", True),
)
"""A converted lead names its contact; a record that was merged away (and so deleted) names the one that stayed."""


@dataclass(frozen=True)
class MappedStream:
    """One stream with the rules that read it. `table` is the temporary table of its rows."""

    number: int
    source: Source
    rules: tuple[FieldRule, ...]
    links: tuple[tuple[RecordLink, FieldRule], ...]

    @property
    def table(self) -> str:
        return f"rows_{self.number}"

    @property
    def grouped(self) -> bool:
        """Whether equal events count once: they do where no rule needs each event."""
        return self.source.holds_events and not any(rule.merge in _MERGES_THAT_NEED_EVERY_EVENT for rule in self.rules)

    def found(self, rule: FieldRule) -> list[str]:
        """The columns of the stream that the rule reads."""
        return [column for column in rule.columns if column in self.source.columns]


def mapped_streams(mapping: Sequence[FieldRule], sources: Mapping[str, Source]) -> list[MappedStream]:
    """The streams that exist and have rules, in order of their names."""
    by_source = {(rule.stream, column): rule for rule in mapping if rule.identifier for column in rule.columns}
    streams = []
    for number, (stream, source) in enumerate(sorted(sources.items())):
        links = tuple(
            (link, by_source[link.target])
            for link in RECORD_LINKS
            if link.stream == stream and link.column in source.columns and link.target in by_source
        )
        rules = tuple(rule for rule in mapping if rule.stream == stream)
        streams.append(MappedStream(number, source, rules, links))
    return streams


def number_rows(connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream]) -> int:
    """Makes one temporary table a stream of the rows that count, numbered from 0 across streams; gives their count."""
    total = 0
    for stream in streams:
        connection.execute(_rows_of_events(stream) if stream.grouped else _rows_of_records(stream), {"offset": total})
        (count,) = connection.table(stream.table).count("*").fetchall()[0]
        total += count
    return total


def _rows_of_records(stream: MappedStream) -> str:
    return statement(
        "rows_of_records",
        table=stream.table,
        source=stream.source.table,
        record_id=stream.source.record_id,
        modified_at=stream.source.modified_at,
        deleted_at=stream.source.deleted_at,
        merged_away=" OR ".join(f"{quote(link.column)} IS NOT NULL" for link, _ in stream.links if link.of_deleted)
        or "false",
        columns=",\n    ".join(_value_columns(stream)),
    )


def _rows_of_events(stream: MappedStream) -> str:
    return statement(
        "rows_of_events",
        table=stream.table,
        source=stream.source.table,
        record_id=_event_key(stream),
        columns=",\n        ".join(_value_columns(stream)),
        keys=", ".join(map(quote, _event_columns(stream))),
    )


def identifier_candidates(streams: Sequence[MappedStream], kinds: Sequence[str]) -> str:
    """SQL for every (row, kind, value) that could join rows, before any guard; each once."""
    return "\nUNION ALL\n".join(_candidates_of_stream(stream, kinds) for stream in streams)


def publish_events(connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream]) -> None:
    """Makes profiles.<stream>_by_profile for each stream of events: its events with the profile they belong to.

    The view of a stream that is not in the mapping any more goes.
    """
    former = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE database_name = current_database() "
        "AND schema_name = 'profiles' AND ends_with(view_name, '_by_profile')"
    ).fetchall()
    for (view,) in former:
        connection.execute(f"DROP VIEW {quote_table('profiles', view)}")
    wanted = ("event_id", "occurred_at", "type", "url", "title", "topics")
    for stream in streams:
        if stream.source.holds_events:
            columns = [f"events.{quote(column)}" for column in wanted if column in stream.source.columns]
            connection.execute(
                statement(
                    "events_by_profile",
                    view=quote_table("profiles", f"{stream.source.stream}_by_profile"),
                    columns=", ".join(columns),
                    events=stream.source.table,
                    stream=quote_text(stream.source.stream),
                    record_id=_event_key(stream) if stream.grouped else stream.source.record_id,
                )
            )


def _value_columns(stream: MappedStream) -> Iterator[str]:
    """One column a rule (v0, v1, …), cleaned and of the user field's type, and one a link (link0, …)."""
    for number, rule in enumerate(stream.rules):
        found = stream.found(rule)
        values = [_value(rule, quote(column), stream.source.columns[column]) for column in found]
        value = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
        edge = rule.merge if stream.grouped and rule.merge in ("min", "max") else ""
        yield f"{edge}({value}) AS v{number}"
    for number, (link, target) in enumerate(stream.links):
        yield f"{cleaned(target, f'CAST({quote(link.column)} AS VARCHAR)')} AS link{number}"


def _value(rule: FieldRule, column: str, sql_type: str) -> str:
    if rule.merge == "count":
        return column
    if type_of(sql_type) == "[]string":
        return column if rule.clean == "none" else f"[{cleaned(rule, 'each')} FOR each IN {column}]"
    if rule.type in ("string", "[]string"):
        return cleaned(rule, f"CAST({column} AS VARCHAR)")
    return f"CAST({column} AS {SQL_TYPES[rule.type]})"


def cleaned(rule: FieldRule, text: str) -> str:
    """SQL that cleans the text as the rule says."""
    return text if rule.clean == "none" else f"clean_{rule.clean}({text})"


def is_list(stream: MappedStream, rule: FieldRule) -> bool:
    """Whether the rule's column in the stream's rows is a list."""
    return rule.merge != "count" and type_of(stream.source.columns[stream.found(rule)[0]]) == "[]string"


def _candidates_of_stream(stream: MappedStream, kinds: Sequence[str]) -> str:
    candidates = "\nUNION ALL\n".join(_candidates_of(stream, kinds))
    identifiers = [rule for rule in stream.rules if rule.identifier]
    could_repeat = len({rule.user_field for rule in identifiers}) < len(identifiers)
    if could_repeat or any(is_list(stream, rule) for rule in identifiers):
        return statement("distinct_candidates", candidates=candidates)
    return candidates


def _candidates_of(stream: MappedStream, kinds: Sequence[str]) -> Iterator[str]:
    via = "CASE WHEN alive THEN 'identifier' ELSE 'merged record' END"
    for number, rule in enumerate(stream.rules):
        if rule.identifier:
            value = f"unnest(v{number})" if is_list(stream, rule) else f"v{number}"
            yield _candidate(stream, kinds.index(rule.user_field), value, via, "true")
    for number, (link, target) in enumerate(stream.links):
        kept = "NOT alive" if link.of_deleted else "alive"
        yield _candidate(stream, kinds.index(target.user_field), f"link{number}", quote_text(link.via), kept)


def _candidate(stream: MappedStream, kind: int, value: str, via: str, kept: str) -> str:
    return statement(
        "candidates",
        stream=str(stream.number),
        kind=str(kind),
        value=value,
        via=via,
        table=stream.table,
        kept=kept,
    )


def _event_columns(stream: MappedStream) -> list[str]:
    """The columns whose values tell one group of events from another."""
    columns = [column for rule in stream.rules if rule.merge not in ("min", "max") for column in stream.found(rule)]
    return sorted(set(columns))


def _event_key(stream: MappedStream) -> str:
    """SQL for the text that names a group of events: its columns as a JSON object."""
    fields = ", ".join(f"{quote_text(column)}: {quote(column)}" for column in _event_columns(stream))
    return f"CAST(to_json({{{fields}}}) AS VARCHAR)"
