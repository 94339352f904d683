"""An analyst's process: reads a warehouse in a loop until its input ends, and prints what it has seen.

python -m sf_elt_tests.warehouse.reading_process FOLDER short|long|stays
"""

import json
import sys
import time
from threading import Thread

import duckdb

from sf_elt import open_warehouse
from sf_elt.warehouse import Warehouse

COUNTED = "SELECT count(*) AS reads FROM ops.windows"


def main(folder: str, how: str) -> None:
    """An error is one of the process. `stays` opens the file with DuckDB alone, and keeps it open."""
    warehouse = open_warehouse(folder)
    ended = Thread(target=sys.stdin.read)
    ended.start()
    if how == "stays":
        with duckdb.connect(warehouse.file, read_only=True) as connection:
            say("reading")
            ended.join()
            ((seen,),) = connection.execute(COUNTED).fetchall()
        say(json.dumps({"reads": 1, "last": seen, "longest": 0.0}))
        return
    say("reading")
    reads, seen, longest = 0, 0, 0.0
    while ended.is_alive() or not reads:
        began = time.monotonic()
        seen = _held(warehouse) if how == "long" else int(warehouse.sql(COUNTED)["reads"][0])
        longest = max(longest, time.monotonic() - began)
        reads += 1
    say(json.dumps({"reads": reads, "last": seen, "longest": round(longest, 2)}))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _held(warehouse: Warehouse) -> int:
    with warehouse.read() as connection:
        time.sleep(1)
        ((seen,),) = connection.execute(COUNTED).fetchall()
    return int(seen)


if __name__ == "__main__":
    main(*sys.argv[1:])
