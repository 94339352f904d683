"""Whoever is to be erased: what tells them, and every row and cell that names them, as found in one connection."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from sf_elt.profiles.erasing.linking import link_person, own_identifiers, own_marks
from sf_elt.profiles.erasing.marks import identifying_fields, kind_by_looks
from sf_elt.profiles.erasing.tables import NamedInTable, Sought, erase_from_tables, named_in_tables
from sf_elt.profiles.errors import NoSuchProfile
from sf_elt.profiles.explaining.explaining import sound_streams
from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.reading.rows import MappedStream
from sf_elt.streams.erasing import NamedRows, find_named_rows, marks_of_individuals, take_out
from sf_elt.warehouse import quote_table
from sf_elt.warehouse.erased import Erased, IdentifyingField, Mark, remember, tell_apart

RECORD = 15
"""Characters of a Salesforce Id that tell one record from all others; three more say which letters are capitals."""


@dataclass(frozen=True)
class Person:
    """Whoever is to be erased, as found in a connection; in the temporary tables of it, too.

    `profile_ids` are the profile's own and those that it had before. There is none where the org has deleted all of the
    person's records, or where no build has read them yet.
    """

    connection: duckdb.DuckDBPyConnection
    profile_ids: tuple[str, ...]
    identifiers: tuple[tuple[str, str], ...]
    shared: tuple[tuple[str, str], ...]
    marks: tuple[Mark, ...]
    fields: frozenset[IdentifyingField]
    sought: Sought
    named: tuple[NamedRows, ...]
    in_tables: tuple[NamedInTable, ...]

    @classmethod
    def found(cls, connection: duckdb.DuckDBPyConnection, mapping: Sequence[FieldRule], asked: str) -> "Person":
        """Raises NoSuchProfile, SeveralProfiles, MappingRefused. The connection has the clean-ups."""
        streams = sound_streams(connection, mapping)
        profile_ids = link_person(connection, mapping, streams, asked.strip())
        own, shared = own_identifiers(connection, streams, profile_ids[0] if profile_ids else None)
        marks = own_marks(connection, mapping, streams, own)
        if not profile_ids and (kind := kind_by_looks(asked.strip())):
            marks.append(Mark(kind, asked.strip()))
        fields = frozenset(identifying_fields(streams))
        erased = tell_apart(connection, marks, fields)
        named = find_named_rows(connection, erased)
        if more := [
            *_marks_of_events(connection, streams, profile_ids, named),
            *marks_of_individuals(connection, named),
        ]:
            marks += more
            erased = tell_apart(connection, marks, fields)
            named = find_named_rows(connection, erased)
        sought = _sought(profile_ids, own, marks, named, erased)
        sought.set_up(connection)
        in_tables = tuple(named_in_tables(connection, sought))
        if not profile_ids and not named and not in_tables:
            raise NoSuchProfile("no profile has this identifier or id, and nothing that was imported names it")
        return cls(
            connection, profile_ids, tuple(own), tuple(shared), tuple(marks), fields, sought, tuple(named), in_tables
        )

    def take_out(self, *, now: datetime) -> None:
        """All of it, in the connection's transaction; and what tells the person is kept, as digests."""
        own = [mark for each in self.named for mark in each.marks if each.id_column == "Id"]
        erased = tell_apart(self.connection, [*self.marks, *own], self.fields)
        remember(self.connection, at=now)
        sought = _sought(self.profile_ids, self.identifiers, self.marks, self.named, erased)
        sought.set_up(self.connection)
        erase_from_tables(self.connection, sought)
        for each in self.named:
            take_out(self.connection, each)

    def event_lines(self) -> list[tuple[str, list[int]]]:
        """Where in their files the lines stand that name the person, also those that were set aside."""
        lines = [f"SELECT file AS _file, line AS _line FROM ops.set_aside WHERE line > 0 AND {self.sought.names_line}"]  # noqa: S608 - our own
        lines += [
            f"SELECT _file, _line FROM {quote_table('streams', each.stream)}"  # noqa: S608 - quoted
            f" WHERE event_id IN (SELECT _id FROM {each.table})"
            for each in self.named
            if each.id_column == "event_id"
        ]
        return self.connection.execute(
            "SELECT _file, list(DISTINCT _line ORDER BY _line)"  # noqa: S608 - quoted
            f" FROM ({' UNION ALL '.join(lines)}) WHERE _file IS NOT NULL GROUP BY _file ORDER BY _file"
        ).fetchall()

    @property
    def told(self) -> str:
        """What tells one erasure from another, for a digest: the profile's id, or what its first mark says."""
        return f"profile:{self.profile_ids[0]}" if self.profile_ids else f"without profile:{self.marks[0].value}"


def _sought(
    profile_ids: Sequence[str],
    identifiers: Sequence[tuple[str, str]],
    marks: Sequence[Mark],
    named: Sequence[NamedRows],
    erased: Erased,
) -> Sought:
    records = {mark.value[:RECORD] for mark in marks if mark.kind == "record"}
    records |= {own[:RECORD] for each in named if each.id_column == "Id" for own in each.ids}
    names = {*profile_ids, *(record for record in records if len(record) == RECORD)}
    names |= {mark.value for mark in marks if mark.kind == "email"}
    others = [(kind, value) for kind, value in identifiers if not names & {value, value[:RECORD]}]
    return Sought(sorted(names), sorted(records - names), others, erased)


def _marks_of_events(
    connection: duckdb.DuckDBPyConnection,
    streams: Sequence[MappedStream],
    profile_ids: Sequence[str],
    named: Sequence[NamedRows],
) -> Iterator[Mark]:
    """Of the profile's events that carry none of its own identifiers, but one that is shared with others."""
    found = {each.stream: set(each.ids) for each in named}
    for stream in streams:
        if not stream.source.holds_events or not profile_ids:
            continue
        view = quote_table("profiles", f"{stream.source.stream}_by_profile")
        try:
            rows = connection.execute(
                f"SELECT event_id FROM {view} WHERE profile_id = ?",  # noqa: S608 - quoted
                [profile_ids[0]],
            ).fetchall()
        except duckdb.CatalogException:
            continue
        known = found.get(stream.source.stream, set())
        yield from (Mark("value", each, stream.source.stream, "event_id") for (each,) in rows if each not in known)
