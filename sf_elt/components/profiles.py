"""Component Profiles: one row a person, unified from the streams."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from sf_elt.components.attributes import (
    Attributes,
    ComponentAttributeError,
    Group,
    Owner,
    Verbatim,
    attribute_error,
    require_known,
)
from sf_elt.components.automation import after_new_data
from sf_elt.components.fuzzy_pairs import ProfileFuzzy, fuzzy_asset
from sf_elt.components.imports.salesforce_import import known_streams, what_changes
from sf_elt.components.keys import FUZZY_PAIRS, PROFILES
from sf_elt.components.manual_lists import ListsOfYaml, ManualPair, beside, placed
from sf_elt.components.pictures import pictures_of_profiles
from sf_elt.components.running import POOL, Materialized, log_progress, numbers, table_columns
from sf_elt.components.scaffold import Example
from sf_elt.insight import INTERESTS, SCORES
from sf_elt.profiles import (
    FieldRule,
    Guards,
    ManualLists,
    MappingRefused,
    ProfilesReport,
    build_profiles,
    check_guards,
    check_manual,
    faults_of_mapping,
    profiles_without_identifier,
    user_fields,
    with_region,
)
from sf_elt.streams.views import STREAMS_BEHIND_VIEWS, documented_columns
from sf_elt.warehouse import Warehouse, column_types

HAS_IDENTIFIER = "every_profile_has_an_identifier"


class MappingRule(Verbatim, FieldRule):
    """One line of the mapping: a column of a stream fills a user field."""


class ProfileGuards(Verbatim, Guards):
    """What keeps two people from becoming one profile. Every link refused is a row of profiles.refused_links."""


class BuildConfig(dg.Config):
    """What one build of the profiles does beyond the usual."""

    anew: bool = Field(default=False, description="Read everything, also where only what changed would do.")


@dg.scaffold_with(Example)
class Profiles(dg.Component, Attributes):
    """Unified profiles: rows that share an identifier become one person, each user field by a merge operator."""

    mapping: list[MappingRule] = Field(min_length=1, description="Which column of which stream fills which user field.")
    phone_region: str | None = Field(
        default=None,
        description="Where phones are that are written without +, unless a rule says another region: US, DE, ….",
    )
    guards: ProfileGuards = Field(
        default_factory=ProfileGuards, description="What keeps two people from becoming one profile."
    )
    links: list[ManualPair] = Field(
        default_factory=list, description="Pairs of identifiers that belong to one person, whatever the rows say."
    )
    unlinks: list[ManualPair] = Field(
        default_factory=list, description="Pairs of identifiers that never belong to one person."
    )
    links_file: str = Field(default="", description="A CSV file of more links, by its path from this YAML's folder.")
    unlinks_file: str = Field(
        default="", description="A CSV file of more unlinks, by its path from this YAML's folder."
    )
    fuzzy: ProfileFuzzy | None = Field(
        default=None, description="Links between records that share no identifier and probably are one person."
    )
    group: Group = Field(default="profiles", description="Group of the asset in the UI.")
    owners: list[Owner] = Field(default_factory=list, description="Who to ask: email addresses, or team:NAME.")

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The asset of the profiles, which runs by itself after new data."""
        loading = context
        imported = known_streams(context)
        self._require_sound_mapping(context, imported)
        lists = self._sound_lists(context)
        spec = dg.AssetSpec(
            PROFILES,
            deps=[*what_changes(context, self._sources(imported)), *([FUZZY_PAIRS] if self.fuzzy else [])],
            description="One row a person: an id that stays, and every user field that the mapping fills.",
            group_name=self.group,
            owners=self.owners,
            kinds={"duckdb", "sql"},
            metadata={
                "dagster/table_name": "profiles.profiles",
                "dagster/column_schema": dg.TableSchema(columns=self._columns()),
            },
            automation_condition=after_new_data(),
        )

        @dg.multi_asset(
            name="build_profiles",
            specs=[spec],
            check_specs=[
                dg.AssetCheckSpec(
                    HAS_IDENTIFIER, asset=PROFILES, blocking=True, description="No profile is without an identifier."
                )
            ],
            required_resource_keys={"warehouse"},
            backfill_policy=dg.BackfillPolicy.single_run(),
            pool=POOL,
        )
        def run(context: dg.AssetExecutionContext, config: BuildConfig) -> Materialized:
            try:
                return self.build(context, lists.read(), anew=config.anew)
            except MappingRefused as refused:
                for fault in refused.faults[:1]:
                    raise attribute_error(loading, fault.path, str(refused)) from refused
                raise

        fuzzy = [fuzzy_asset(context, self, self.fuzzy, imported)] if self.fuzzy else []
        return dg.Definitions(assets=[run, *fuzzy])

    def build(self, context: dg.AssetExecutionContext, lists: ManualLists, *, anew: bool) -> Materialized:
        """Builds the profiles from what the streams hold now, and what the lists say."""
        warehouse: Warehouse = context.resources.warehouse
        report = build_profiles(
            warehouse,
            self.rules(),
            self.guards,
            lists,
            fuzzy_threshold=self.fuzzy.threshold if self.fuzzy else None,
            now=datetime.now(UTC),
            run_id=context.run.run_id,
            progress=log_progress(context),
            anew=anew,
        )
        if report.why_anew:
            context.log.info(f"everything was read anew: {report.why_anew}")
        if report.missing_streams:
            context.log.warning(f"not imported yet, so left out: {', '.join(report.missing_streams)}")
        for unread in report.set_aside:
            context.log.warning(
                f"{unread.rows:,} rows of {unread.stream} say in {unread.source} what {unread.user_field} cannot be "
                "read from: set aside"
            )
        nameless = profiles_without_identifier(warehouse)
        measured = numbers(
            {
                "dagster/row_count": report.profiles,
                "rows_changed": report.rows_changed,
                "profiles_rebuilt": report.profiles_rebuilt,
                "profiles_new": report.new,
                "profiles_changed": report.changed,
                "profiles_merged": report.merged,
                "profiles_removed": report.removed,
                "identifiers": report.identifiers,
                "refused_links": report.refused_links,
                "values_set_aside": sum(each.rows for each in report.set_aside),
                "manual_links": report.manual_links,
                "manual_unlinks": report.manual_unlinks,
                "manual_pending": report.manual_pending,
                "fuzzy_links": report.fuzzy_links if self.fuzzy else None,
                "seconds": report.seconds,
            }
        )
        columns = table_columns(column_types(warehouse, "profiles", "profiles"))
        return dg.MaterializeResult(
            asset_key=PROFILES,
            metadata={
                **measured,
                "built_anew": report.why_anew or "no",
                "dagster/column_schema": columns,
                "set_aside_by_rule": _set_aside_table(report),
                **pictures_of_profiles(context, warehouse),
            },
            check_results=[
                dg.AssetCheckResult(
                    asset_key=PROFILES,
                    check_name=HAS_IDENTIFIER,
                    passed=nameless == 0,
                    metadata={"profiles_without_identifier": nameless},
                )
            ],
        )

    def rules(self) -> list[FieldRule]:
        """The mapping with the region of phones where a line names none."""
        return with_region(self.mapping, self.phone_region)

    def _sources(self, imported: list[str]) -> list[str]:
        """The imported streams behind the mapping's views."""
        behind = STREAMS_BEHIND_VIEWS | {rule.stream for rule in self.mapping}
        return [stream for stream in imported if stream in behind]

    def _columns(self) -> list[dg.TableColumn]:
        described = {
            rule.user_field: dg.TableColumn(rule.user_field, rule.type, rule.description) for rule in self.mapping
        }
        of_every_profile = [
            dg.TableColumn("profile_id", "string", "The profile's id, which stays."),
            dg.TableColumn("created_at", "date", "When it was first built, UTC."),
            dg.TableColumn("updated_at", "date", "When one of its user fields last changed, UTC."),
        ]
        return [*of_every_profile, *described.values()]

    def _sound_lists(self, context: dg.ComponentLoadContext) -> ListsOfYaml:
        """The links and unlinks. An error in them has its place and no snippet, which would show people's data."""
        lists = ListsOfYaml(
            placed(context, "links", self.links),
            placed(context, "unlinks", self.unlinks),
            beside(context, "links_file", self.links_file),
            beside(context, "unlinks_file", self.unlinks_file),
        )
        try:
            problems: Sequence[str] = check_manual(lists.read(), self.rules(), self.guards)
        except MappingRefused as refused:
            problems = refused.problems
        if problems:
            raise ComponentAttributeError("\n".join(problems))
        return lists

    def _require_sound_mapping(self, context: dg.ComponentLoadContext, imported: list[str]) -> None:
        for index, rule in enumerate(self.mapping):
            require_known(context, ["mapping", index, "stream"], "stream", rule.stream, imported)
            if rule.user_field in (*SCORES, *INTERESTS):
                message = f"`{rule.user_field}` is a score or an interest: choose another name for the user field"
                raise attribute_error(context, ["mapping", index, "to"], message)
        for fault in faults_of_mapping(self.rules(), documented_columns(), complete=False):
            raise attribute_error(context, fault.path, fault.text)
        for problem in check_guards(self.guards, self.mapping):
            raise attribute_error(context, ["guards"], problem)


def known_user_types(context: dg.ComponentLoadContext) -> dict[str, str]:
    """User field → DuckDB type of its column, of those that the project's mapping fills."""
    components = context.component_tree.get_all_components(Profiles)
    return user_fields(rule for component in components for rule in component.mapping)


def _set_aside_table(report: ProfilesReport) -> dg.TableMetadataValue:
    """One row for each rule that met values that it could not read."""
    schema = dg.TableSchema(
        columns=[
            *(dg.TableColumn(name, "string") for name in ("stream", "source", "user_field")),
            dg.TableColumn("rows", "int", "Rows whose value could not be read: it is null in the profile."),
        ]
    )
    return dg.MetadataValue.table([dg.TableRecord(asdict(each)) for each in report.set_aside], schema)


def known_user_fields(context: dg.ComponentLoadContext) -> Iterator[str]:
    """The user fields that the project's mapping fills."""
    for component in context.component_tree.get_all_components(Profiles):
        yield from (rule.user_field for rule in component.mapping)
