"""Streams: windows of a Salesforce object, landed, counted and merged so that the newest version wins; and events.

    report = import_window(org, meter, warehouse, StreamSpec("salesforce_leads", "Lead"), window, now=now, run_id=run)
    reconcile(org, meter, warehouse, spec, now=now, run_id=run)           # what is gone without a trace
    refresh_formulas(org, meter, warehouse, spec, now=now, run_id=run)    # what changes without a timestamp
    import_events(warehouse, EventSpec("web_events", ("data/events",)), now=now, run_id=run)

A stream is a table `streams.NAME` with Salesforce's API names as columns and three of its own: `_loaded_at` (when the
read of that row began), `_window`, `_deleted_at` (null while the record lives). The documented names are views in
schema main: `salesforce_leads`, `salesforce_contacts`, `salesforce_accounts`, `salesforce_opportunities`.

Errors, besides those of the org and the warehouse:

    StreamError
    ├── SpecRefused          what was asked for cannot be read like that
    ├── Shortfall            not as many rows as the org reported; nothing was moved
    ├── LandingUnreadable    what the org sent cannot be read as it describes it; nothing was moved
    ├── ManyVanished         more records are gone than deletions explain; nothing was marked
    └── EventsUnreadable     event files cannot be found or read
"""

from sf_elt.streams.columns import Column, StreamColumns, stream_columns
from sf_elt.streams.errors import EventsUnreadable, LandingUnreadable, ManyVanished, Shortfall, SpecRefused, StreamError
from sf_elt.streams.events import DELIMITERS, EventSpec, EventsReport, event_files, files_standing, import_events
from sf_elt.streams.history import events_over_time, records_over_time
from sf_elt.streams.importing import import_window
from sf_elt.streams.recording import WindowReport
from sf_elt.streams.schema import SchemaChange
from sf_elt.streams.source_names import SourceField, source_fields
from sf_elt.streams.standing import repeated_ids, spans_read
from sf_elt.streams.upkeep import ReconcileReport, RefreshReport, reconcile, refresh_formulas
from sf_elt.streams.views import refresh_views
from sf_elt.streams.windows import StreamSpec, Window

__all__ = [
    "DELIMITERS",
    "Column",
    "EventSpec",
    "EventsReport",
    "EventsUnreadable",
    "LandingUnreadable",
    "ManyVanished",
    "ReconcileReport",
    "RefreshReport",
    "SchemaChange",
    "Shortfall",
    "SourceField",
    "SpecRefused",
    "StreamColumns",
    "StreamError",
    "StreamSpec",
    "Window",
    "WindowReport",
    "event_files",
    "events_over_time",
    "files_standing",
    "import_events",
    "import_window",
    "reconcile",
    "records_over_time",
    "refresh_formulas",
    "refresh_views",
    "repeated_ids",
    "source_fields",
    "spans_read",
    "stream_columns",
]
