"""Random histories of an org, and of the imports of it: everything that people and upkeep do, in any order."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError as Refused

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import SalesforceError
from sf_elt.streams import StreamSpec, Window, reconcile, refresh_formulas, spans_read, stream_columns
from sf_elt.streams.adhoc import Wanted, read_some
from sf_elt.streams.progress import Progress
from sf_elt.warehouse import WarehouseEmpty
from sf_elt_tests.demo_org.soap_client import Fault, soap
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.streams.support import Importer, _at, _typed

TEXTS = [
    "N/A", "#N/A", "null", "true", "0012", "=1+1", "NaN", "2024-01-01", 'He said "no"', "a\r\nb", "a\nb", "\u2028x",
    "emoji 🎉", "'", "\\", ",", '"', "  in front", "behind  ", "A;B", "nul\u0000x", "\ttab", "#c", "\ufeffbom",
    'x"\n' * 10_000,
]  # fmt: skip
DATES = ["1700-01-01", "3999-12-31", "2024-02-29", None]
OBJECTS = ("Contact", "Lead", "Account", "Campaign", "Case")
STREAMS = (
    StreamSpec("contacts", "Contact", additional_fields=("Account.Name", "Owner.Name")),
    StreamSpec("leads", "Lead", additional_fields=("Owner.Name",)),
    StreamSpec("accounts", "Account", exclude_fields=("LastActivityDate",)),  # moves without a timestamp
    StreamSpec("campaigns", "Campaign", timestamp_field="none"),
    StreamSpec("lead_history", "LeadHistory"),
)
SOME_FIELDS = {
    "Contact": ("Description", "Birthdate", "Account.Name"),
    "Lead": ("Description", "Title", "Owner.Name"),
    "Account": ("Description", "Rating", "Name"),
    "LeadHistory": ("NewValue", "OldValue"),
}

Row = dict[str, object]


@dataclass
class People:
    """Those who work in the org. `gone` are records that were deleted at some time, also where they are back."""

    org: Details
    choose: random.Random
    ahead: float = 0.0
    gone: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.sf: Salesforce = client(self.org)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def wait(self, seconds: float, skew: float = 0.0) -> None:
        """Time passes, for the org as for us; its clock may be `skew` seconds ahead of ours."""
        self.ahead += seconds
        levers(self.org).let_clock_differ(self.ahead + skew)

    def work(self) -> None:
        """One thing that somebody does; what the org refuses is not done."""
        deeds: list[Callable[[], object]] = [
            self.update, self.update, self.update, self.create, self.delete, self.undelete, self.purge, self.merge,
            self.convert, self.rename, self.rate, self.update_many, self.change_fields,
        ]  # fmt: skip
        try:
            self.choose.choice(deeds)()
        except (Refused, Fault):
            return
        self.note_gone()

    def note_gone(self) -> None:
        for name in (*OBJECTS, "LeadHistory"):
            found = {each["Id"]: each["IsDeleted"] for each in levers(self.org).records(name)}
            self.gone.update(record for record, is_deleted in found.items() if is_deleted)
            self.seen.update(found)
        stored = {each["Id"] for name in (*OBJECTS, "LeadHistory") for each in levers(self.org).records(name)}
        self.gone.update(self.seen - stored)

    def _some(self, name: str, number: int = 1, *, deleted: bool = False) -> list[str]:
        where = f"IsDeleted = {str(deleted).lower()}" + (" AND IsConverted = false" if name == "Lead" else "")
        found = self.sf.query_all(f"SELECT Id FROM {name} WHERE {where} ORDER BY Id", include_deleted=True)["records"]
        return [str(each["Id"]) for each in self.choose.sample(found, min(number, len(found)))]

    def update(self) -> None:
        name = self.choose.choice(OBJECTS)
        values: Row = {"Description": self.choose.choice(TEXTS)}
        if name == "Contact":
            values |= {"Birthdate": self.choose.choice(DATES), "LastName": self.choose.choice(TEXTS)[:80]}
        for record in self._some(name):
            getattr(self.sf, name).update(record, values)

    def create(self) -> None:
        text = self.choose.choice(TEXTS)[:40]
        self.sf.Lead.create({"LastName": text, "Company": text})
        self.sf.Contact.create({"LastName": text, "AccountId": self._some("Account")[0]})

    def delete(self) -> None:
        name = self.choose.choice(OBJECTS)
        for record in self._some(name):
            getattr(self.sf, name).delete(record)

    def undelete(self) -> None:
        soap(self.org, "undelete", {"ids": self._some(self.choose.choice(OBJECTS), deleted=True)})

    def purge(self) -> None:
        name = self.choose.choice(OBJECTS)
        self.delete()
        soap(self.org, "emptyRecycleBin", {"ids": self._some(name, 3, deleted=True)})

    def merge(self) -> None:
        name = self.choose.choice(["Contact", "Lead"])
        winner, loser = self._some(name, 2)
        soap(self.org, "merge", {"request": {"masterRecord": {"type": name, "Id": winner}, "recordToMergeIds": loser}})

    def convert(self) -> None:
        status = self.sf.query("SELECT ApiName FROM LeadStatus WHERE IsConverted = true")["records"][0]["ApiName"]
        [lead] = self._some("Lead")
        soap(self.org, "convertLead", {"leadConverts": {"leadId": lead, "convertedStatus": status}})

    def rename(self) -> None:
        users = self.sf.query("SELECT Id FROM User WHERE IsActive = true ORDER BY Id")["records"]
        self.sf.User.update(self.choose.choice(users)["Id"], {"LastName": f"User {self.choose.random()}"})

    def rate(self) -> None:
        values = {"Rating": self.choose.choice(["Hot", "Cold"]), "Name": f"Account {self.choose.random()}"}
        self.sf.Account.update(self._some("Account")[0], values)

    def update_many(self) -> None:
        records = [
            {"attributes": {"type": "Lead"}, "Id": record, "Title": f"M{self.choose.random()}"}
            for record in self._some("Lead", 20)
        ]
        self.sf.restful("composite/sobjects", method="PATCH", json={"allOrNone": False, "records": records})

    def change_fields(self) -> None:
        name = self.choose.choice(["Contact", "Lead"])
        described = {each["name"] for each in getattr(self.sf, name).describe()["fields"]}
        kinds: list[Row] = [{"type": "Text", "length": 80}, {"type": "Number", "precision": 18, "scale": 2}]
        if "Size__c" in described:
            levers(self.org).change_schema(name, drop=["Size__c"])
        else:
            new = {"fullName": "Size__c", "label": "Size"} | self.choose.choice(kinds)
            levers(self.org).change_schema(name, add=[new])


@dataclass
class Imports:
    """Imports and upkeep of what they do, some of it killed; and what must hold of the streams all the time."""

    importer: Importer
    people: People
    choose: random.Random
    before: dict[str, dict[str, Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.importer.org.transport.clock = self.people.now
        today = datetime.now(UTC).replace(microsecond=0)
        self.borders = [datetime(2000, 1, 1, tzinfo=UTC), today - timedelta(days=30), today]

    def windows(self) -> list[Window]:
        while self.borders[-1] <= self.people.now():
            self.borders.append(self.borders[-1] + timedelta(hours=self.choose.choice([1, 6, 24])))
        return [Window(start, end) for start, end in zip(self.borders, self.borders[1:], strict=False)]

    def work(self) -> None:
        """One read or upkeep of one stream, perhaps killed on its way."""
        spec = self._anyhow(self.choose.choice(STREAMS))
        deeds = [
            self.read_any, self.read_any, self.read_new, self.read_new, self.reconcile, self.refresh, self.read_some,
            self.read_some,
        ]  # fmt: skip
        with suppress(KeyboardInterrupt, SalesforceError):
            self.choose.choice(deeds)(spec, self._killer())
        self.check(spec)

    def read_any(self, spec: StreamSpec, kill: Progress | None = None) -> None:
        windows = self.windows()
        first = self.choose.randrange(len(windows))
        last = self.choose.randrange(first, len(windows))
        self._read(spec, Window(windows[first].start, windows[last].end), kill)

    def read_new(self, spec: StreamSpec, kill: Progress | None = None) -> None:
        """What a schedule does: each window that is not complete, from where it was read."""
        for window in self.windows():
            reached = window.start
            for start, end in sorted(spans_read(self.importer.warehouse, spec.stream, spec.timestamp_field)):
                reached = max(reached, end) if start <= reached else reached
            if reached < window.end:
                self._read(spec, window, kill, only_new=True)

    def _read(self, spec: StreamSpec, window: Window, kill: Progress | None, *, only_new: bool = False) -> None:
        self.importer.run(spec, window, now=self.people.now(), only_new=only_new, progress=kill)

    def reconcile(self, spec: StreamSpec, kill: Progress | None = None, *, thorough: bool = False) -> None:
        org, meter, warehouse, now = self.importer.org, self.importer.meter, self.importer.warehouse, self.people.now()
        reconcile(
            org, meter, warehouse, spec, now=now, run_id="run", thorough=thorough, accept_many=True, progress=kill
        )

    def refresh(self, spec: StreamSpec, kill: Progress | None = None) -> None:
        org, meter, warehouse, now = self.importer.org, self.importer.meter, self.importer.warehouse, self.people.now()
        refresh_formulas(org, meter, warehouse, spec, now=now, run_id="run", progress=kill)

    def read_some(self, spec: StreamSpec, kill: Progress | None = None) -> None:
        """By hand: some fields, or some rows, of any window."""
        org, meter, warehouse, now = self.importer.org, self.importer.meter, self.importer.warehouse, self.people.now()
        window = self.choose.choice(self.windows())
        names = (
            [] if spec.timestamp_field else [each for each in SOME_FIELDS[spec.object] if self.choose.random() < 0.7]
        )
        wanted = Wanted(tuple(names), self.choose.choice([None, 1, 5]) if names else 3)
        read_some(org, meter, warehouse, spec, window, wanted, now=now, run_id="run", progress=kill)

    def _anyhow(self, spec: StreamSpec) -> StreamSpec:
        return replace(spec, transport=self.choose.choice(["rest", "bulk"]), page_rows=self.choose.choice([7, None]))

    def _killer(self) -> Progress | None:
        if self.choose.random() < 0.7:
            return None
        moment = self.choose.choice(["counting", "reading", "merging"])

        def kill(what: str, done: int, total: int | None) -> None:
            if moment in what:
                raise KeyboardInterrupt

        return kill

    def check(self, spec: StreamSpec) -> None:
        """No row was lost, none went back to an older version, and none is deleted that never was."""
        rows, before = self.rows(spec), self.before.get(spec.stream, {})
        assert before.keys() <= rows.keys()
        for record, row in rows.items():
            stood = before.get(record, row)
            assert row.get("SystemModstamp", "") >= stood.get("SystemModstamp", ""), (stood, row)  # type: ignore[operator]
            assert row["_deleted_at"] is None or record in self.people.gone, row
        self.before[spec.stream] = rows

    def rows(self, spec: StreamSpec) -> dict[str, Row]:
        try:
            with self.importer.warehouse.read() as connection:
                found = connection.execute("FROM duckdb_tables() WHERE table_name = ?", [spec.stream]).fetchall()
                if not found:
                    return {}
                cursor = connection.execute(f"FROM streams.{spec.stream}")
                names = [each[0] for each in cursor.description or ()]
                return {str(row[names.index("Id")]): dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
        except WarehouseEmpty:
            return {}

    def finish(self, spec: StreamSpec) -> None:
        """The last read, reconciliation and refresh; each twice, as an unfinished one is gone on with first.

        Whole, since a field that came or went is in no older row before that is read again.
        """
        windows = self.windows()
        for _ in range(2):
            self._read(spec, Window(windows[0].start, windows[-1].end), None)
            self.reconcile(spec, thorough=True)
            self.refresh(spec)
        self.check(spec)

    def differences(self, spec: StreamSpec) -> list[object]:
        """Where the stream is not what the org tells simple-salesforce, to the last column of the last deleted row."""
        self.importer.org.described.clear()
        columns = stream_columns(self.importer.org, spec)
        types = {column.name: column.sql_type for column in columns.columns}
        soql = f"SELECT {', '.join(types)} FROM {spec.object}"
        rows = self.rows(spec)
        found: list[object] = []
        told = {str(each["Id"]): each for each in client(self.people.org).query_all_iter(soql, include_deleted=True)}
        for record, values in told.items():
            for name, sql_type in types.items():
                value, stands = _typed(_at(values, name), sql_type), rows.get(record, {}).get(name)
                if str(value) != str(stands):  # NaN is no value of Salesforce's
                    found.append((spec.stream, record, name, value, stands))
            if values["IsDeleted"] != (rows.get(record, {}).get("_deleted_at") is not None):
                found.append((spec.stream, record, "_deleted_at", rows.get(record)))
        alive = {record for record, row in rows.items() if row["_deleted_at"] is None}
        return [*found, *((spec.stream, record, "is gone, and lives") for record in sorted(alive - told.keys()))]
