"""Objects that are read whole and compared."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from sf_elt.demo_org.schema import Schema, load_schema
from sf_elt.demo_org.serve import Details, running_org
from sf_elt.salesforce import Download
from sf_elt.streams import Column, ManyVanished, SpecRefused, StreamColumns, StreamSpec, vanishing
from sf_elt.streams.merge import merge_download
from sf_elt.streams.schema import adapt_table
from sf_elt.streams.whole import mark_absent
from sf_elt.warehouse import Warehouse
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.orgs import client
from sf_elt_tests.streams.support import Importer, importing

GROUPS = StreamSpec("groups", "Group", timestamp_field="none")
STATUSES = StreamSpec("queue_objects", "QueueSobject", timestamp_field="none")
NOON = datetime(2026, 1, 1, 12)


@pytest.fixture
def importer(own_org: Details, tmp_path: Path) -> Iterator[Importer]:
    with importing(own_org, tmp_path) as importer:
        yield importer


@pytest.mark.parametrize("transport", ["rest", "bulk"])
def test_new_changed_and_unchanged_rows_are_told_apart(
    importer: Importer, own_org: Details, transport: Literal["rest", "bulk"]
) -> None:
    """The second read finds all unchanged, the third the one that changed, and ops.windows names no field."""
    spec = replace(GROUPS, transport=transport)
    first = importer.run(spec)
    again = importer.run(spec)
    assert (first.rows_new, first.timestamp_field) == (first.rows_read, "")
    assert (again.rows_unchanged, again.rows_new, again.rows_changed) == (first.rows_read, 0, 0)
    record = _an_id(own_org, "Group")
    client(own_org).Group.update(record, {"Name": "Renamed"})
    assert importer.run(spec).rows_changed == 1
    assert importer.sql(f'SELECT "Name" FROM streams.groups WHERE "Id" = \'{record}\'') == [("Renamed",)]


def test_what_vanished_is_marked_as_deleted(importer: Importer, own_org: Details) -> None:
    """A record that the org does not give any more stays with the time at which it was missed, once."""
    rows = importer.run(STATUSES).rows_read
    record = _an_id(own_org, "QueueSobject")
    client(own_org).QueueSobject.delete(record)
    gone = importer.run(STATUSES)
    assert (gone.rows_deleted, gone.rows_in_stream) == (1, rows)
    assert importer.sql('SELECT "Id" FROM streams.queue_objects WHERE _deleted_at IS NOT NULL') == [(record,)]
    assert importer.run(STATUSES).rows_deleted == 0


def test_an_object_of_which_nothing_is_left_is_marked_whole(
    importer: Importer, own_org: Details, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The org counts no row, so none is read. Of many that is not believed; once it is accepted, each is noted."""
    monkeypatch.setattr(vanishing, "FEW_VANISHED", 3)
    members = replace(GROUPS, stream="members", object="CampaignMember")
    rows = importer.run(members).rows_read
    ids = [each["Id"] for each in client(own_org).query_all("SELECT Id FROM CampaignMember")["records"]]
    for record in ids:
        client(own_org).CampaignMember.delete(record)
    for outcome in soap(own_org, "emptyRecycleBin", {"ids": ids}):
        assert outcome["success"] == "true", outcome
    with pytest.raises(ManyVanished, match="accept_many"):
        importer.run(members)
    assert importer.sql("SELECT count(_deleted_at) FROM streams.members") == [(0,)]
    assert importer.sql("FROM ops.vanished") == []
    gone = importer.run(members, accept_many=True)
    assert (gone.transport, gone.rows_deleted, gone.rows_in_stream) == ("none", rows, rows)
    noted = importer.sql(
        "SELECT record_id FROM ops.vanished WHERE stream = 'members' AND how = 'read whole' ORDER BY 1"
    )
    assert noted == [(record,) for record in sorted(ids)]


def test_vanished_records_stay_where_deletes_are_ignored(importer: Importer, own_org: Details) -> None:
    """Nothing is marked."""
    ignoring = replace(STATUSES, deletes="ignore")
    importer.run(ignoring)
    client(own_org).QueueSobject.delete(_an_id(own_org, "QueueSobject"))
    assert importer.run(ignoring).rows_deleted == 0
    assert importer.sql("SELECT count(_deleted_at) FROM streams.queue_objects") == [(0,)]


def test_an_object_whose_times_cannot_be_filtered_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without being told: its describe says so. A configured field is refused, with what to do."""
    schema = load_schema()
    kind = schema.require("Subscription__c")
    fields = tuple(replace(field, filterable=field.type != "datetime") for field in kind.fields)
    changed = Schema((*(each for each in schema.objects if each is not kind), replace(kind, fields=fields)))
    monkeypatch.setattr("sf_elt.demo_org.org.load_schema", lambda: changed)
    spec = StreamSpec("subscriptions", "Subscription__c")
    with running_org(seed=7, records=60) as org, importing(org, tmp_path) as importer:
        report = importer.run(spec)
        assert (report.timestamp_field, report.rows_new) == ("", report.org_count)
        assert importer.run(spec).rows_unchanged == report.rows_read > 0
        with pytest.raises(SpecRefused, match=r"cannot filter by it.*would do: none.*`none` reads the object whole"):
            importer.run(replace(spec, timestamp_field="SystemModstamp"))


def test_an_object_without_any_time_is_compared_by_content(tmp_path: Path) -> None:
    """New, changed, unchanged, vanished and back again; an older read brings nothing back."""
    warehouse = Warehouse(tmp_path)
    assert _merged(warehouse, {"a": 1, "b": 2}, at=1) == (2, 0, 0)
    assert _merged(warehouse, {"a": 1, "b": 3, "c": 4}, at=3) == (1, 1, 0)
    assert _merged(warehouse, {"b": 3}, at=5) == (0, 0, 2)
    assert _merged(warehouse, {"a": 9, "b": 3}, at=4) == (0, 0, 0)
    assert _merged(warehouse, {"a": 1, "b": 3}, at=6) == (0, 1, 0)
    assert _merged(warehouse, {}, at=7) == (0, 0, 2)
    with warehouse.read() as connection:
        standing = connection.execute('SELECT "Id", "Rank", _deleted_at FROM streams.ranks ORDER BY "Id"').fetchall()
    assert standing == [("a", 1, _hour(7)), ("b", 3, _hour(7)), ("c", 4, _hour(5))]


def _merged(warehouse: Warehouse, ranks: dict[str, int], *, at: int) -> tuple[int, int, int]:
    """What came of the read of that hour: new, changed, deleted."""
    names = (Column("Id", "VARCHAR"), Column("Rank", "BIGINT"))
    columns = StreamColumns(names, "", "Id", has_deleted=False, substance=("Id", "Rank"))
    page = warehouse.landing("ranks") / "page.json"
    records = [{"Id": record, "Rank": rank} for record, rank in ranks.items()]
    page.write_text(json.dumps({"totalSize": len(ranks), "done": True, "records": records}))
    download = Download("rest", (page,), len(ranks))
    began = _hour(at).replace(tzinfo=UTC)
    with warehouse.write() as connection:
        shape = adapt_table(connection, "ranks", names, began)
        landed = (connection, "ranks", columns, shape, download)
        counts = merge_download(*landed, loaded_at=began, window="w")
        gone = mark_absent(*landed, loaded_at=began, window="w", noticed_at=began, run_id="run")
    return counts.rows_new, counts.rows_changed, counts.rows_deleted + gone


def _hour(number: int) -> datetime:
    return NOON + timedelta(hours=number)


def _an_id(org: Details, object_name: str) -> str:
    return str(client(org).query(f"SELECT Id FROM {object_name} LIMIT 1")["records"][0]["Id"])
