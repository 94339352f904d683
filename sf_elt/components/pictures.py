"""What assets show besides numbers: small charts of what stands in the warehouse, and a few rows without personal data.

By the time that they are made the data is committed. So nothing here can fail a run: what cannot be shown is missing,
and a warning says why.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import dagster as dg

from sf_elt.charts import Chart, Day, Flows, Histogram, Histograms, Line, Lines, Rank, Ranking, Stacks, markdown
from sf_elt.insight import KNOWN_BY, SCORES, audiences_over_time, most_read_topics, spread_of_scores
from sf_elt.profiles.history import identifiers_held, profiles_over_time
from sf_elt.profiles.samples import Sample, newest_rows
from sf_elt.streams import events_over_time, records_over_time
from sf_elt.warehouse import Warehouse
from sf_elt.warehouse.asking import answers
from sf_elt.warehouse.over_time import Connection, Span
from sf_elt.writeback import outcomes_over_time

Shown = Mapping[str, dg.MetadataValue]
Maker = Callable[[Connection], dg.MetadataValue]

KINDS, TOPICS = 8, 5
"""So many bars are as large as Dagster shows a picture in place."""

OUTCOMES = {"succeeded": "confirmed", "failed": "refused", "set aside": "set aside"}
"""Status in writeback.sync_log → what people call it."""


def pictures_of_records(context: dg.AssetExecutionContext, warehouse: Warehouse, stream: str) -> Shown:
    """A stream of an org's records: how many there were over time, and the newest rows."""
    return _shown(
        context,
        warehouse,
        size_over_time=lambda connection: _chart(
            _size(records_over_time(connection, stream, now=_now())), f"{stream} over time"
        ),
        sample=lambda connection: _table(newest_rows(connection, "streams", stream, "_loaded_at")),
    )


def pictures_of_events(context: dg.AssetExecutionContext, warehouse: Warehouse, stream: str) -> Shown:
    """A stream of events: how many happened over time, and the newest rows."""

    def happened(connection: Connection) -> dg.MetadataValue:
        spans = events_over_time(connection, stream, now=_now())
        return _chart(
            Stacks(("events",), tuple((span.first_day, (span.came,)) for span in spans)), f"{stream} over time"
        )

    return _shown(
        context,
        warehouse,
        events_over_time=happened,
        sample=lambda connection: _table(newest_rows(connection, "streams", stream, "occurred_at")),
    )


def pictures_of_profiles(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Shown:
    """How many profiles there were over time, which identifiers they hold, and the profiles that changed last."""

    def held(connection: Connection) -> dg.MetadataValue:
        kinds = identifiers_held(connection)[:KINDS]
        ranks = tuple(Rank(each.kind, each.profiles, each.with_several) for each in kinds)
        return _chart(Ranking(ranks, "more than one"), "profiles with identifiers of each kind")

    return _shown(
        context,
        warehouse,
        size_over_time=lambda connection: _chart(
            _size(profiles_over_time(connection, now=_now())), "profiles over time"
        ),
        profiles_with_identifiers=held,
        sample=lambda connection: _table(newest_rows(connection, "profiles", "profiles", "updated_at", first=KNOWN_BY)),
    )


def pictures_of_scores(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Shown:
    """How each of the scores is spread from 0 to 100, and a few profiles with theirs."""

    def spread(connection: Connection) -> dg.MetadataValue:
        panels = tuple(Histogram(each.tenths, name=each.score) for each in spread_of_scores(connection))
        return _chart(Histograms(panels), "people by score")

    return _shown(
        context,
        warehouse,
        spread_of_scores=spread,
        sample=lambda connection: _table(
            newest_rows(connection, "insight", "scores", "profile_id", columns=("profile_id", *SCORES))
        ),
    )


def pictures_of_affinities(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Shown:
    """The topics that interest most people most, and a few affinities."""

    def topics(connection: Connection) -> dg.MetadataValue:
        ranks = (Rank(each.topic, each.people, each.most_interested) for each in most_read_topics(connection, TOPICS))
        return _chart(Ranking(tuple(ranks), "among their top three"), "people by topic")

    return _shown(
        context,
        warehouse,
        people_by_topic=topics,
        sample=lambda connection: _table(newest_rows(connection, "insight", "affinities", "last_visit_at")),
    )


def pictures_of_audiences(context: dg.AssetExecutionContext, warehouse: Warehouse, names: Sequence[str]) -> Shown:
    """Of each audience: its size over time, above who entered and who left."""
    spans: list[Span] = []

    def flows(name: str, connection: Connection) -> dg.MetadataValue:
        if not spans:  # asked once, and only where it can fail without harm
            spans.extend(audiences_over_time(connection, now=_now()))
        days = (Day(each.last_day, each.standing, each.came, each.went) for each in spans if each.name == name)
        return _chart(Flows(tuple(days)), f"{name} over time")

    return _shown(context, warehouse, **{f"{name}: over time": partial(flows, name) for name in names})


def pictures_of_export(context: dg.AssetExecutionContext, warehouse: Warehouse, export: str) -> Shown:
    """What became of an export's records over time, and the latest of them without their values."""

    def outcomes(connection: Connection) -> dg.MetadataValue:
        spans = outcomes_over_time(connection, export, now=_now())
        kinds = [status for status in OUTCOMES if any(span.name == status for span in spans)]
        came = {(span.name, span.first_day): span.came for span in spans}
        days = dict.fromkeys(span.first_day for span in spans)
        periods = tuple((day, tuple(came[kind, day] for kind in kinds)) for day in days)
        return _chart(Stacks(tuple(OUTCOMES[kind] for kind in kinds), periods), f"records of {export} by outcome")

    def latest(connection: Connection) -> dg.MetadataValue:
        told = ("profile_id", "operation", "status", "code", "changed_fields", "logged_at")
        only = {"export": export}
        return _table(
            newest_rows(connection, "writeback", "sync_log", "logged_at", columns=told, only=only, as_is=told)
        )

    return _shown(context, warehouse, records_by_outcome=outcomes, sample=latest)


def _shown(context: dg.AssetExecutionContext, warehouse: Warehouse, **makers: Maker) -> Shown:
    """What can be made of it, by name; on one connection."""
    made, failed = answers(warehouse, makers)
    for what, error in failed.items():
        context.log.warning(
            f"not shown: {what}. The data itself is stored. {type(error).__name__}: {error}", exc_info=error
        )
    return made


def _size(spans: Iterable[Span]) -> Lines:
    return Lines((Line("", tuple((span.last_day, span.standing) for span in spans)),))


def _chart(chart: Chart, title: str) -> dg.MetadataValue:
    return dg.MetadataValue.md(markdown(chart, title))


def _table(sample: Sample) -> dg.MetadataValue:
    columns = [dg.TableColumn(name, "string") for name in sample.columns]
    records = [dg.TableRecord(dict(zip(sample.columns, row, strict=True))) for row in sample.rows]
    return dg.MetadataValue.table(records, dg.TableSchema(columns=columns))


def _now() -> datetime:
    return datetime.now(UTC)
