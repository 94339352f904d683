"""Importing from a demo org over HTTP, and what the org itself says its rows are."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Login, Org, Patience, connect
from sf_elt.streams import StreamColumns, StreamSpec, Window, WindowReport, import_window, stream_columns
from sf_elt.streams.progress import Progress
from sf_elt.warehouse import JobMeter, Warehouse, quote
from sf_elt_tests.orgs import client, levers

ALWAYS = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
LEADS = StreamSpec("salesforce_leads", "Lead")
CONTACTS = StreamSpec("salesforce_contacts", "Contact")
QUICK = Patience(attempts=4, first_wait=0.01, longest_wait=0.02)

Table = list[tuple[object, ...]]


def login_to(details: Details) -> Login:
    """A login that can be renewed: the session's token first, then user name and password."""
    return Login(
        instance_url=details.instance_url,
        login_url=details.instance_url,
        access_token=details.access_token,
        username=details.username,
        password=details.password,
        security_token=details.security_token,
    )


@dataclass
class Importer:
    """An org, a warehouse of its own, and the meter that counts between them. `watcher` is told of progress."""

    org: Org
    warehouse: Warehouse
    meter: JobMeter
    watcher: Progress | None = None

    def run(
        self,
        spec: StreamSpec = LEADS,
        window: Window = ALWAYS,
        *,
        now: datetime | None = None,
        only_new: bool = False,
        accept_many: bool = False,
        progress: Progress | None = None,
    ) -> WindowReport:
        return import_window(
            self.org,
            self.meter,
            self.warehouse,
            spec,
            window,
            now=now or datetime.now(UTC),
            run_id="run",
            only_new=only_new,
            accept_many=accept_many,
            progress=progress or self.watcher,
        )

    def rows(self, spec: StreamSpec = LEADS) -> Table:
        """The stream's rows by Id, in the order of its columns, without the three of our own."""
        columns = stream_columns(self.org, spec)
        listed = ", ".join(quote(name) for name in columns.names)
        with self.warehouse.read() as connection:
            return connection.execute(f'SELECT {listed} FROM streams.{spec.stream} ORDER BY "Id"').fetchall()

    def sql(self, statement: str) -> Table:
        with self.warehouse.read() as connection:
            return connection.execute(statement).fetchall()


@contextmanager
def importing(details: Details, folder: Path, *, limit: int | None = None) -> Iterator[Importer]:
    """An importer into a new warehouse below `folder`."""
    warehouse = Warehouse(folder / "warehouse")
    meter = JobMeter(warehouse.calls(), "import:test", "org", limit=limit)
    with closing(connect(login_to(details), meter, patience=QUICK)) as org:
        yield Importer(org, warehouse, meter)


def rows_of_org(details: Details, columns: StreamColumns, object_name: str) -> Table:
    """Every row of the object, deleted ones too, as the org gives it by REST to simple-salesforce."""
    types = {column.name: column.sql_type for column in columns.columns}
    found = client(details).query_all(
        f"SELECT {', '.join(columns.names)} FROM {object_name} ORDER BY Id", include_deleted=True
    )
    return [tuple(_typed(_at(record, name), types[name]) for name in columns.names) for record in found["records"]]


def _at(record: dict[str, object] | None, name: str) -> object:
    first, dot, rest = name.partition(".")
    value = record[first] if record is not None else None
    return _at(value, rest) if dot else value  # type: ignore[arg-type]


def _typed(value: object, sql_type: str) -> object:
    if value is None:
        return None
    if sql_type == "TIMESTAMP":
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC).replace(tzinfo=None)
    if sql_type == "VARCHAR[]":
        return str(value).split(";")
    if sql_type == "TIME":
        return datetime.strptime(str(value), "%H:%M:%S.%fZ").time()
    return date.fromisoformat(str(value)) if sql_type == "DATE" else value


def asked(details: Details) -> dict[tuple[str, str], int]:
    """How often each kind of call was made since this was last asked, but for looks at jobs: a busy org takes more."""
    calls = levers(details).calls
    counted = {(each["method"], each["path"]): each["calls"] for each in calls.summary()}
    calls.clear()
    return {kind: number for kind, number in counted.items() if not kind[1].endswith("/jobs/query/{id}")}


class Body:
    """A body without compression, as `requests` hands it out."""

    def __init__(self, body: bytes) -> None:
        self._left = body
        self.decode_content = True

    def read(self, size: int = -1) -> bytes:
        piece, self._left = (self._left, b"") if size < 0 else (self._left[:size], self._left[size:])
        return piece

    def release_conn(self) -> None:
        """Nothing to release."""

    def shutdown(self) -> None:
        """Nothing to end."""

    def close(self) -> None:
        """Nothing to close."""
