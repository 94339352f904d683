"""Component Audiences: named groups of profiles, whose members enter and leave."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from sf_elt.components.attributes import Attributes, Group, Owner, Verbatim, attribute_error
from sf_elt.components.audience_tables import sample_table, sizes_table
from sf_elt.components.automation import after_new_data
from sf_elt.components.content_affinity import known_affinities
from sf_elt.components.keys import AUDIENCES, PROFILES, SCORES
from sf_elt.components.pictures import pictures_of_audiences
from sf_elt.components.profiles import known_user_types
from sf_elt.components.running import POOL, Materialized, log_progress, numbers, table_columns
from sf_elt.components.scaffold import Example
from sf_elt.insight import Audience, check_audiences, refresh_audiences, subject_types
from sf_elt.warehouse import Warehouse, column_types

COLUMNS = {
    "audience": "The audience's name.",
    "profile_id": "The member.",
    "entered_at": "UTC. Who comes back has another row.",
    "left_at": "UTC; null while the stay lasts.",
    "entered_because": "person: the profile or its scores changed, or time passed; definition: the condition is new.",
    "left_because": "person, definition, profile merged (the other one was a member already) or profile gone.",
}
"""Column → what it holds."""


class NamedAudience(Verbatim, Audience):
    """A named group of profiles: those for which the condition is true."""


@dg.scaffold_with(Example)
class Audiences(dg.Component, Attributes):
    """Audiences: every profile for which a condition is true is a member, from when it enters to when it leaves."""

    audiences: list[NamedAudience] = Field(min_length=1, description="The audiences, each with a name and a condition.")
    group: Group = Field(default="insight", description="Group of the asset in the UI.")
    owners: list[Owner] = Field(default_factory=list, description="Who to ask: email addresses, or team:NAME.")

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The asset of all audiences."""
        self._require_sound_conditions(context)
        spec = dg.AssetSpec(
            AUDIENCES,
            deps=[PROFILES, SCORES, *known_affinities(context)],
            description="\n".join(["Who is in which audience since when.", *self._lines()]),
            group_name=self.group,
            owners=self.owners,
            kinds={"duckdb", "sql"},
            metadata={"dagster/table_name": "insight.audience_members"},
            automation_condition=after_new_data(),
        )

        @dg.multi_asset(
            name="refresh_audiences",
            specs=[spec],
            required_resource_keys={"warehouse"},
            backfill_policy=dg.BackfillPolicy.single_run(),
            pool=POOL,
        )
        def run(context: dg.AssetExecutionContext) -> Materialized:
            return dg.MaterializeResult(asset_key=AUDIENCES, metadata=self._refresh(context))

        return dg.Definitions(assets=[run])

    def _refresh(self, context: dg.AssetExecutionContext) -> dict[str, dg.MetadataValue | dg.TableSchema]:
        """Evaluates the audiences; gives the numbers that plot, by audience, and the tables."""
        warehouse: Warehouse = context.resources.warehouse
        report = refresh_audiences(
            warehouse, self.audiences, now=datetime.now(UTC), run_id=context.run.run_id, progress=log_progress(context)
        )
        for name, notes in report.notes.items():
            context.log.warning(f"audience {name}: {'; '.join(notes)}")
        each = {
            f"{audience.audience}: {what}": number
            for audience in report.audiences
            for what, number in (("members", audience.members), ("entered", audience.entered), ("left", audience.left))
        }
        members = sum(audience.members for audience in report.audiences)
        columns = table_columns(column_types(warehouse, "insight", "audience_members"), COLUMNS)
        return {
            **numbers({"dagster/row_count": members, **each, "seconds": report.seconds}),
            "dagster/column_schema": columns,
            "sizes": sizes_table(report),
            "sample": sample_table(report),
            **pictures_of_audiences(context, warehouse, [each.audience for each in report.audiences]),
        }

    def _lines(self) -> list[str]:
        return [f"- **{audience.name}**: {audience.description}" for audience in self.audiences]

    def _require_sound_conditions(self, context: dg.ComponentLoadContext) -> None:
        for fault in check_audiences(self.audiences, subject_types(known_user_types(context))):
            raise attribute_error(context, ["audiences", fault.index, fault.attribute], fault.says)


def known_audiences(tree: dg.ComponentTree) -> list[Audience]:
    """The audiences that the project defines."""
    return [audience for component in tree.get_all_components(Audiences) for audience in component.audiences]
