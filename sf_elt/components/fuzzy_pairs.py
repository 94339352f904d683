"""The asset of fuzzy links, of a Profiles component that asks for them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import dagster as dg
from dagster import AutomationCondition as When
from pydantic import AfterValidator, Field

from sf_elt.components.attributes import Verbatim, attribute_error, require_known
from sf_elt.components.frequency import checked_optional_frequency, timetable
from sf_elt.components.imports.salesforce_import import what_changes
from sf_elt.components.keys import FUZZY_PAIRS
from sf_elt.components.running import Materialized, log_progress, numbers
from sf_elt.profiles import ComparedField, FuzzyLinks, FuzzyReport, check_fuzzy, find_fuzzy_pairs, splink_missing
from sf_elt.streams.views import documented_columns
from sf_elt.warehouse import Warehouse

if TYPE_CHECKING:
    from sf_elt.components.profiles import Profiles


class FuzzyField(Verbatim, ComparedField):
    """One fact that two records of one person have in common, however it is written."""


class ProfileFuzzy(Verbatim, FuzzyLinks):
    """Links between records that share no identifier and probably are one person, as Splink finds them."""

    compare: tuple[FuzzyField, ...] = Field(min_length=2, description="The facts that are compared, at least two.")
    frequency: Annotated[str | None, AfterValidator(checked_optional_frequency)] = Field(
        default="daily",
        description="How often pairs are found anew, where the streams have changed: daily (at midnight UTC), weekly, "
        "hourly, …, or a cron expression. null: when somebody asks for it.",
    )


def fuzzy_asset(
    context: dg.ComponentLoadContext, component: "Profiles", fuzzy: ProfileFuzzy, imported: Sequence[str]
) -> dg.AssetsDefinition:
    """The asset that finds the pairs. Raises ComponentAttributeError where the options do not fit, or Splink lacks."""
    _require_sound(context, component, fuzzy, imported)
    told = fuzzy.with_region(component.phone_region)
    spec = dg.AssetSpec(
        FUZZY_PAIRS,
        deps=what_changes(context, fuzzy.streams),
        description="Pairs of records that share no identifier and are probably one person.",
        group_name=component.group,
        owners=component.owners,
        kinds={"duckdb", "splink"},
        metadata={"dagster/table_name": "profiles.fuzzy_pairs", "threshold": fuzzy.threshold},
        automation_condition=_at_times(fuzzy.frequency),
    )

    # Not in the pool of writers: it writes for a moment only, after it has compared for long.
    @dg.multi_asset(
        name="find_fuzzy_pairs",
        specs=[spec],
        required_resource_keys={"warehouse"},
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def run(context: dg.AssetExecutionContext) -> Materialized:
        warehouse: Warehouse = context.resources.warehouse
        report = find_fuzzy_pairs(
            warehouse,
            component.rules(),
            told,
            component.guards,
            now=datetime.now(UTC),
            run_id=context.run.run_id,
            progress=log_progress(context),
        )
        measured = numbers(
            {
                "dagster/row_count": report.pairs,
                "above_threshold": report.above_threshold,
                "records": report.records,
                "pairs_compared": report.compared,
                "seconds": report.seconds,
            }
        )
        tables = {"learned": _learned_table(report)}
        if report.left_out:
            context.log.warning(
                "pairs that are equal in these were not compared, there are more than max_pairs allows: %s",
                ", ".join(f"{name} ({pairs:,})" for name, pairs in report.left_out.items()),
            )
            tables["left_out"] = _left_out_table(report)
        return dg.MaterializeResult(asset_key=FUZZY_PAIRS, metadata={**measured, **tables})

    return run


def _at_times(frequency: str | None) -> "When[dg.AssetKey] | None":
    """At the times of the frequency, where what is compared has changed since."""
    if frequency is None:
        return None
    times = timetable(frequency)
    handled = When.newly_requested() | When.newly_updated() | When.initial_evaluation()
    due = When.cron_tick_passed(times.cron).since(handled)
    changed = When.any_deps_updated().since(handled)
    return (due & changed & ~When.in_progress()).with_label(f"{times.words}, after new data")


def _require_sound(
    context: dg.ComponentLoadContext, component: "Profiles", fuzzy: ProfileFuzzy, imported: Sequence[str]
) -> None:
    if missing := splink_missing():
        raise attribute_error(context, ["fuzzy"], missing)
    for index, field in enumerate(fuzzy.compare):
        for stream in field.sources:
            require_known(context, ["fuzzy", "compare", index, "from"], "stream", stream, imported)
    for fault in check_fuzzy(fuzzy, component.rules(), documented_columns(), complete=False):
        raise attribute_error(context, ["fuzzy", *fault.path], fault.text)


def _learned_table(report: FuzzyReport) -> dg.TableMetadataValue:
    """What each level of agreement says, as it was learned from the records."""
    schema = dg.TableSchema(
        columns=[
            dg.TableColumn("field", "string"),
            dg.TableColumn("agreement", "string"),
            dg.TableColumn("in_matches", "float", "How often two records of one person agree like this."),
            dg.TableColumn("by_chance", "float", "How often any two records do."),
        ]
    )
    records = [
        dg.TableRecord(
            {
                "field": each.field,
                "agreement": each.level,
                "in_matches": round(each.in_matches, 6),
                "by_chance": round(each.by_chance, 6),
            }
        )
        for each in report.learned
    ]
    return dg.MetadataValue.table(records, schema)


def _left_out_table(report: FuzzyReport) -> dg.TableMetadataValue:
    """What makes too many pairs, so that those were not compared."""
    schema = dg.TableSchema(
        columns=[
            dg.TableColumn("equal", "string", "The fields in which two records are equal."),
            dg.TableColumn("pairs", "int", "How many pairs are."),
        ]
    )
    records = [dg.TableRecord({"equal": name, "pairs": pairs}) for name, pairs in report.left_out.items()]
    return dg.MetadataValue.table(records, schema)
