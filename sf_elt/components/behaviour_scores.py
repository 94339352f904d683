"""Component BehaviourScores: how much and how often people act, how steadily, with what trend, and who comes back."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import Field

from sf_elt.components.attributes import Attributes, Group, Owner, require_known
from sf_elt.components.automation import after_new_data
from sf_elt.components.imports.salesforce_import import known_streams
from sf_elt.components.keys import PROFILES, SCORES, stream_key
from sf_elt.components.pictures import pictures_of_scores
from sf_elt.components.running import POOL, Materialized, log_progress, numbers, table_columns
from sf_elt.components.scaffold import Example
from sf_elt.insight import MEANINGS, ScoreSpec, score_behaviour
from sf_elt.warehouse import Warehouse, column_types

COLUMNS = {"profile_id": "The profile.", **MEANINGS, "computed_at": "When all scores were computed, UTC."}
"""Column → what it holds."""


@dg.scaffold_with(Example)
class BehaviourScores(dg.Component, Attributes):
    """Scores of 0 to 100 for profiles with behaviour: quantity, frequency, recency, intensity, momentum, propensity,
    consistency, maturity and volatility."""

    streams: list[str] = Field(min_length=1, description="Streams of events to score.")
    session_gap_minutes: int = Field(
        default=30, gt=0, description="A pause longer than this ends a visit; the next event begins another."
    )
    horizon_days: float = Field(
        default=30, gt=0, le=3650, description="Propensity is the probability to be active again within so many days."
    )
    group: Group = Field(default="insight", description="Group of the asset in the UI.")
    owners: list[Owner] = Field(default_factory=list, description="Who to ask: email addresses, or team:NAME.")

    def score_spec(self) -> ScoreSpec:
        return ScoreSpec(
            streams=tuple(self.streams),
            session_gap=timedelta(minutes=self.session_gap_minutes),
            horizon=timedelta(days=self.horizon_days),
        )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The asset of the scores."""
        for index, stream in enumerate(self.streams):
            require_known(context, ["streams", index], "stream", stream, known_streams(context))
        spec = dg.AssetSpec(
            SCORES,
            deps=[PROFILES, *(stream_key(stream) for stream in self.streams)],
            description="Scores of 0 to 100 for each profile that has behaviour.",
            group_name=self.group,
            owners=self.owners,
            kinds={"duckdb", "sql"},
            metadata={"dagster/table_name": "insight.scores"},
            automation_condition=after_new_data(),
        )

        @dg.multi_asset(
            name="score_behaviour",
            specs=[spec],
            required_resource_keys={"warehouse"},
            backfill_policy=dg.BackfillPolicy.single_run(),
            pool=POOL,
        )
        def run(context: dg.AssetExecutionContext) -> Materialized:
            warehouse: Warehouse = context.resources.warehouse
            report = score_behaviour(
                warehouse,
                self.score_spec(),
                now=datetime.now(UTC),
                run_id=context.run.run_id,
                progress=log_progress(context),
            )
            if report.missing_streams:
                context.log.warning(f"no events belong to profiles yet: {', '.join(report.missing_streams)}")
            if report.model is None and report.profiles:
                context.log.warning("propensity is empty: too little behaviour yet to say who comes back")
            model = asdict(report.model) if report.model else {}
            measured = numbers(
                {
                    "dagster/row_count": report.profiles,
                    "events": report.events,
                    "events_left_out": report.events_left_out,
                    "seconds": report.seconds,
                    **{f"returns_{name}": value for name, value in model.items()},
                }
            )
            columns = table_columns(column_types(warehouse, "insight", "scores"), COLUMNS)
            pictures = pictures_of_scores(context, warehouse)
            return dg.MaterializeResult(
                asset_key=SCORES, metadata={**measured, **pictures, "dagster/column_schema": columns}
            )

        return dg.Definitions(assets=[run])
