"""Upkeep of streams as Dagster runs it: formulas refreshed, Ids compared, and what follows from that."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest
from simple_salesforce import Salesforce

from sf_elt.components.keys import PROFILES, upkeep_key
from sf_elt.components.resources import WarehouseResource
from sf_elt.demo_org.serve import Details
from sf_elt_tests.components.conftest import CONTACTS, ROOT, Deployed
from sf_elt_tests.components.pauses import pause_of
from sf_elt_tests.orgs import levers

FORMULAS, RECONCILED = upkeep_key("salesforce_contacts", "formulas"), upkeep_key("salesforce_contacts", "reconciled")
BOTH = dg.AssetSelection.assets(FORMULAS, RECONCILED)
PYPROJECT = '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "kept"\n'
ASKED = "frequency: hourly\n  formula_refresh: daily\n  reconcile: weekly\n  #"


@pytest.fixture(scope="module")
def loaded(first_day: date, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.Definitions]:
    """The project up to its profiles, whose import asks for both kinds of upkeep."""
    folder = tmp_path_factory.mktemp("upkeep")
    defs = folder / "kept" / "defs"
    for name in ("connection", "imports", "events", "profiles"):
        shutil.copytree(ROOT / "sf_elt" / "defs" / name, defs / name)
    (folder / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    for each in (defs.parent, defs):
        (each / "__init__.py").touch()
    file = defs / "imports" / "defs.yaml"
    file.write_text(file.read_text("utf-8").replace("frequency: hourly", ASKED, 1), "utf-8")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("SF_ELT_START", first_day.isoformat())
        monkeypatch.syspath_prepend(str(folder))
        loaded = dg.load_from_defs_folder(path_within_project=defs.parent)
        yield dg.Definitions.merge(loaded, dg.Definitions(resources={"warehouse": WarehouseResource()}))


@pytest.fixture
def kept(deployed: Deployed) -> Deployed:
    """A deployment of these definitions."""
    return deployed


def change_the_org(sf: Salesforce) -> str:
    """Gives the account of a contact another rating, and deletes a contact of no account for good; gives its Id."""
    of_account = "SELECT AccountId, Account.Rating FROM Contact WHERE AccountId != null ORDER BY Id LIMIT 1"
    [contact] = sf.query(of_account)["records"]
    rating = "Cold" if contact["Account"]["Rating"] == "Hot" else "Hot"
    sf.Account.update(contact["AccountId"], {"Rating": rating})
    [gone] = sf.query("SELECT Id FROM Contact ORDER BY Id DESC LIMIT 1")["records"]
    sf.Contact.delete(gone["Id"])
    reply = sf.session.delete(f"http://{sf.sf_instance}/demo/recycle-bin", params={"older_than_days": "0"})
    assert reply.json()["purged"] > 0
    return str(gone["Id"])


def observed(deployed: Deployed, key: dg.AssetKey) -> list[dict[str, object]]:
    """The metadata of the asset's observations, newest first."""
    records = deployed.instance.fetch_observations(key, limit=10).records
    return [
        {name: value.value for name, value in record.asset_observation.metadata.items()}
        for record in records
        if record.asset_observation is not None
    ]


def test_each_kind_has_a_job_a_schedule_and_a_sensor(kept: Deployed) -> None:
    """In the pool of writers, on the import's time zone, resumed after a pause; profiles depend on what it changes."""
    repository = kept.definitions.get_repository_def()
    crons = {each.name: each.cron_schedule for each in repository.schedule_defs}
    assert crons["salesforce_refresh_formulas_schedule"] == "0 0 * * *"
    assert crons["salesforce_reconcile_schedule"] == "0 0 * * 1"
    sensors = {each.name for each in repository.sensor_defs}
    assert {"salesforce_refresh_formulas_resume", "salesforce_reconcile_resume"} <= sensors
    job = kept.definitions.resolve_job_def("salesforce_reconcile")
    assert {node.definition.pool for node in job.nodes} == {"duckdb"}
    graph = kept.definitions.resolve_asset_graph()
    assert {FORMULAS, RECONCILED, CONTACTS} <= graph.get(PROFILES).parent_keys


@pytest.mark.soak
def test_upkeep_changes_the_stream_and_says_so(kept: Deployed, sf: Salesforce) -> None:
    """Rows refreshed, rows vanished, calls: on the upkeep's own asset and on the stream. Profiles follow, once."""
    kept.materialize(dg.AssetSelection.assets(CONTACTS), kept.range_tags())
    kept.materialize(BOTH)  # nothing to do; the first data version of an asset counts as new
    assert kept.metadata(RECONCILED)["rows_vanished"] == kept.metadata(FORMULAS)["rows_refreshed"] == 0
    kept.instance.report_runless_asset_event(dg.AssetMaterialization(PROFILES))
    ticks = Ticks(kept)
    ticks.tick()
    gone = change_the_org(sf)
    assert kept.materialize(BOTH).success
    assert ticks.tick() == {PROFILES}
    said, refreshed = kept.metadata(RECONCILED), kept.metadata(FORMULAS)
    assert (said["rows_vanished"], said["rows_missed"]) == (1, 0)
    assert refreshed["rows_refreshed"] > 0
    with kept.warehouse.read() as connection:
        rows = connection.execute(
            'SELECT _deleted_at IS NOT NULL FROM streams.salesforce_contacts WHERE "Id" = ?', [gone]
        ).fetchall()
        spent = connection.execute("SELECT DISTINCT job FROM ops.api_calls").fetchall()
    assert (rows, spent) == ([(True,)], [("import:salesforce",)])
    assert {"rows_vanished", "rows_refreshed"} <= {name for each in observed(kept, CONTACTS) for name in each}
    kept.instance.report_runless_asset_event(dg.AssetMaterialization(PROFILES))
    assert kept.materialize(BOTH).success
    assert ticks.tick() == set()


def test_out_of_calls_it_pauses_and_goes_on(kept: Deployed, org: Details) -> None:
    """Nothing fails and nothing is materialized; the asset says until when, and the next run ends the pause."""
    kept.materialize(dg.AssetSelection.assets(CONTACTS), kept.range_tags())
    levers(org).limit(1)
    result = kept.materialize(BOTH)
    assert result.success
    assert not result.get_asset_materialization_events()
    paused = pause_of(kept.instance, RECONCILED)
    assert paused is not None
    assert paused > datetime.now(UTC)


def test_many_that_vanish_fail_the_run_until_somebody_accepts_it(kept: Deployed, sf: Salesforce) -> None:
    """The run says what to do; `accept_many` in its configuration does it."""
    kept.materialize(dg.AssetSelection.assets(CONTACTS), kept.range_tags())
    with kept.warehouse.write() as connection:  # rows of records that the org has never had
        connection.executemany(
            'INSERT INTO streams.salesforce_contacts BY NAME SELECT * REPLACE ("Id" || ? AS "Id")'
            ' FROM streams.salesforce_contacts WHERE _deleted_at IS NULL AND len("Id") = 18',
            [[number] for number in "12345678"],
        )
    only = dg.AssetSelection.assets(RECONCILED)
    failed = kept.materialize(only)
    assert not failed.success
    config = {"ops": {"upkeep_salesforce_contacts_reconciled": {"config": {"accept_many": True}}}}
    assert kept.materialize(only, config=config).success
    assert kept.metadata(RECONCILED)["rows_vanished"] > 100


class Ticks:
    """The automation sensor's ticks, one after the other."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed
        self.cursor: object = None
        self.now = datetime.now(UTC)

    def tick(self) -> set[dg.AssetKey]:
        """What this tick would run."""
        self.now += timedelta(minutes=1)
        done = dg.evaluate_automation_conditions(
            self.deployed.definitions, self.deployed.instance, cursor=self.cursor, evaluation_time=self.now
        )
        self.cursor = done.cursor
        return {key for key in (PROFILES,) if done.get_num_requested(key)}
