"""Component ContentAffinity: which topics each person is interested in, from the pages that the person visited."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from sf_elt.components.attributes import Attributes, Group, Owner, require_known
from sf_elt.components.automation import after_new_data
from sf_elt.components.imports.salesforce_import import known_streams
from sf_elt.components.keys import AFFINITIES, PROFILES, stream_key
from sf_elt.components.pictures import pictures_of_affinities
from sf_elt.components.running import POOL, Materialized, log_progress, numbers, table_columns
from sf_elt.components.scaffold import Example
from sf_elt.insight import AffinitiesReport, AffinitySpec, compute_affinities
from sf_elt.warehouse import Warehouse, column_types

FEW_ENOUGH_TOPICS = "few_enough_topics"

COLUMNS = {
    "profile_id": "The profile.",
    "topic": "The topic, as most visits spell it.",
    "affinity": "How much the profile is interested in it, 0 to 1.",
    "visits": "How often the profile has visited a page about it.",
    "last_visit_at": "When it last did, UTC.",
    "computed_at": "When all affinities were computed, UTC.",
}
"""Column → what it holds."""


@dg.scaffold_with(Example)
class ContentAffinity(dg.Component, Attributes):
    """Interest of 0 to 1 of each profile in each topic that it read about; nothing is said of the other topics."""

    streams: list[str] = Field(min_length=1, description="Streams of events whose `topics` say what was read about.")
    half_life_days: float = Field(
        default=90, ge=1, le=3650, description="Days after which a visit counts half as much as a visit of today."
    )
    minimum_visits: int = Field(
        default=1, ge=1, description="Visits of a topic that a profile needs to have an affinity to it."
    )
    most_topics: int = Field(
        default=500, ge=1, description="With more topics than this a check warns and names the least visited."
    )
    group: Group = Field(default="insight", description="Group of the asset in the UI.")
    owners: list[Owner] = Field(default_factory=list, description="Who to ask: email addresses, or team:NAME.")

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The asset of the affinities."""
        for index, stream in enumerate(self.streams):
            require_known(context, ["streams", index], "stream", stream, known_streams(context))
        spec = dg.AssetSpec(
            AFFINITIES,
            deps=[PROFILES, *(stream_key(stream) for stream in self.streams)],
            description="Interest of 0 to 1 of each profile in each topic that it read about.",
            group_name=self.group,
            owners=self.owners,
            kinds={"duckdb", "sql"},
            metadata={"dagster/table_name": "insight.affinities"},
            automation_condition=after_new_data(),
        )

        @dg.multi_asset(
            name="compute_affinities",
            specs=[spec],
            check_specs=[
                dg.AssetCheckSpec(
                    FEW_ENOUGH_TOPICS,
                    asset=AFFINITIES,
                    description=f"There are at most {self.most_topics:,} topics. More are likely to be keywords or "
                    "titles: nothing is left out, but each says little.",
                )
            ],
            required_resource_keys={"warehouse"},
            backfill_policy=dg.BackfillPolicy.single_run(),
            pool=POOL,
        )
        def run(context: dg.AssetExecutionContext) -> Materialized:
            return self.compute(context)

        return dg.Definitions(assets=[run])

    def compute(self, context: dg.AssetExecutionContext) -> Materialized:
        """Computes the affinities from the visits of profiles as they are now."""
        warehouse: Warehouse = context.resources.warehouse
        report = compute_affinities(
            warehouse,
            AffinitySpec(
                streams=tuple(self.streams),
                half_life_days=self.half_life_days,
                minimum_visits=self.minimum_visits,
                most_topics=self.most_topics,
            ),
            now=datetime.now(UTC),
            run_id=context.run.run_id,
            progress=log_progress(context),
        )
        for fault in self._faults(report):
            context.log.warning(fault)
        measured = numbers(
            {
                "dagster/row_count": report.affinities,
                "profiles": report.profiles,
                "topics": report.topics,
                "visits": report.visits,
                "malformed_topics": report.malformed,
                "seconds": report.seconds,
            }
        )
        columns = table_columns(column_types(warehouse, "insight", "affinities"), COLUMNS)
        return dg.MaterializeResult(
            asset_key=AFFINITIES,
            metadata={**measured, **pictures_of_affinities(context, warehouse), "dagster/column_schema": columns},
            check_results=[self._check(report)],
        )

    def _faults(self, report: AffinitiesReport) -> list[str]:
        faults = []
        if report.missing_streams:
            faults.append(f"no events belong to profiles yet: {', '.join(report.missing_streams)}")
        if report.streams_without_topics:
            faults.append(f"events without a list `topics`: {', '.join(report.streams_without_topics)}")
        if report.malformed:
            faults.append(f"{report.malformed:,} topics of visits are blank, JSON or longer than a topic: left out")
        if report.least_visited:
            least = ", ".join(f"{each.topic} ({each.visits:,})" for each in report.least_visited)
            faults.append(f"{report.topics:,} topics are more than {self.most_topics:,}; least visited: {least}")
        return faults

    def _check(self, report: AffinitiesReport) -> dg.AssetCheckResult:
        least = [dg.TableRecord({"topic": each.topic, "visits": each.visits}) for each in report.least_visited]
        return dg.AssetCheckResult(
            asset_key=AFFINITIES,
            check_name=FEW_ENOUGH_TOPICS,
            passed=report.topics <= self.most_topics,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                "topics": report.topics,
                "most_topics": self.most_topics,
                **({"least_visited": dg.MetadataValue.table(least)} if least else {}),
            },
        )


def known_affinities(context: dg.ComponentLoadContext) -> list[dg.AssetKey]:
    """The asset of the affinities, where the project computes any."""
    return [AFFINITIES] if context.component_tree.get_all_components(ContentAffinity) else []
