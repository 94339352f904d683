"""The assets, materialized by Dagster against a real org over HTTP."""

import json
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import dagster as dg
import pytest
import requests
from requests.structures import CaseInsensitiveDict
from simple_salesforce import Salesforce

from sf_elt.components.automation import resuming
from sf_elt.components.content_affinity import ContentAffinity
from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.keys import stream_key
from sf_elt.components.running import ONLY_NEW, PAUSED_UNTIL
from sf_elt.definitions import defs
from sf_elt_tests.components.conftest import CONTACTS, LEADS, ROOT, Deployed
from sf_elt_tests.components.pauses import pause_of
from sf_elt_tests.shared_orgs import org as org
from sf_elt_tests.shared_orgs import org_of_module
from sf_elt_tests.streams.support import Body

__all__ = ["org", "org_of_module"]

PROFILES, SCORES = dg.AssetKey(["profiles", "profiles"]), dg.AssetKey(["insight", "scores"])
AUDIENCES, LEADS_EXPORT = dg.AssetKey(["insight", "audiences"]), dg.AssetKey(["writeback", "leads"])
EVENTS = dg.AssetKey(["streams", "web_events"])
TWO = dg.AssetSelection.assets(LEADS, CONTACTS)


def scores_of_leads(sf: Salesforce) -> dict[str, str | None]:
    """What the org holds, by the Id of the lead."""
    return {lead["Id"]: lead["Scores__c"] for lead in sf.query("SELECT Id, Scores__c FROM Lead")["records"]}


def test_a_range_of_partitions_is_one_run_and_one_window(deployed: Deployed) -> None:
    """A run over all partitions materializes each, reads the org once, and says its numbers once, on the last.

    Row count, calls spent and left, seconds and the columns show in the UI. The same range once more: as many rows
    read, none new, none changed.
    """
    assert deployed.materialize(TWO, deployed.range_tags()).success
    assert deployed.instance.get_materialized_partitions(LEADS) == set(deployed.days)
    with deployed.warehouse.read() as connection:
        windows = connection.execute("SELECT stream, org_count, rows_read FROM ops.windows ORDER BY stream").fetchall()
        leads = connection.execute('SELECT count(DISTINCT "Id") FROM streams.salesforce_leads').fetchone()
    assert [stream for stream, _, _ in windows] == ["salesforce_contacts", "salesforce_leads"]
    assert all(counted == read > 0 for _, counted, read in windows)
    assert leads == (36,)

    said = deployed.metadata(LEADS)
    assert said["dagster/row_count"] == 36
    assert {"api_calls", "api_calls_left", "seconds", "newest"} <= said.keys()
    columns = said["dagster/column_schema"]
    assert isinstance(columns, dg.TableSchema)
    assert {"Id", "Email", "_deleted_at"} <= {column.name for column in columns.columns}
    records = deployed.instance.fetch_materializations(LEADS, limit=10).records
    with_numbers = [each for each in records if "rows_read" in each.asset_materialization.metadata]
    assert len(records) == len(deployed.days)
    assert len(with_numbers) == 1

    assert deployed.materialize(TWO, deployed.range_tags()).success
    again = deployed.metadata(LEADS)
    assert (again["rows_read"], again["rows_new"], again["rows_changed"]) == (36, 0, 0)


def test_a_value_that_cannot_be_read_is_told_by_record_and_field(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run goes on without it, counts it, and says where it waits; what the value was stays in the warehouse."""
    get = requests.Session.get

    def misspelt(session: requests.Session, url: str, **asked: object) -> requests.Response:
        response = get(session, url, **asked)  # type: ignore[arg-type] # as it was called
        if "/query" in url and asked.get("stream"):
            page = response.json()
            page["records"][0]["NumberOfEmployees"] = "qzmany"
            response.raw, response.headers = Body(json.dumps(page).encode()), CaseInsensitiveDict()
        return response

    monkeypatch.setattr(requests.Session, "get", misspelt)
    run = deployed.materialize(dg.AssetSelection.assets(LEADS), deployed.range_tags())
    assert run.success
    assert deployed.metadata(LEADS)["values_misread"] == 1
    log = [f"{each.user_message} {each.dagster_event}" for each in deployed.instance.all_logs(run.run_id)]
    (told,) = [line for line in log if "could not be read" in line]
    assert ".NumberOfEmployees: a value that is no BIGINT" in told
    assert not [line for line in log if "qzmany" in line]
    with deployed.warehouse.read() as connection:
        assert connection.execute("SELECT count(*) FROM ops.set_aside WHERE content LIKE '%qzmany%'").fetchone() == (1,)


def test_without_a_folder_of_events_the_sample_is_read(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh checkout reads the sample events that come with it, and sets their three broken lines aside."""
    monkeypatch.delenv("SF_ELT_EVENTS")
    monkeypatch.chdir(ROOT)
    fresh = replace(deployed, definitions=defs())
    assert fresh.materialize(dg.AssetSelection.assets(EVENTS)).success
    said = fresh.metadata(EVENTS)
    assert (said["rows_new"], said["rows_set_aside"]) == (450, 3)


@pytest.mark.soak
def test_more_topics_than_expected_warn(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check warns with the least visited topics, in the log too, and the affinities are there all the same."""
    assert deployed.definitions.component_tree is not None
    (component,) = deployed.definitions.component_tree.get_all_components(ContentAffinity)
    monkeypatch.setattr(component, "most_topics", 3)
    key = dg.AssetKey(["insight", "affinities"])
    result = deployed.materialize(dg.AssetSelection.assets(EVENTS, PROFILES, key))
    assert result.success
    (check,) = (each for each in result.get_asset_check_evaluations() if each.asset_key == key)
    assert (check.passed, check.severity, check.blocking) == (False, dg.AssetCheckSeverity.WARN, False)
    said = deployed.metadata(key)
    assert said["dagster/row_count"] > said["profiles"] > 0
    assert check.metadata["topics"].value == said["topics"] > 3
    assert len(check.metadata["least_visited"].records) == min(20, said["topics"])
    log = [event.user_message for event in deployed.instance.all_logs(result.run_id)]
    assert any("topics are more than 3; least visited: " in message for message in log)


def test_spent_allowance_pauses_and_goes_on(deployed: Deployed) -> None:
    """Out of calls, a run succeeds, says until when it pauses and leaves the partitions to be asked for again."""
    component = deployed.component
    component.max_daily_api_calls = 1
    result = deployed.materialize(TWO, deployed.range_tags())
    assert result.success
    until = pause_of(deployed.instance, LEADS)
    assert until is not None
    assert until > datetime.now(UTC) + timedelta(hours=23)
    assert deployed.instance.get_materialized_partitions(LEADS) == set()
    asked = {
        key for request in component.requests(component.keys(), datetime.now(UTC)) for key in request.asset_selection
    }
    assert LEADS in asked
    component.max_daily_api_calls = None
    assert deployed.materialize(TWO, deployed.range_tags()).success
    assert pause_of(deployed.instance, LEADS) is None


def test_after_a_read_only_the_present_partition_is_asked_for(deployed: Deployed) -> None:
    """The schedule asks for all of history once, and from then on for the partition that is not over."""
    component = deployed.component
    (first,) = component.requests(component.keys(), datetime.now(UTC))
    assert deployed.range_tags().items() <= first.tags.items()
    assert set(first.asset_selection) == set(component.keys())
    assert {each.name for each in first.asset_check_keys or []} == {"id_unique", "as_many_rows_as_the_org_counted"}
    deployed.materialize(TWO, deployed.range_tags())
    (then,) = component.requests([LEADS, CONTACTS], datetime.now(UTC))
    today = deployed.range_tags()["dagster/asset_partition_range_end"]
    assert then.tags == {
        "dagster/asset_partition_range_start": today,
        "dagster/asset_partition_range_end": today,
        "sf_elt/import": "salesforce",
        "sf_elt/window": today,
        ONLY_NEW: "true",
    }


def test_partitions_before_since_hold_nothing_and_fail_nothing(deployed: Deployed) -> None:
    """A run over a partition that lies before `since` calls nobody, and ends well."""
    component = deployed.component
    first = deployed.range_tags()["dagster/asset_partition_range_start"]
    component.objects[0].since = datetime.fromisoformat(first).replace(tzinfo=UTC) + timedelta(days=1)
    assert stream_key(component.objects[0].stream) == LEADS
    only_first = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": first}
    assert deployed.materialize(dg.AssetSelection.assets(LEADS), only_first).success
    assert deployed.instance.get_materialized_partitions(LEADS) == {first}
    asked = component.requests([LEADS], datetime.now(UTC))
    assert first not in {request.tags["dagster/asset_partition_range_start"] for request in asked}


def test_the_schedule_asks_for_what_is_to_be_read(deployed_on_disk: Deployed) -> None:
    """A tick of the import's schedule requests a run over the partitions that are to be read."""
    deployed = deployed_on_disk  # a schedule's context finds its instance by that
    schedule = deployed.definitions.resolve_schedule_def("salesforce_keep_updated")
    repository = deployed.definitions.get_repository_def()
    context = dg.build_schedule_context(deployed.instance, datetime.now(UTC), repository_def=repository)
    (asked,) = schedule.evaluate_tick(context).run_requests
    first, last = deployed.range_tags().values()
    said = {"sf_elt/import": "salesforce", "sf_elt/window": f"{first} to {last}", ONLY_NEW: "true"}
    assert {**deployed.range_tags(), **said}.items() <= asked.tags.items()
    assert set(asked.asset_selection) == set(deployed.component.keys())


def test_a_backfill_that_ran_out_of_calls_goes_on_by_itself(deployed: Deployed) -> None:
    """Out of calls in the middle: every run succeeds, and what the sensor asks for after each pause completes it."""
    component, keys = deployed.component, [LEADS, CONTACTS]
    asks = partial(resuming, deployed.instance, keys, "salesforce_import")
    component.max_daily_api_calls = 3
    assert deployed.materialize(TWO, deployed.range_tags()).success
    done = [key for key in keys if deployed.instance.get_materialized_partitions(key)]
    assert 0 < len(done) < len(keys)
    now, pauses = datetime.now(UTC), 0
    while paused := [until for key in keys if (until := pause_of(deployed.instance, key)) is not None]:
        (waits,) = asks(component.requests, now)
        assert isinstance(waits, dg.SkipReason)
        assert waits.skip_message == f"paused until {max(paused):%Y-%m-%d %H:%M} UTC"
        a_day_passes(deployed)
        for asked in asks(component.requests, max(paused)):
            assert isinstance(asked, dg.RunRequest)
            assert deployed.materialize(dg.AssetSelection.assets(*asked.asset_selection), asked.tags).success
        pauses += 1
        assert pauses < 10
    assert all(deployed.instance.get_materialized_partitions(key) == set(deployed.days) for key in keys)
    with deployed.warehouse.read() as connection:
        leads = connection.execute('SELECT count(DISTINCT "Id") FROM streams.salesforce_leads').fetchone()
    assert leads == (36,)


def a_day_passes(deployed: Deployed) -> None:
    """The calls that were made are a day old: as many are free again."""
    deployed.warehouse.calls().spent("any")
    with closing(sqlite3.connect(deployed.warehouse.root / "calls.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE calls SET called_at = called_at - 86400")


@pytest.mark.soak
def test_an_export_shows_first_and_pauses_without_calls(deployed: Deployed, sf: Salesforce) -> None:
    """A dry run says what would be written, field by field, and writes nothing; without calls an export pauses.

    One that may not even log in succeeds and says until when it pauses, and a dry run does not hide that.
    """
    before_exports = dg.AssetSelection.all() - dg.AssetSelection.groups("writeback")
    deployed.materialize(before_exports, deployed.range_tags())
    only, dry = dg.AssetSelection.assets(LEADS_EXPORT), {"ops": {"export_leads": {"config": {"dry_run": True}}}}

    for lead in sf.query("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT 3")["records"]:
        sf.Lead.update(lead["Id"], {"Scores__c": "somebody else's"})
    held = scores_of_leads(sf)
    assert deployed.materialize(only, config=dry).success
    observed = deployed.instance.fetch_observations(LEADS_EXPORT, limit=1).records[0].asset_observation
    assert observed.metadata["would_write"].value > 0
    rows = [row.data for row in observed.metadata["first_changes"].records]
    assert 0 < len({row["record"] for row in rows}) <= 10
    scores = {row["record"]: row for row in rows if row["field"] == "Scores__c"}
    assert {record: row["before"] for record, row in scores.items()} == {
        record: held[record] or "(empty)" for record in scores
    }
    assert all("recency" in row["after"] or row["after"] == "(empty)" for row in scores.values())
    assert deployed.instance.get_latest_materialization_event(LEADS_EXPORT) is None
    assert scores_of_leads(sf) == held

    limit_calls(deployed, "export:leads")
    assert deployed.materialize(only).success
    until = pause_of(deployed.instance, LEADS_EXPORT)
    assert until is not None
    assert until > datetime.now(UTC) + timedelta(hours=23)
    observed = deployed.instance.fetch_observations(LEADS_EXPORT, limit=1).records[0].asset_observation
    assert "export:leads has made its daily maximum" in observed.metadata["reason"].value
    assert deployed.materialize(only, config=dry).success
    observed = deployed.instance.fetch_observations(LEADS_EXPORT, limit=1).records[0].asset_observation
    assert "no API calls left" in observed.description
    assert pause_of(deployed.instance, LEADS_EXPORT) == until
    assert scores_of_leads(sf) == held
    a_day_passes(deployed)
    assert deployed.materialize(only).success
    assert pause_of(deployed.instance, LEADS_EXPORT) is None


def limit_calls(deployed: Deployed, job: str) -> None:
    """The job has made all the calls that it may make in a day."""
    tree = deployed.definitions.component_tree
    assert tree is not None
    (limit,) = (
        each.max_daily_api_calls for each in tree.get_all_components(SalesforceExport) if job == f"export:{each.name}"
    )
    now = time.time()
    deployed.warehouse.calls().spent(job)
    with closing(sqlite3.connect(deployed.warehouse.root / "calls.sqlite")) as ledger, ledger:
        ledger.executemany(
            "INSERT INTO calls (job, called_at, method, path) VALUES (?, ?, 'GET', '/')", [(job, now)] * (limit or 0)
        )


@pytest.mark.parametrize(("minutes", "runs"), [(30, 0), (-1, 1)])
def test_paused_work_goes_on_when_the_pause_is_over(deployed: Deployed, minutes: int, runs: int) -> None:
    """The sensor waits for the end of a pause, then requests what was left out."""
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    paused = dg.AssetObservation(LEADS, metadata={PAUSED_UNTIL: dg.MetadataValue.timestamp(until)})
    deployed.instance.report_runless_asset_event(paused)
    sensor = deployed.definitions.resolve_sensor_def("salesforce_resume")
    repository = deployed.definitions.get_repository_def()
    context = dg.build_sensor_context(deployed.instance, repository_def=repository)
    ticked = sensor.evaluate_tick(context)
    assert len(ticked.run_requests) == runs
    assert (ticked.skip_message or "").startswith("" if runs else "paused until")


def test_wrong_credentials_fail_the_run_and_move_nothing(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password fails the step with Salesforce's words, and no secret is in the logs."""
    monkeypatch.setenv("SALESFORCE_PASSWORD", "wrong-and-secret")
    result = deployed.materialize(dg.AssetSelection.assets(LEADS), deployed.range_tags())
    assert not result.success
    said = "\n".join(str(event) for event in deployed.instance.all_logs(result.run_id))
    assert "does not accept the login" in said
    assert "wrong-and-secret" not in said
    assert deployed.instance.get_materialized_partitions(LEADS) == set()
