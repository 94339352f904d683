"""Does one piece of work on a standing stream in a process of its own, to be killed.

python -m sf_elt_tests.streams.upkeep_process INSTANCE_URL TOKEN FOLDER WORK PAGE_ROWS MOMENT

Stands still at MOMENT, after it has said so on standard output: `committing`, or what its progress then says. With "-"
it says that it starts, and runs through.
"""

import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Login, connect
from sf_elt.streams import StreamSpec
from sf_elt.streams.spending import Spending
from sf_elt.warehouse import JobMeter, Warehouse
from sf_elt_tests.streams.faulty import WORKS, Work, import_stream, with_differences
from sf_elt_tests.streams.support import Importer

_WHOLE = StreamSpec("whole_leads", "Lead", timestamp_field="none", transport="rest")
_WHOLE_BULK = replace(_WHOLE, transport="bulk")
_with_whole_ones = partial(with_differences, spec=_WHOLE)
PIECES = (
    *(work for work in WORKS if work.standing is not None),
    Work("all leads, rest", _WHOLE, import_stream, _with_whole_ones),
    Work("all leads, bulk", _WHOLE_BULK, import_stream, _with_whole_ones),
)
"""What finds a standing stream that is not right: upkeep, and an object that is read whole."""


def piece(name: str, page_rows: int) -> Work:
    """The piece of work of that name, with bulk pages of so many rows."""
    (work,) = (each for each in PIECES if each.name == name)
    return replace(work, spec=replace(work.spec, page_rows=page_rows))


def main(instance_url: str, token: str, folder: str, name: str, page_rows: str, moment: str) -> None:
    warehouse = Warehouse(Path(folder) / "warehouse")
    meter = JobMeter(warehouse.calls(), "import:test", "org")
    org = connect(Login(instance_url=instance_url, access_token=token), meter)
    note = Spending.note

    def reached(what: str, done: int, total: int | None) -> None:
        if moment in what:
            sys.stdout.write(f"reached {moment}\n")
            sys.stdout.flush()
            signal.pause()

    def before_commit(spending: Spending, connection: DuckDBPyConnection) -> None:
        note(spending, connection)
        reached("committing", 0, None)

    Spending.note = before_commit  # the last statement of each piece of work
    if moment == "-":
        sys.stdout.write("started\n")
        sys.stdout.flush()
    work = piece(name, int(page_rows))
    work.do(Importer(org, warehouse, meter, watcher=reached), work.spec)


if __name__ == "__main__":
    main(*sys.argv[1:])
