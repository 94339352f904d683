"""Each option of an import, from the YAML to what a run of it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster.components.core.component_tree import ComponentTreeException

from sf_elt.components.automation import resuming
from sf_elt.components.running import ONLY_NEW
from sf_elt_tests.components.conftest import variables
from sf_elt_tests.components.pauses import pause_of
from sf_elt_tests.components.projects import Project, load
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.shared_orgs import org as org
from sf_elt_tests.shared_orgs import org_of_module, own_org

if TYPE_CHECKING:
    from sf_elt.demo_org.serve import Details

__all__ = ["org", "org_of_module", "own_org"]

Loads = Callable[..., Project]


@pytest.fixture
def loads(tmp_path: Path, org: Details, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loads]:
    """Loads a project from the text of its imports; its runs read the module's org."""
    yield from _loads(tmp_path, org, monkeypatch)


@pytest.fixture
def loads_own(tmp_path: Path, own_org: Details, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loads]:
    """The same, with an org that the test may change."""
    yield from _loads(tmp_path, own_org, monkeypatch)


def _loads(folder: Path, details: Details, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loads]:
    for name, value in variables(folder, details, datetime.now(UTC).date()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(folder))
    with dg.DagsterInstance.ephemeral() as instance:
        yield lambda *imports: load(folder, instance, *imports)


def columns(project: Project, stream: str) -> set[str]:
    described = project.sql(
        f"SELECT column_name FROM duckdb_columns() WHERE schema_name = 'streams' AND table_name = '{stream}'"
    )
    return {str(name) for (name,) in described if not str(name).startswith("_")}


def by_schedule(project: Project) -> dict[str, str]:
    """The tags of the run that the schedule asks for now."""
    (asked,) = project.component.requests(project.component.keys(), datetime.now(UTC))
    return dict(asked.tags)


@pytest.mark.soak
def test_streams_are_named_after_their_objects(loads: Loads) -> None:
    """Without `stream` the table and the asset are salesforce_ and the object in the plural; `stream` overrides."""
    project = loads("""
        objects:
          - object: OpportunityContactRole
          - object: Subscription__c
          - {object: lead, stream: people}
    """)
    project.materialize()
    counted = project.sql("SELECT DISTINCT stream, rows_read > 0 FROM ops.windows ORDER BY stream")
    assert counted == [
        ("people", True),
        ("salesforce_opportunity_contact_roles", True),
        ("salesforce_subscriptions", True),
    ]


def test_fields_are_chosen_one_by_one(loads: Loads) -> None:
    """A list is what is read, with additions and a parent's field, without exclusions, whatever their letter case."""
    project = loads("""
        objects:
          - object: Contact
            fields: [Email, Title, Department]
            additional_fields: [LeadSource, Account.Name]
            exclude_fields: [title]
    """)
    project.materialize()
    assert columns(project, "salesforce_contacts") == {
        "Id", "SystemModstamp", "IsDeleted", "Email", "Department", "LeadSource", "Account.Name",
    }  # fmt: skip


def test_sets_of_fields(loads: Loads) -> None:
    """`standard` reads the documented fields and what it is told besides; `all` reads more."""
    project = loads("""
        objects:
          - {object: Lead, stream: few, fields: standard, additional_fields: [Scores__c]}
          - {object: Lead, stream: many, fields: all}
    """)
    project.materialize()
    few, many = columns(project, "few"), columns(project, "many")
    assert {"Email", "Scores__c"} <= few
    assert len(many) > len(few)


def test_the_timestamp_field_is_chosen(loads: Loads) -> None:
    """The window of each object is cut by the field that it names."""
    project = loads("""
        objects:
          - {object: Lead, timestamp_field: CreatedDate}
          - object: Contact
    """)
    project.materialize()
    assert project.sql("SELECT stream, timestamp_field FROM ops.windows ORDER BY stream") == [
        ("salesforce_contacts", "SystemModstamp"),
        ("salesforce_leads", "CreatedDate"),
    ]


def test_without_a_timestamp_the_object_is_read_whole(loads: Loads) -> None:
    """timestamp_field none: every run reads all records, whatever is new."""
    project = loads("objects: [{object: Campaign, timestamp_field: none}]")
    project.materialize()
    project.materialize(by_schedule(project))
    held = project.sql("SELECT count(*) FROM streams.salesforce_campaigns")[0][0]
    assert project.sql("SELECT timestamp_field, rows_read FROM ops.windows") == [("", held), ("", held)]


def test_since_leaves_out_what_is_older(loads: Loads, org: Details) -> None:
    """A time with its zone: from that second on records are read, deleted ones too, and no older one."""
    found = client(org).query_all("SELECT CreatedDate FROM Lead ORDER BY CreatedDate", include_deleted=True)["records"]
    created = [datetime.fromisoformat(each["CreatedDate"]) for each in found]
    middle = created[len(created) // 2]
    project = loads(f"""
        objects:
          - object: Lead
            timestamp_field: CreatedDate
            since: "{middle.astimezone(ZoneInfo("Asia/Kolkata")).isoformat()}"
    """)
    project.materialize()
    assert project.sql('SELECT min("CreatedDate"), count(*) FROM streams.salesforce_leads') == [
        (middle.replace(tzinfo=None), sum(each >= middle for each in created))
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-01", "2026-03-01T00:00:00+00:00"),
        ("2026-03-01T08:30:00", "2026-03-01T08:30:00+00:00"),
        ("2026-03-01 08:30:00Z", "2026-03-01T08:30:00+00:00"),
        ("2026-03-01T08:30:00+02:00", "2026-03-01T06:30:00+00:00"),
    ],
)
def test_since_is_a_day_or_a_time(loads: Loads, written: str, meant: str) -> None:
    """A day begins at midnight UTC, a time without a zone is UTC, another zone is told by its offset."""
    (imported,) = loads(f"objects: [{{object: Lead, since: '{written}'}}]").component.objects
    assert imported.since == datetime.fromisoformat(meant)


def test_leads_are_left_out(loads: Loads) -> None:
    """import_leads false reads everything but Lead, and has no asset of it."""
    project = loads("""
        import_leads: false
        objects: [{object: Lead}, {object: Contact}]
    """)
    project.materialize()
    assert [key.path[-1] for key in project.definitions.resolve_asset_graph().get_all_asset_keys()] == [
        "salesforce_contacts"
    ]
    assert project.sql("SELECT DISTINCT stream FROM ops.windows") == [("salesforce_contacts",)]


def test_an_import_of_leads_alone_without_leads_is_refused(loads: Loads) -> None:
    """Nothing left to import is an error that names the attribute."""
    with pytest.raises(ComponentTreeException) as refused:
        loads("import_leads: false\nobjects: [{object: Lead}]")
    assert "attributes.import_leads: without Lead there is nothing left to import" in str(refused.value.__cause__)


def test_another_import_may_read_the_leads_that_one_leaves_out(loads: Loads) -> None:
    """The stream of an object that is left out is free for another import."""
    project = loads("import_leads: false\nobjects: [{object: Lead}, {object: Contact}]", "objects: [{object: Lead}]")
    keys = {key.path[-1] for key in project.definitions.resolve_asset_graph().get_all_asset_keys()}
    assert keys == {"salesforce_contacts", "salesforce_leads"}


@pytest.mark.parametrize(
    ("deletes", "standing"), [pytest.param("track", [(True,)], marks=pytest.mark.soak), ("ignore", [(False,)])]
)
def test_deletes(loads_own: Loads, own_org: Details, deletes: str, standing: list[tuple[bool]]) -> None:
    """`track` marks a record that the org deletes; `ignore` leaves it as it was read last."""
    project = loads_own(f"deletes: {deletes}\nobjects: [{{object: Lead}}]")
    project.materialize()
    sf = client(own_org)
    (lead,) = sf.query("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 1")["records"]
    sf.Lead.delete(lead["Id"])
    project.materialize()
    said = project.sql(f"SELECT _deleted_at IS NOT NULL FROM streams.salesforce_leads WHERE \"Id\" = '{lead['Id']}'")
    assert said == standing


@pytest.mark.parametrize("transport", ["rest", "bulk"])
def test_transport_and_the_maximum_of_calls(loads: Loads, org: Details, transport: str) -> None:
    """Records travel as they are told to; at the maximum of calls the run ends well and reads no more."""
    project = loads(f"transport: {transport}\nmax_daily_api_calls: 200\nobjects: [{{object: Lead}}]")
    project.materialize()
    assert project.sql("SELECT transport FROM ops.windows") == [(transport,)]
    called = len(levers(org).calls.all(path="/jobs/query"))
    assert (called > 0) == (transport == "bulk")
    project.component.max_daily_api_calls = 1
    assert project.materialize().success
    assert project.sql("SELECT count(*) FROM ops.windows") == [(1,)]


def test_look_back_and_patience(loads: Loads) -> None:
    """A window is read from as many minutes before its start as the import says; the stream is told its patience."""
    project = loads("look_back_minutes: 45\njob_patience_minutes: 5\nobjects: [{object: Lead}]")
    project.materialize()
    assert project.sql("SELECT window_start - read_from FROM ops.windows") == [(timedelta(minutes=45),)]
    (imported,) = project.component.objects
    assert project.component.spec(imported, ()).job_patience == timedelta(minutes=5)


def test_a_one_time_import_goes_on_after_a_pause(loads: Loads) -> None:
    """keep_updated false: no schedule, but what ran out of API calls is asked for again once they are free."""
    project = loads("keep_updated: false\nmax_daily_api_calls: 3\nobjects: [{object: Lead}]")
    project.component.max_daily_api_calls = 1
    assert not project.definitions.schedules
    assert [sensor.name for sensor in project.definitions.sensors or []] == ["mine_0_resume"]
    assert project.materialize().success
    keys, asked = project.component.keys(), project.component.requests
    until = pause_of(project.instance, keys[0])
    assert until is not None
    (waits,) = resuming(project.instance, keys, "mine_0_import", asked, until - timedelta(minutes=1))
    assert isinstance(waits, dg.SkipReason)
    (goes_on,) = resuming(project.instance, keys, "mine_0_import", asked, until)
    assert isinstance(goes_on, dg.RunRequest)
    assert ONLY_NEW not in goes_on.tags  # a person asked for these partitions, whatever of them has been read
    project.component.max_daily_api_calls = None
    assert project.materialize(dict(goes_on.tags)).success
    assert project.sql("SELECT sum(rows_read) > 0 FROM ops.windows") == [(True,)]


@pytest.mark.soak
def test_a_scheduled_run_leaves_out_what_has_been_read(loads: Loads, org: Details) -> None:
    """Where nothing changed, a run by schedule makes one call an object and reads no row; one by hand reads all."""
    project = loads("look_back_minutes: 0\nobjects: [{object: Lead}, {object: Contact}]")
    project.materialize()
    levers(org).calls.clear()
    project.materialize(by_schedule(project))
    called = [each["path"] for each in levers(org).calls.all() if "/Soap/" not in each["path"]]
    assert len(called) == 2, called
    latest = "SELECT sum(rows_read) FROM ops.windows WHERE run_id = '{}'"
    assert project.sql(latest.format(project.latest_run())) == [(0,)]
    project.materialize()
    (read,) = project.sql(latest.format(project.latest_run()))
    assert read > (0,)


def test_hourly_partitions(loads: Loads) -> None:
    """With hourly partitions the schedule asks for hours, the present one among them, and reads them as one window."""
    project = loads("partitions: hourly\nobjects: [{object: Lead}]")
    tags = by_schedule(project)
    first, last = (tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end"))
    now = datetime.now(UTC)
    assert first == f"{now:%Y-%m-%d}-00:00"
    assert datetime.strptime(last, "%Y-%m-%d-%H:%M").replace(tzinfo=UTC) in (
        hour(now),
        hour(now - timedelta(minutes=1)),
    )
    project.materialize(tags)
    assert project.sql("SELECT rows_read > 0, is_open FROM ops.windows") == [(True, True)]
    keys = project.instance.get_materialized_partitions(project.component.keys()[0])
    assert {first, last} <= keys


def hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def test_upkeep_by_night_of_an_hourly_import(loads: Loads) -> None:
    """Time and weekday may be those of the formulas and the reconciliation alone; the hours stay as they are."""
    project = loads("""
        frequency: hourly
        formula_refresh: daily
        reconcile: weekly
        time_of_day: "02:15"
        day_of_week: saturday
        time_zone: Europe/Paris
        objects: [{object: Lead}]
    """)
    assert {schedule.name: schedule.cron_schedule for schedule in project.definitions.schedules or []} == {
        "mine_0_keep_updated": "0 * * * *",
        "mine_0_refresh_formulas_schedule": "15 2 * * *",
        "mine_0_reconcile_schedule": "15 2 * * 6",
    }


def test_the_asset_says_how_it_is_read(loads: Loads) -> None:
    """The UI shows object, settings and timetable on the asset, and the timetable on the schedule too."""
    project = loads("""
        label: Leads of the day
        description: For the people who call them.
        group: calls
        owners: ["team:sales"]
        frequency: weekly
        day_of_week: Friday
        time_of_day: "7:30"
        time_zone: Europe/Berlin
        max_daily_api_calls: 500
        objects: [{object: Lead, since: "2026-01-01", exclude_fields: [Description]}]
    """)
    (spec,) = project.definitions.resolve_all_asset_specs()
    said = {
        "object": "Lead", "import": "Leads of the day", "kept_updated": "every Friday at 07:30 Europe/Berlin",
        "since": "2026-01-01 00:00 UTC", "exclude_fields": "Description", "max_daily_api_calls": 500,
    }  # fmt: skip
    assert said.items() <= dict(spec.metadata).items()
    assert (spec.group_name, list(spec.owners)) == ("calls", ["team:sales"])
    assert project.definitions.resolve_job_def("mine_0_import").description == "For the people who call them."
    assert project.schedule.description is not None
    assert "Leads of the day, every Friday at 07:30 Europe/Berlin" in project.schedule.description
