"""The preflight as a check of each stream, for the UI."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from sf_elt.components.keys import stream_key

if TYPE_CHECKING:
    from sf_elt.components.deployment import Deployment

PREFLIGHT = "preflight"


def preflight_checks(
    import_name: str, connection: str, streams: Sequence[str], tree: dg.ComponentTree
) -> dg.AssetChecksDefinition:
    """The check `preflight` of each stream of an import: for the UI, run when somebody runs it and never by itself.

    It spends API calls, so a run that materializes anything leaves it out. All that are run together are one preflight.
    """
    specs = [
        dg.AssetCheckSpec(
            PREFLIGHT,
            asset=stream_key(stream),
            description="What the import needs of the org: login, limits, permissions, fields. Only by hand: it costs "
            "a few API calls.",
        )
        for stream in streams
    ]

    @dg.multi_asset_check(
        name=f"preflight_{import_name}",
        specs=specs,
        can_subset=True,
        required_resource_keys={"warehouse"},
    )
    def run(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        if context.job_def.asset_layer.executable_asset_keys:
            context.log.info("nothing is tested: the preflight runs by itself only")
            return
        from sf_elt.components.deployment import Deployment  # here: it imports what this is part of

        yield from _results(context, Deployment.of(tree), connection, import_name)

    return run


def _results(
    context: dg.AssetCheckExecutionContext, deployment: "Deployment", connection: str, import_name: str
) -> Iterator[dg.AssetCheckResult]:
    from sf_elt.components.preflight import preflight

    keys = {each.asset_key for each in context.selected_asset_check_keys}
    importer = deployment.importer(import_name)
    streams = [each for each in deployment.streams_of(importer) if stream_key(each.spec.stream) in keys]
    found = preflight(deployment, connection, context.resources.warehouse, only=streams)
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
