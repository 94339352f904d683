"""A warehouse that cannot be read: lags, refused records and plans that wait are not known meanwhile."""

from datetime import datetime, timedelta

from sf_elt.alerts.incidents import IncidentBook
from sf_elt.alerts.kinds import Finding
from sf_elt.warehouse import Warehouse, WarehouseBusy, WarehouseEmpty, WarehouseError
from sf_elt.warehouse.holders import holders

WAREHOUSE = "warehouse"


def unread(warehouse: Warehouse, book: IncidentBook, *, longest: timedelta, now: datetime) -> list[Finding]:
    """That it has been held for longer than that, at each look; or that it is broken, or closed to us, at once."""
    try:
        with warehouse.read():
            book.unwatch([WAREHOUSE])
        return []
    except WarehouseEmpty:
        return []
    except WarehouseBusy:
        since = book.watched_since([WAREHOUSE], now=now)[WAREHOUSE]
        if now - since < longest:
            return []
        hours = (now - since).total_seconds() / 3600
        says = f"{_holder(warehouse)} has held it for {hours:,.1f} hours."
    except WarehouseError as error:
        since = book.watched_since([WAREHOUSE], now=now)[WAREHOUSE]
        says = f"{type(error).__name__}: see `sf-elt doctor`."
    return [Finding("warehouse", WAREHOUSE, WAREHOUSE, says, since)]


def _holder(warehouse: Warehouse) -> str:
    """The process, as the kernel says."""
    held = [each for each in holders(warehouse) or () if each.file == warehouse.file and each.writes]
    return f"process {held[0].pid} ({held[0].program or 'of somebody else'})" if held else "another process"
