"""dlt fed with dicts, as its Salesforce source does it: simple-salesforce's records, merged by Id.

Runs in dlt's environment. Takes {"instance_url", "access_token", "folder", "fields"} as JSON on standard input; prints
{"rows", "seconds"}.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
import duckdb
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce


class Plain(HTTPAdapter):
    """simple-salesforce writes https:// into every address; the demo org speaks plain HTTP."""

    def send(self, request: requests.PreparedRequest, **how: object) -> requests.Response:
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **how)


def main() -> None:
    given = json.load(sys.stdin)
    folder = Path(given["folder"])
    session = requests.Session()
    session.mount("https://", Plain())
    client = Salesforce(
        instance=urlsplit(given["instance_url"]).netloc, session_id=given["access_token"], session=session
    )
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "dlt.duckdb")),
        dataset_name="bench",
    )

    @dlt.resource(name="contacts", primary_key="Id", write_disposition="merge")
    def contacts() -> Iterator[dict[str, object]]:
        soql = f"SELECT {', '.join(given['fields'])} FROM Contact"
        for record in client.query_all_iter(soql, include_deleted=True):
            record.pop("attributes")
            yield record

    began = time.perf_counter()
    pipeline.run(contacts())
    seconds = time.perf_counter() - began
    with duckdb.connect(str(folder / "dlt.duckdb")) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM bench.contacts").fetchone()
    print(json.dumps({"rows": rows, "seconds": seconds}))


if __name__ == "__main__":
    main()
