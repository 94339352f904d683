"""How fast the demo org is: whether it could be the bottleneck of a measurement.

    make bench BENCH="--only org"                               # a million records: some minutes, some GB on disk
    python benchmarks/demo_org.py --records 20000 --calls 20    # seconds

A kept org in a process of its own is asked over HTTP. Beside each figure stands what the server's processor spent on
it: with that, runs on a busy machine can be compared.
"""

import argparse
import csv
import gzip
import http.client
import io
import json
import os
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.serve import Details, start_demo_org

VERSION = "/services/data/v62.0"
PAGE = 250_000
COLLECTION = 200
BUFFER = 1 << 20
MB = 1e6
PATIENCE = 600.0  # seconds that seeding may take


@dataclass
class Figures:
    """What was measured of one server, printed as it comes, and kept in `rows`."""

    server: int
    rows: list[list[str]]
    _spent: float = 0.0

    def show(self, name: str, value: float, unit: str, note: str = "") -> None:
        spent = cpu_seconds(self.server) - self._spent
        print(f"{name:<34}{value:>10,.2f} {unit:<7}  {spent:6.1f} s CPU  {note}", flush=True)
        self.rows.append([name, f"{value:,.2f} {unit}", f"{spent:.1f}", note])
        self._spent = cpu_seconds(self.server)


class Client:
    """One connection to the org that keeps open."""

    def __init__(self, details: Details) -> None:
        address = urlsplit(details.instance_url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=600)
        self._session = {"Authorization": f"Bearer {details.access_token}"}
        self._buffer = bytearray(BUFFER)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "text/csv" if isinstance(body, bytes) else "application/json"}
        self._connection.request(method, path, data, self._session | kind | headers)
        reply = self._connection.getresponse()
        if reply.status >= 400:
            raise SystemExit(f"{method} {path}: {reply.status} {reply.read().decode()}")
        return reply

    def json(self, method: str, path: str, body: object = None) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.ask(method, path, body).read())
        return found

    def drain(self, reply: http.client.HTTPResponse, unpack: Callable[[bytes], bytes] | None = None) -> tuple[int, int]:
        """Reads a body to its end: its bytes on the wire, and unpacked."""
        wire = content = 0
        while read := reply.readinto(self._buffer):
            wire += read
            content += len(unpack(memoryview(self._buffer)[:read])) if unpack else read
        return wire, content


def main(arguments: Sequence[str] | None = None) -> None:
    wanted = _arguments(arguments)
    measure(wanted.records, wanted.calls)


def measure(records: int, calls: int) -> list[list[str]]:
    """Prints every figure and gives them: name, value with unit, seconds of the server's processor, note."""
    found: list[list[str]] = []
    with tempfile.TemporaryDirectory(prefix="demo-org-bench-") as folder:
        file = Path(folder) / "org.duckdb"
        with _started("start, without records", None, 0, found):
            pass
        with _started(f"seed {records:,} records", file, records, found):
            pass
        with _started("start of that org, kept", file, records, found) as (figures, client):
            for object_name in ("Lead", "Contact"):
                _query(figures, client, object_name)
            _collections(figures, client, calls)
            _single_records(figures, client, calls)
            _bulk_saves(figures, client, min(records, 100_000))
    return found


def cpu_seconds(process: int) -> float:
    """What a process has spent so far; 0 where the system does not tell."""
    stat = Path(f"/proc/{process}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _started(name: str, file: Path | None, records: int, found: list[list[str]]) -> Iterator[tuple[Figures, Client]]:
    with _clock() as seconds, start_demo_org(file=file, records=records, patience=PATIENCE) as org:
        figures = Figures(org.details.pid, found)
        figures.show(name, seconds(), "s")
        yield figures, Client(org.details)


def _query(figures: Figures, client: Client, object_name: str) -> None:
    """A bulk query of every record and field: made, read plain, read compressed."""
    names = [each.name for each in load_schema().require(object_name).fields if each.type != "address"]
    soql = f"SELECT {', '.join(names)} FROM {object_name}"
    with _clock() as seconds:
        job = f"{VERSION}/jobs/query/"
        job += str(client.json("POST", f"{VERSION}/jobs/query", {"operation": "queryAll", "query": soql})["id"])
        records = _ended(client, job)
        taken = seconds()
    for encoding in ("identity", "gzip"):
        with _clock() as seconds:
            wire, content = _read_pages(client, job, encoding)
            served = seconds()
        if encoding == "identity":
            note = f"{records:,} records, {content / MB:,.0f} MB, {taken:.1f} s"
            figures.show(f"bulk CSV of {object_name}, made", content / MB / taken, "MB/s", note)
            figures.show(f"bulk CSV of {object_name}, served", content / MB / served, "MB/s", f"{served:.2f} s")
        else:
            note = f"{served:.2f} s, {wire / MB:,.0f} MB on the wire, unpacked by the client"
            figures.show(f"bulk CSV of {object_name}, gzip", content / MB / served, "MB/s", note)


def _read_pages(client: Client, job: str, encoding: str) -> tuple[int, int]:
    wire = content = 0
    locator = ""
    while locator != "null":
        path = f"{job}/results?maxRecords={PAGE}" + (f"&locator={locator}" if locator else "")
        reply = client.ask("GET", path, **{"Accept-Encoding": encoding})
        packed = reply.headers.get("Content-Encoding") == "gzip"
        read = client.drain(reply, zlib.decompressobj(16 + zlib.MAX_WBITS).decompress if packed else None)
        wire, content = wire + read[0], content + read[1]
        locator = str(reply.headers["Sforce-Locator"])
    return wire, content


def _collections(figures: Figures, client: Client, calls: int) -> None:
    """Calls of 200 records each: created, then updated."""
    ids: list[str] = []
    for method, verb in (("POST", "created"), ("PATCH", "updated")):
        times = []
        for call in range(calls):
            records = [
                {"attributes": {"type": "Lead"}, "LastName": f"Bench {call}-{place}", "Company": "Bench", "Title": verb}
                for place in range(COLLECTION)
            ]
            if method == "PATCH":
                for record, record_id in zip(records, ids[call * COLLECTION :], strict=False):
                    record["Id"] = record_id
            body = {"allOrNone": False, "records": records}
            with _clock() as seconds:
                reply = json.loads(client.ask(method, f"{VERSION}/composite/sobjects", body).read())
                times.append(seconds() * 1000)
            if not all(each["success"] for each in reply):
                raise SystemExit(f"not every record was {verb}: {reply[0]}")
            ids += [each["id"] for each in reply] if method == "POST" else []
        _show_times(figures, f"{COLLECTION} records {verb}", times)


def _single_records(figures: Figures, client: Client, calls: int) -> None:
    """Calls about one record each, found by its Id or its email."""
    wanted = f"SELECT Id, Email FROM Lead WHERE IsConverted = false AND Email LIKE '%@%' LIMIT {calls}"
    found = json.loads(client.ask("GET", f"{VERSION}/query?q={quote(wanted)}").read())["records"]
    lead, query = f"{VERSION}/sobjects/Lead", f"{VERSION}/query?q=SELECT+Id+FROM+Lead+WHERE+"
    asked: dict[str, list[tuple[str, str, object]]] = {
        "one record read": [("GET", f"{lead}/{each['Id']}", None) for each in found],
        "one record updated": [("PATCH", f"{lead}/{each['Id']}", {"Title": "Bench"}) for each in found],
        "query by Id": [("GET", f"{query}Id='{each['Id']}'", None) for each in found],
        "query by Email": [("GET", f"{query}Email='{quote(each['Email'])}'", None) for each in found],
    }
    for name, requests in asked.items():
        times = []
        for method, path, body in requests:
            with _clock() as seconds:
                client.ask(method, path, body).read()
                times.append(seconds() * 1000)
        _show_times(figures, name, times)


def _show_times(figures: Figures, name: str, times: list[float]) -> None:
    times.sort()
    slow = times[min(len(times) - 1, int(len(times) * 0.95))]
    figures.show(f"{name}, median", statistics.median(times), "ms", f"p95 {slow:.1f} ms, {len(times)} calls")


def _bulk_saves(figures: Figures, client: Client, rows: int) -> None:
    """Jobs that make leads, save as many by their external ids (half of them new), and change those made first."""
    half = rows // 2
    people = [f"Row {row},Bench,row{row}@bench.example,bench-{row}" for row in range(half + rows)]
    header = "LastName,Company,Email,External_Id__c"
    made = _ingest(figures, client, {"operation": "insert"}, [header, *people[:rows]])
    by = {"operation": "upsert", "externalIdFieldName": "External_Id__c"}
    _ingest(figures, client, by, [header, *people[half:]])
    results = client.ask("GET", f"{made}/successfulResults").read().decode()
    ids = [row["sf__Id"] for row in csv.DictReader(io.StringIO(results))]
    _ingest(figures, client, {"operation": "update"}, ["Id,Title", *(f"{each},Changed" for each in ids)])


def _ingest(figures: Figures, client: Client, wanted: dict[str, str], lines: Sequence[str]) -> str:
    """Runs a job and gives its address."""
    job = client.json("POST", f"{VERSION}/jobs/ingest", wanted | {"object": "Lead"})
    address = f"{VERSION}/jobs/ingest/{job['id']}"
    packed = {"Content-Encoding": "gzip"}
    client.ask("PUT", f"{address}/batches", gzip.compress("\n".join(lines).encode(), 1), **packed).read()
    with _clock() as seconds:
        client.ask("PATCH", address, {"state": "UploadComplete"}).read()
        done = _ended(client, address)
        figures.show(f"bulk {wanted['operation']}", done / seconds(), "rows/s", f"{done:,} rows")
    return address


def _ended(client: Client, job: str) -> int:
    """Waits for the end of a job and says how many records it has."""
    while (info := client.json("GET", job))["state"] in ("UploadComplete", "InProgress"):
        time.sleep(0.02)
    if info["state"] != "JobComplete":
        raise SystemExit(f"{job} is {info['state']}: {info.get('errorMessage')}")
    if info.get("numberRecordsFailed"):
        raise SystemExit(f"{job}: {info['numberRecordsFailed']} records failed")
    return int(str(info["numberRecordsProcessed"]))


@contextmanager
def _clock() -> Iterator[Callable[[], float]]:
    started = time.perf_counter()
    yield lambda: time.perf_counter() - started


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How fast the demo org is.")
    parser.add_argument("--records", type=int, default=1_000_000, help="leads and contacts of the org")
    parser.add_argument("--calls", type=int, default=100, help="calls of 200 records each")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
