"""Component SalesforceExport: audiences, scores, topics and user fields, written into records of an org."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from sf_elt.components.attributes import Group, Owner, require_known
from sf_elt.components.audiences import Audiences
from sf_elt.components.automation import after_checked_data, keep_updated, resume_when_free
from sf_elt.components.content_affinity import known_affinities
from sf_elt.components.exports.checks import APPROVED, EVERY_OUTCOME, FIELDS_FIT, check_specs, passed, rests, waits
from sf_elt.components.exports.matchable import require_matchable
from sf_elt.components.exports.preview import FULL_VALUES, changes_table
from sf_elt.components.exports.timing import DOES, RunsAtTimes
from sf_elt.components.exports.told import columns_of, metadata_of, what_to_do
from sf_elt.components.imports.salesforce_import import known_streams
from sf_elt.components.keys import AUDIENCES, PROFILES, SCORES, export_key, stream_key
from sf_elt.components.markdown import as_text
from sf_elt.components.pictures import pictures_of_export
from sf_elt.components.profiles import known_user_fields
from sf_elt.components.resources import OrgConnection
from sf_elt.components.running import POOL, Materialized, holds_so_far, log_progress, note_pause, numbers
from sf_elt.components.salesforce_connection import require_connection
from sf_elt.components.scaffold import ExportExample
from sf_elt.components.writes_to_org import WritesToOrg
from sf_elt.counting import count
from sf_elt.insight.subjects import BESIDE_FIELDS, OF_EVERY_PROFILE
from sf_elt.salesforce import AllowanceSpent, Org, UnknownObject
from sf_elt.warehouse import JobMeter, Warehouse
from sf_elt.writeback import (
    ExportMisconfigured,
    ExportReport,
    NotApproved,
    NothingToUndo,
    Plan,
    plan_export,
    plan_undo,
    run_export,
    run_undo,
)
from sf_elt.writeback.field_sources import named_in
from sf_elt.writeback.spec import spender

DRY_RUN = "dry run: nothing was sent"
LAST = "last"


class ExportConfig(dg.Config):
    """What a single run of an export may be told in the Launchpad."""

    dry_run: bool = Field(default=False, description="Find out what would be sent, and send nothing.")
    approve: str = Field(default="", description="Id of a plan that waits for approval: its very records are sent.")
    replan: bool = Field(default=False, description="Plan anew in place of a plan that waits for approval.")
    undo_run: str = Field(
        default="",
        description="Take back what this run of the export wrote: its run id, or `last`. With dry_run only "
        "find out how.",
    )


@dg.scaffold_with(ExportExample)
class SalesforceExport(WritesToOrg, RunsAtTimes):
    """Writes audiences, scores and user fields into the records that profiles were made from; only what changed."""

    label: str = Field(default="", description="What people call this export.")
    description: str = Field(default="", description="What it writes, for whom, and who agreed to it.")
    keep_updated: bool = Field(
        default=False, description="Whether it runs by itself after new data whose blocking checks have passed."
    )
    group: Group = Field(default="writeback", description="Group of the asset in the UI.")
    owners: list[Owner] = Field(default_factory=list, description="Who to ask: email addresses, or team:NAME.")

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The asset of the export, its job, and the sensor that resumes after a pause."""
        self._require_names(context)
        key = export_key(self.name)
        job = dg.define_asset_job(f"{self.name}_export", selection=dg.AssetSelection.assets(key))
        sensor = resume_when_free(f"{self.name}_export_resume", [key], job, _one_run)
        of_profiles = [PROFILES, SCORES, *known_affinities(context), AUDIENCES]
        deps = [stream_key(self.events), PROFILES] if self.events else of_profiles
        times = self.timetable(context)
        schedules = []
        if times is not None and self.enabled:
            title = self.label or f"Export {self.name}"
            name = f"{self.name}_export_schedule"
            schedules = [keep_updated(name, title, times, [key], job, _one_run, does=DOES)]
        return dg.Definitions(assets=[self._asset(key, deps)], jobs=[job], sensors=[sensor], schedules=schedules)

    @property
    def spender(self) -> str:
        """Under this name its calls are counted."""
        return spender(self.name)

    def _asset(self, key: dg.AssetKey, deps: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
        spec = dg.AssetSpec(
            key,
            deps=deps,
            description=self.description or self.label or f"{self.object} records of the org, brought up to date.",
            group_name=self.group,
            owners=self.owners,
            kinds={"salesforce", "duckdb"},
            tags={"connection": self.connection, "export": self.name},
            metadata={"object": self.object, "dagster/column_schema": columns_of(self)},
            automation_condition=after_checked_data() if self.keep_updated else None,
            skippable=True,
        )

        @dg.multi_asset(
            name=f"export_{self.name}",
            specs=[spec],
            check_specs=check_specs(key),
            required_resource_keys={"warehouse", self.connection},
            backfill_policy=dg.BackfillPolicy.single_run(),
            pool=POOL,
        )
        def run(
            context: dg.AssetExecutionContext, config: ExportConfig
        ) -> Iterator[Materialized | dg.AssetCheckResult]:
            yield from self.preview(context, key, config) if config.dry_run else self.send(context, key, config)

        return run

    def send(
        self, context: dg.AssetExecutionContext, key: dg.AssetKey, config: ExportConfig
    ) -> Iterator[Materialized | dg.AssetCheckResult]:
        """Plans and sends; out of API calls, or where a plan needs approval, it says so and leaves the rest for later.

        Where the org lacks what the export writes, this export rests: its run goes well, its check does not.
        """
        if not self.enabled and not config.undo_run:
            yield from self._switched_off(context, key)
            return
        warehouse: Warehouse = context.resources.warehouse
        connection: OrgConnection = getattr(context.resources, self.connection)
        meter = self._meter(warehouse, connection)
        try:
            with connection.org(meter) as org:
                report = self._run(org, warehouse, context, config)
        except AllowanceSpent as spent:  # before there was a session
            report = ExportReport(self.name, plan_id=None, paused_until=spent.until, paused_because=str(spent))
        except (ExportMisconfigured, UnknownObject) as error:
            yield from rests(context, key, what_to_do(self, self.connection, str(error)))
            return
        except (NotApproved, NothingToUndo) as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        if report.awaits is not None:
            yield from waits(context, key, report.awaits)
            return
        if report.paused_until is not None:
            reason = f"{report.paused_because}; records that wait: {report.waiting:,}; written: {report.succeeded:,}"
            note_pause(context, key, report.paused_until, reason)
            yield holds_so_far(key, EVERY_OUTCOME, f"what was sent has one; {reason}")
            yield from passed(key, APPROVED, FIELDS_FIT)
            return
        if report.failed:
            context.log.warning(
                f"the org refused {count(report.failed, 'record')}; writeback.sync_log has its words for each"
            )
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={**metadata_of(report, meter.left), **pictures_of_export(context, warehouse, self.name)},
            check_results=[
                dg.AssetCheckResult(
                    asset_key=key,
                    check_name=EVERY_OUTCOME,
                    passed=report.waiting == 0,
                    metadata={"records_without_outcome": report.waiting},
                ),
                *passed(key, APPROVED, FIELDS_FIT),
            ],
        )

    def _run(
        self, org: Org, warehouse: Warehouse, context: dg.AssetExecutionContext, config: ExportConfig
    ) -> ExportReport:
        now, run_id, progress = datetime.now(UTC), context.run.run_id, log_progress(context)
        if config.undo_run:
            undoes = "" if config.undo_run == LAST else config.undo_run
            return run_undo(org, warehouse, self, now=now, run_id=run_id, undoes=undoes, progress=progress)
        return run_export(
            org, warehouse, self, now=now, run_id=run_id, progress=progress, approve=config.approve,
            replan=config.replan,
        )  # fmt: skip

    def _switched_off(self, context: dg.AssetExecutionContext, key: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
        said = f"the export {self.name} is switched off (enabled: false): nothing was planned, nothing was sent"
        context.log.warning(said)
        context.log_event(dg.AssetObservation(asset_key=key, description=said))
        yield from passed(key, EVERY_OUTCOME, APPROVED, FIELDS_FIT, because=said)

    def preview(
        self, context: dg.AssetExecutionContext, key: dg.AssetKey, config: ExportConfig
    ) -> Iterator[dg.AssetCheckResult]:
        """Finds out what would be sent. Counts and the first records stand on the asset as an observation."""
        if not self.enabled and not config.undo_run:
            yield from self._switched_off(context, key)
            return
        warehouse: Warehouse = context.resources.warehouse
        connection: OrgConnection = getattr(context.resources, self.connection)
        try:
            with connection.org(self._meter(warehouse, connection)) as org:
                plan = self._planned(org, warehouse, context, config)
        except AllowanceSpent as spent:  # nobody waits for a dry run: it does not go on by itself
            said = f"dry run: no API calls left, nothing is known. {spent}"
            context.log.warning(said)
            context.log_event(dg.AssetObservation(asset_key=key, description=as_text(said)))
            yield from passed(key, EVERY_OUTCOME, APPROVED, FIELDS_FIT, because=DRY_RUN)
            return
        except (ExportMisconfigured, UnknownObject) as error:
            reason = what_to_do(self, self.connection, str(error))
            yield dg.AssetCheckResult(asset_key=key, check_name=FIELDS_FIT, passed=False, description=as_text(reason))
            yield from passed(key, EVERY_OUTCOME, APPROVED, because=DRY_RUN)
            return
        except NothingToUndo as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        measured = numbers(
            {
                "would_write": plan.rows_planned,
                **{f"would_{operation}": number for operation, number in plan.rows_by_operation.items()},
                "unchanged": plan.rows_unchanged,
                "set_aside": plan.rows_set_aside,
                "set_aside_because": ", ".join(f"{each.code} {each.records:,}" for each in plan.set_aside) or None,
                "without_record": plan.rows_without_record,
                "looked_at": plan.looked_at,
                "held_already": plan.held_already,
                "would_wait_for_approval": plan.held_because or None,
                "api_calls": plan.api_calls,
                "full_values": FULL_VALUES,
            }
        )
        changes = changes_table(plan.sample, self)
        context.log_event(
            dg.AssetObservation(
                asset_key=key,
                description=DRY_RUN,
                metadata={**measured, "first_changes": changes},
            )
        )
        yield from passed(key, EVERY_OUTCOME, APPROVED, FIELDS_FIT, because=DRY_RUN)

    def _planned(self, org: Org, warehouse: Warehouse, context: dg.AssetExecutionContext, config: ExportConfig) -> Plan:
        now, run_id = datetime.now(UTC), context.run.run_id
        if config.undo_run:
            undoes = "" if config.undo_run == LAST else config.undo_run
            return plan_undo(org, warehouse, self, now=now, run_id=run_id, undoes=undoes, dry_run=True).as_one
        return plan_export(org, warehouse, self, now=now, run_id=run_id, dry_run=True)

    def _meter(self, warehouse: Warehouse, connection: OrgConnection) -> JobMeter:
        return connection.meter(warehouse, self.spender, self.max_daily_api_calls, org_reserve=self.org_reserve)

    def _require_names(self, context: dg.ComponentLoadContext) -> None:
        require_connection(context, self.connection)
        require_matchable(context, self, self.connection)
        streams = known_streams(context)
        if streams and (self.stream or self.match):
            require_known(context, ["stream"], "stream", self.records_stream, streams)
        if streams and self.events:
            require_known(context, ["events"], "stream", self.events, streams)
        audiences = [
            each.name for all_ in context.component_tree.get_all_components(Audiences) for each in all_.audiences
        ]
        for index, audience in enumerate(self.audiences):
            require_known(context, ["audiences", index], "audience", audience, audiences)
        user_fields = list(known_user_fields(context))
        if self.events:
            return  # the columns of a stream are known once it is imported
        if self.match:
            require_known(context, ["match"], "user field", self.match, user_fields)
        known = [*user_fields, *BESIDE_FIELDS, *OF_EVERY_PROFILE]
        for attribute in ("matchers", "fields", "fields_on_create", "fields_on_leave"):
            for field, source in getattr(self, attribute).items():
                for name in named_in(source):
                    require_known(context, [attribute, field], "user field", name, known)
        for index, name in enumerate(self.trigger_fields):
            require_known(context, ["trigger_fields", index], "user field", name, known)


def _one_run(_keys: Sequence[dg.AssetKey], _now: datetime) -> list[dg.RunRequest]:
    return [dg.RunRequest()]
