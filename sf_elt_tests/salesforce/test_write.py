"""Records written to a running org in one call."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt.salesforce import Login, Org, OrgUnavailable, Patience, RequestRefused, connect, query_records
from sf_elt.salesforce.write import MAX_RECORDS, SaveResult, update_records
from sf_elt_tests.orgs import levers


@pytest.fixture(scope="module")
def own_org() -> Iterator[Details]:
    """An org of this file's own, with 60 leads and contacts."""
    with running_org(seed=7, records=60) as details:
        yield details


@pytest.fixture
def org(own_org: Details) -> Iterator[Details]:
    """That org, without faults from the test before."""
    yield own_org
    levers(own_org).faults.clear()


@pytest.fixture
def connection(org: Details) -> Iterator[Org]:
    login = Login(instance_url=org.instance_url, access_token=org.access_token)
    with closing(connect(login, patience=Patience(attempts=2, first_wait=0.01))) as connected:
        yield connected


@pytest.fixture
def ids(connection: Org) -> list[str]:
    rows = query_records(connection, "SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT 3")
    return [str(row["Id"]) for row in rows]


def test_results_come_in_the_order_of_the_records(connection, ids):
    """A failed row has no id in the reply; its result still names the record, and its neighbours are written."""
    results = update_records(
        connection,
        "Lead",
        [
            {"Id": ids[2], "Title": "Third"},
            {"Id": ids[0], "Title": "x" * 200},
            {"Id": ids[1], "Title": None, "Phone": "1"},
        ],
    )
    assert [(result.record_id, result.success, result.code) for result in results] == [
        (ids[2], True, None),
        (ids[0], False, "STRING_TOO_LONG"),
        (ids[1], True, None),
    ]
    assert results[1].fields == ("Title",)
    assert results[1].message
    rows = query_records(connection, f"SELECT Title, Phone FROM Lead WHERE Id = '{ids[1]}'")
    assert rows == [{"Title": None, "Phone": "1"}]


def test_all_or_none_writes_nothing_where_one_record_fails(connection, ids):
    """With all_or_none the good record is rolled back."""
    results = update_records(
        connection, "Lead", [{"Id": ids[0], "Title": "Rolled back"}, {"Id": ids[1], "LastName": None}], all_or_none=True
    )
    assert not any(result.success for result in results)
    assert query_records(connection, f"SELECT Id FROM Lead WHERE Id = '{ids[0]}' AND Title = 'Rolled back'") == []


@pytest.mark.parametrize("number", [0, MAX_RECORDS + 1])
def test_a_call_takes_1_to_200_records(connection, number):
    """More than the org takes in one call is a mistake of the caller, found before anything is sent."""
    with pytest.raises(ValueError, match=f"1 to 200 records, not {number}"):
        update_records(connection, "Lead", [{"Id": "00Q000000000001EAA"}] * number)


def test_an_update_whose_answer_is_lost_is_repeated(org, connection, ids):
    """An update changes nothing the second time, so a dropped answer is simply asked for again."""
    levers(org).faults.plan({"path": "/composite/sobjects$", "drop": "after"})
    assert update_records(connection, "Lead", [{"Id": ids[0], "Title": "New"}]) == [SaveResult(ids[0], success=True)]


def test_an_org_that_stays_away_is_an_error_of_its_own(org, connection, ids):
    """Whether the update took effect is not known then, and the error says that the org was not there."""
    levers(org).faults.plan({"path": "/composite/sobjects$", "reply": {"status": 503}, "times": 2})
    with pytest.raises(OrgUnavailable, match="503"):
        update_records(connection, "Lead", [{"Id": ids[0], "Title": "New"}])


def test_a_refused_request_carries_salesforces_code(org, connection, ids):
    """A 400 for the whole request names its code, for the caller to find the record behind it."""
    body = [{"errorCode": "JSON_PARSER_ERROR", "message": "Unexpected character"}]
    levers(org).faults.plan({"path": "/composite/sobjects$", "reply": {"status": 400, "body": body}})
    with pytest.raises(RequestRefused) as refused:
        update_records(connection, "Lead", [{"Id": ids[0], "Title": "New"}])
    assert refused.value.code == "JSON_PARSER_ERROR"


@pytest.mark.parametrize("errors", [[None], ["no words"], "nothing", []])
def test_an_unreadable_refusal_is_still_a_refusal(org, connection, ids, errors):
    """A failed row whose errors are of no known form fails as UNKNOWN, and its neighbour is written."""
    body = [{"id": ids[0], "success": True, "errors": []}, {"success": False, "errors": errors}]
    levers(org).faults.plan({"path": "/composite/sobjects$", "reply": {"status": 200, "body": body}})
    results = update_records(connection, "Lead", [{"Id": ids[0], "Title": "A"}, {"Id": ids[1], "Title": "B"}])
    assert [(result.success, result.code) for result in results] == [(True, None), (False, "UNKNOWN")]
    assert results[1].message


def test_only_a_lock_is_worth_another_try(org, connection, ids):
    """Of the reasons for which the org refuses rows, a lock passes by itself; the others need another payload."""
    locked, changed, deleted = ids
    levers(org).lock(locked)
    connection.client.Lead.delete(deleted)
    [converted] = query_records(connection, "SELECT Id FROM Lead WHERE IsConverted = true LIMIT 1")
    records = [
        {"Id": locked, "Title": "x"},
        {"Id": deleted, "Title": "x"},
        {"Id": converted["Id"], "Title": "x"},
        {"Id": changed, "Email": "nobody"},
        {"Id": "00Q000000000001AAA", "Title": "x"},
    ]
    results = update_records(connection, "Lead", records)
    levers(org).unlock()
    assert [(each.code, each.is_retryable) for each in results] == [
        ("UNABLE_TO_LOCK_ROW", True),
        ("ENTITY_IS_DELETED", False),
        ("CANNOT_UPDATE_CONVERTED_LEAD", False),
        ("INVALID_EMAIL_ADDRESS", False),
        ("INVALID_CROSS_REFERENCE_KEY", False),
    ]
