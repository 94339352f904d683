"""Builds the profiles from what the streams hold, in one transaction."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sf_elt.profiles.errors import MappingRefused, NothingToUnify
from sf_elt.profiles.identity.guards import Guards, check_guards
from sf_elt.profiles.identity.ids import name_components
from sf_elt.profiles.identity.joining import join_records, set_up_identity
from sf_elt.profiles.increments.affected import Scope, affected_by_changes
from sf_elt.profiles.increments.changes import find_changed_rows, read_contents
from sf_elt.profiles.increments.last_build import leave_for_next, made_from, note_build, why_anew
from sf_elt.profiles.manual.lists import ManualLists
from sf_elt.profiles.manual.pairs import check_manual
from sf_elt.profiles.mapping.faults import faults_of_mapping
from sf_elt.profiles.mapping.rules import FieldRule, told_of_fields, user_fields
from sf_elt.profiles.merging.operators import merge_values
from sf_elt.profiles.reading.rows import SetAside, mapped_streams, number_rows, publish_events, set_aside
from sf_elt.profiles.reading.sources import Source, find_sources
from sf_elt.profiles.sql import statement
from sf_elt.profiles.writing.tables import (
    align_columns,
    has_profiles,
    one_row,
    replace_changed,
    replace_expiring,
    replace_links,
)
from sf_elt.streams.progress import Progress, say_nothing
from sf_elt.warehouse import Warehouse, hold_at_most

log = logging.getLogger(__name__)

STEPS = 4
MEMORY = "7GB"
"""What a build holds at most; what is more, of many millions of rows, waits on disk."""


@dataclass(frozen=True)
class ProfilesReport:
    """What a build made. `profiles`, `identifiers` and `refused_links` stand now; the others are against before.

    `merged` profiles became aliases of an older one, `removed` ones have no identifier left, and `missing_streams` are
    in the mapping but have not been imported yet. Of the links and unlinks by hand, `manual_pending` wait for a row
    that carries one of their identifiers. `fuzzy_links` are tried, of which guards may refuse some. `why_anew` says why
    everything was read and made anew; it is empty where only `profiles_rebuilt` profiles were, which `rows_changed`
    records of the streams can touch.
    """

    profiles: int
    new: int
    changed: int
    removed: int
    merged: int
    identifiers: int
    refused_links: int
    manual_links: int
    manual_unlinks: int
    manual_pending: int
    fuzzy_links: int
    missing_streams: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    why_anew: str
    rows_changed: int
    profiles_rebuilt: int
    seconds: float


def build_profiles(
    warehouse: Warehouse,
    mapping: Sequence[FieldRule],
    guards: Guards | None = None,
    lists: ManualLists | None = None,
    *,
    fuzzy_threshold: float | None = None,
    now: datetime,
    run_id: str,
    progress: Progress | None = None,
    anew: bool = False,
) -> ProfilesReport:
    """Brings profiles.profiles, identifiers, links, refused_links and aliases to what the imported streams say.

    Only profiles that changed rows can touch are made anew, and all of them where `anew` says so or the last build
    cannot be gone on from; the result is the same. Profile ids stay; a profile's updated_at moves only where one of its
    user fields changed. `now` is an aware time. Pairs of profiles.fuzzy_pairs are links from `fuzzy_threshold` on, and
    none without.
    Raises MappingRefused where the mapping, the guards or the lists do not fit, before anything is written, and
    NothingToUnify where none of the mapping's streams has been imported.
    """
    started = time.perf_counter()
    guards, lists = guards or Guards(), lists or ManualLists()
    say = progress or say_nothing
    with warehouse.write() as connection:
        hold_at_most(connection, MEMORY)
        sources = find_sources(connection, (rule.stream for rule in mapping))
        _refuse_misfits(mapping, guards, lists, sources)
        streams = mapped_streams(mapping, sources)
        fields = user_fields(mapping)
        connection.execute(statement("clean"))
        align_columns(connection, fields, told_of_fields(mapping))
        set_up_identity(connection, mapping, guards, lists, fuzzy_threshold)
        made_of = made_from(mapping, guards, sources)
        why = "asked for" if anew else why_anew(connection, made_of, mapping, now)
        say("reading streams", 0, STEPS)
        rows_read = read_contents(connection, streams, anew=bool(why))
        rows_changed = rows_read if why else find_changed_rows(connection)
        scope = (
            Scope(streams, everything=True)
            if why
            else affected_by_changes(connection, streams, mapping, guards, now=now)
        )
        records = number_rows(connection, scope.streams)
        leave_for_next(connection, scope)
        say("joining rows", 1, STEPS)
        join_records(connection, scope.streams, mapping, guards, records=records, everything=scope.everything)
        say("merging values", 2, STEPS)
        name_components(connection, now=now, affected=scope.profiles)
        first = not has_profiles(connection)
        merge_values(connection, scope.streams, mapping, now=now, first=first)
        say("writing profiles", 3, STEPS)
        new, changed, gone = replace_changed(connection, list(fields), scope, now=now, first=first)
        replace_links(connection, scope, now=now)
        replace_expiring(connection, scope)
        unread = set_aside(connection, mapping)
        publish_events(connection, streams)
        (profiles, identifiers, refused, merged, linked, unlinked, pending, fuzzy, rebuilt) = one_row(
            connection, statement("counts")
        )
        note_build(
            connection, made_of, why=why, rows_changed=rows_changed, profiles_rebuilt=rebuilt, now=now, run_id=run_id
        )
        say("profiles built", STEPS, STEPS)
    report = ProfilesReport(
        profiles=profiles,
        new=new,
        changed=changed,
        removed=gone - merged,
        merged=merged,
        identifiers=identifiers,
        refused_links=refused,
        manual_links=linked,
        manual_unlinks=unlinked,
        manual_pending=pending,
        fuzzy_links=fuzzy,
        missing_streams=tuple(sorted({rule.stream for rule in mapping} - sources.keys())),
        set_aside=unread,
        why_anew=why or "",
        rows_changed=rows_changed,
        profiles_rebuilt=rebuilt,
        seconds=time.perf_counter() - started,
    )
    log.info("run %s built profiles: %s", run_id, report)
    return report


def _refuse_misfits(
    mapping: Sequence[FieldRule], guards: Guards, lists: ManualLists, sources: Mapping[str, Source]
) -> None:
    faults = faults_of_mapping(mapping, {stream: source.columns for stream, source in sources.items()})
    problems = [fault.text for fault in faults]
    problems += check_guards(guards, mapping)
    problems += [
        f"{stream}: its rows have no id: one of the columns record_id, Id or event_id is needed"
        for stream, source in sources.items()
        if not source.has_record_ids
    ]
    problems = problems or check_manual(lists, mapping, guards)
    if problems:
        raise MappingRefused(problems, faults)
    if not sources:
        streams = ", ".join(sorted({rule.stream for rule in mapping}))
        raise NothingToUnify(f"none of the mapping's streams has been imported yet: {streams}")
