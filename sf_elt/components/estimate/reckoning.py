"""How long a first import takes, reckoned from what the org said: under its settings, and under others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil

import dagster as dg

from sf_elt.components.frequency import Timetable
from sf_elt.components.imports.salesforce_import import SalesforceImport
from sf_elt.salesforce import JobPatience, Org
from sf_elt.salesforce.downloads.costs import JOB_PACE, JOB_START, bulk_calls, job_seconds, rest_calls
from sf_elt.salesforce.limits import API_CALLS, BULK_QUERY_JOBS, BULK_QUERY_MB, Limit
from sf_elt.streams import StreamColumns, StreamSpec
from sf_elt.streams.estimating import ASSUMED_PACE, SECONDS_A_CALL, Allowance, Demand, Finish, Need, finish
from sf_elt.streams.progress import say_nothing
from sf_elt.streams.reading import Reading
from sf_elt.streams.wide import column_groups
from sf_elt.streams.windows import WHOLE, ReadRange, Transport

GOING_ON = 2  # calls of a day before it brings anything: a login, a look at the object
OWN_CALLS, ORG_CALLS = "max_daily_api_calls", "the org's API calls"
WORTH_SAYING = timedelta(minutes=10)  # what saves less is not suggested
ALWAYS = ReadRange(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC), is_open=True)


@dataclass(frozen=True)
class Settings:
    """What a deployment can change about a first import."""

    max_daily_api_calls: int | None
    org_reserve: int
    transport: Transport
    left_out: str | None = None
    halved: str | None = None


@dataclass(frozen=True)
class Suggestion:
    """A change of a setting, and how long the first import then takes."""

    change: str
    finish: Finish


@dataclass(frozen=True)
class Estimate:
    """What a first import takes. `calls` include the login; `upkeep` are calls a day afterwards, quiet and busy."""

    name: str
    demands: tuple[Demand, ...]
    calls: int
    finish: Finish
    allowances: tuple[Allowance, ...]
    upkeep: tuple[int, int]
    suggestions: tuple[Suggestion, ...]
    assumptions: tuple[str, ...]
    api_calls: int

    @property
    def calls_a_day(self) -> float | None:
        """API calls that the import may make in any 24 hours; None where nothing limits them."""
        limited = [each.daily for each in self.allowances if each.name in (OWN_CALLS, ORG_CALLS)]
        return min((daily for daily in limited if daily is not None), default=None)


@dataclass(frozen=True)
class Wanted:
    """One stream: its columns, the rows that the org counts, bytes of one in CSV, parents described besides."""

    spec: StreamSpec
    columns: StreamColumns
    rows: int | None
    width: int
    parents: int


@dataclass(frozen=True)
class Reckoning:
    """Everything that is known; nothing more is asked."""

    org: Org
    importer: SalesforceImport
    wanted: tuple[Wanted, ...]
    limits: Mapping[str, Limit]
    spent: int
    spent_by_us: int
    pace: Mapping[str, float]

    def estimate(self, settings: Settings, *, api_calls: int) -> Estimate:
        """All of it under these settings; `api_calls` are those that the asking took."""
        demands = self.demands(settings)
        now = self.finish(settings)
        return Estimate(
            name=self.importer.name,
            demands=demands,
            calls=self.calls(demands),
            finish=now,
            allowances=tuple(need.allowance for need in self.needs(settings, demands)),
            upkeep=self.upkeep(demands),
            suggestions=tuple(self.suggestions(settings, now)),
            assumptions=tuple(self.assumptions()),
            api_calls=api_calls,
        )

    def demands(self, settings: Settings) -> tuple[Demand, ...]:
        """What each stream that is not left out takes."""
        return tuple(self._demand(each, settings) for each in self.wanted if each.spec.stream != settings.left_out)

    def calls(self, demands: tuple[Demand, ...]) -> int:
        """API calls of all of them, with their login."""
        return self._login_calls + sum(each.calls for each in demands)

    def finish(self, settings: Settings) -> Finish:
        """When it is done."""
        demands = self.demands(settings)
        return finish(sum(each.seconds for each in demands), self.needs(settings, demands))

    def needs(self, settings: Settings, demands: tuple[Demand, ...]) -> list[Need]:
        """What the work takes of the import's own maximum and of the org's allowances."""
        calls = self.calls(demands)
        needs = []
        most = settings.max_daily_api_calls
        if most is not None:
            needs.append(Need(calls, Allowance(OWN_CALLS, max(0, most - self.spent), most, GOING_ON)))
        if (org := self.limits.get(API_CALLS)) is not None:
            today, daily = org.remaining - settings.org_reserve, org.most - settings.org_reserve - self._others(org)
            needs.append(Need(calls, Allowance(ORG_CALLS, max(0, today), max(0, daily), GOING_ON)))
        jobs, megabytes = sum(each.jobs for each in demands), sum(each.megabytes for each in demands if each.jobs)
        for amount, limit, name in (
            (jobs, self.limits.get(BULK_QUERY_JOBS), "the org's bulk query jobs"),
            (megabytes, self.limits.get(BULK_QUERY_MB), "the org's storage for bulk results"),
        ):
            if limit is not None and amount:
                needs.append(Need(amount, Allowance(name, limit.remaining, limit.most)))
        return needs

    def suggestions(self, settings: Settings, now: Finish) -> Iterator[Suggestion]:
        """Changes that make it shorter, the one that saves most first."""
        tried = [Suggestion(change, self.finish(changed)) for change, changed in self._changes(settings)]
        tried += self._maxima(settings)
        worth = [each for each in tried if _is_shorter(each.finish, now)]
        yield from sorted(worth, key=lambda each: each.finish.after or timedelta.max)

    def _maxima(self, settings: Settings) -> Iterator[Suggestion]:
        """Twice its own maximum, and as much as all of it takes, where that is sooner still."""
        own = settings.max_daily_api_calls
        if own is None:
            return
        org = self.limits.get(API_CALLS)
        enough = ceil((self.calls(self.demands(settings)) + self.spent) / 100) * 100
        most = enough if org is None else min(enough, max(0, org.most - settings.org_reserve))
        best: Finish | None = None
        for calls in (2 * own, most):
            with_it = self.finish(replace(settings, max_daily_api_calls=calls))
            if own < calls <= most and (best is None or _is_shorter(with_it, best)):
                best = with_it
                yield Suggestion(f"max_daily_api_calls {own:,} → {calls:,}", with_it)

    def _changes(self, settings: Settings) -> Iterator[tuple[str, Settings]]:
        demands = self.demands(settings)
        if settings.org_reserve:
            yield f"org_reserve {settings.org_reserve:,} → 0", replace(settings, org_reserve=0)
        if settings.transport != "auto":
            yield f"transport {settings.transport} → auto", replace(settings, transport="auto")
        if len(demands) > 1:
            largest = max(demands, key=lambda each: (each.calls, each.seconds))
            yield f"leave out {largest.object} ({largest.stream})", replace(settings, left_out=largest.stream)
        largest = max(demands, key=lambda each: each.rows or 0)
        if largest.rows:
            yield f"since on {largest.object}, so that half of it is left out", replace(settings, halved=largest.stream)

    def upkeep(self, demands: tuple[Demand, ...]) -> tuple[int, int]:
        """Calls a day once all is read: a look at each object in each run; on a busy day, a page more with each.

        What is read whole is read again in each run.
        """
        runs = runs_in_a_day(self.importer.timetable()) if self.importer.keep_updated else 0
        whole = {each.spec.stream for each in self.wanted if each.columns.timestamp_field == WHOLE}
        again = sum(each.calls for each in demands if each.stream in whole) * runs
        cut = len(demands) - len(whole)
        looks = cut * runs + (cut if runs > 1 else 0)  # yesterday's last look besides
        logins = self._login_calls * runs
        return ceil(logins + again + looks), ceil(logins + again + 2 * looks)

    def assumptions(self) -> Iterator[str]:
        """What was not asked of the org, in words."""
        for transport in ("bulk", "rest"):
            if transport in self.pace:
                yield f"{self.pace[transport]:,.0f} rows a second by {transport}, as past reads of these streams were"
            else:
                yield f"{ASSUMED_PACE[transport]:,.0f} rows a second by {transport}: nothing has been read yet"
        yield (
            f"a bulk job is ready after {JOB_START:.0f} s and one more for each {JOB_PACE:,} rows; "
            "each look at it is a call"
        )
        if API_CALLS in self.limits:
            others = self._others(self.limits[API_CALLS])
            yield f"others go on making {others:,} calls a day in this org, as in the last 24 hours"
        if BULK_QUERY_JOBS not in self.limits:
            yield "the org's bulk queries of a day are enough: this user may not know how many it allows"
        uncounted = [each.spec.object for each in self.wanted if each.rows is None]
        if uncounted:
            yield f"not counted, as the org takes too long for it: {', '.join(uncounted)}"

    def _others(self, calls: Limit) -> int:
        """What others have spent of the org's calls."""
        return max(0, calls.used - self.spent_by_us)

    @property
    def _login_calls(self) -> int:
        """A login with password and security token is a call; OAuth token requests are not, nor is a given session."""
        return int(self.org.transport.login.way_in() == "password")

    def _demand(self, wanted: Wanted, settings: Settings) -> Demand:
        spec = replace(wanted.spec, transport=settings.transport)
        rows = wanted.rows
        if rows is not None and settings.halved == spec.stream:
            rows = ceil(rows / 2)
        looked = 1 + wanted.parents
        if rows == 0:
            return Demand(spec.stream, spec.object, 0, "none", looked, 0.0, looked * SECONDS_A_CALL)
        reading = Reading(self.org, spec, wanted.columns, say_nothing)
        by, parts = reading.transport(ALWAYS, rows), column_groups(reading, ALWAYS)
        known = rows or 0
        patience = JobPatience(page_rows=spec.page_rows)
        read = rest_calls(known) if by == "rest" else parts * bulk_calls(known, self.org.api_version, patience)
        calls = looked + read
        seconds = known / self.pace.get(by, ASSUMED_PACE[by]) + looked * SECONDS_A_CALL
        if by == "bulk" and by not in self.pace:
            seconds += job_seconds(known)
        megabytes = known * wanted.width / (1 << 20)
        return Demand(spec.stream, spec.object, rows, by, calls, megabytes, seconds, parts)


def runs_in_a_day(timetable: Timetable) -> float:
    """How often a schedule runs, on the average of four weeks."""
    start = datetime(2026, 1, 5)
    ticks = dg.TimeWindowPartitionsDefinition(
        start=start,
        end=start + timedelta(days=28),
        fmt="%Y-%m-%d %H:%M",
        cron_schedule=timetable.cron,
        timezone=timetable.time_zone,
    )
    return len(ticks.get_partition_keys()) / 28


def _is_shorter(one: Finish, other: Finish) -> bool:
    if one.after is None:
        return False
    return other.after is None or one.after + WORTH_SAYING <= other.after
