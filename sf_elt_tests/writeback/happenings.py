"""Events that come in by a real import, and what the org holds after they were written."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson

from sf_elt.salesforce import query_records
from sf_elt.streams import EventSpec, import_events
from sf_elt_tests.writeback.conftest import Loop
from sf_elt_tests.writeback.people import NOW

Event = Mapping[str, Any]


def happen(loop: Loop, *events: Event, stream: str = "touches") -> None:
    """Imports the events from a file of their own; one without a time happened a minute after the one before."""
    folder = loop.warehouse.root.parent / stream
    folder.mkdir(exist_ok=True)
    number = len(list(folder.iterdir()))
    lines = [
        orjson.dumps({"occurred_at": NOW - timedelta(days=1) + timedelta(minutes=minute), **event})
        for minute, event in enumerate(events)
    ]
    (folder / f"{number}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    report = import_events(
        loop.warehouse, EventSpec(stream, (str(folder),)), now=NOW, run_id=f"events-{stream}-{number}"
    )
    assert (report.rows, report.set_aside) == (len(events), 0)


def make(loop: Loop, object_name: str, **values: object) -> str:
    """A record in the org; its Id."""
    reply = loop.org.session.post(loop.org.url(f"sobjects/{object_name}"), json=values)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


def rows(loop: Loop, soql: str) -> list[tuple[object, ...]]:
    """What the query finds, each record's values in the order of its fields."""
    names = soql.split(" FROM ")[0].removeprefix("SELECT ").split(", ")
    return [tuple(record[name] for name in names) for record in query_records(loop.org, soql)]


def log(loop: Loop, export: str) -> list[tuple[Any, ...]]:
    """(subject, status, code, message) of what the export has logged."""
    return loop.select(
        "SELECT subject_id, status, code, message FROM writeback.sync_log WHERE export = ? ORDER BY rowid", export
    )
