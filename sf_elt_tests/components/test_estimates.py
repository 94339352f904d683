"""What an estimate says, against what the import then does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sf_elt.components.estimate import JOB, Estimate, estimate
from sf_elt.demo_org.serve import Details, running_org
from sf_elt.salesforce import JobPatience
from sf_elt.salesforce.bulk_jobs import looks
from sf_elt.salesforce.downloads.costs import job_seconds
from sf_elt.streams import Window, import_window
from sf_elt.streams.wide import groups
from sf_elt.warehouse import Warehouse
from sf_elt_tests.components.deployments import deployment_of, environment_of
from sf_elt_tests.orgs import levers

OBJECTS = (
    {"object": "Lead"},
    {"object": "Contact", "additional_fields": ["Account.Name"]},
    {"object": "Account", "fields": ["Name"]},
    {"object": "Opportunity", "since": "2100-01-01"},
)


@pytest.fixture(scope="module")
def larger_org() -> Iterator[Details]:
    """An org in which people are several pages by REST."""
    with running_org(seed=7, records=4_000) as details:
        yield details


@pytest.fixture
def org(larger_org: Details, monkeypatch: pytest.MonkeyPatch) -> Details:
    pull = levers(larger_org)
    pull.limit(100_000, give_back=True)
    pull.calls.clear()
    for name, value in environment_of(larger_org).items():
        monkeypatch.setenv(name, value)
    return larger_org


@pytest.mark.soak
@pytest.mark.parametrize("transport", ["rest", "bulk"])
def test_the_import_makes_the_calls_that_were_estimated(org: Details, tmp_path: Path, transport: str) -> None:
    """By REST to the call; in bulk the looks at jobs differ. The rows are those that come, deleted ones too."""
    deployment = deployment_of(*OBJECTS, transport=transport)
    warehouse = Warehouse(tmp_path)
    said = estimate(deployment, deployment.imports[0], warehouse)
    levers(org).calls.clear()
    resource = deployment.connections[0].resource()
    now = datetime.now(UTC)
    meter = resource.meter(warehouse, "import:salesforce", None)
    rows = 0
    with resource.org(meter) as session:
        for each in deployment.streams_of(deployment.imports[0]):
            window = Window(datetime(1970, 1, 1, tzinfo=UTC), now + timedelta(days=1))
            rows += import_window(session, meter, warehouse, each.spec, window, now=now, run_id="run").rows_read
    made = len([call for call in levers(org).calls.all() if call["path"].startswith("/services/data")])
    jobs = sum(each.jobs for each in said.demands)
    assert rows == sum(each.rows or 0 for each in said.demands) > 4_000
    # Its login is shared with the estimate's, which expects jobs of some seconds; the demo org's are done at once.
    expected = [looks(job_seconds(each.rows or 0), each.rows or 0, JobPatience()) for each in said.demands if each.jobs]
    assert 0 <= said.calls - 1 - made <= sum(count - 1 for count in expected)
    assert jobs == {"rest": 0, "bulk": 3}[transport]


def test_each_group_of_columns_is_a_job(org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query of all columns that is longer than the org takes costs its calls once for each group."""
    [once] = _estimated(tmp_path, {"object": "Lead"}, transport="bulk").demands
    monkeypatch.setattr(groups, "LONGEST", 900)
    [wide] = _estimated(tmp_path, {"object": "Lead"}, transport="bulk").demands
    assert wide.column_groups > 1
    assert (wide.calls - 1, wide.jobs) == (wide.column_groups * (once.calls - 1), wide.column_groups)


def test_an_estimate_is_a_few_calls_of_its_own_job(org: Details, tmp_path: Path) -> None:
    """Limits, describes and counts; the ledger has them under sf:estimate."""
    deployment = deployment_of(*OBJECTS)
    said = estimate(deployment, deployment.imports[0], Warehouse(tmp_path))
    made = [call for call in levers(org).calls.all() if call["path"].startswith("/services/data")]
    assert len(made) == 3
    assert said.api_calls == Warehouse(tmp_path).calls().spent(JOB) <= 4


def test_a_small_maximum_takes_days_and_says_what_would_help(org: Details, tmp_path: Path) -> None:
    """Limited by its own maximum, the import names a larger one with the time that it then takes."""
    said = _estimated(tmp_path, transport="rest", max_daily_api_calls=6)
    assert said.finish.limited_by == "max_daily_api_calls"
    assert said.finish.pauses >= 1
    best = said.suggestions[0]
    assert best.change.startswith("max_daily_api_calls 6 → ")
    assert best.finish.pauses == 0
    assert best.finish.after is not None
    assert said.finish.after is not None
    assert best.finish.after < said.finish.after


@pytest.mark.parametrize("maximum", range(4, 10))
def test_two_maxima_are_named_only_where_the_greater_one_is_sooner(org: Details, tmp_path: Path, maximum: int) -> None:
    """Of two values with the same finish the smaller one is enough."""
    said = _estimated(tmp_path, transport="rest", max_daily_api_calls=maximum)
    maxima = [each for each in said.suggestions if each.change.startswith("max_daily_api_calls")]
    assert maxima
    assert len({each.finish.after for each in maxima}) == len(maxima)


def test_a_maximum_that_brings_no_page_never_ends(org: Details, tmp_path: Path) -> None:
    """Going on takes two calls a day: with three, each day brings a page. Fewer are refused."""
    deployment = deployment_of(*OBJECTS, max_daily_api_calls=3)
    assert estimate(deployment, deployment.imports[0], Warehouse(tmp_path)).finish.after is not None
    deployment.imports[0].max_daily_api_calls = 2
    assert estimate(deployment, deployment.imports[0], Warehouse(tmp_path)).finish.after is None
    with pytest.raises(ValueError, match="2 API calls a day would never bring a record"):
        deployment_of(*OBJECTS, max_daily_api_calls=2)


def test_the_orgs_own_calls_limit_too(org: Details, tmp_path: Path) -> None:
    """What others have used today is not there tomorrow either, and the reserve is left to them."""
    levers(org).limit(20)
    said = _estimated(tmp_path, transport="rest")
    [of_org] = [each for each in said.allowances if each.name == "the org's API calls"]
    assert of_org.daily == 20 - 10
    assert said.finish.limited_by == "the org's API calls"
    assert any(each.change == "org_reserve 10 → 0" for each in said.suggestions)


def test_a_user_who_may_not_know_the_limits_has_an_estimate(org: Details, tmp_path: Path) -> None:
    """Of the API calls each reply tells; that nothing is known of the others is among what is assumed."""
    refused = {"refuse": {"status": 403, "code": "INSUFFICIENT_ACCESS", "message": "insufficient access"}}
    levers(org).faults.plan({"path": "/limits$", "times": None, **refused})
    said = _estimated(tmp_path, transport="bulk")
    levers(org).faults.clear()
    assert [each.name for each in said.allowances] == ["the org's API calls"]
    assert any("bulk queries of a day" in each for each in said.assumptions)


def test_upkeep_follows_the_schedule(org: Details, tmp_path: Path) -> None:
    """Hourly is a look at each object every hour; by hand is nothing."""
    hourly, daily = _estimated(tmp_path).upkeep, _estimated(tmp_path, frequency="daily").upkeep
    assert hourly[0] == 24 + 4 * 25
    assert daily[0] == 1 + 4
    assert _estimated(tmp_path, keep_updated=False).upkeep == (0, 0)


def test_what_is_read_whole_is_read_again_each_time(org: Details, tmp_path: Path) -> None:
    """An object without a timestamp costs its pages in every run of the schedule."""
    leads = {"object": "Lead", "timestamp_field": "none"}
    deployment = deployment_of(leads, transport="rest", frequency="daily")
    said = estimate(deployment, deployment.imports[0], Warehouse(tmp_path))
    assert said.demands[0].calls == 3  # a look and two pages
    assert said.upkeep == (1 + 3, 1 + 3)


def _estimated(folder: Path, *objects: dict[str, object], **of_import: object) -> Estimate:
    deployment = deployment_of(*(objects or OBJECTS), **of_import)
    return estimate(deployment, deployment.imports[0], Warehouse(folder))
