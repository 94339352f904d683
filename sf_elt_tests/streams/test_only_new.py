"""Reads of what is new in an open window: as few calls as can be, and nothing is left out."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import AllowanceSpent
from sf_elt.streams import StreamSpec, spans_read, stream_columns
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import ALWAYS, LEADS, Importer, importing, rows_of_org

HOUR = timedelta(hours=1)


@pytest.fixture
def importer(org: Details, tmp_path: Path) -> Iterator[Importer]:
    with importing(org, tmp_path) as importer:
        yield importer


def test_an_idle_hour_costs_one_call(importer: Importer, org: Details) -> None:
    """Describe and count come together, and where nothing changed that is all; the window is read to now."""
    now = datetime.now(UTC) + HOUR
    importer.run(now=now)
    levers(org).calls.clear()
    report = importer.run(now=now + HOUR, only_new=True)
    assert len(levers(org).calls.all()) == report.api_calls == 1
    assert (report.rows_read, report.transport, report.is_open) == (0, "none", True)
    assert spans_read(importer.warehouse, LEADS.stream)[-1][1] == report.read_to
    assert abs(report.read_to - now - HOUR) < timedelta(milliseconds=1)


def test_only_what_is_new_is_read_and_a_person_reads_it_whole(importer: Importer, org: Details) -> None:
    """From where the last read ended, less the look-back; without `only_new` from the window's start."""
    now = datetime.now(UTC)
    first = importer.run(now=now - HOUR)
    created = client(org).Lead.create({"LastName": "New", "Company": "C"})["id"]
    new = importer.run(now=now + HOUR, only_new=True)
    assert (new.read_from, new.rows_new) == (first.read_to - LEADS.look_back, 1)
    assert importer.sql('SELECT "Id" FROM streams.salesforce_leads WHERE "LastName" = \'New\'') == [(created,)]
    whole = importer.run(now=now + 2 * HOUR)
    assert (whole.read_from, whole.rows_read) == (first.read_from, first.rows_read + 1)


def test_windows_of_another_timestamp_field_do_not_count(importer: Importer) -> None:
    """After the field was changed the window is read whole, and what was read by the other one is unread."""
    now = datetime.now(UTC)
    first = importer.run(now=now)
    by_creation = replace(LEADS, timestamp_field="CreatedDate")
    assert spans_read(importer.warehouse, LEADS.stream, "CreatedDate") == []
    again = importer.run(by_creation, now=now + HOUR, only_new=True)
    assert (again.read_from, again.rows_read) == (first.read_from, first.rows_read)
    assert spans_read(importer.warehouse, LEADS.stream) == [(ALWAYS.start, again.read_to)]
    assert importer.run(by_creation, now=now + 2 * HOUR, only_new=True).rows_read == 0


def test_a_field_that_is_newly_asked_for_is_filled_for_the_whole_window(importer: Importer, org: Details) -> None:
    """What was read without it is read again, once."""
    now = datetime.now(UTC)
    lean = replace(LEADS, exclude_fields=("Title",))
    rows = importer.run(lean, now=now).rows_read
    assert importer.run(LEADS, now=now + HOUR, only_new=True).rows_read == rows
    assert importer.rows() == rows_of_org(org, stream_columns(importer.org, LEADS), "Lead")
    assert importer.run(LEADS, now=now + 2 * HOUR, only_new=True).rows_read == 0


def test_a_related_field_costs_no_call_of_its_own_in_an_idle_hour(importer: Importer) -> None:
    """Its parent is described where rows are read, not to find that there are none."""
    spec = replace(LEADS, additional_fields=("Owner.Name",))
    now = datetime.now(UTC) + HOUR
    importer.run(spec, now=now)
    importer.org.described.clear()
    assert importer.run(spec, now=now + HOUR, only_new=True).api_calls == 1


def test_a_clock_that_is_ahead_of_the_orgs_leaves_nothing_out(importer: Importer, org: Details) -> None:
    """Each read goes to the org's now, and the next one begins there."""
    ahead = timedelta(minutes=30)
    importer.org.transport.clock = lambda: datetime.now(UTC) + ahead
    importer.run(now=datetime.now(UTC) + ahead)
    created = client(org).Lead.create({"LastName": "Behind", "Company": "C"})["id"]
    report = importer.run(now=datetime.now(UTC) + ahead + timedelta(seconds=30), only_new=True)
    assert report.read_to < datetime.now(UTC) + timedelta(minutes=1)
    assert importer.sql(f"SELECT count(*) FROM streams.salesforce_leads WHERE \"Id\" = '{created}'") == [(1,)]


def test_a_window_that_holds_since_is_gone_on_with_where_its_last_read_ended(importer: Importer) -> None:
    """Not from `since` each time."""
    now = datetime.now(UTC)
    since = datetime(2023, 1, 1, tzinfo=UTC)
    spec = replace(LEADS, since=since)
    first = importer.run(spec, now=now)
    again = importer.run(spec, now=now + HOUR, only_new=True)
    assert (first.read_from, again.read_from) == (since, first.read_to - LEADS.look_back)


class _Killed(BaseException):
    """As a signal that ends the process: nothing is tidied up but what the kernel does."""


Act = Callable[["History"], None]


class History:
    """An org at work and its import, on one clock that the acts move on."""

    def __init__(self, org: Details, importer: Importer, spec: StreamSpec) -> None:
        self.org, self.importer, self.spec = org, importer, spec
        self.sf = client(org)
        found = self.sf.query_all("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id")
        self.leads = [str(record["Id"]) for record in found["records"]]

    def pass_time(self, seconds: int) -> None:
        levers(self.org).advance(seconds)

    def read(self, *, only_new: bool, killed_at: int | None = None, calls: int | None = None) -> None:
        steps = iter(range(1000))

        def progress(what: str, done: int, total: int | None) -> None:
            if next(steps) == killed_at:
                raise _Killed

        meter = self.importer.meter
        meter.limit = None if calls is None else meter.made + calls
        try:
            self.importer.run(self.spec, now=self._now(), only_new=only_new, progress=progress)
        except (_Killed, AllowanceSpent):
            pass
        finally:
            meter.limit = None

    def _now(self) -> datetime:
        said = requests.get(f"{self.org.instance_url}/demo/clock", timeout=10).json()
        return datetime.fromisoformat(said["now"].replace("Z", "+00:00")).astimezone(UTC)

    def update(self, which: int) -> None:
        self.sf.Lead.update(self.leads[which % len(self.leads)], {"Title": f"Nr. {which}"})

    def delete(self, which: int) -> None:
        self.sf.Lead.delete(self.leads.pop(which % len(self.leads)))

    def create(self, which: int) -> None:
        self.leads.append(str(self.sf.Lead.create({"LastName": f"Né {which}", "Company": "Acme"})["id"]))


numbers = st.integers(0, 40)
acts = st.one_of(
    st.builds(lambda n: lambda history: history.update(n), numbers),
    st.builds(lambda n: lambda history: history.delete(n), numbers),
    st.builds(lambda n: lambda history: history.create(n), numbers),
    st.builds(lambda new: lambda history: history.read(only_new=new), st.booleans()),
    st.builds(
        lambda new, step: lambda history: history.read(only_new=new, killed_at=step), st.booleans(), st.integers(0, 6)
    ),
    st.builds(lambda new, calls: lambda history: history.read(only_new=new, calls=calls), st.booleans(), numbers),
)


@pytest.mark.soak
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=st.lists(st.tuples(st.integers(5, 1500), acts), min_size=4, max_size=9),
    transport=st.sampled_from(["rest", "bulk"]),
)
def test_any_history_of_reads_ends_in_the_rows_of_the_org(
    own_org: Details,
    tmp_path_factory: pytest.TempPathFactory,
    history: list[tuple[int, Act]],
    transport: str,
) -> None:
    """New and whole reads, killed and paused ones, while records come, change and go: the last read makes it right."""
    spec = StreamSpec("salesforce_leads", "Lead", transport=transport, page_rows=11, look_back=timedelta(seconds=2))
    with importing(own_org, tmp_path_factory.mktemp("history")) as importer:
        told = History(own_org, importer, spec)
        for seconds, act in history:
            told.pass_time(seconds)
            act(told)
        told.pass_time(5)
        told.read(only_new=True)
        assert importer.rows(spec) == rows_of_org(own_org, stream_columns(importer.org, spec), "Lead")
