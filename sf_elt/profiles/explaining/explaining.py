"""Why a profile is what it is: the rows that made it, by which identifiers, and which row's value won each field.

found = explain_profile(warehouse, mapping, "ada@example.com")
[said for said in found.fields["salesforce_lead_status"].said if said.won]

Only the profile's own rows are merged again; nothing is written. All of it is personal data: show it, log none of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from sf_elt.profiles.errors import MappingRefused, NoSuchProfile, SeveralProfiles
from sf_elt.profiles.fuzzy.links import FuzzyLink, fuzzy_of_profile
from sf_elt.profiles.identity.guards import Guards, set_up_guards
from sf_elt.profiles.mapping.faults import faults_of_mapping
from sf_elt.profiles.mapping.rules import FieldRule, Merge, identifier_kinds, user_fields
from sf_elt.profiles.merging.operators import precedence_statement
from sf_elt.profiles.reading.rows import MappedStream, identifier_candidates, mapped_streams, number_rows, records_of
from sf_elt.profiles.reading.sources import find_sources
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import Warehouse


@dataclass(frozen=True)
class LinkOfProfile:
    """A row carries an identifier of the profile; a link by hand is of the stream `manual links`."""

    stream: str
    record_id: str
    kind: str
    value: str
    via: str


@dataclass(frozen=True)
class LinkRefused:
    """A link that was refused to the profile, by which rule and why."""

    stream: str
    record_id: str
    kind: str
    value: str
    rule: str
    detail: str


@dataclass(frozen=True)
class Said:
    """What one row says of a user field. `won` where the field's value is, or is made of, this one."""

    stream: str
    source: str
    record_id: str
    modified_at: datetime | None
    value: str
    won: bool


@dataclass(frozen=True)
class FieldOfProfile:
    """A user field as it stands, its merge operator, and what the rows say now, the newest first.

    `count` is how many values they say, told or not.
    """

    value: object
    merge: Merge
    said: tuple[Said, ...]
    count: int


@dataclass(frozen=True)
class ProfileExplained:
    """A profile with its reasons. Values stand as of the last build, what rows say as of now.

    `rows` is how many rows are linked to it, told or not.
    """

    profile_id: str
    created_at: datetime
    updated_at: datetime
    aliases: tuple[str, ...]
    rows: int
    links: tuple[LinkOfProfile, ...]
    fuzzy: tuple[FuzzyLink, ...]
    refused: tuple[LinkRefused, ...]
    fields: Mapping[str, FieldOfProfile]


def explain_profile(
    warehouse: Warehouse, mapping: Sequence[FieldRule], asked: str, *, most: int | None = None
) -> ProfileExplained:
    """The profile that `asked` leads to: the value of an identifier, a profile's id, or one that it had before.

    Told are all of its rows and what they say; or, of more than `most`, the links of so many, and for each field the
    newest values with the one that the operator chose. Raises NoSuchProfile, SeveralProfiles where the value is one of
    several people, and MappingRefused where the mapping does not fit the streams.
    """
    with warehouse.read() as connection:
        connection.execute(statement("clean"))
        profile_id = profile_id_of(connection, asked)
        connection.execute(
            """
            CREATE OR REPLACE TEMP TABLE profile_links AS
            SELECT DISTINCT stream, record_id, kind, value, via FROM profiles.links WHERE profile_id = $profile_id
            """,
            {"profile_id": profile_id},
        )
        ((rows,),) = connection.execute("SELECT count(DISTINCT (stream, record_id)) FROM profile_links").fetchall()
        links = connection.execute(statement("links_told"), {"most": most}).fetchall()
        fuzzy = fuzzy_of_profile(connection)
        refused = connection.execute(statement("refused_of_profile")).fetchall()
        aliases = connection.execute(
            "SELECT alias_id FROM profiles.aliases WHERE profile_id = ? ORDER BY merged_at, alias_id", [profile_id]
        ).fetchall()
        row = connection.execute("FROM profiles.profiles WHERE profile_id = ?", [profile_id])
        names = [column[0] for column in row.description or ()]
        standing = dict(zip(names, row.fetchall()[0], strict=True))
        said = _said(connection, mapping, standing, most)
    merges = {rule.user_field: rule.merge for rule in mapping}
    return ProfileExplained(
        profile_id=profile_id,
        created_at=standing["created_at"],
        updated_at=standing["updated_at"],
        aliases=tuple(alias for (alias,) in aliases),
        rows=rows,
        links=tuple(LinkOfProfile(*link) for link in links),
        fuzzy=fuzzy,
        refused=tuple(LinkRefused(*link) for link in refused),
        fields={
            name: FieldOfProfile(standing[name], merges[name], *said.get(name, ((), 0)))
            for name in user_fields(mapping)
            if name in standing
        },
    )


def profile_id_of(connection: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The profile that `asked` leads to. Raises NoSuchProfile, SeveralProfiles. The connection has the clean-ups."""
    built = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'profiles' AND table_name = 'profiles'"
    ).fetchall()
    if built == [(0,)]:
        raise NoSuchProfile("there are no profiles yet: materialize the asset profiles first")
    found = [str(row[0]) for row in connection.execute(statement("find_profile"), {"asked": asked.strip()}).fetchall()]
    if not found:
        raise NoSuchProfile("no profile has this identifier or id")
    if len(found) > 1:
        raise SeveralProfiles(f"several profiles have this identifier or id: ask for one of {', '.join(found)}")
    return found[0]


def sound_streams(connection: duckdb.DuckDBPyConnection, mapping: Sequence[FieldRule]) -> list[MappedStream]:
    """The streams that the mapping reads. Raises MappingRefused where it does not fit them."""
    sources = find_sources(connection, (rule.stream for rule in mapping))
    if faults := faults_of_mapping(mapping, {stream: source.columns for stream, source in sources.items()}):
        raise MappingRefused([fault.text for fault in faults], faults)
    return mapped_streams(mapping, sources)


@dataclass(frozen=True)
class _Value:
    """What a row says, as it is; with the place of its rule in the mapping and of the row among all rows.

    `count` is how many values the rows say by this rule.
    """

    said: Said
    value: object
    rule: int
    precedence: int
    count: int


def _said(
    connection: duckdb.DuckDBPyConnection,
    mapping: Sequence[FieldRule],
    standing: Mapping[str, object],
    most: int | None,
) -> dict[str, tuple[tuple[Said, ...], int]]:
    """User field → what the rows of profile_links say of it, and how many values that are."""
    streams = _streams_of_profile(connection, mapping)
    if not streams:
        return {}
    set_up_guards(connection, mapping, Guards())
    connection.execute("CREATE OR REPLACE TEMP TABLE stream_names (stream_number INTEGER, stream VARCHAR)")
    connection.executemany(
        "INSERT INTO stream_names VALUES (?, ?)", [(stream.number, stream.source.stream) for stream in streams]
    )
    number_rows(connection, streams)
    candidates = identifier_candidates(streams, identifier_kinds(mapping))
    connection.execute(statement("profile_rows", candidates=candidates))
    connection.execute("CREATE OR REPLACE TEMP TABLE joined_records AS FROM own_records WHERE record <> component")
    connection.execute(precedence_statement(streams))
    found: dict[str, list[_Value]] = {name: [] for name in user_fields(mapping)}
    for stream in streams:
        for number, rule in enumerate(stream.rules):
            found[rule.user_field] += _values(connection, stream, number, mapping.index(rule), most)
    merges = {rule.user_field: rule.merge for rule in mapping}
    counts = {name: {value.rule: value.count for value in values} for name, values in found.items()}
    return {
        name: (_judged(values, merges[name], standing.get(name), most), sum(counts[name].values()))
        for name, values in found.items()
        if values
    }


def _streams_of_profile(connection: duckdb.DuckDBPyConnection, mapping: Sequence[FieldRule]) -> list[MappedStream]:
    """The streams that have rows of the profile, with no other records than its own."""
    own = {row[0] for row in connection.execute("SELECT DISTINCT stream FROM profile_links").fetchall()}
    streams = []
    for stream in sound_streams(connection, mapping):
        if stream.source.stream in own:
            streams.append(records_of(stream, "profile_links"))
    return streams


_ORDERS: Mapping[Merge, str] = {
    "oldest": "precedence",
    "min": "value, precedence DESC",
    "max": "value DESC, precedence DESC",
}
"""Merge operator → the order in which the value that it takes is the first, where it does not take the newest."""


def _values(
    connection: duckdb.DuckDBPyConnection, stream: MappedStream, number: int, place: int, most: int | None
) -> Iterator[_Value]:
    """The newest `most` values that the rule has of the rows, and the one that its operator would take."""
    rule = stream.rules[number]
    column = f"v{number}"
    may_be_empty = rule.merge != "count" and not stream.gives_lists(number) and rule.type in ("string", "[]string")
    if may_be_empty and (rule.identifier or rule.clean != "none"):
        column = f"nullif({column}, '')"
    elif rule.merge in ("min", "max"):
        column = f"CAST({column} AS {rule.sql_type})"
    order = _ORDERS.get(rule.merge, "precedence DESC")
    asked = statement("said", value=column, rows=stream.table, taken_first=order)
    for record_id, modified_at, value, text, precedence, count in connection.execute(asked, {"most": most}).fetchall():
        said = Said(rule.stream, rule.source, record_id, modified_at, text, won=False)
        yield _Value(said, value, place, precedence, count)


def _judged(values: Sequence[_Value], merge: Merge, standing: object, most: int | None) -> tuple[Said, ...]:
    """What is said, the newest first; `won` for the one that the operator chose, or for all that it puts together.

    Of the values beyond the newest `most` there is only the first that won, where none of these did.
    """
    newest_first = sorted(values, key=lambda value: (-value.precedence, value.rule))
    chosen = _chosen(newest_first, merge)
    said = [
        replace(each.said, won=each is chosen or (chosen is None and _is_part(each.value, merge, standing)))
        for each in newest_first
    ]
    told = said[:most]
    if not any(each.won for each in told):
        told += [each for each in said[len(told) :] if each.won][:1]
    return tuple(told)


def _chosen(newest_first: Sequence[_Value], merge: Merge) -> _Value | None:
    """The one value that is taken; none for an operator that does not go by the order of rows."""
    match merge:
        case "latest":
            return newest_first[0]
        case "oldest":
            return min(newest_first, key=lambda value: (value.precedence, value.rule))
        case "first":
            return min(newest_first, key=lambda value: (value.rule, -value.precedence))
    return None


def _is_part(value: object, merge: Merge, standing: object) -> bool:
    if merge in ("min", "max"):
        return value == standing
    if isinstance(standing, list | dict):
        return any(each in standing for each in (value if isinstance(value, list) else [value]))
    return True
