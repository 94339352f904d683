"""The checks of an export's asset, and what a run says that sent nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from sf_elt.components.markdown import as_text
from sf_elt.components.running import note_pause, numbers
from sf_elt.writeback import Waiting

EVERY_OUTCOME = "every_sent_record_has_an_outcome"
APPROVED = "no_plan_waits_for_approval"
FIELDS_FIT = "the_org_takes_every_field"

LOOK_AGAIN = timedelta(hours=1)
"""How long an export rests whose fields the org does not have: then it looks again, at the cost of a call or two."""


def check_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Only the first holds back what comes after: an export that rests is no reason for others to."""
    return [
        dg.AssetCheckSpec(
            EVERY_OUTCOME,
            asset=key,
            blocking=True,
            description="Every planned record was confirmed, refused by the org, or set aside with its reason.",
        ),
        dg.AssetCheckSpec(
            APPROVED,
            asset=key,
            description="No plan waits for a person because it writes or deletes more than the export may unasked.",
        ),
        dg.AssetCheckSpec(
            FIELDS_FIT,
            asset=key,
            description="The org has every field that the export writes, lets it be written, and can hold the values. "
            "Else the export rests, and looks again after an hour.",
        ),
    ]


def passed(key: dg.AssetKey, *checks: str, because: str = "") -> Iterator[dg.AssetCheckResult]:
    """The results of checks that found nothing wrong."""
    for check in checks:
        yield dg.AssetCheckResult(asset_key=key, check_name=check, passed=True, description=as_text(because) or None)


def waits(context: dg.AssetExecutionContext, key: dg.AssetKey, waiting: Waiting) -> Iterator[dg.AssetCheckResult]:
    """Says on the asset which plan waits for approval, and how it is given."""
    said = str(waiting)
    context.log.warning(said)
    measured = numbers({f"would_{operation}": number for operation, number in waiting.by_operation.items()})
    plan = {"plan_id": dg.MetadataValue.text(waiting.plan_id), "because": dg.MetadataValue.text(waiting.because)}
    total = dg.MetadataValue.int(sum(waiting.by_operation.values()))
    metadata = {**measured, **plan, "records_waiting_for_approval": total}
    context.log_event(dg.AssetObservation(asset_key=key, description=as_text(said), metadata=metadata))
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name=APPROVED,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=as_text(said),
        metadata=metadata,
    )
    yield from passed(key, EVERY_OUTCOME, because="nothing was sent")
    yield from passed(key, FIELDS_FIT)


def rests(context: dg.AssetExecutionContext, key: dg.AssetKey, reason: str) -> Iterator[dg.AssetCheckResult]:
    """Says on the asset what the org lacks; the export looks again by itself."""
    note_pause(context, key, datetime.now(UTC) + LOOK_AGAIN, reason)
    yield dg.AssetCheckResult(asset_key=key, check_name=FIELDS_FIT, passed=False, description=as_text(reason))
    yield from passed(key, EVERY_OUTCOME, because="nothing was sent")
    yield from passed(key, APPROVED)
