"""Replies whose parts are of other kinds than Salesforce documents: only errors of ours, whatever stands where."""

import copy
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import count as counting
from pathlib import Path

import pytest

from sf_elt.salesforce import (
    JobPatience,
    Org,
    OrgUnavailable,
    RequestRefused,
    SalesforceError,
    bulk_jobs,
    count,
    describe,
    download_bulk,
    download_rest,
    query_records,
    retrieve,
    survey,
)
from sf_elt.salesforce.counting import count_records, kept_counts
from sf_elt.salesforce.describe import ObjectSummary, object_list, remember
from sf_elt.salesforce.limits import limits, versions
from sf_elt.salesforce.lookups import campaigns
from sf_elt.salesforce.lookups.finding import find, find_by_email
from sf_elt.salesforce.lookups.picklists import find_picklist
from sf_elt.salesforce.matching import find_matches
from sf_elt.salesforce.permissions import rights
from sf_elt.salesforce.records import query_columns
from sf_elt.salesforce.referring import objects_referring
from sf_elt.salesforce.replies import MOST_EMPTY_PAGES
from sf_elt.salesforce.uploads import UploadResults, results, wait_for_upload
from sf_elt.salesforce.write import create_records, delete_records, update_records, upsert_records
from sf_elt.writeback.by_bulk import _paired
from sf_elt.writeback.journal import PlannedRow
from sf_elt_tests.safety.hostile import Answer, hostile, org_at, reply

JSON = "Content-Type: application/json"
ID, OTHER = "00Q000000000001AAA", "00Q000000000002AAA"
AT_ONCE = JobPatience(longest=timedelta(seconds=0.02), first_wait=0)
HUGE = "huge"  # a number of 300 digits, which a JSON text may hold
WRONG = [None, True, -1, HUGE, "x", "", [], {}, [[]], [None], {"a": None}, "1", 1.5]


def _field(name: str, kind: str, **more: object) -> dict[str, object]:
    offered = [{"value": "a", "label": "a", "active": True, "validFor": "gAAA"}]
    return {"name": name, "type": kind, "label": name, "length": 80, "picklistValues": offered, **more}


def _query(*records: object) -> dict[str, object]:
    return {"totalSize": len(records), "done": True, "records": list(records)}


def _together(**bodies: object) -> dict[str, object]:
    return {
        "compositeResponse": [{"body": body, "httpStatusCode": 200, "referenceId": key} for key, body in bodies.items()]
    }


OWNER = _field("OwnerId", "reference", relationshipName="Owner", referenceTo=["User"])
FIELDS = [
    _field("Id", "id"), _field("Email", "email"), _field("Status", "picklist", controllerName="Email"), OWNER,
    _field("Name", "string"), _field("StartDate", "date"), _field("NumberOfLeads", "int"),
]  # fmt: skip
TASKS = {"childSObject": "Task", "field": "WhoId", "relationshipName": "Tasks"}
LEAD = {"name": "Lead", "label": "Lead", "fields": FIELDS, "childRelationships": [TASKS]}
RECORD = {
    "attributes": {"type": "Lead", "url": f"/services/data/v62.0/sobjects/Lead/{ID}"},
    "Id": ID,
    "Email": "ada@x.example",
    "Owner": {"attributes": {"type": "User"}, "Email": "x@y.example"},
    "Tasks": _query({"attributes": {"type": "Task", "url": "x"}, "Id": ID}),
}
CAMPAIGN = {"attributes": {}, "Id": "701000000000001AAA", "Name": "n", "StartDate": "2026-01-01", "NumberOfLeads": 3}
SET = {"Id": ID, "Label": "l", "Profile": {"Name": "p"}, "PermissionsViewSetup": True}
RIGHTS = _together(
    assigned=_query(SET),
    profile=_query(SET),
    views_all=_query({"SobjectType": "Lead", "ParentId": ID}),
    fields0=_query({"EntityDefinition": {"QualifiedApiName": "Lead"}, "QualifiedApiName": "Email"}),
) | {"identity": f"https://x.example/id/00D/{ID}"}
SAVED = [
    {"id": ID, "success": True, "errors": []},
    {"id": None, "success": False, "errors": [{"statusCode": "X", "message": "m", "fields": ["a"]}]},
]
JOB = {"id": "750000000000001", "state": "JobComplete", "numberRecordsProcessed": 3, "numberRecordsFailed": 0}
COLUMNS = {
    "columnMetadata": [{"columnName": "Owner", "aggregate": False, "joinColumns": [{"columnName": "Name"}]}],
}

Ask = Callable[[Org, Path], object]
ASKED: dict[str, tuple[Ask, object]] = {
    "describe": (lambda org, _: describe(org, "Lead").field("Email"), LEAD),
    "picklist": (lambda org, _: find_picklist(org, "Lead", "Status"), LEAD),
    "objects": (lambda org, _: object_list(org), {"sobjects": [{"name": "Lead", "keyPrefix": "00Q"}]}),
    "count": (lambda org, _: count(org, "Lead"), _query()),
    "counts": (lambda org, _: count_records(org, {"a": ("Lead", "")}, include_deleted=False), _together(a=_query())),
    "kept counts": (lambda org, _: kept_counts(org, ["Lead"]), {"sObjects": [{"name": "Lead", "count": 3}]}),
    "limits": (
        lambda org, _: [f"{each.used:,}" for each in limits(org).values()],
        {"DailyApiRequests": {"Max": 5, "Remaining": 3}},
    ),
    "versions": (lambda org, _: versions(org), [{"version": "62.0"}]),
    "query": (lambda org, _: query_records(org, "SELECT Id FROM Lead"), _query(RECORD)),
    "columns": (lambda org, _: query_columns(org, "SELECT Id FROM Lead"), COLUMNS),
    "retrieve": (lambda org, _: [each["Id"] for each in retrieve(org, "Lead", [ID, OTHER], ["Id"])], [RECORD, None]),
    "create": (lambda org, _: create_records(org, "Lead", [{}, {}]), SAVED),
    "update": (lambda org, _: update_records(org, "Lead", [{"Id": ID}, {"Id": OTHER}]), SAVED),
    "upsert": (lambda org, _: upsert_records(org, "Lead", "X__c", [{}, {}]), SAVED),
    "delete": (lambda org, _: delete_records(org, [ID, OTHER]), SAVED),
    "matches": (
        lambda org, _: find_matches(_knowing(org), "Lead", ["Email", "Id"], "or", [("ada@x.example", ID)]),
        _together(query0=_query(RECORD), query1=_query(RECORD)),
    ),
    "referring": (lambda org, _: objects_referring(_knowing(org), org.described["Lead"], [ID]),
                  _together(query0=_query(RECORD))),
    "campaigns": (lambda org, _: list(campaigns.fetch_campaigns(_knowing(org))), _query(CAMPAIGN)),
    "by email": (lambda org, _: find_by_email(_knowing(org), "Lead", "ada@x.example"), _query(RECORD)),
    "one": (lambda org, _: getattr(find(_knowing(org), ID, object_name="Lead"), "id", ""), RECORD),
    "rights": (lambda org, _: rights(org, ["Lead"]), RIGHTS),
    "survey": (
        lambda org, _: survey(org, "Lead", include_deleted=True), _together(described=LEAD, counted=_query())
    ),
    "pages": (
        lambda org, folder: download_rest(org, "SELECT Id FROM Lead", folder, include_deleted=False), _query(RECORD)
    ),
    "upload": (lambda org, _: wait_for_upload(org, "750000000000001", AT_ONCE, expected=3), JOB),
    "bulk": (
        lambda org, folder: download_bulk(
            org, "SELECT Id FROM Lead", folder, include_deleted=False, patience=AT_ONCE
        ), JOB,
    ),
}  # fmt: skip


def _knowing(org: Org) -> Org:
    """The org, described before."""
    remember(org, "Lead", LEAD)
    remember(org, "Campaign", LEAD | {"name": "Campaign"})
    org.listed = (ObjectSummary(name="Task"),)
    return org


@pytest.mark.parametrize("share", [4, pytest.param(10_000, marks=pytest.mark.soak)], ids=["few", "all"])
def test_any_part_of_a_reply_may_be_of_another_kind(
    share: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part in the place of which stands something else, or nothing: an error of ours, or what was asked for."""
    monkeypatch.setattr(bulk_jobs, "LEAST_WAIT", 0)
    dice = random.Random(int(os.environ.get("SOAK_SEED", "2026")))
    body = b""
    with hostile(lambda: reply(body, JSON)()) as server:
        for kind, (ask, good) in ASKED.items():
            wrong = list(_wrong(good))
            for number, body in enumerate(dice.sample(wrong, min(share, len(wrong)))):
                folder = tmp_path / f"{kind}-{number}"
                folder.mkdir()
                with org_at(server) as org:
                    try:
                        with suppress(SalesforceError):
                            ask(org, folder)
                    except Exception as error:
                        raise AssertionError(f"{kind}: {body[:3000]!r}") from error


def _wrong(good: object) -> Iterator[bytes]:
    for place in _places(good):
        for wrong in WRONG:
            yield _as_bytes(_with(good, place, wrong))
        if place:
            yield _as_bytes(_with(good, place, None, gone=True))


def _places(value: object, above: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from _places(each, (*above, key))


def _with(good: object, place: Sequence[object], wrong: object, *, gone: bool = False) -> object:
    if not place:
        return wrong
    changed = inner = copy.deepcopy(good)
    for key in place[:-1]:
        inner = inner[key]  # type: ignore[index]  # JSON, as deep as it is
    if gone:
        del inner[place[-1]]  # type: ignore[attr-defined]  # the same
    else:
        inner[place[-1]] = wrong  # type: ignore[index]  # the same
    return changed


def _as_bytes(value: object) -> bytes:
    return json.dumps(value).replace(json.dumps(HUGE), "9" * 300).encode()


def _pages(head: str, text: str) -> Answer:
    """A new page at each call, which leads to one more."""
    numbers = counting()

    def sent() -> Iterator[bytes]:
        number = str(next(numbers))
        yield from reply(text.replace("#", number).encode(), *(each.replace("#", number) for each in head.split("|")))()

    return sent


NEXT = '{"totalSize": 9999999, "done": false, "nextRecordsUrl": "/services/data/v62.0/query/#", "records": []}'


@pytest.mark.parametrize("read", ["records", "rest", "bulk", "side by side"])
def test_pages_without_end_are_a_clear_error(read: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new page has no row and leads to another new one."""
    job = {**JOB, "numberRecordsProcessed": 9_999_999}
    numbers = counting()

    def of_job() -> Iterator[bytes]:
        asked = server.requests[-1].split(b" ")[1]
        if asked.endswith((b"/query", b"/750000000000001")):
            yield from reply(json.dumps(job).encode(), JSON)()
        elif b"resultPages" in asked and read == "side by side":
            page, more = next(numbers), next(numbers)
            pages = [{"resultUrl": f"/services/data/v62.0/jobs/query/7/results?locator={page}"}]
            said = {"resultPages": pages, "nextRecordsUrl": f"/services/x/resultPages?locator={more}", "done": False}
            yield from reply(json.dumps(said).encode(), JSON)()
        else:
            yield from reply(b"Id\n", "Content-Type: text/csv", f"Sforce-Locator: {next(numbers)}")()

    answer = of_job if read in ("bulk", "side by side") else _pages(JSON, NEXT)
    patience = JobPatience(first_wait=0, side_by_side=3 if read == "side by side" else 1)
    with hostile(answer) as server, org_at(server) as org, pytest.raises(RequestRefused, match="without a row came"):
        if read == "records":
            query_records(org, "SELECT Id FROM Lead")
        elif read == "rest":
            download_rest(org, "SELECT Id FROM Lead", tmp_path, include_deleted=False)
        else:
            download_bulk(org, "SELECT Id FROM Lead", tmp_path, include_deleted=False, patience=patience)
    assert len(server.requests) < 4 * MOST_EMPTY_PAGES


def test_records_within_records_have_an_end() -> None:
    """Deeper than Python calls itself, as deep as JSON is read."""
    record = b'{"attributes": {}, "r": ' * 900 + b"1" + b"}" * 900
    said = b'{"totalSize": 1, "done": true, "records": [%s]}' % record
    with (
        hostile(reply(said, JSON)) as server,
        org_at(server) as org,
        pytest.raises(OrgUnavailable, match="records within more than 20 others"),
    ):
        query_records(org, "SELECT Id FROM Lead")


def _saved(*ids: str | None) -> bytes:
    return json.dumps([{"id": each, "success": True, "errors": []} for each in ids]).encode()


@pytest.mark.parametrize(
    ("ask", "body"),
    [
        (partial(update_records, object_name="Lead", records=[{"Id": ID}, {"Id": OTHER}]), _saved(OTHER, ID)),
        (partial(delete_records, ids=[ID, OTHER]), _saved(ID, "00Q000000000003AAA")),
        (partial(create_records, object_name="Lead", records=[{}, {}]), _saved(ID, ID)),
        (partial(create_records, object_name="Lead", records=[{}, {}]), _saved(ID, None)),
        (partial(create_records, object_name="Lead", records=[{}, {}]), _saved(ID, "00Q1")),
        (partial(create_records, object_name="Lead", records=[{}, {}]), _saved(ID, OTHER, OTHER)),
        (partial(upsert_records, object_name="Lead", external_id_field="X__c", records=[{}]), _saved("")),
    ],
    ids=["reordered", "of another", "one for two", "no id", "no such id", "too many", "upsert"],
)
def test_no_record_has_the_outcome_of_another(ask: Callable[..., object], body: bytes) -> None:
    """A reply that does not say whose it is, is none: the records are in doubt."""
    with hostile(reply(body, JSON)) as server, org_at(server) as org, pytest.raises(OrgUnavailable, match="answered a"):
        ask(org)


def _row(number: int, record_id: str | None = None) -> PlannedRow:
    operation = "update" if record_id else "create"
    return PlannedRow("p", number, str(number), str(number), record_id, operation, {}, 0, {}, None, None, None)


def _results(folder: Path, successful: bytes, failed: bytes = b"", unprocessed: bytes = b"") -> UploadResults:
    files = [folder / name for name in ("s.csv", "f.csv", "u.csv")]
    for file, body in zip(files, (successful, failed, unprocessed), strict=True):
        file.write_bytes(body)
    return UploadResults(*files)


HEAD = b"sf__Id,sf__Created,Email\n"
NEW = [(_row(1), {"Email": "a@x"}), (_row(2), {"Email": "b@x"})]


@pytest.mark.parametrize(
    ("successful", "failed", "known"),
    [
        (HEAD + b"%s,true,a@x\n%s,true,c@x\n" % (ID.encode(), OTHER.encode()), b"", {1}),
        (HEAD + b",true,a@x\n%s,true,b@x\n" % OTHER.encode(), b"", {2}),
        (HEAD + b"%s,true,a@x\n%s,true,b@x\n" % (ID.encode(), ID.encode()), b"", {1}),
        (HEAD + b"%s,true,a@x\n" % ID.encode(), b"sf__Id,sf__Error,Email\n,X:y:--,a@x\n,X:y:--,b@x\n", {2}),
        (b"sf__Id,sf__Created\n%s,true\n" % ID.encode(), b"", set()),
        (HEAD + b"%s,true\n%s\n" % (ID.encode(), OTHER.encode()), b"", set()),
        (HEAD.replace(b"\n", b",More\n") + b"%s,true,a@x,z\n" % ID.encode(), b"", {1}),
    ],
    ids=["never sent", "no id", "one id for two", "saved and refused", "no column", "short rows", "more columns"],
)
def test_rows_of_a_job_are_taken_for_no_others(
    tmp_path: Path, successful: bytes, failed: bytes, known: set[int]
) -> None:
    """Of a row that no line names for certain nothing is said: it stays in doubt."""
    ended = _paired(_results(tmp_path, successful, failed), NEW, "insert")
    assert (set(ended.results), ended.untouched) == (known, frozenset())


def test_an_update_of_a_job_names_its_own_record(tmp_path: Path) -> None:
    """A line under another Id, and one that comes twice, say nothing."""
    sent = [(_row(1, ID), {"Id": ID}), (_row(2, OTHER), {"Id": OTHER})]
    lines = b"sf__Id,Id\n%s,%s\n" % (OTHER.encode(), ID.encode())
    assert set(_paired(_results(tmp_path, lines), sent, "update").results) == set()
    twice = b"sf__Id,Id\n" + b"%s,%s\n" % (ID.encode(), ID.encode()) * 2 + b"%s,%s\n" % ((OTHER.encode(),) * 2)
    assert set(_paired(_results(tmp_path, twice), sent, "update").results) == {2}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (HEAD + b'x,true,"' + b"a\n" * (1 << 20), "more than 1 MB"),
        (HEAD + b"a" * (2 << 20), "more than 1 MB"),
        (b"a," * 10_001 + b"a\n", "10,002 columns"),
        (HEAD + b"\xff\xfe\n", "no CSV"),
    ],
    ids=["quotes", "line", "columns", "bytes"],
)
def test_results_of_a_job_that_are_no_csv_are_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, said: str
) -> None:
    """Its records are in doubt then, and are looked for."""
    monkeypatch.setattr(results, "MOST_OF_ROW", 1 << 20)
    with pytest.raises(RequestRefused, match=said):
        _paired(_results(tmp_path, body), NEW, "insert")


def test_a_text_as_long_as_a_field_can_be_comes_back(tmp_path: Path) -> None:
    """Longer than Python's csv would read by itself."""
    text = "x" * 140_000
    lines = HEAD + f"{ID},true,{text}\n".encode()
    assert set(_paired(_results(tmp_path, lines), [(_row(1), {"Email": text})], "insert").results) == {1}
