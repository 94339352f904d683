"""The page as a file, which only its owner may read: whole, or as it was before."""

import os
from pathlib import Path
from uuid import uuid4

from sf_elt.warehouse import Warehouse

NAME = "report.html"


def report_file(warehouse: Warehouse) -> Path:
    """Where the report is put unless somebody says otherwise: beside the warehouse's folder."""
    return warehouse.root.parent / NAME


def write_page(page: str, file: Path) -> None:
    """Writes it in one step, for its owner only (0600). Raises OSError where that cannot be done; nothing is left."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{uuid4().hex}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as text:
            text.write(page)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
