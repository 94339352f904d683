"""dlt at its best: the landed CSV pages, read by DuckDB into arrow batches, merged by Id. Runs in dlt's environment.

Takes {"files", "folder", "types"} as JSON on standard input; prints {"rows", "seconds"}.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
import duckdb
import pyarrow as pa

BATCH = 100_000  # rows of an arrow batch


def main() -> None:
    given = json.load(sys.stdin)
    folder = Path(given["folder"])
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "dlt.duckdb")),
        dataset_name="bench",
    )

    @dlt.resource(name="contacts", primary_key="Id", write_disposition={"disposition": "merge", "strategy": "upsert"})
    def contacts() -> Iterator[pa.RecordBatch]:
        for file in given["files"]:
            with duckdb.connect() as connection:
                rows = connection.read_csv(
                    file, columns=given["types"], header=True, delimiter=",", quotechar='"', escapechar='"'
                )
                yield from rows.to_arrow_reader(BATCH)

    began = time.perf_counter()
    pipeline.run(contacts())
    seconds = time.perf_counter() - began
    with duckdb.connect(str(folder / "dlt.duckdb")) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM bench.contacts").fetchone()
    print(json.dumps({"rows": rows, "seconds": seconds}))


if __name__ == "__main__":
    main()
