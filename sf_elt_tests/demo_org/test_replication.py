"""getUpdated and getDeleted: what they give, what they refuse, and that who polls with them misses nothing."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.replication import deleted_records, updated_records
from sf_elt.demo_org.saving import save
from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.serve import Details, running_org
from sf_elt.demo_org.store import Store
from sf_elt_tests.examples import some
from sf_elt_tests.orgs import client, levers


@pytest.fixture(scope="module")
def shared() -> Iterator[Details]:
    with running_org(seed=7, records=200) as details:
        yield details


def ask(org: Details, path: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {org.access_token}"}
    return requests.get(f"{org.instance_url}/services/data/v62.0/sobjects/{path}", headers=headers, timeout=10)


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def test_updated_gives_what_a_query_by_systemmodstamp_gives(shared: Details) -> None:
    """The Ids of living records saved in the span, and how far it is covered."""
    sf = client(shared)
    start, end = ago(days=20), ago(days=2)
    found = sf.Contact.updated(start, end)
    minutes = [f"{each:%Y-%m-%dT%H:%M}:00Z" for each in (start, end)]
    soql = f"SELECT Id FROM Contact WHERE SystemModstamp >= {minutes[0]} AND SystemModstamp < {minutes[1]}"
    assert sorted(found["ids"]) == sorted(each["Id"] for each in sf.query_all(soql)["records"])
    assert found["ids"]
    assert found["latestDateCovered"] == f"{end:%Y-%m-%dT%H:%M}:00.000+0000"


def test_deleted_gives_what_lies_in_the_recycle_bin(shared: Details) -> None:
    """Merged records too, each with when it was deleted; nothing older than 15 days."""
    sf = client(shared)
    found = sf.Lead.deleted(ago(days=29), ago(minutes=-5))
    earliest = f"{ago(days=15):%Y-%m-%dT%H:%M}:00Z"
    soql = f"SELECT Id, SystemModstamp FROM Lead WHERE IsDeleted = true AND SystemModstamp >= {earliest}"
    binned = {each["Id"]: each["SystemModstamp"] for each in sf.query_all(soql, include_deleted=True)["records"]}
    assert {each["id"]: each["deletedDate"] for each in found["deletedRecords"]} == binned
    assert found["earliestDateAvailable"].startswith(f"{ago(days=15):%Y-%m-%d}")


def test_a_restored_record_is_no_longer_deleted_a_removed_one_stays(org: Details) -> None:
    """Undelete takes it off the list, hard delete does not."""
    sf = client(org)
    created = [sf.Lead.create({"LastName": name, "Company": "X"})["id"] for name in "ABC"]
    for lead in created:
        sf.Lead.delete(lead)
    deleted = sf.Lead.deleted(ago(minutes=3), ago(minutes=-2))["deletedRecords"]
    assert {each["id"] for each in deleted} >= set(created)
    living = sf.Lead.updated(ago(minutes=3), ago(minutes=-2))["ids"]
    assert not set(living) & set(created)
    fresh = sf.Lead.create({"LastName": "D", "Company": "X"})["id"]
    [job] = sf.bulk2.Lead.hard_delete(records=[{"Id": fresh}], wait=0)
    assert job["numberRecordsFailed"] == 0
    deleted = sf.Lead.deleted(ago(minutes=3), ago(minutes=-2))["deletedRecords"]
    assert {each["id"] for each in deleted} >= {*created, fresh}


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("2026-01-01T00:00:00Z", None, "startDate cannot be more than 30 days ago"),
        ("{now}", "{now}", "startDate must be at least one minute greater than endDate"),
        ("{now}", "{hour_ago}", "startDate cannot be after endDate"),
        ("2026-11-31T00:00:00Z", None, "start is not a valid date and time: 2026-11-31T00:00:00Z"),
        ("yesterday", None, "start is not a valid date and time: yesterday"),
    ],
)
@pytest.mark.parametrize("kind", ["updated", "deleted"])
def test_a_span_that_cannot_be_answered_is_refused(
    shared: Details, kind: str, start: str, end: str | None, message: str
) -> None:
    """Too old, too short, the wrong way round, or no date: INVALID_REPLICATION_DATE."""
    named = {"now": f"{ago():%Y-%m-%dT%H:%M:%SZ}", "hour_ago": f"{ago(hours=1):%Y-%m-%dT%H:%M:%SZ}"}
    until = (end or "{now}").format(**named)
    refused = ask(shared, f"Lead/{kind}/?start={start.format(**named)}&end={until}")
    assert (refused.status_code, refused.json()) == (
        400,
        [{"errorCode": "INVALID_REPLICATION_DATE", "message": message}],
    )


def test_dates_are_read_with_any_offset(shared: Details) -> None:
    """The same moment with Z, with an offset and with milliseconds gives the same records."""
    start, end = ago(days=10), ago(days=1)
    shown = f"{start:%Y-%m-%dT%H:%M:%S}"
    here = f"{start + timedelta(hours=5, minutes=30):%Y-%m-%dT%H:%M:%S}%2B05:30"
    until = f"{end:%Y-%m-%dT%H:%M:%SZ}"
    replies = [
        ask(shared, f"Lead/updated?start={each}&end={until}").json()
        for each in (f"{shown}Z", here, f"{shown}.000%2B0000", f"{shown}.123Z")
    ]
    assert replies[0]["ids"]
    assert all(each == replies[0] for each in replies)


def test_what_cannot_be_replicated_says_so(shared: Details) -> None:
    """As describe's `replicateable` does; an unknown object is not found, a missing bound asked for."""
    span = f"start={ago(hours=1):%Y-%m-%dT%H:%M:%SZ}&end={ago():%Y-%m-%dT%H:%M:%SZ}"
    assert ask(shared, f"LeadStatus/updated?{span}").json()[0]["errorCode"] == "INVALID_TYPE_FOR_OPERATION"
    assert ask(shared, f"Nothing/updated?{span}").status_code == 404
    assert ask(shared, "Lead/deleted?start=2026-11-01T00:00:00Z").json()[0]["errorCode"] == "MISSING_ARGUMENT"


def test_an_org_has_no_past_before_it_was_made(empty_org: Details) -> None:
    """jsforce#406: a start before the org was made is refused; two minutes later there is a span to ask for."""
    start, end = f"{ago(minutes=5):%Y-%m-%dT%H:%M:%SZ}", f"{ago():%Y-%m-%dT%H:%M:%SZ}"
    refused = ask(empty_org, f"Lead/updated?start={start}&end={end}").json()
    assert refused[0]["message"] == "startDate before org replication enabled date"
    made = client(empty_org).query("SELECT CreatedDate FROM Organization")["records"][0]["CreatedDate"]
    levers(empty_org).advance(180)
    later = f"{ago(seconds=-180):%Y-%m-%dT%H:%M:%SZ}"
    assert ask(empty_org, f"Lead/updated?start={made.replace('+', '%2B')}&end={later}").json()["ids"] == []


class _Leads:
    """A store with one user, its clock, and leads saved in it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, 12, tzinfo=UTC)
        self.store = Store(load_schema(), clock=lambda: self.now)
        self.type = self.store.schema.require("Lead")
        self.user = self.store.next_ids("User", 1)[0]

    def save(self, operation: Any, *records: dict[str, object]) -> list[str]:
        outcomes = save(self.store, self.user, "Lead", operation, records)
        assert all(each.success for each in outcomes), outcomes
        return [str(each.id) for each in outcomes]


def test_more_ids_than_allowed_are_refused() -> None:
    """EXCEEDED_ID_LIMIT where the span holds more; exactly as many are given."""
    leads = _Leads()
    with leads.store:
        ids = leads.save("insert", *({"LastName": str(each), "Company": "X"} for each in range(5)))
        start, end = leads.now - timedelta(hours=1), leads.now + timedelta(hours=1)
        assert updated_records(leads.store, leads.type, start, end, most=5).ids == ids
        with pytest.raises(OrgError) as refused:
            updated_records(leads.store, leads.type, start, end, most=4)
        assert refused.value.code == "EXCEEDED_ID_LIMIT"
        leads.save("delete", *({"Id": each} for each in ids))
        with pytest.raises(OrgError) as refused:
            deleted_records(leads.store, leads.type, start, end, most=4)
        assert refused.value.code == "EXCEEDED_ID_LIMIT"


def test_a_transaction_under_way_holds_back_what_is_covered() -> None:
    """Its records are not there yet and carry its start: who goes on from latestDateCovered meets them."""
    leads = _Leads()
    under_way, finish = threading.Event(), threading.Event()

    def slowly() -> None:
        with leads.store.transaction():
            leads.save("insert", {"LastName": "Late", "Company": "X"})
            under_way.set()
            finish.wait(60)

    with leads.store:
        start = leads.now - timedelta(minutes=10)
        saver = threading.Thread(target=slowly)
        saver.start()
        assert under_way.wait(60)
        began = leads.now.replace(tzinfo=None)
        leads.now += timedelta(minutes=30)
        early = updated_records(leads.store, leads.type, start, leads.now)
        finish.set()
        saver.join()
        assert (early.ids, early.latest_date_covered) == ([], began)
        found = updated_records(leads.store, leads.type, early.latest_date_covered.replace(tzinfo=UTC), leads.now)
        assert len(found.ids) == 1
        assert found.latest_date_covered == leads.now.replace(tzinfo=None)


_KINDS = ["insert", "update", "delete", "undelete", "hardDelete", "poll", "poll", "insert"]
_STEPS = st.lists(
    st.tuples(st.sampled_from(_KINDS), st.sampled_from([0, 1, 40, 60, 130])), min_size=5, max_size=25
)  # fmt: skip


@given(steps=_STEPS)
@settings(max_examples=some(8), deadline=None)
def test_who_polls_from_what_was_covered_misses_nothing(steps: list[tuple[str, int]]) -> None:
    """A copy kept by getUpdated and getDeleted alone is the org's living records after the last poll."""
    leads = _Leads()
    living: list[str] = []
    gone: list[str] = []
    copy: set[str] = set()
    with leads.store:
        since = leads.now - timedelta(minutes=1)
        for kind, seconds in [*steps, ("poll", 120)]:
            leads.now += timedelta(seconds=seconds)
            if kind == "insert":
                living += leads.save("insert", {"LastName": "L", "Company": "X"})
            elif kind == "update" and living:
                leads.save("update", {"Id": living[-1], "Title": "T"})
            elif kind == "delete" and living:
                gone += leads.save("delete", {"Id": living.pop(0)})
            elif kind == "undelete" and gone:
                living += leads.save("undelete", {"Id": gone.pop()})
            elif kind == "hardDelete" and living:
                leads.save("hardDelete", {"Id": living.pop()})
            elif kind == "poll" and leads.now - since >= timedelta(minutes=2):
                end = leads.now + timedelta(minutes=1)
                updated = updated_records(leads.store, leads.type, since, end)
                deleted = deleted_records(leads.store, leads.type, since, end)
                copy -= {record_id for record_id, _ in deleted.records}
                copy |= set(updated.ids)
                since = min(updated.latest_date_covered, deleted.latest_date_covered).replace(tzinfo=UTC)
    assert copy == set(living)
