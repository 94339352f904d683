"""A small warehouse with a person in it whose every trace can be told, and all that would bring them back.

python -m sf_elt_tests.profiles.erasable FOLDER      # erases that person: for tests that kill it
"""

import csv
import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sf_elt.insight import Audience, refresh_audiences
from sf_elt.profiles import ProfilesReport, build_profiles, erase_profile
from sf_elt.salesforce import Download
from sf_elt.streams import EventSpec, EventsReport, import_events
from sf_elt.streams.columns import Column, StreamColumns
from sf_elt.streams.merge import MergeCounts, merge_download
from sf_elt.streams.schema import adapt_table
from sf_elt.streams.views import refresh_views
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.streams import IDENTIFIERS, NOW, lead_id

EMAIL = "Zyxwv.Marker@Quux.example"
COOKIE = "cookie-of-zyxwv-4711"
PERSON, LATER, TASK = lead_id(4711), lead_id(4712), "00T000000004711AAA"
ACCOUNT = "001000000000001AAA"
MAPPING = [rule for rule in IDENTIFIERS if rule.stream in ("salesforce_leads", "web_events")]

LEADS = [
    (lead_id(1), "ann@x.example", "Ann", "knows zyxwv.marker@quux.example, as she says"),
    (lead_id(2), "bob@x.example", "Bob", "knows nobody"),
    (PERSON, EMAIL, "Zyxwv", ""),
]
TASKS = [(TASK, PERSON, "Call Zyxwv", ""), ("00T000000000001AAA", lead_id(1), "Call Ann", f"about {PERSON[:15]}")]
ACCOUNTS = [(ACCOUNT, PERSON, "Quux", "")]
EVENTS = [
    {"event_id": "m1", "occurred_at": "2026-01-01T10:00:00Z", "email": EMAIL, "anonymous_id": COOKIE},
    {"occurred_at": "2026-01-02T10:00:00Z", "anonymous_id": COOKIE, "title": "Pricing"},
    {"event_id": "m3", "occurred_at": "2026-01-03T10:00:00Z", "email": "ann@x.example", "anonymous_id": "ann's",
     "url": "https://x.example/?to=zyxwv.marker%40quux.example"},
    {"event_id": "m4", "occurred_at": "never", "anonymous_id": COOKIE},
    {"event_id": "m5", "occurred_at": "never", "anonymous_id": "somebody's"},
]  # fmt: skip

TRACES = ("zyxwv", COOKIE, PERSON[:15])


@dataclass(frozen=True)
class Erasable:
    """The warehouse, and a folder of events."""

    folder: Path

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.folder / "warehouse")

    def merge(self, stream: str, names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> MergeCounts:
        """Lands the rows as a page of CSV and merges them."""
        columns = (Column("Id", "VARCHAR"), *(Column(name, "VARCHAR") for name in names))
        shape = StreamColumns((*columns, Column("SystemModstamp", "TIMESTAMP")), "SystemModstamp", "SystemModstamp",
                              has_deleted=False, substance=tuple(names))  # fmt: skip
        page = self.folder / f"{stream}.csv.gz"
        with gzip.open(page, "wt", newline="", encoding="utf-8") as landing:
            writer = csv.writer(landing, quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writerow(shape.names)
            writer.writerows((*row, "2026-01-01T00:00:00.000Z") for row in rows)
        with self.warehouse.write() as connection:
            table = adapt_table(connection, stream, shape.columns, NOW)
            download = Download("bulk", (page,), len(rows))
            counts = merge_download(connection, stream, shape, table, download, loaded_at=NOW, window="w")
            refresh_views(connection)
        page.unlink()
        return counts

    def read_leads(self, *more: tuple[str, ...]) -> MergeCounts:
        return self.merge("salesforce_leads", ("Email", "LastName", "Note__c"), [*LEADS, *more])

    def read_events(self) -> EventsReport:
        return import_events(
            self.warehouse, EventSpec("web_events", (str(self.folder / "events"),)), now=NOW, run_id="test"
        )

    def read_everything(self) -> None:
        """All records and events, then profiles and an audience."""
        self.read_leads()
        self.merge("salesforce_tasks", ("WhoId", "Subject", "Note__c"), TASKS)
        self.merge("salesforce_accounts", ("Contact__c", "Name", "Note__c"), ACCOUNTS)
        self.read_events()
        self.build()
        everybody = Audience(name="Everybody", description="All.", condition="created_at IS NOT NULL")
        refresh_audiences(self.warehouse, [everybody], now=NOW, run_id="test")

    def build(self, *, anew: bool = False) -> ProfilesReport:
        return build_profiles(self.warehouse, MAPPING, now=NOW, run_id="test", anew=anew)

    def in_files(self) -> dict[str, list[str]]:
        """File of the warehouse → traces of the person in its bytes, in any letter case."""
        found = {}
        for file in self.warehouse.root.rglob("*"):
            if file.is_file():
                content = file.read_bytes().lower()
                found[file.name] = [trace for trace in TRACES if trace.lower().encode() in content]
        return {file: traces for file, traces in found.items() if traces}


def erasable(folder: Path) -> Erasable:
    """A new warehouse below the folder, with everything in it."""
    made = Erasable(folder)
    (folder / "events").mkdir(parents=True)
    (folder / "events" / "a.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in EVENTS), "utf-8")
    made.read_everything()
    with made.warehouse.write() as connection:
        connection.execute(
            "INSERT INTO writeback.sync_log BY NAME SELECT 'r' AS run_id, 'p' AS plan_id, 'e' AS export, profile_id,"
            " $email AS subject_id, $record AS record_id, 'update' AS operation, ['Rating'] AS changed_fields,"
            " 'failed' AS status, 'STRING_TOO_LONG' AS code, 'Zyxwv is too long' AS message, 1 AS attempt,"
            " 'rest' AS transport, TIMESTAMP '2026-01-01' AS logged_at FROM profiles.identifiers WHERE value = $record",
            {"record": PERSON, "email": EMAIL},
        )
    unread = made.warehouse.landing("salesforce_leads") / "read-1"
    unread.mkdir()
    (unread / "page.csv").write_text(EMAIL, "utf-8")
    made.warehouse.calls().reserve("job", None, "GET", f"/services/data/v62.0/sobjects/Lead/{PERSON}")
    return made


if __name__ == "__main__":
    erase_profile(Erasable(Path(sys.argv[1])).warehouse, MAPPING, EMAIL, reason="", now=datetime.now(UTC))
