"""The preflight as a check of each stream, for the UI."""

from collections.abc import Iterator

import dagster as dg

from sf_elt.components.deployment import Deployment
from sf_elt.components.imports.salesforce_import import SalesforceImport
from sf_elt.components.keys import stream_key
from sf_elt.components.preflight.run import preflight

PREFLIGHT = "preflight"


def preflight_checks(tree: dg.ComponentTree) -> dg.Definitions:
    """The check `preflight` of each imported stream: for the UI, run when somebody runs it and never by itself.

    It spends API calls, so a run that materializes anything leaves it out. All that are run together are one preflight
    for each import.
    """
    deployment = Deployment.of(tree)
    return dg.Definitions(asset_checks=[_checks_of(deployment, importer) for importer in deployment.imports])


def _checks_of(deployment: Deployment, importer: SalesforceImport) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            PREFLIGHT,
            asset=key,
            description="What the import needs of the org: login, limits, permissions, fields. Only by hand: it costs "
            "a few API calls.",
        )
        for key in (stream_key(each.stream) for each in importer.imported)
    ]

    @dg.multi_asset_check(
        name=f"preflight_{importer.name}",
        specs=specs,
        can_subset=True,
        required_resource_keys={"warehouse"},
    )
    def run(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        if context.job_def.asset_layer.executable_asset_keys:
            context.log.info("nothing is tested: the preflight runs by itself only")
            return
        yield from _results(context, deployment, importer)

    return run


def _results(
    context: dg.AssetCheckExecutionContext, deployment: Deployment, importer: SalesforceImport
) -> Iterator[dg.AssetCheckResult]:
    keys = {each.asset_key for each in context.selected_asset_check_keys}
    streams = [each for each in deployment.streams_of(importer) if stream_key(each.spec.stream) in keys]
    found = preflight(deployment, importer.connection, context.resources.warehouse, only=streams)
    of_all = {each.spec.stream for each in streams}
    for each in streams:
        others = of_all - {each.spec.stream}
        told = found.about([finding.subject for finding in found.findings if finding.subject not in others])
        yield dg.AssetCheckResult(
            asset_key=stream_key(each.spec.stream),
            check_name=PREFLIGHT,
            passed=told.passed and all(finding.verdict == "ok" for finding in told.findings),
            severity=dg.AssetCheckSeverity.WARN if told.passed else dg.AssetCheckSeverity.ERROR,
            description=told.in_words(),
            metadata={"findings": dg.MetadataValue.md(told.markdown()), "api_calls": told.api_calls},
        )
