"""Which records others refer to: as the org itself answers for each relationship alone, in few calls."""

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Org, RequestRefused, describe, query_records
from sf_elt.salesforce.describe import ChildRelationship
from sf_elt.salesforce.referring import objects_referring
from sf_elt_tests.orgs import levers

BY = {
    "Case": "AccountId", "Contact": "AccountId", "Opportunity": "AccountId", "Task": "WhatId", "Event": "WhatId",
    "Subscription__c": "Account__c", "Account": "ParentId", "Note": "ParentId", "Attachment": "ParentId",
}  # fmt: skip
NONSENSE = ChildRelationship(childSObject="Case", field="AccountId", relationshipName="Nonsense")


def _ids(org: Org, soql: str) -> list[str]:
    return [str(record["Id"]) for record in query_records(org, soql)]


@pytest.mark.parametrize("together", [True, pytest.param(False, marks=pytest.mark.soak)])
def test_records_that_others_refer_to(connected: Org, org: Details, together: bool) -> None:
    """All relationships of all accounts in a call or two, whatever one of them the org refuses; some do not count."""
    accounts = _ids(connected, "SELECT Id FROM Account")
    expected: dict[str, set[str]] = {}
    for name, field in BY.items():
        for record in query_records(connected, f"SELECT {field} FROM {name} WHERE {field} != null"):
            if record[field] in accounts:
                expected.setdefault(str(record[field]), set()).add(name)
    described = describe(connected, "Account")
    levers(org).calls.clear()
    connected.takes_composites = together
    found = objects_referring(connected, described, accounts)
    assert {record_id: set(objects) - {"AccountContactRelation"} for record_id, objects in found.items()} == expected
    assert 1 <= len(levers(org).calls.all()) <= (2 if together else 9)
    odd = described.model_copy(update={"childRelationships": (*described.childRelationships, NONSENSE)})
    assert objects_referring(connected, odd, accounts) == found
    cases = frozenset(_ids(connected, "SELECT Id FROM Case"))
    without = objects_referring(connected, described, accounts, but={"Case": cases})
    assert {name for objects in found.values() for name in objects} > {"Case", "Contact"}
    assert without == {
        record_id: rest
        for record_id, objects in found.items()
        if (rest := tuple(name for name in objects if name != "Case"))
    }


def test_where_nothing_can_be_told_it_is_said(connected: Org) -> None:
    """An org that answers for no relationship is not taken for one in which nobody refers to anything."""
    accounts = _ids(connected, "SELECT Id FROM Account LIMIT 1")
    odd = describe(connected, "Account").model_copy(update={"childRelationships": (NONSENSE,)})
    with pytest.raises(RequestRefused, match="Nonsense"):
        objects_referring(connected, odd, accounts)
