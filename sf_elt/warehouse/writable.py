"""Whether the warehouse can be written now, for those who ask before there is work."""

import shutil
from dataclasses import replace

import duckdb

from sf_elt.warehouse.connection import Warehouse
from sf_elt.warehouse.errors import WarehouseError


def why_not_writable(warehouse: Warehouse, *, wait_seconds: float = 2.0) -> str | None:
    """None where a transaction on it commits; otherwise the reason. It makes the file where there is none yet."""
    try:
        with replace(warehouse, wait_seconds=wait_seconds).write():
            return None
    except (WarehouseError, duckdb.Error, OSError) as error:
        return str(error)


def free_bytes(warehouse: Warehouse) -> int:
    """What is free on the disk of the warehouse, whose folder exists."""
    return shutil.disk_usage(warehouse.root).free
