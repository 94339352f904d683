"""What a person tells a single run of an import in the Launchpad: since, until, fields, limit, dry run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, get_args

import dagster as dg
import pytest

from sf_elt.components.exports.salesforce_export import ExportConfig
from sf_elt.components.imports import importing
from sf_elt.components.imports.imported_object import checked_moment
from sf_elt.components.imports.run_config import ImportConfig, asked_for
from sf_elt.components.imports.upkeep import ReconcileConfig
from sf_elt.components.partitions import Span
from sf_elt.components.profiles import BuildConfig
from sf_elt.salesforce import AllowanceSpent
from sf_elt_tests.components.conftest import QUIET, variables
from sf_elt_tests.components.projects import Project, load
from sf_elt_tests.orgs import client
from sf_elt_tests.shared_orgs import org, org_of_module

if TYPE_CHECKING:
    from sf_elt.demo_org.serve import Details

__all__ = ["org", "org_of_module"]

KEY = dg.AssetKey(["streams", "salesforce_leads"])
WINDOWS = "SELECT count(*), count(DISTINCT run_id) FROM ops.windows"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PARTITIONS = Span(datetime(2026, 3, 9, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC))


@pytest.fixture
def project(tmp_path: Path, org: Details, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    for name, value in variables(tmp_path, org, datetime.now(UTC).date()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path))
    with dg.DagsterInstance.ephemeral() as instance:
        yield load(tmp_path, instance, "objects: [{object: Lead}]")


def run(project: Project, *, chosen: bool = True, **config: object) -> dg.ExecuteInProcessResult:
    """One run over today's partition, or one for which none was `chosen`, told that in the Launchpad."""
    return dg.materialize(
        list(project.definitions.resolve_asset_graph().assets_defs),
        instance=project.instance,
        partition_key=datetime.now(UTC).date().isoformat() if chosen else None,
        run_config={**QUIET, "ops": {"import_salesforce_leads": {"config": config}}},
        raise_on_error=False,
    )


def observed(project: Project) -> dict[str, object]:
    """What the latest observation of the asset tells."""
    (record,) = project.instance.fetch_observations(KEY, limit=1).records
    assert record.asset_observation is not None
    return {name: value.value for name, value in record.asset_observation.metadata.items()}


def made(project: Project) -> set[str]:
    return set(project.instance.get_materialized_partitions(KEY))


def test_a_dry_run_tells_and_writes_nothing(project: Project) -> None:
    """The count, the query and what it would cost stand on the asset; no warehouse is made, no partition either."""
    assert run(project, dry_run=True, fields=["Email", "company"]).success
    told = observed(project)
    assert told["would_read"] == told["rows_counted_by_the_org"]
    assert told["would_need_api_calls"] == 2
    assert "SELECT Id, SystemModstamp, Email, Company FROM Lead WHERE" in str(told["soql"])
    assert not project.warehouse.file.exists()
    assert made(project) == set()


def test_a_run_without_a_partition_says_where_to_choose_one(project: Project) -> None:
    """As the Launchpad starts it where it is opened by the arrow and nobody chooses one."""
    result = run(project, chosen=False, dry_run=True)
    assert not result.success
    [failed] = result.get_step_failure_events()
    assert "choose one in the Launchpad" in str(failed.step_failure_data.error)


def test_a_limited_run_makes_no_partition(project: Project) -> None:
    """Few records are merged and told; neither Dagster nor the schedule takes the partition for read."""
    assert run(project, limit=4).success
    assert project.sql("SELECT count(*) FROM streams.salesforce_leads") == [(4,)]
    assert (observed(project)["rows_read"], observed(project)["asked_limit"]) == (4, 4)
    assert (made(project), project.sql(WINDOWS)) == (set(), [(0, 0)])
    (asked,) = project.component.requests(project.component.keys(), datetime.now(UTC))
    assert asked.tags["dagster/asset_partition_range_start"] == project.component.start.isoformat()


def test_some_fields_of_what_is_there(project: Project, org: Details) -> None:
    """Fields are brought up to date, one alone; the run says what it has left to its window."""
    assert run(project).success
    before = project.sql(WINDOWS)
    sf = client(org)
    (lead,) = sf.query("SELECT Id, Title FROM Lead WHERE IsConverted = false LIMIT 1")["records"]
    sf.Lead.update(lead["Id"], {"Title": "Told", "Company": "Not told"})
    assert run(project, fields=["Title"]).success
    told = observed(project)
    assert (told["rows_changed"], told["rows_ahead"], told["rows_left_to_their_windows"]) == (1, 1, 0)
    company = 'SELECT "Title", "Company" = \'Not told\' FROM streams.salesforce_leads WHERE "Id" = $1'
    with project.warehouse.read() as connection:
        assert connection.execute(company, [lead["Id"]]).fetchall() == [("Told", False)]
    assert project.sql(WINDOWS) == before


def test_since_reads_from_there_and_makes_what_it_covers(project: Project) -> None:
    """From earlier than the partition on it is a read of it; a part of it is only noted, and counts for what it is."""
    since = (datetime.now(UTC) - timedelta(minutes=30)).isoformat()
    assert run(project, since=since).success
    assert (made(project), observed(project)["rows_read"]) == (
        set(),
        project.sql("SELECT rows_read FROM ops.windows")[0][0],
    )
    (asked,) = project.component.requests(project.component.keys(), datetime.now(UTC))
    assert asked.tags["dagster/asset_partition_range_start"] == project.component.start.isoformat()
    assert run(project, since="1970-01-01").success
    assert made(project) == {datetime.now(UTC).date().isoformat()}


def test_a_part_that_is_out_of_calls_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing goes on with it by itself: the asset says that nothing was read, and when it can be started again."""

    def spent(*_: object, **__: object) -> NoReturn:
        raise AllowanceSpent("the maximum is used up", until=datetime(2026, 3, 10, 12, 30, tzinfo=UTC))

    monkeypatch.setattr(importing, "import_window", spent)
    assert run(project, since=(datetime.now(UTC) - timedelta(minutes=30)).isoformat()).success
    (record,) = project.instance.fetch_observations(KEY, limit=1).records
    assert record.asset_observation is not None
    assert record.asset_observation.description == (
        "nothing was read: no API calls are left until 12:30 UTC. Start it again then"
    )
    assert (made(project), observed(project)) == (set(), {"reason": "the maximum is used up"})


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"since": "last week"}, "since: 'last week' is no day and no time"),
        ({"until": "2001-01-01", "since": "2002-01-01"}, "nothing lies from 2002-01-01 00:00 UTC to 2001-01-01"),
        ({"limit": -1}, "limit: -1 records are none"),
        ({"fields": ["Titel"]}, "did you mean Title?"),
    ],
)
def test_what_cannot_be_meant_fails_with_what_is_accepted(
    project: Project, config: dict[str, object], says: str
) -> None:
    """The run fails before anything is read, and its message says what would do."""
    failed = run(project, **config)
    (failure,) = [event for event in failed.all_events if event.is_step_failure]
    assert not failed.success
    error = failure.step_failure_data.error
    assert error is not None
    assert says in " ".join(each.message for each in (error, error.cause) if each is not None) + str(
        failure.step_failure_data.user_failure_data
    )
    assert not project.warehouse.file.exists()


@pytest.mark.parametrize(
    ("config", "start", "end", "makes"),
    [
        ({}, "2026-03-09", "2026-03-11", True),
        ({"since": "2026-03-01"}, "2026-03-01", "2026-03-11", True),
        ({"since": "2026-03-09T06:00:00+01:00"}, "2026-03-09T05:00", "2026-03-11", False),
        ({"since": "2026-03-01", "until": "2026-03-10T12:00"}, "2026-03-01", "2026-03-10T12:00", True),
        ({"until": "2026-03-10"}, "2026-03-09", "2026-03-10", False),
        ({"fields": ["Email"]}, "2026-03-09", "2026-03-11", False),
        ({"limit": 1}, "2026-03-09", "2026-03-11", False),
        ({"dry_run": True}, "2026-03-09", "2026-03-11", False),
    ],
)
def test_which_runs_make_their_partitions(config: dict[str, object], start: str, end: str, makes: bool) -> None:
    """Those that read every field of every row of all of them, as far as they have come."""
    asked = asked_for(ImportConfig(**config), PARTITIONS, None, NOW)
    assert asked.span == Span(*(datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (start, end)))
    assert asked.makes_partitions is makes


@pytest.mark.parametrize("config", [ImportConfig, ReconcileConfig, ExportConfig, BuildConfig])
def test_every_option_is_described(config: type[dg.Config]) -> None:
    """In the Launchpad each option has its sentence, and its type; leaving it out changes nothing."""
    for name, field in config.model_fields.items():
        assert field.description, name
        assert field.description.endswith(".")
        assert not field.is_required()
        assert {bool, str, int, list[str]} & {field.annotation, *get_args(field.annotation)}


def test_a_time_for_which_utc_has_no_year_is_no_time() -> None:
    """Python has such times, and cannot tell them in another zone."""
    for said in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        with pytest.raises(ValueError, match="is no day and no time; accepted are"):
            checked_moment(said)
