"""Reads a folder of event files in a process of its own, to be killed.

python -m sf_elt_tests.streams.events.importing_process WAREHOUSE FOLDER

Says on standard output that it starts.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from sf_elt.streams import EventSpec, import_events
from sf_elt.warehouse import Warehouse


def read_events(warehouse: Path, folder: Path) -> None:
    """Reads what is new in the folder, as a plain run does."""
    import_events(Warehouse(warehouse), EventSpec("web_events", (str(folder),)), now=datetime.now(UTC), run_id="run")


if __name__ == "__main__":
    sys.stdout.write("started\n")
    sys.stdout.flush()
    read_events(*map(Path, sys.argv[1:]))
