"""The warehouse: one DuckDB file, its landing folder and its ledger of API calls.

Nothing outside this room opens a file or names a path.

    warehouse = Warehouse(Path("data/warehouse"))
    with warehouse.write() as connection:      # one transaction: committed at the end, rolled back on an exception
        connection.execute("INSERT INTO ...")
    with warehouse.read() as connection:       # short and read-only
        connection.execute("SELECT ...").fetchall()
    warehouse.sql("SELECT ...")                # the same as a pandas DataFrame, for analysts: `sf_elt.open_warehouse`

Errors:

    WarehouseError
    ├── OutOfMemory        DuckDB could not hold what it had to; the transaction was rolled back
    ├── ReadOnly           a question would have written to it
    ├── UnknownTable       there is no table or view of that name
    ├── WarehouseBusy      another process kept the file locked for too long
    ├── WarehouseClosed    this user may not write to it
    ├── WarehouseEmpty     nothing has been written yet
    ├── WarehouseFull      the disk has no room; the transaction was rolled back
    └── WarehouseUnreadable   the file is no warehouse, a broken one, or one of a later DuckDB
"""

from sf_elt.warehouse.calls import CallLedger, JobMeter, Pause
from sf_elt.warehouse.comments import Comment, comment_on_columns
from sf_elt.warehouse.connection import Warehouse
from sf_elt.warehouse.errors import (
    OutOfMemory,
    ReadOnly,
    UnknownTable,
    WarehouseBusy,
    WarehouseClosed,
    WarehouseEmpty,
    WarehouseError,
    WarehouseFull,
    WarehouseUnreadable,
    readable,
)
from sf_elt.warehouse.locks import taking_turns
from sf_elt.warehouse.memory import hold_at_most, hold_enough, hold_memory
from sf_elt.warehouse.moments import naive
from sf_elt.warehouse.names import quote, quote_table, quote_text
from sf_elt.warehouse.place import open_warehouse
from sf_elt.warehouse.scratch import scratch
from sf_elt.warehouse.tables import column_comments, column_types

__all__ = [
    "CallLedger",
    "Comment",
    "JobMeter",
    "OutOfMemory",
    "Pause",
    "ReadOnly",
    "UnknownTable",
    "Warehouse",
    "WarehouseBusy",
    "WarehouseClosed",
    "WarehouseEmpty",
    "WarehouseError",
    "WarehouseFull",
    "WarehouseUnreadable",
    "column_comments",
    "column_types",
    "comment_on_columns",
    "hold_at_most",
    "hold_enough",
    "hold_memory",
    "naive",
    "open_warehouse",
    "quote",
    "quote_table",
    "quote_text",
    "readable",
    "scratch",
    "taking_turns",
]
