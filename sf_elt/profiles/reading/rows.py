"""One pass over each stream: its rows with a number, cleaned and typed values, and the identifiers they carry."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb

from sf_elt.profiles.mapping.phones import read_phones
from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.mapping.terms import Term, terms_of
from sf_elt.profiles.mapping.values import RowValue, cleaned, is_list, row_value
from sf_elt.profiles.reading.sources import Source
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote, quote_table, quote_text

_MERGES_THAT_NEED_EVERY_EVENT = {"oldest", "sum", "count", "valuecount"}


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
class SetAside:
    """How many rows of a stream say something that a rule could not read."""

    stream: str
    source: str
    user_field: str
    rows: int


@dataclass(frozen=True)
class MappedStream:
    """One stream with the rules that read it, and what each reads. `table` is the temporary table of its rows."""

    number: int
    source: Source
    rules: tuple[FieldRule, ...]
    terms: tuple[tuple[Term, ...], ...]
    links: tuple[tuple[RecordLink, FieldRule], ...]

    @property
    def table(self) -> str:
        return f"rows_{self.number}"

    @property
    def grouped(self) -> bool:
        """Whether equal events count once: they do where no rule needs each event."""
        return self.source.holds_events and not any(rule.merge in _MERGES_THAT_NEED_EVERY_EVENT for rule in self.rules)

    @property
    def values(self) -> list[RowValue]:
        """What each rule makes of a row of the source."""
        return [row_value(rule, terms) for rule, terms in zip(self.rules, self.terms, strict=True)]

    def gives_lists(self, number: int) -> bool:
        """Whether the values of the rule with that number are lists."""
        return is_list(self.rules[number], self.terms[number])


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
        terms = tuple(tuple(terms_of(rule.source, source.columns)) for rule in rules)
        streams.append(MappedStream(number, source, rules, terms, links))
    return streams


def number_rows(connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream]) -> int:
    """Makes one temporary table a stream of the rows that count, numbered from 0 across streams; gives their count."""
    read_phones(connection, [phone for stream in streams for phone in _phones(stream)])
    total = 0
    with tried(connection):
        for stream in streams:
            rows = _rows_of_events(stream) if stream.grouped else _rows_of_records(stream)
            connection.execute(rows, {"offset": total})
            (count,) = connection.table(stream.table).count("*").fetchall()[0]
            total += count
    return total


@contextmanager
def tried(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Within it a TRY holds: DuckDB would take what two expressions have in common out of theirs, and fail there."""
    connection.execute("SET disabled_optimizers = 'common_subexpressions'")
    yield
    connection.execute("RESET disabled_optimizers")


def records_of(stream: MappedStream, listed: str) -> MappedStream:
    """The stream with no other records than those of the table `listed` (stream, record_id)."""
    parts = {"rows": stream.source.table, "listed": listed, "stream": quote_text(stream.source.stream)}
    texts = [column for column in event_columns(stream) if stream.source.columns[column] == "VARCHAR"]
    if stream.grouped and texts:
        table = statement(
            "listed_events",
            record_id=event_key(stream),
            texts_of_id=", ".join(
                f"record_id ->> {quote_text(_member(column))} AS {quote(column)}" for column in texts
            ),
            same=" AND ".join(f"event.{quote(each)} IS NOT DISTINCT FROM listed.{quote(each)}" for each in texts),
            **parts,
        )
    else:
        record_id = event_key(stream) if stream.grouped else stream.source.record_id
        table = statement("listed_records", record_id=record_id, **parts)
    return replace(stream, source=replace(stream.source, table=table))


def _member(name: str) -> str:
    """Where a member of a JSON object is, as DuckDB writes such places."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def identifying(stream: MappedStream) -> MappedStream:
    """The stream with no other rules than those of its identifiers."""
    kept = [(rule, terms) for rule, terms in zip(stream.rules, stream.terms, strict=True) if rule.identifier]
    return replace(stream, rules=tuple(rule for rule, _ in kept), terms=tuple(terms for _, terms in kept))


def note_set_aside(connection: duckdb.DuckDBPyConnection, streams: Sequence[MappedStream]) -> None:
    """Adds to profiles.set_aside what could not be read in the numbered rows."""
    for stream in streams:
        for number, value in enumerate(stream.values):
            if value.set_aside:
                rule = stream.rules[number]
                connection.execute(
                    statement("set_aside", count=f"set_aside{number}", table=stream.table),
                    {"stream": rule.stream, "source": rule.source, "user_field": rule.user_field},
                )


def set_aside(connection: duckdb.DuckDBPyConnection, mapping: Sequence[FieldRule]) -> tuple[SetAside, ...]:
    """What could not be read in the streams, rule by rule; no more than that says which rules to look at."""
    found = {
        row[:3]: SetAside(*row)
        for row in connection.execute(
            "SELECT stream, source, user_field, sum(rows)::BIGINT FROM profiles.set_aside GROUP BY ALL"
        ).fetchall()
    }
    asked = [(rule.stream, rule.source, rule.user_field) for rule in sorted(mapping, key=lambda rule: rule.stream)]
    return tuple(found[each] for each in asked if each in found)


def _phones(stream: MappedStream) -> Iterator[tuple[str | None, str, str]]:
    for rule, terms in zip(stream.rules, stream.terms, strict=True):
        if rule.clean == "phone":
            yield from ((rule.region, f"CAST({term.sql} AS VARCHAR)", stream.source.table) for term in terms)


def _rows_of_records(stream: MappedStream) -> str:
    return statement(
        "rows_of_records",
        table=stream.table,
        source=stream.source.table,
        record_id=stream.source.record_id,
        modified_at=stream.source.modified_at,
        deleted_at=stream.source.deleted_at,
        merged_away=merged_away(stream),
        columns=",\n    ".join(_value_columns(stream)),
    )


def merged_away(stream: MappedStream) -> str:
    """SQL for whether a deleted row says where it was merged."""
    named = [f"{quote(link.column)} IS NOT NULL" for link, _ in stream.links if link.of_deleted]
    return " OR ".join(named) or "false"


def _rows_of_events(stream: MappedStream) -> str:
    return statement("rows_of_events", table=stream.table, groups=groups_of_events(stream))


def groups_of_events(stream: MappedStream) -> str:
    """SQL for the distinct events of a grouped stream."""
    return statement(
        "groups_of_events",
        source=stream.source.table,
        record_id=event_key(stream),
        columns=",\n        ".join(_value_columns(stream)),
        keys=", ".join(map(quote, event_columns(stream))),
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
                    record_id=event_key(stream) if stream.grouped else stream.source.record_id,
                )
            )


def _value_columns(stream: MappedStream) -> Iterator[str]:
    """One column a rule (v0, v1, …), cleaned and of the user field's type, and one a link (link0, …).

    Where a rule can meet what it cannot read, another column counts that (set_aside0, …).
    """
    for number, (rule, value) in enumerate(zip(stream.rules, stream.values, strict=True)):
        edge = rule.merge if stream.grouped and not _tells_apart(rule) else ""
        yield f"{edge}({value.sql}) AS v{number}"
        if value.set_aside:
            count = f"count(*) FILTER ({value.set_aside})" if stream.grouped else f"CAST({value.set_aside} AS BIGINT)"
            yield f"{count} AS set_aside{number}"
    for number, (link, target) in enumerate(stream.links):
        yield f"{cleaned(target, f'CAST({quote(link.column)} AS VARCHAR)')} AS link{number}"


def _candidates_of_stream(stream: MappedStream, kinds: Sequence[str]) -> str:
    candidates = "\nUNION ALL\n".join(_candidates_of(stream, kinds))
    identifiers = [rule for rule in stream.rules if rule.identifier]
    could_repeat = len({rule.user_field for rule in identifiers}) < len(identifiers)
    if could_repeat or any(stream.gives_lists(number) for number, rule in enumerate(stream.rules) if rule.identifier):
        return statement("distinct_candidates", candidates=candidates)
    return candidates


def _candidates_of(stream: MappedStream, kinds: Sequence[str]) -> Iterator[str]:
    via = "CASE WHEN alive THEN 'identifier' ELSE 'merged record' END"
    for number, rule in enumerate(stream.rules):
        if rule.identifier:
            value = f"unnest(v{number})" if stream.gives_lists(number) else f"v{number}"
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


def event_columns(stream: MappedStream) -> list[str]:
    """The columns whose values tell one group of events from another."""
    columns = {
        column
        for rule, terms in zip(stream.rules, stream.terms, strict=True)
        if _tells_apart(rule)
        for term in terms
        for column in term.columns
    }
    return sorted(columns)


def _tells_apart(rule: FieldRule) -> bool:
    """Whether events that differ in what this rule reads are different events, and not just the least and greatest."""
    return rule.identifier or rule.merge not in ("min", "max")


def event_key(stream: MappedStream) -> str:
    """SQL for the text that names a group of events: its columns as a JSON object."""
    fields = ", ".join(f"{quote_text(column)}: {quote(column)}" for column in event_columns(stream))
    return f"CAST(to_json({{{fields}}}) AS VARCHAR)"
