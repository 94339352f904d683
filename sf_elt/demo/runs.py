"""Running the deployment's assets through Dagster, as the schedule would, and reading what the runs say of it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg
import requests

from sf_elt.components.imports.salesforce_import import SalesforceImport
from sf_elt.components.resources import open_warehouse
from sf_elt.components.running import watched_by
from sf_elt.demo.errors import DemoError
from sf_elt.demo.moved import AudienceMove, Sent, audience_moves, ids_moved, scores_standing, sent_by
from sf_elt.streams.progress import Progress
from sf_elt.writeback.spec import spender

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Nothing of Dagster's on the console: the runs and their logs are in the web UI."""

STREAMS, WRITEBACK = "streams/", "writeback/"


@dataclass
class Pass:
    """What one pass over all assets did: asset → its numbers, what moved, and calls by our count and by the org's."""

    started_at: datetime
    numbers: dict[str, dict[str, int | float]] = field(default_factory=dict)
    run_ids: list[str] = field(default_factory=list)
    moved_ids: dict[str, set[str]] = field(default_factory=dict)
    """Stream → Ids of the rows that the pass put there; rows that it only read again are not among them."""
    audience_moves: list[AudienceMove] = field(default_factory=list)
    scores_moved: set[str] = field(default_factory=set)
    """Profiles whose scores, or topics of most interest, are not what they were before the pass."""
    sent: list[Sent] = field(default_factory=list)
    our_calls: int = 0
    org_calls: int = 0
    seconds: float = 0.0

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.seconds)

    def add(self, asset: str, numbers: Mapping[str, int | float]) -> None:
        """Takes the numbers of one run; around midnight a stream is read by two, whose rows add up."""
        known = self.numbers.setdefault(asset, {})
        for name, number in numbers.items():
            known[name] = known.get(name, 0) + number if name.startswith("rows_") else number

    def of(self, asset: str, name: str) -> int:
        """One number of one asset; 0 where it has none."""
        return int(self.numbers.get(asset, {}).get(name, 0))

    def total(self, prefix: str, name: str) -> int:
        """The sum of one number over the assets whose key begins with `prefix`."""
        return int(sum(numbers.get(name, 0) for key, numbers in self.numbers.items() if key.startswith(prefix)))

    @property
    def rows_in(self) -> int:
        """Rows read, events among them."""
        return self.total(STREAMS, "rows_read") + self.of("streams/web_events", "rows_new")

    @property
    def moved(self) -> int:
        """Rows that were new or different."""
        return self.total(STREAMS, "rows_new") + self.total(STREAMS, "rows_changed")

    @property
    def profiles(self) -> int:
        return self.of("profiles/profiles", "dagster/row_count")


@dataclass(frozen=True)
class Deployment:
    """The project's definitions, ready to run with an instance of Dagster that remembers its runs."""

    definitions: dg.Definitions
    imports: Sequence[SalesforceImport]
    instance: dg.DagsterInstance
    org_url: str

    def run_all(self, progress: Progress) -> Pass:
        """Reads what is to be read now, then builds what depends on it. Raises DemoError where a step fails."""
        done, started = Pass(datetime.now(UTC)), time.monotonic()
        warehouse = open_warehouse()
        ours, orgs, scores = self._our_calls(), self._org_calls(), scores_standing(warehouse)
        imported: set[dg.AssetKey] = set()
        for component in self.imports:
            imported.update(component.keys())
            for request in component.requests(component.keys(), datetime.now(UTC)):
                keys = request.asset_selection or []
                self._materialize(dg.AssetSelection.assets(*keys), request.tags, done, progress)
        self._materialize(dg.AssetSelection.all() - dg.AssetSelection.assets(*imported), {}, done, progress)
        done.seconds = time.monotonic() - started
        done.our_calls, done.org_calls = self._our_calls() - ours, self._org_calls() - orgs
        done.sent = sent_by(warehouse, done.run_ids)
        done.audience_moves = audience_moves(warehouse, done.started_at)
        done.scores_moved = {profile for profile, _ in scores_standing(warehouse).items() ^ scores.items()}
        done.moved_ids = {
            each.stream: ids_moved(warehouse, each.stream, done.started_at)
            for component in self.imports
            for each in component.imported
        }
        return done

    def _materialize(
        self, selection: dg.AssetSelection, tags: Mapping[str, str], done: Pass, progress: Progress
    ) -> None:
        with watched_by(progress):
            result = dg.materialize(
                list(self.definitions.resolve_asset_graph().assets_defs),
                selection=selection,
                instance=self.instance,
                tags=tags,
                run_config=QUIET,
                raise_on_error=False,
            )
        done.run_ids.append(result.run_id)
        if not result.success:
            raise DemoError(f"run {result.run_id} failed. {' '.join(_failures(result))}")
        for key, numbers in _numbers(result):
            done.add(key, numbers)

    def _our_calls(self) -> int:
        """Calls in our own ledger, of all imports and exports."""
        ledger = open_warehouse().calls()
        exports = [key.path[-1] for key in self.definitions.resolve_asset_graph().get_all_asset_keys()]
        jobs = [component.spender for component in self.imports] + [spender(name) for name in exports]
        return sum(ledger.spent(job) for job in jobs)

    def _org_calls(self) -> int:
        """Calls in the org's own record."""
        try:
            reply = requests.get(f"{self.org_url}/demo/calls", timeout=30)
            reply.raise_for_status()
        except requests.RequestException as error:
            raise DemoError(f"the demo org does not answer any more. {error}") from error
        return int(reply.json()["total"])


@contextmanager
def deployed(org_url: str) -> Iterator[Deployment]:
    """The deployment as Dagster loads it, with the instance that DAGSTER_HOME names."""
    from sf_elt.definitions import defs

    definitions = defs()
    tree = definitions.component_tree
    if tree is None:
        raise DemoError("the definitions were not loaded from the defs folder")
    with dg.DagsterInstance.get() as instance:
        yield Deployment(definitions, tree.get_all_components(SalesforceImport), instance, org_url)


def _numbers(result: dg.ExecuteInProcessResult) -> Iterator[tuple[str, dict[str, int | float]]]:
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        values = {name: value.value for name, value in materialization.metadata.items()}
        numbers = {name: value for name, value in values.items() if isinstance(value, (int, float))}
        yield materialization.asset_key.to_user_string(), numbers


def _failures(result: dg.ExecuteInProcessResult) -> list[str]:
    failures = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause if error is not None and error.cause is not None else error
            failures.append(f"{event.step_key}: {cause.message.strip() if cause is not None else event.message}")
    return failures or ["No step says why."]
