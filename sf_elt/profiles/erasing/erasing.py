"""A person erased on request: gone from every table and file of the warehouse, and kept out of what comes later.

    what = preview_erasure(warehouse, mapping, "ada@example.com")     # counts; nothing is written
    erase_profile(warehouse, mapping, "ada@example.com", reason="request 17", now=now)

Three steps. The first is one transaction: digests of what tells the person are kept, rows and cells go from all tables,
ops.erasures notes it. Then what unfinished reads have landed and killed runs have spilled goes, and the warehouse's
file is written anew, since deleted rows stay in its bytes. Whenever that is cut short, `finish_erasures` does what is
left.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sf_elt.profiles.erasing.person import Person
from sf_elt.profiles.errors import ErasureUnfinished
from sf_elt.profiles.increments.last_build import build_anew
from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.sql import statement
from sf_elt.streams.keeping_out import PEOPLE
from sf_elt.streams.landing import clear_landing
from sf_elt.warehouse import Warehouse, naive
from sf_elt.warehouse.erased import digest_of
from sf_elt.warehouse.rewriting import NEW, rewrite_file
from sf_elt.warehouse.scratch import clear_scratch

log = logging.getLogger(__name__)

Tell = Callable[[str], None]


@dataclass(frozen=True)
class EventLines:
    """Lines of a file of events that say something of the person; the file is its owner's to change."""

    file: str
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Erasure:
    """What an erasure takes away, or has taken away: `rows` by table, `cells` of other rows by table and column.

    `identifiers` are counted by kind; those that are `shared`, which rows of other people carry as well, stay theirs.
    `profile_id` is empty where the person has no profile: the org has deleted all of their records, or no build has
    read them yet.
    """

    profile_id: str
    aliases: int
    identifiers: Mapping[str, int]
    shared: Mapping[str, int]
    rows: Mapping[str, int]
    cells: Mapping[str, int]
    event_lines: tuple[EventLines, ...]


def preview_erasure(warehouse: Warehouse, mapping: Sequence[FieldRule], asked: str) -> Erasure:
    """What `erase_profile` would take away.

    Raises NoSuchProfile, SeveralProfiles, MappingRefused where the mapping does not fit the streams, and what `read`
    raises.
    """
    with warehouse.read():
        pass  # raises WarehouseEmpty, where the next line would make a warehouse
    with warehouse.write():
        pass  # a warehouse of an older version gets the tables of erasures
    with warehouse.read() as connection:
        connection.execute(statement("clean"))
        return _described(Person.found(connection, mapping, asked))


def erase_profile(
    warehouse: Warehouse,
    mapping: Sequence[FieldRule],
    asked: str,
    *,
    reason: str,
    now: datetime,
    progress: Tell | None = None,
) -> Erasure:
    """Erases the person that `asked` leads to. The `reason` is kept, and must not say who it was.

    Raises what `preview_erasure` raises, ErasureUnfinished where a read or a search for fuzzy pairs still runs, and
    what `write` raises: nothing is lost by calling it again, or `finish_erasures` once the person is gone.
    """
    say = progress or _say_nothing
    say("taking the person out of all tables")
    with warehouse.write() as connection:
        connection.execute(statement("clean"))
        person = Person.found(connection, mapping, asked)
        erasure = _described(person)
        person.take_out(now=now)
        build_anew(connection)
        connection.execute(
            "INSERT INTO ops.erasures VALUES (?, ?, ?, ?, ?, NULL)",
            [
                digest_of(connection, person.told),
                reason,
                naive(now),
                dict(erasure.rows),
                dict(erasure.cells),
            ],
        )
    log.info("a person was erased: %s", {"rows": dict(erasure.rows), "cells": dict(erasure.cells)})
    finish_erasures(warehouse, now=now, progress=say)
    return erasure


def finish_erasures(warehouse: Warehouse, *, now: datetime, progress: Tell | None = None) -> int:
    """Ends what erasures have begun; gives how many. Raises ErasureUnfinished, and what `write` raises."""
    say = progress or _say_nothing
    with warehouse.write() as connection:
        ((begun,),) = connection.execute("SELECT count(*) FROM ops.erasures WHERE finished_at IS NULL").fetchall()
    if not begun:
        return 0
    say("removing what unfinished reads have landed")
    _, running = clear_landing(warehouse)
    say("removing what killed runs have spilled")
    is_clear = clear_scratch(warehouse)
    say("clearing the ledger of API calls")
    warehouse.calls().forget_records(PEOPLE)
    say("writing the warehouse's file anew")
    at = f"TIMESTAMP '{naive(now):%Y-%m-%d %H:%M:%S}'"
    ended = f"UPDATE {NEW}.ops.erasures SET finished_at = {at} WHERE finished_at IS NULL"  # noqa: S608 - a time
    rewrite_file(warehouse, ended if is_clear and not running else "")
    still = [f"{running} imports still run, and their pages lie in {warehouse.root / 'landing'}"] if running else []
    still += [] if is_clear else ["a search for fuzzy pairs still runs"]
    if still:
        raise ErasureUnfinished(
            f"{'; '.join(still)}. The person is gone from all tables and stays out; run `sf-elt erase` again when "
            "that has ended."
        )
    return int(begun)


def _say_nothing(what: str) -> None:
    pass


def _described(person: Person) -> Erasure:
    """What is to go."""
    rows = {f"streams.{each.stream}": each.rows for each in person.named if each.rows}
    cells = {
        f"streams.{each.stream}.{column.strip(chr(34))}": count
        for each in person.named
        for column, count in each.cells.items()
    }
    return Erasure(
        profile_id=person.profile_ids[0] if person.profile_ids else "",
        aliases=len(person.profile_ids[1:]),
        identifiers=_counted(person.identifiers),
        shared=_counted(person.shared),
        rows=rows | {table.name: table.rows for table in person.in_tables if table.rows},
        cells=cells
        | {f"{table.name}.{column}": count for table in person.in_tables for column, count in table.cells.items()},
        event_lines=tuple(EventLines(file, tuple(lines)) for file, lines in person.event_lines()),
    )


def _counted(identifiers: Sequence[tuple[str, str]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for kind, _ in sorted(identifiers):
        counts[kind] = counts.get(kind, 0) + 1
    return counts
