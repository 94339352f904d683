"""The sensor that looks at everything but failed runs, ends incidents, and sends what is queued."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator  # what the daemon goes by, summer time and all

from sf_elt.alerts import (
    Delivered,
    Expected,
    Finding,
    IncidentBook,
    Kind,
    Spender,
    approvals,
    deliver,
    lags,
    quotas,
    rises,
    unread,
)
from sf_elt.components.alerts.channels import ready
from sf_elt.components.alerts.failed_checks import failed_checks
from sf_elt.components.alerts.failed_runs import failures_of, made_again, still_failing
from sf_elt.components.alerts.failed_ticks import failed_ticks
from sf_elt.components.alerts.read_lately import read_lately
from sf_elt.components.alerts.stuck_runs import stuck_runs
from sf_elt.components.deployment import Deployment
from sf_elt.components.frequency import Timetable
from sf_elt.components.resources import open_warehouse
from sf_elt.counting import count
from sf_elt.insight import WarehouseOutdated
from sf_elt.salesforce import AuthenticationFailed
from sf_elt.warehouse import Warehouse, WarehouseBusy, WarehouseError

if TYPE_CHECKING:
    from sf_elt.components.alerts.alerts import Alerts

WAIT_SECONDS = 1.0
"""How long a tick waits for a warehouse that a run writes to; the next tick looks again."""

TO_RUN = timedelta(hours=1)
"""A run that a schedule asked for has so long before it counts as missed."""


def on_failed_run(component: "Alerts", context: dg.RunStatusSensorContext) -> None:
    """Opens the incident of a failed run, or counts it to an open one, and tells the channels.

    After a while in which nobody looked, Dagster shows what has failed since; what was made again is not told.
    """
    now, repository = datetime.now(UTC), context.repository_def
    book = IncidentBook.of(open_warehouse())
    failures = failures_of(context.instance, context.dagster_run)
    if repository is not None:
        failures = still_failing(context.instance, failures, repository.asset_graph.get_all_asset_keys(), now)
    book.add(failures, now=now)
    _tell(component, book, context.log.warning)


def look(component: "Alerts", deployment: Deployment, context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One tick. What cannot be looked at, because a run holds the warehouse, is left as it was until the next.

    Whatever else goes wrong fails the tick, after everything else was looked at and the channels were told.
    """
    now = datetime.now(UTC)
    warehouse = replace(open_warehouse(), wait_seconds=WAIT_SECONDS)
    book, notes, faults = IncidentBook.of(warehouse), list[str](), list[Exception]()
    try:
        for look_at in _looks(component, deployment, context, warehouse, book, now):
            try:
                look_at()
            except WarehouseBusy:
                notes.append("a run is writing: refused records and plans that wait are looked at the next time")
            except (WarehouseError, WarehouseOutdated) as error:
                notes.append(str(error))
            except Exception as error:  # whatever it is, the other looks are not to suffer by it
                faults.append(error)
    finally:
        told = _tell(component, book, context.log.warning)
    for other in faults[1:]:  # a tick fails with one error
        context.log.error(f"{type(other).__name__}: {other}")
    if faults:
        raise faults[0]
    open_now = len(book.incidents())
    notes += [f"{each.channel}: {each}" for each in book.backlogs(now=now) if each.channel in component.channels()]
    notes.append(f"{count(open_now, 'incident')} open")
    notes += [f"{each.channel}: {each.sent} sent" for each in told if each.sent]
    return dg.SkipReason("; ".join(dict.fromkeys(notes)))


def _looks(
    component: "Alerts",
    deployment: Deployment,
    context: dg.SensorEvaluationContext,
    warehouse: Warehouse,
    book: IncidentBook,
    now: datetime,
) -> Iterator[Callable[[], None]]:
    """All that a tick looks at, one after the other. What is not to be told is not wrong."""
    instance, repository = context.instance, context.repository_def
    assets = repository.asset_graph.get_all_asset_keys() if repository else set[dg.AssetKey]()

    def end_failures() -> None:
        for subject in made_again(instance, book.open_subjects("failure"), assets, now):
            book.end("failure", [subject], now=now)  # at once: a tick that takes too long is not in vain

    def observed(kind: Kind, is_told: object, find: Callable[[], Iterable[Finding]]) -> Callable[[], None]:
        if not is_told:
            return lambda: book.drop(kind, now=now)
        return lambda: book.observe(kind, list(find()), now=now)

    yield end_failures
    yield observed("quota", component.quota_share, lambda: _quotas(component, deployment, warehouse, now))
    yield observed("stuck", component.stuck_hours, lambda: stuck_runs(instance, _hours(component.stuck_hours), now))
    if repository is not None:
        yield observed("check", component.checks, lambda: failed_checks(instance, repository))
        yield observed("tick", component.ticks, lambda: failed_ticks(instance, repository))
    longest = _hours(component.warehouse_hours)
    yield observed("warehouse", component.warehouse_hours, lambda: unread(warehouse, book, longest=longest, now=now))
    yield observed("lag", component.lag_hours, lambda: _lags(component, deployment, warehouse, book, instance, now))
    yield observed("approval", component.approvals, lambda: _of_these(assets, approvals(warehouse)))
    yield observed(
        "refused",
        component.refused_more_than is not None,
        lambda: _of_these(assets, _rises(component, warehouse, book, now)),
    )


def expected(component: "Alerts", deployment: Deployment, now: datetime) -> Iterator[Expected]:
    """Up to when each stream should have been read: within `lag_hours`, or by the ticks of a schedule that is slower.

    A stream that no schedule reads counts only where it has hours of its own.
    """
    own = component.lag_hours_by_stream
    hours = _hours(component.lag_hours)
    for importer in deployment.imports:
        for each in importer.imported:
            if each.stream in own:
                yield Expected(each.stream, importer.name, now - timedelta(hours=own[each.stream]))
            elif importer.keep_updated:
                by_schedule = tick_before(importer.timetable(), now - TO_RUN, component.lag_ticks)
                yield Expected(each.stream, importer.name, min(now - hours, by_schedule))
    imported = {each.stream for importer in deployment.imports for each in importer.imported}
    for stream in own.keys() - imported:
        yield Expected(stream, stream, now - timedelta(hours=own[stream]))


def tick_before(times: Timetable, moment: datetime, number: int) -> datetime:
    """When the schedule ticked for the last time before that moment, or the `number`-th last."""
    ticks = schedule_execution_time_iterator(moment.timestamp(), times.cron, times.time_zone, ascending=False)
    return next(islice(ticks, number - 1, None)).astimezone(UTC)


def _tell(component: "Alerts", book: IncidentBook, warn: Callable[[str], None]) -> list[Delivered]:
    """Queues and sends; what a channel lacks, or why it refuses, is in the tick's log, and holds up no other."""
    usable, unusable = ready(component.channels())
    book.settle(component.policy(), list(component.channels()), now=datetime.now(UTC))
    told = deliver(book, usable, component.links(), lambda: datetime.now(UTC))
    for name, why in unusable.items():
        warn(f"{name} cannot be told anything: {why}")
    for each in told:
        if each.fault:
            warn(f"{each.channel} did not take a message: {each.fault}. What is left is sent later.")
    return told


def _lags(
    component: "Alerts",
    deployment: Deployment,
    warehouse: Warehouse,
    book: IncidentBook,
    instance: dg.DagsterInstance,
    now: datetime,
) -> list[Finding]:
    streams = list(expected(component, deployment, now))
    return lags(warehouse, book, streams, partial(read_lately, instance), now=now)


def _quotas(component: "Alerts", deployment: Deployment, warehouse: Warehouse, now: datetime) -> list[Finding]:
    orgs = _orgs(deployment, warehouse)
    return quotas(warehouse, _spenders(deployment), orgs, share=component.quota_share or 1.0, now=now)


def _rises(component: "Alerts", warehouse: Warehouse, book: IncidentBook, now: datetime) -> list[Finding]:
    return rises(
        warehouse,
        more_than=component.refused_more_than or 0,
        times_usual=component.refused_times_usual,
        open_since=book.opened_at("refused"),
        now=now,
    )


def _of_these(assets: Collection[dg.AssetKey], found: Iterable[Finding]) -> list[Finding]:
    """Of an export that there is none of any more, nobody has to do anything about what it refused, or planned."""
    names = {each.to_user_string() for each in assets}
    return [each for each in found if each.subject in names]


def _hours(number: float | None) -> timedelta:
    return timedelta(hours=number or 0)


def _spenders(deployment: Deployment) -> list[Spender]:
    maxima = {each.spender: each.max_daily_api_calls for each in deployment.imports}
    maxima |= {each.spender: each.max_daily_api_calls for each in deployment.exports}
    return [Spender(name, maximum) for name, maximum in maxima.items() if maximum is not None]


def _orgs(deployment: Deployment, warehouse: Warehouse) -> dict[str, str]:
    """The ledger's name of each org → the connection's; of a connection without a login nothing is known."""
    found = {}
    for each in deployment.connections:
        with suppress(AuthenticationFailed):
            found[each.resource().meter(warehouse, "alerts", None).org] = each.name
    return found
