"""The sensor that looks at API calls, lags and refused records, ends incidents, and sends what is queued."""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator  # what the daemon goes by, summer time and all

from sf_elt.alerts import Delivered, Expected, Finding, IncidentBook, Spender, deliver, lags, quotas, rises
from sf_elt.components.alerts.channels import ready
from sf_elt.components.alerts.failed_runs import failures_of, made_again
from sf_elt.components.deployment import Deployment
from sf_elt.components.frequency import Timetable
from sf_elt.components.resources import open_warehouse
from sf_elt.insight import WarehouseOutdated
from sf_elt.salesforce import AuthenticationFailed
from sf_elt.warehouse import Warehouse, WarehouseBusy

if TYPE_CHECKING:
    from sf_elt.components.alerts.alerts import Alerts

WAIT_SECONDS = 1.0
"""How long a tick waits for a warehouse that a run writes to; the next tick looks again."""

TO_RUN = timedelta(hours=1)
"""A run that a schedule asked for has so long before it counts as missed."""


def on_failed_run(component: "Alerts", context: dg.RunStatusSensorContext) -> None:
    """Opens the incident of a failed run, or counts it to an open one, and tells the channels."""
    now = datetime.now(UTC)
    book = IncidentBook.of(open_warehouse())
    book.add(failures_of(context.instance, context.dagster_run), now=now)
    _tell(component, book, context.log.warning)


def look(component: "Alerts", deployment: Deployment, context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """One tick. What cannot be looked at, because a run holds the warehouse, is left as it was until the next.

    Whatever else goes wrong fails the tick, after the channels were told what is queued.
    """
    now = datetime.now(UTC)
    warehouse = replace(open_warehouse(), wait_seconds=WAIT_SECONDS)
    book, notes = IncidentBook.of(warehouse), list[str]()
    try:
        repository = context.repository_def
        assets = repository.asset_graph.get_all_asset_keys() if repository else ()
        for subject in made_again(context.instance, book.open_subjects("failure"), assets, now):
            book.end("failure", [subject], now=now)  # at once: a tick that takes too long is not in vain
        book.observe("quota", _quotas(component, deployment, warehouse, now), now=now)
        book.observe("lag", _lags(component, deployment, warehouse, book, now), now=now)
        book.observe("refused", _rises(component, assets, warehouse, book, now), now=now)
    except WarehouseBusy:
        notes.append("a run is writing: lags and refused records are looked at the next time")
    except WarehouseOutdated as error:
        notes.append(str(error))
    finally:
        told = _tell(component, book, context.log.warning)
    notes += [f"{each.channel}: {each}" for each in book.backlogs(now=now) if each.channel in component.channels()]
    open_now = len(book.incidents())
    notes.append(f"{open_now} {'incident' if open_now == 1 else 'incidents'} open")
    notes += [f"{each.channel}: {each.sent} sent" for each in told if each.sent]
    return dg.SkipReason("; ".join(notes))


def expected(component: "Alerts", deployment: Deployment, now: datetime) -> Iterator[Expected]:
    """Up to when each stream should have been read: within `lag_hours`, or by the ticks of a schedule that is slower.

    A stream that no schedule reads counts only where it has hours of its own.
    """
    own = component.lag_hours_by_stream
    hours = timedelta(hours=component.lag_hours or 0)
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


def _quotas(component: "Alerts", deployment: Deployment, warehouse: Warehouse, now: datetime) -> list[Finding]:
    if component.quota_share is None:
        return []
    orgs = _orgs(deployment, warehouse)
    return quotas(warehouse, _spenders(deployment), orgs, share=component.quota_share, now=now)


def _lags(
    component: "Alerts", deployment: Deployment, warehouse: Warehouse, book: IncidentBook, now: datetime
) -> list[Finding]:
    if component.lag_hours is None:
        return []
    return lags(warehouse, book, list(expected(component, deployment, now)), now=now)


def _rises(
    component: "Alerts", assets: Collection[dg.AssetKey], warehouse: Warehouse, book: IncidentBook, now: datetime
) -> list[Finding]:
    """Of an export that there is none of any more, nobody has to do anything about what it refused."""
    if component.refused_more_than is None:
        return []
    found = rises(
        warehouse,
        more_than=component.refused_more_than,
        times_usual=component.refused_times_usual,
        open_since=book.opened_at("refused"),
        now=now,
    )
    names = {each.to_user_string() for each in assets}
    return [each for each in found if each.subject in names]


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
