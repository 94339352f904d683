"""Messages of alerts that a channel has not taken."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime

from sf_elt.alerts import IncidentBook
from sf_elt.components.doctor.data import is_anothers
from sf_elt.components.preflight.findings import Finding
from sf_elt.warehouse import Warehouse, WarehouseError


def about_messages(warehouse: Warehouse, now: datetime) -> Iterator[Finding]:
    """Of each channel that something waits for; nothing where no alert was ever told."""
    if not warehouse.root.is_dir() or is_anothers(warehouse):
        return
    book = IncidentBook.begun(warehouse)
    if book is None:
        return
    try:
        backlogs = book.backlogs(now=now)
    except (WarehouseError, OSError, sqlite3.Error) as error:
        says = f"{book.file.file} cannot be read: {error}"
        yield Finding("alerts", "messages", "problem", says, "Move it away: what is wrong is then told once more.")
        return
    for each in backlogs:
        yield Finding("alerts", each.channel, "warning", str(each), f"sf-elt alerts test {each.channel} says why.")
