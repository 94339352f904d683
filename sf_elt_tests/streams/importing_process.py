"""Runs one import in a process of its own, to be killed or kept short of disk.

python -m sf_elt_tests.streams.importing_process INSTANCE_URL TOKEN FOLDER PAGE_ROWS MOMENT FILE_SIZE [TRANSPORT]

Stands still at MOMENT, after it has said so on standard output; with "-" it says that it starts, and runs through.
FILE_SIZE (bytes, 0 for none) is the largest file that it may write.
"""

import resource
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import Login, connect
from sf_elt.streams import StreamSpec, WindowReport, import_window, importing
from sf_elt.warehouse import JobMeter, Warehouse, WarehouseFull
from sf_elt_tests.streams.support import ALWAYS

Transport = Literal["rest", "bulk"]


def main(
    instance_url: str,
    token: str,
    folder: str,
    page_rows: str,
    moment: str,
    file_size: str,
    transport: Transport = "bulk",
) -> None:
    if int(file_size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(file_size), resource.RLIM_INFINITY))
    warehouse = Warehouse(Path(folder))
    meter = JobMeter(warehouse.calls(), "import:test", "org")
    org = connect(Login(instance_url=instance_url, access_token=token), meter)
    spec = StreamSpec("salesforce_leads", "Lead", transport=transport, page_rows=int(page_rows))
    record = importing.record_window

    def reached(what: str, done: int, total: int | None) -> None:
        if what.endswith(moment):
            sys.stdout.write(f"reached {moment}\n")
            sys.stdout.flush()
            signal.pause()

    def before_commit(connection: DuckDBPyConnection, report: WindowReport) -> None:
        record(connection, report)
        reached("committing", 0, None)

    importing.record_window = before_commit
    if moment == "-":
        sys.stdout.write("started\n")
        sys.stdout.flush()
    try:
        import_window(org, meter, warehouse, spec, ALWAYS, now=datetime.now(UTC), run_id="process", progress=reached)
    except WarehouseFull as error:
        sys.exit(f"WarehouseFull: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
