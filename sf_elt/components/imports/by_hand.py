"""A run that somebody tells to read only a part of its window, or only to look: an observation on the asset.

Its partitions are not made by it: they stay as they are in the UI, and what schedules read stays to be read.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from sf_elt.components.imports.run_config import Asked
from sf_elt.components.markdown import as_code
from sf_elt.components.resources import OrgConnection
from sf_elt.components.running import log_progress, numbers
from sf_elt.counting import count
from sf_elt.salesforce import AllowanceSpent
from sf_elt.streams import StreamSpec, Window
from sf_elt.streams.adhoc import Preview, SomeReport, look_ahead, read_some

if TYPE_CHECKING:
    from sf_elt.components.imports.salesforce_import import SalesforceImport


def read_by_hand(
    context: dg.AssetExecutionContext, component: "SalesforceImport", stream: StreamSpec, key: dg.AssetKey, asked: Asked
) -> str:
    """Looks, or reads some; tells it as an observation, and says in a sentence what was done.

    Raises what `read_some` raises. Out of API calls it says so; nobody waits for it, so it does not go on by itself.
    """
    connection: OrgConnection = getattr(context.resources, component.connection)
    meter = component.meter(context.resources.warehouse, connection)
    window = Window(asked.span.start, asked.span.end)
    now = datetime.now(UTC)
    found: Preview | SomeReport
    try:
        with connection.org(meter) as org:
            if asked.is_dry_run:
                found = look_ahead(org, meter, stream, window, asked.wanted, now=now)
            else:
                found = read_some(
                    org,
                    meter,
                    context.resources.warehouse,
                    stream,
                    window,
                    asked.wanted,
                    now=now,
                    run_id=context.run.run_id,
                    progress=log_progress(context),
                )
    except AllowanceSpent as spent:
        return tell_spent(context, key, spent)
    said = _of_preview(found) if isinstance(found, Preview) else _of_read(found)
    context.log.info(said)
    told = _previewed(found) if isinstance(found, Preview) else _measured(found)
    context.log_event(
        dg.AssetObservation(asset_key=key, description=said, metadata={**told, **_asked(asked)}),
    )
    return said


def tell_spent(context: dg.AssetExecutionContext, key: dg.AssetKey, spent: AllowanceSpent) -> str:
    """Tells that a read by hand is out of API calls, in the log and on the asset; gives the sentence."""
    said = f"nothing was read: no API calls are left until {spent.until:%H:%M} UTC. Start it again then"
    context.log.warning(f"{said}. {spent}")
    context.log_event(dg.AssetObservation(asset_key=key, description=said, metadata={"reason": str(spent)}))
    return said


def _of_preview(found: Preview) -> str:
    rows = "too many records to count" if found.rows_to_read is None else count(found.rows_to_read, "record")
    calls = "" if found.calls_needed is None else f" for about {found.calls_needed:,} API calls"
    return f"dry run, nothing was written: would read {rows}{calls}"


def _of_read(found: SomeReport) -> str:
    left = f"; {found.rows_left:,} are left to their windows" if found.rows_left else ""
    read = count(found.rows_read, "record")
    return f"read by hand: {read}, {found.rows_new:,} new and {found.rows_changed:,} changed{left}"


def _asked(asked: Asked) -> dict[str, dg.MetadataValue]:
    """What the run was told, in short."""
    return numbers(
        {
            "asked_fields": ", ".join(asked.wanted.fields) or None,
            "asked_limit": asked.wanted.limit,
            "asked_bounds": ", ".join(asked.wanted.bounds) or None,
        }
    )


def _previewed(found: Preview) -> dict[str, dg.MetadataValue]:
    measured = numbers(
        {
            "would_read": found.rows_to_read,
            "rows_counted_by_the_org": found.rows_counted,
            "would_need_api_calls": found.calls_needed,
            "would_read_by": found.transport,
            "read_from": found.read_from,
            "read_to": found.read_to,
            "fields": len(found.fields),
            "api_calls": found.api_calls,
            "api_calls_left": found.api_left,
        }
    )
    return {**measured, "soql": dg.MetadataValue.md(as_code(found.soql, "sql"))}


def _measured(found: SomeReport) -> dict[str, dg.MetadataValue]:
    return numbers(
        {
            "dagster/row_count": found.rows_in_stream,
            "rows_read": found.rows_read,
            "rows_counted_by_the_org": found.rows_counted,
            "rows_new": found.rows_new,
            "rows_changed": found.rows_changed,
            "rows_unchanged": found.rows_unchanged,
            "rows_left_to_their_windows": found.rows_left,
            "rows_ahead": found.rows_ahead,
            "read_by": found.transport,
            "read_from": found.read_from,
            "read_to": found.read_to,
            "fields": len(found.fields),
            "api_calls": found.api_calls,
            "api_calls_left": found.api_left,
            "seconds": found.seconds,
        }
    )
