"""A person erased on request: gone from every table and file of the warehouse, and kept out of what comes later.

    what = preview_erasure(warehouse, mapping, "ada@example.com")     # counts; nothing is written
    erase_profile(warehouse, mapping, "ada@example.com", reason="request 17", now=now)

Three steps. The first is one transaction: digests of what tells the person are kept, rows and cells go from all tables,
ops.erasures notes it. Then what unfinished reads have landed goes, and the warehouse's file is written anew, since
deleted rows stay in its bytes. Whenever that is cut short, `finish_erasures` does what is left.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from sf_elt.profiles.erasing.tables import erase_from_tables, named_in_tables
from sf_elt.profiles.errors import ErasureUnfinished
from sf_elt.profiles.explaining.explaining import profile_id_of
from sf_elt.profiles.increments.last_build import build_anew
from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.reading.rows import MappedStream, mapped_streams
from sf_elt.profiles.reading.sources import find_sources
from sf_elt.profiles.sql import statement
from sf_elt.streams.erasing import NamedRows, find_named_rows, take_out
from sf_elt.streams.keeping_out import OF_MANY, PEOPLE
from sf_elt.streams.landing import clear_landing
from sf_elt.streams.source_names import source_fields
from sf_elt.warehouse import Warehouse, naive, quote_table
from sf_elt.warehouse.erased import IdentifyingField, Kind, Mark, digest_of, remember, tell_apart
from sf_elt.warehouse.rewriting import NEW, rewrite_file

log = logging.getLogger(__name__)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class EventLines:
    """Lines of a file of events that say something of the person; the file is its owner's to change."""

    file: str
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Erasure:
    """What an erasure takes away, or has taken away: `rows` by table, `cells` of other rows by table and column.

    `identifiers` are counted by kind; those that are `shared`, which rows of other people carry as well, stay theirs.
    """

    profile_id: str
    aliases: int
    identifiers: Mapping[str, int]
    shared: Mapping[str, int]
    rows: Mapping[str, int]
    cells: Mapping[str, int]
    event_lines: tuple[EventLines, ...]


def preview_erasure(warehouse: Warehouse, mapping: Sequence[FieldRule], asked: str) -> Erasure:
    """What `erase_profile` would take away. Raises NoSuchProfile, SeveralProfiles, and what `read` raises."""
    with warehouse.write():
        pass  # a warehouse of an older version gets the tables of erasures
    with warehouse.read() as connection:
        connection.execute(statement("clean"))
        return _Person.found(connection, mapping, asked).described()


def erase_profile(
    warehouse: Warehouse,
    mapping: Sequence[FieldRule],
    asked: str,
    *,
    reason: str,
    now: datetime,
    progress: Progress | None = None,
) -> Erasure:
    """Erases the person that `asked` leads to. The `reason` is kept, and must not say who it was.

    Raises NoSuchProfile, SeveralProfiles, ErasureUnfinished where a read still runs, and what `write` raises: nothing
    is lost by calling it again, or `finish_erasures` once the profile is gone.
    """
    say = progress or _say_nothing
    say("taking the person out of all tables")
    with warehouse.write() as connection:
        connection.execute(statement("clean"))
        person = _Person.found(connection, mapping, asked)
        erasure = person.described()
        person.take_out(erasure, reason=reason, now=now)
    log.info("a profile was erased: %s", {"rows": dict(erasure.rows), "cells": dict(erasure.cells)})
    finish_erasures(warehouse, now=now, progress=say)
    return erasure


def finish_erasures(warehouse: Warehouse, *, now: datetime, progress: Progress | None = None) -> int:
    """Ends what erasures have begun; gives how many. Raises ErasureUnfinished, and what `write` raises."""
    say = progress or _say_nothing
    with warehouse.write() as connection:
        ((begun,),) = connection.execute("SELECT count(*) FROM ops.erasures WHERE finished_at IS NULL").fetchall()
    if not begun:
        return 0
    say("removing what unfinished reads have landed")
    _, running = clear_landing(warehouse)
    say("clearing the ledger of API calls")
    warehouse.calls().forget_records(PEOPLE)
    say("writing the warehouse's file anew")
    at = f"TIMESTAMP '{naive(now):%Y-%m-%d %H:%M:%S}'"
    ended = f"UPDATE {NEW}.ops.erasures SET finished_at = {at} WHERE finished_at IS NULL"  # noqa: S608 - a time
    rewrite_file(warehouse, "" if running else ended)
    if running:
        raise ErasureUnfinished(
            f"{running} imports still run, and their pages lie in {warehouse.root / 'landing'}. The person is gone "
            "from all tables and stays out; run `sf-elt erase` again when they have ended."
        )
    return int(begun)


def _say_nothing(what: str) -> None:
    pass


@dataclass(frozen=True)
class _Person:
    """Whoever is to be erased, as found in a connection; in the temporary tables of it, too."""

    connection: duckdb.DuckDBPyConnection
    profile_ids: tuple[str, ...]
    identifiers: tuple[tuple[str, str], ...]
    shared: tuple[tuple[str, str], ...]
    marks: tuple[Mark, ...]
    fields: tuple[IdentifyingField, ...]
    named: tuple[NamedRows, ...]

    @classmethod
    def found(cls, connection: duckdb.DuckDBPyConnection, mapping: Sequence[FieldRule], asked: str) -> "_Person":
        """Raises NoSuchProfile, SeveralProfiles."""
        profile_id = profile_id_of(connection, asked)
        streams = mapped_streams(mapping, find_sources(connection, (rule.stream for rule in mapping)))
        names = [stream.source.stream for stream in streams]
        about = {"profile_id": profile_id, "streams": names}
        aliases = connection.execute("SELECT alias_id FROM profiles.aliases WHERE profile_id = ?", [profile_id])
        profile_ids = (profile_id, *(str(alias) for (alias,) in aliases.fetchall()))
        every = connection.execute(
            "SELECT kind, value FROM profiles.identifiers WHERE profile_id = ? ORDER BY ALL", [profile_id]
        ).fetchall()
        shared = set(connection.execute(statement("shared_identifiers"), about).fetchall())
        rows = connection.execute(statement("own_rows"), about | {"of_many": list(OF_MANY)}).fetchall()
        fields = tuple(_identifying_fields(mapping, streams))
        own = [identifier for identifier in every if identifier not in shared]
        marks = [*_marks_of_identifiers(own, mapping, fields), *_marks_of_records(rows)]
        erased = tell_apart(connection, marks, fields)
        named = find_named_rows(connection, erased)
        events = _marks_of_events(connection, streams, profile_id, named)
        if events:
            marks += events
            named = find_named_rows(connection, tell_apart(connection, marks, fields))
        return cls(connection, profile_ids, tuple(own), tuple(shared), tuple(marks), fields, tuple(named))

    @property
    def texts(self) -> list[str]:
        """What names the person in any table that is no stream."""
        records = {mark.value[:15] for mark in self.marks if mark.kind == "record"}
        records |= {own[:15] for each in self.named if each.id_column == "Id" for own in each.ids}
        return sorted({*self.profile_ids, *records, *(value for _, value in self.identifiers)})

    def described(self) -> Erasure:
        """What is to go."""
        rows = {f"streams.{each.stream}": each.rows for each in self.named if each.rows}
        cells = {
            f"streams.{each.stream}.{column.strip(chr(34))}": count
            for each in self.named
            for column, count in each.cells.items()
        }
        tables = named_in_tables(self.connection, self.texts)
        return Erasure(
            profile_id=self.profile_ids[0],
            aliases=len(self.profile_ids) - 1,
            identifiers=_counted(self.identifiers),
            shared=_counted(self.shared),
            rows=rows | {table.name: table.rows for table in tables if table.rows},
            cells=cells
            | {f"{table.name}.{column}": count for table in tables for column, count in table.cells.items()},
            event_lines=tuple(_event_lines(self.connection, self.named)),
        )

    def take_out(self, erasure: Erasure, *, reason: str, now: datetime) -> None:
        """All of it, in the connection's transaction."""
        own = [mark for each in self.named for mark in each.marks if each.id_column == "Id"]
        tell_apart(self.connection, [*self.marks, *own], self.fields)
        remember(self.connection, at=now)
        erase_from_tables(self.connection, self.texts)
        build_anew(self.connection)
        for each in self.named:
            take_out(self.connection, each)
        self.connection.execute(
            "INSERT INTO ops.erasures VALUES (?, ?, ?, ?, ?, NULL)",
            [
                digest_of(self.connection, f"profile:{self.profile_ids[0]}"),
                reason,
                naive(now),
                dict(erasure.rows),
                dict(erasure.cells),
            ],
        )


def _counted(identifiers: Sequence[tuple[str, str]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for kind, _ in sorted(identifiers):
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def _kind(rule: FieldRule) -> Kind:
    return "email" if rule.clean == "email" else "record" if rule.clean == "id18" else "value"


def _identifying_fields(mapping: Sequence[FieldRule], streams: Sequence[MappedStream]) -> set[IdentifyingField]:
    """The columns of streams that the mapping's identifiers are read from, by the names that the streams have."""
    own_names = {(each.stream, each.source_field): each.salesforce_field for each in source_fields()}
    return {
        IdentifyingField(rule.stream, own_names.get((rule.stream, column), column), _kind(rule))
        for stream in streams
        for rule, terms in zip(stream.rules, stream.terms, strict=True)
        if rule.identifier
        for term in terms
        for column in term.columns
    }


def _marks_of_identifiers(
    identifiers: Sequence[tuple[str, str]], mapping: Sequence[FieldRule], fields: Sequence[IdentifyingField]
) -> list[Mark]:
    """An address counts anywhere, a record where it is one of a person, anything else in the fields of its kind."""
    rules = {rule.user_field: rule for rule in mapping if rule.identifier}
    own_names = {(each.stream, each.source_field): each.salesforce_field for each in source_fields()}
    marks = []
    for kind, value in identifiers:
        match _kind(rules[kind]) if kind in rules else "":
            case "email":
                marks.append(Mark("email", value))
            case "record" if not value.startswith(OF_MANY):
                marks.append(Mark("record", value))
            case "value":
                columns = {
                    (rule.stream, own_names.get((rule.stream, column), column))
                    for rule in mapping
                    if rule.user_field == kind and rule.identifier
                    for column in rule.columns
                }
                marks += [
                    Mark("value", value, each.stream, each.field)
                    for each in fields
                    if (each.stream, each.field) in columns
                ]
    return marks


def _marks_of_records(rows: Sequence[tuple[str, str]]) -> list[Mark]:
    """Of the rows of records that make the profile."""
    return [
        Mark("record", record_id) if record_id.startswith(PEOPLE) else Mark("value", record_id, stream, "Id")
        for stream, record_id in rows
        if not record_id.startswith("{")  # a group of events
    ]


def _marks_of_events(
    connection: duckdb.DuckDBPyConnection,
    streams: Sequence[MappedStream],
    profile_id: str,
    named: Sequence[NamedRows],
) -> list[Mark]:
    """Of the profile's events that carry none of its own identifiers, but one that is shared with others."""
    found = {each.stream: set(each.ids) for each in named}
    marks = []
    for stream in streams:
        if stream.source.holds_events:
            view = quote_table("profiles", f"{stream.source.stream}_by_profile")
            try:
                rows = connection.execute(f"SELECT event_id FROM {view} WHERE profile_id = ?", [profile_id]).fetchall()  # noqa: S608 - quoted
            except duckdb.CatalogException:
                continue
            known = found.get(stream.source.stream, set())
            marks += [Mark("value", each, stream.source.stream, "event_id") for (each,) in rows if each not in known]
    return marks


def _event_lines(connection: duckdb.DuckDBPyConnection, named: Sequence[NamedRows]) -> list[EventLines]:
    """Where in their files the lines stand that name the person, also those that were set aside."""
    lines = ["SELECT file AS _file, line AS _line FROM ops.set_aside WHERE names_person(content)"]
    lines += [
        f"SELECT _file, _line FROM {quote_table('streams', each.stream)}"  # noqa: S608 - quoted
        f" WHERE event_id IN (SELECT _id FROM {each.table})"
        for each in named
        if each.id_column == "event_id"
    ]
    rows = connection.execute(
        "SELECT _file, list(DISTINCT _line ORDER BY _line)"  # noqa: S608 - quoted
        f" FROM ({' UNION ALL '.join(lines)}) WHERE _file IS NOT NULL GROUP BY _file ORDER BY _file"
    ).fetchall()
    return [EventLines(file, tuple(found)) for file, found in rows]
