"""Records brought back from the recycle bin of a running org."""

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import AllowanceSpent, AuthenticationFailed, Login, Org, OrgUnavailable, connect, query_records
from sf_elt.salesforce.undelete import undelete_records
from sf_elt.salesforce.write import MAX_RECORDS, delete_records
from sf_elt_tests.orgs import levers
from sf_elt_tests.salesforce.conftest import Meter

SOAP = "/services/Soap/u/"


@pytest.fixture
def ids(connected: Org) -> list[str]:
    """Two deleted leads."""
    found = query_records(connected, "SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT 2")
    ids = [str(row["Id"]) for row in found]
    delete_records(connected, ids)
    return ids


def _living(org: Org, ids: list[str]) -> int:
    return len(query_records(org, f"SELECT Id FROM Lead WHERE Id IN ('{ids[0]}', '{ids[1]}')"))


def test_deleted_records_come_back_in_one_call(connected: Org, ids: list[str], meter: Meter) -> None:
    """Each with its own result; what lives already is not in the bin."""
    meter.calls.clear()
    assert [each.success for each in undelete_records(connected, ids)] == [True, True]
    assert [method for method, _ in meter.calls] == ["POST"]
    assert _living(connected, ids) == 2
    [refused] = undelete_records(connected, ids[:1])
    assert (refused.record_id, refused.success, refused.code) == (ids[0], False, "UNDELETE_FAILED")
    assert refused.message


def test_all_or_none_brings_back_none(connected: Org, ids: list[str]) -> None:
    """One Id that is none keeps the others in the bin."""
    results = undelete_records(connected, [*ids, "<&>"], all_or_none=True)
    assert not any(each.success for each in results)
    assert _living(connected, ids) == 0
    assert undelete_records(connected, ids)[0].success


def test_a_session_that_has_ended_is_renewed(org: Details, connected: Org, ids: list[str]) -> None:
    """SOAP says so in a fault with status 500, not with 401. Who cannot log in again is told."""
    fault = {"path": SOAP, "refuse": {"status": 500, "code": "INVALID_SESSION_ID", "message": "Invalid Session ID"}}
    levers(org).faults.plan(fault)
    assert all(each.success for each in undelete_records(connected, ids))
    levers(org).faults.plan(fault)
    by_token = connect(Login(instance_url=org.instance_url, access_token=org.access_token))
    with pytest.raises(AuthenticationFailed, match="Invalid Session ID"):
        undelete_records(by_token, ids)
    by_token.close()


def test_an_undelete_whose_answer_is_lost_is_not_repeated(org: Details, connected: Org, ids: list[str]) -> None:
    """Its records are back, and the second one would have called that a failure."""
    for fault in ({"drop": "after"}, {"drop": "body"}, {"shorten": {}}):
        levers(org).faults.plan({"path": SOAP, **fault})
        with pytest.raises(OrgUnavailable):
            undelete_records(connected, ids)
        assert _living(connected, ids) == 2
        delete_records(connected, ids)
    assert len(undelete_records(connected, ids)) == 2


@pytest.mark.parametrize(
    ("code", "error"), [("REQUEST_LIMIT_EXCEEDED", AllowanceSpent), ("SERVER_UNAVAILABLE", OrgUnavailable)]
)
def test_a_call_that_is_refused_for_now_brings_back_nothing(
    org: Details, connected: Org, ids: list[str], code: str, error: type[Exception]
) -> None:
    """The day's calls are spent, or the org is busy: as by REST."""
    levers(org).faults.plan({"path": SOAP, "refuse": {"status": 500, "code": code, "message": "Limit exceeded."}})
    with pytest.raises(error):
        undelete_records(connected, ids)
    assert _living(connected, ids) == 0
    undelete_records(connected, ids)


@pytest.mark.parametrize("number", [0, MAX_RECORDS + 1])
def test_an_undelete_takes_1_to_200_records(connected: Org, number: int) -> None:
    """A mistake of the caller, found before anything is sent."""
    with pytest.raises(ValueError, match=f"1 to 200 records, not {number}"):
        undelete_records(connected, ["00Q000000000001EAA"] * number)
