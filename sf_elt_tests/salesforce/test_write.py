"""Records written to a running org, up to 200 in one call."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt.salesforce import Login, Org, OrgUnavailable, Patience, RequestRefused, connect, query_records
from sf_elt.salesforce.ids import record_id
from sf_elt.salesforce.save_codes import Meaning
from sf_elt.salesforce.write import (
    MAX_RECORDS,
    SaveResult,
    create_records,
    delete_records,
    update_records,
    upsert_records,
)
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
    levers(own_org).calls.clear()


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


def _lead(email: str, **values: object) -> dict[str, object]:
    return {"LastName": "Made", "Company": "Acme", "Email": email, **values}


def _held(connection: Org, email: str) -> list[dict[str, object]]:
    return query_records(connection, f"SELECT Id, Title FROM Lead WHERE Email = '{email}' ORDER BY Id")


def test_new_records_come_back_with_their_ids(org, connection):
    """A record that was refused has no Id; a reference by a field of the other record goes through as it is."""
    owner = {"Owner": {"Username": org.username}}
    made, refused, other = create_records(
        connection, "Lead", [_lead("a@made.example", **owner), {"Company": "No name"}, _lead("b@made.example")]
    )
    assert (made.success, made.created, made.record_id) == (True, True, _held(connection, "a@made.example")[0]["Id"])
    assert (refused.record_id, refused.created, refused.code) == (None, None, "REQUIRED_FIELD_MISSING")
    assert refused.fields == ("LastName",)
    assert other.record_id == _held(connection, "b@made.example")[0]["Id"]


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "body"}, {"shorten": {}}, {"alter": {"status": 502}}])
def test_a_create_whose_answer_is_lost_is_not_repeated(org, connection, fault):
    """The record is there once, and the error leaves its sender in doubt, in whatever way the answer was lost."""
    email = f"{'-'.join(map(str, fault))}-{fault.get('drop')}@lost.example"
    levers(org).faults.plan({"path": "/composite/sobjects$", **fault})
    with pytest.raises(OrgUnavailable) as lost:
        create_records(connection, "Lead", [_lead(email)])
    assert not lost.value.never_arrived
    assert len(_held(connection, email)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"refuse": {"status": 429, "code": "REQUEST_LIMIT_EXCEEDED", "message": "Too many requests."}},
        {"preset": "too_many_long_requests"},
        {"preset": "unauthorized"},
    ],
)
def test_a_create_that_was_refused_for_now_is_sent_again(org, connection, fault):
    """The org had not begun with it: nobody need look for the record."""
    login = Login(
        instance_url=org.instance_url,
        login_url=org.instance_url,
        access_token=org.access_token,
        username=org.username,
        password=org.password,
        security_token=org.security_token,
    )
    levers(org).faults.plan({"path": "/composite/sobjects$", **fault})
    with closing(connect(login, patience=Patience(attempts=2, first_wait=0.01))) as renewable:
        [made] = create_records(renewable, "Lead", [_lead("x@later.example")])
    assert made.success


@pytest.mark.parametrize("body", [{"compositeResponse": []}, [], [{"id": "00Q000000000001EAA"}], ["saved"]])
def test_an_answer_that_cannot_be_made_out_leaves_a_create_in_doubt(org, connection, body):
    """It is never taken for a refusal, and what it holds is not told."""
    levers(org).faults.plan({"path": "/composite/sobjects$", "reply": {"status": 200, "body": body}})
    with pytest.raises(OrgUnavailable, match="a POST of 1 records with") as doubt:
        create_records(connection, "Lead", [_lead("x@unread.example")])
    assert "00Q" not in str(doubt.value)


def test_an_upsert_says_what_it_made_and_what_it_could_not_tell_apart(connection):
    """One is found, one is new, one is meant by two records and changes neither."""
    create_records(connection, "Lead", [_lead(f"{name}@upsert.example") for name in ("one", "two", "two")])
    results = upsert_records(
        connection, "Lead", "Email", [_lead(f"{name}@upsert.example", Title="T") for name in ("one", "two", "new")]
    )
    assert [(each.success, each.created, each.code) for each in results] == [
        (True, False, None),
        (False, None, "DUPLICATE_EXTERNAL_ID"),
        (True, True, None),
    ]
    assert results[1].meaning is Meaning.AMBIGUOUS
    assert results[0].record_id == _held(connection, "one@upsert.example")[0]["Id"]
    assert [each["Title"] for each in _held(connection, "two@upsert.example")] == [None, None]


def test_an_upsert_that_was_repeated_does_not_claim_to_have_found_what_it_made(org, connection):
    """The second one finds the record of the first, whose answer was lost: whether it is new is not known."""
    levers(org).faults.plan({"path": "/composite/sobjects/", "drop": "after"})
    [result] = upsert_records(connection, "Lead", "Email", [_lead("twice@upsert.example")])
    assert (result.success, result.created) == (True, None)
    assert len(_held(connection, "twice@upsert.example")) == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda org, records, **insist: create_records(org, "Lead", records, **insist),
        lambda org, records, **insist: upsert_records(org, "Lead", "Email", records, **insist),
    ],
)
def test_what_a_duplicate_rule_warns_of_is_saved_by_those_who_insist(org, connection, write):
    """Without insisting it is refused, and another try would be refused again."""
    create_records(connection, "Lead", [_lead("first@twin.example", FirstName="Ada")], allow_duplicates=True)
    levers(org).set_duplicate_rule("Lead", "alert")
    twin = _lead("second@twin.example", FirstName="Ada")
    [refused], [saved] = write(connection, [twin]), write(connection, [twin], allow_duplicates=True)
    levers(org).set_duplicate_rule("Lead", "off")
    assert (refused.code, refused.meaning, saved.success) == ("DUPLICATES_DETECTED", Meaning.DUPLICATE, True)
    delete_records(connection, [str(saved.record_id)])


def test_a_delete_names_its_records(connection, ids):
    """Each with its own outcome: deleted, deleted before, and never there."""
    delete_records(connection, [ids[0]])
    never_there = record_id(f"{ids[0][:9]}zzzzzz")
    results = delete_records(connection, [ids[1], ids[0], never_there])
    assert [(each.record_id, each.success, each.meaning) for each in results] == [
        (ids[1], True, None),
        (ids[0], False, Meaning.GONE),
        (never_there, False, Meaning.GONE),
    ]


def test_a_delete_whose_answer_is_lost_has_deleted(org, connection, ids):
    """The repetition finds the record deleted, which is what was asked for."""
    levers(org).faults.plan({"path": "/composite/sobjects$", "drop": "after"})
    assert delete_records(connection, ids[:1]) == [SaveResult(ids[0], success=True)]


@pytest.mark.parametrize(
    "write",
    [
        lambda org, records: create_records(org, "Lead", records, all_or_none=True),
        lambda org, records: upsert_records(org, "Lead", "Email", records, all_or_none=True),
    ],
)
def test_one_bad_record_stops_all_where_wanted(connection, write):
    """The good one has no Id, and may be sent again."""
    good, _bad = write(connection, [_lead("good@all.example"), {"Email": "bad@all.example"}])
    assert (good.record_id, good.success, good.is_retryable) == (None, False, True)
    assert _held(connection, "good@all.example") == []


def test_deleting_all_or_none_keeps_all(connection, ids):
    """One Id that is none keeps the others from being deleted."""
    results = delete_records(connection, [ids[0], "00Q000000000001AAA"], all_or_none=True)
    assert [each.success for each in results] == [False, False]
    assert query_records(connection, f"SELECT Id FROM Lead WHERE Id = '{ids[0]}'") == [{"Id": ids[0]}]


def test_a_full_call_of_each_kind_is_one_call(org, connection):
    """200 records, four ways, four calls."""
    levers(org).calls.clear()
    leads = [_lead(f"p{number}@full.example") for number in range(MAX_RECORDS)]
    made = [str(each.record_id) for each in create_records(connection, "Lead", leads)]
    update_records(connection, "Lead", [{"Id": each, "Title": "T"} for each in made])
    upsert_records(connection, "Lead", "Email", leads)
    assert all(each.success for each in delete_records(connection, made))
    assert len(levers(org).calls.all()) == 4
