"""Component Report: a page for people of what the warehouse says of audiences, scores, topics, profiles and exports."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
from pydantic import Field, field_validator

from sf_elt.components.attributes import Attributes, Group, Owner
from sf_elt.components.automation import after_any_news
from sf_elt.components.content_affinity import known_affinities
from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.frequency import checked_time_zone
from sf_elt.components.keys import AUDIENCES, REPORT, SCORES, export_key
from sf_elt.components.running import POOL, Materialized, numbers
from sf_elt.components.scaffold import Example
from sf_elt.report import TITLE, needs_attention, read_report, render, report_file, write_page
from sf_elt.warehouse import Warehouse


@dg.scaffold_with(Example)
class Report(dg.Component, Attributes):
    """One HTML file that a marketer can read: audiences, scores, topics, profile health, write-backs. Counts only."""

    title: str = Field(default=TITLE, min_length=1, description="The page's heading.")
    file: str = Field(
        default="", description="The file that is written. Default: report.html beside the warehouse's folder."
    )
    time_zone: str = Field(default="UTC", description="In which the page gives times: Europe/Berlin, ….")
    group: Group = Field(default="insight", description="Group of the asset in the UI.")
    owners: list[Owner] = Field(default_factory=list, description="Who to ask: email addresses, or team:NAME.")

    _check_time_zone = field_validator("time_zone")(checked_time_zone)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The asset of the page."""
        exports = [export_key(each.name) for each in context.component_tree.get_all_components(SalesforceExport)]
        spec = dg.AssetSpec(
            REPORT,
            deps=[SCORES, *known_affinities(context), AUDIENCES, *exports],
            description="A page for people: what needs attention, audiences, scores, topics, profiles, write-backs.",
            group_name=self.group,
            owners=self.owners,
            kinds={"html"},
            automation_condition=after_any_news(),
        )

        @dg.multi_asset(
            name="write_report",
            specs=[spec],
            required_resource_keys={"warehouse"},
            backfill_policy=dg.BackfillPolicy.single_run(),
            pool=POOL,
        )
        def run(context: dg.AssetExecutionContext) -> Materialized:
            return self.write(context)

        return dg.Definitions(assets=[run])

    def write(self, context: dg.AssetExecutionContext) -> Materialized:
        """Reads what stands now and writes the page."""
        warehouse: Warehouse = context.resources.warehouse
        file = Path(self.file) if self.file else report_file(warehouse)
        report = read_report(warehouse, datetime.now(ZoneInfo(self.time_zone)))
        page = render(report, title=self.title)
        write_page(page, file)
        attention = needs_attention(report)
        for each in attention:
            context.log.warning(f"{each.title}. {each.says} {each.do}")
        measured = numbers(
            {
                "profiles": report.people.profiles if report.people else 0,
                "audiences": len(report.audiences),
                "needs_attention": len(attention),
                "bytes": len(page.encode()),
            }
        )
        return dg.MaterializeResult(
            asset_key=REPORT, metadata={"file": dg.MetadataValue.path(file.absolute()), **measured}
        )
