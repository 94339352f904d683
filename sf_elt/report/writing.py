"""The page as a file, which only its owner may read: whole, or as it was before."""

from pathlib import Path

from sf_elt.warehouse import Warehouse
from sf_elt.warehouse.private import private_files, replacing

NAME = "report.html"


def report_file(warehouse: Warehouse) -> Path:
    """Where the report is put unless somebody says otherwise: beside the warehouse's folder."""
    return warehouse.root.parent / NAME


def write_page(page: str, file: Path) -> None:
    """Writes it in one step, for its owner only (0600). Raises OSError where that cannot be done; nothing is left."""
    with private_files():
        file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as part:
        part.write_text(page, "utf-8")
