"""Where values come from: other records, record types, templates; and what a field cannot take."""

from datetime import datetime

import pytest

from sf_elt.writeback import ExportMisconfigured, ExportSpec
from sf_elt_tests.writeback.happenings import log, make, rows
from sf_elt_tests.writeback.people import CREATED, Person

COMPANIES = ExportSpec.model_validate(
    {
        "name": "companies_of_people",
        "object": "Account",
        "operation": "upsert",
        "group_by": "title",
        "matchers": {"Name": "title"},
        "fields": {"AnnualRevenue": {"sum": "revenue"}, "NumberOfEmployees": "employees"},
    }
)
CONTACTS = {
    "name": "contacts",
    "object": "Contact",
    "operation": "upsert",
    "matchers": {"Email": "emails"},
    "fields": {"AccountId": {"find": "Account", "by": "Name", "equals": "title"}},
    "fields_on_create": {
        "LastName": "name",
        "OwnerId": {"find": "User", "by": "Email", "equals": "bounced_text"},
        "Description": {"template": "Of {title}, {topics}"},
    },
}


def _person(name: str, *, updated_at: datetime = CREATED, **values: object) -> Person:
    about = {"name": name, "emails": [f"{name}@src.example"], **values}
    return Person(name, values=about, updated_at=updated_at)


def test_each_company_of_profiles_is_one_account(loop):
    """Whatever its letter case; an account that is there is found by its name, one that is missing is made."""
    make(loop, "Account", Name="Src Held")
    people = [
        _person("a", title="src held", revenue=10.5, employees=1),
        _person("b", title="SRC New", revenue=1.0, employees=2, updated_at=datetime(2026, 2, 1)),
        _person("c", title=" Src New", revenue=2.0, employees=3, updated_at=datetime(2026, 3, 1)),
        _person("d", revenue=4.0),
    ]
    loop.fill(people)
    assert loop.run(COMPANIES).succeeded == 2
    found = "SELECT Name, AnnualRevenue, NumberOfEmployees FROM Account WHERE Name LIKE 'Src%' ORDER BY Name"
    assert rows(loop, found) == [("Src Held", 11.0, 1), ("Src New", 3.0, 3)]
    assert loop.run(COMPANIES).planned == 0
    people[3].values["title"] = "src new"
    loop.fill(people)
    assert loop.run(COMPANIES).succeeded == 1
    assert rows(loop, found)[1] == ("Src New", 7.0, 3)


@pytest.mark.soak
def test_owner_and_account_are_found_or_left_out(loop):
    """The owner by the address of an active user; the account by a name that one account has, and not several."""
    account = make(loop, "Account", Name="Src Owned")
    for _ in range(2):
        make(loop, "Account", Name="Src Twice")
    active = rows(loop, "SELECT Id, Email FROM User WHERE IsActive = true")[0]
    profile = rows(loop, "SELECT Id FROM Profile")[0][0]
    gone = {"LastName": "Gone", "Alias": "gone", "Username": "gone@src.example", "Email": "gone@src.example"}
    make(loop, "User", ProfileId=profile, IsActive=False, **gone)
    ((own,),) = rows(loop, "SELECT OwnerId FROM Account WHERE Name = 'Src Owned'")
    loop.fill(
        [
            _person("f", title="src owned", topics=["x", "y"], bounced_text=str(active[1]).upper()),
            _person("g", title="Src Twice", bounced_text=gone["Email"]),
            _person("h", bounced_text="nobody@src.example"),
        ]
    )
    assert loop.run(ExportSpec.model_validate(CONTACTS)).succeeded == 3
    found = (
        "SELECT LastName, AccountId, OwnerId, Description FROM Contact WHERE Email LIKE '%@src.example' ORDER BY Email"
    )
    assert rows(loop, found) == [
        ("f", account, active[0], "Of src owned, x, y"),
        ("g", None, own, "Of Src Twice,"),
        ("h", None, own, None),
    ]


def _lead(name: str, **fields: object) -> ExportSpec:
    """An export that updates leads by the Ids of the profiles."""
    return ExportSpec.model_validate({"name": name, "object": "Lead", "match": "salesforce_lead_ids", "fields": fields})


def test_a_record_type_goes_by_its_developer_name(loop):
    """One that the object does not have is refused with the nearest that it has."""
    make(loop, "RecordType", Name="Outbound", DeveloperName="Outbound", SobjectType="Lead", IsActive=True)
    (lead,) = loop.make_leads(1)
    loop.fill([Person("p", [lead])])
    assert loop.run(_lead("types", RecordTypeId={"record_type": "Outbound"})).succeeded == 1
    assert rows(loop, f"SELECT Id FROM Lead WHERE RecordType.Name = 'Outbound' AND Id = '{lead}'") == [(lead,)]
    with pytest.raises(ExportMisconfigured, match=r"no record type 'Outbond'.*did you mean Outbound"):
        loop.run(_lead("types", RecordTypeId={"record_type": "Outbond"}))


def test_a_find_that_names_nothing_is_refused(loop):
    """An object, or a field, that the org does not have stops the export with the nearest that it has."""
    loop.fill([_person("p", title="x")])
    for wrong, said in (({"find": "Acount"}, "did you mean Account"), ({"by": "Nam"}, "did you mean Name")):
        fields = {"AccountId": {"find": "Account", "by": "Name", "equals": "title", **wrong}}
        with pytest.raises(ExportMisconfigured, match=said):
            loop.run(ExportSpec.model_validate({**CONTACTS, "fields": fields}))


def test_what_a_field_cannot_take_is_set_aside_with_its_reason(loop):
    """Several Ids for one reference, and a choice that would be two, are refused by name; the good values go."""
    ids = loop.make_leads(3)
    loop.fill(
        [
            Person("p1", [ids[0]], values={"topics": [ids[0], ids[1]]}),
            Person("p2", [ids[1]], values={"topics": ["Data", "Email; News"]}),
            Person("p3", [ids[2]], values={"topics": ["Email", "Data"], "name": "Yes"}),
        ]
    )
    assert loop.run(_lead("owners", OwnerId="topics")).succeeded == 0
    assert log(loop, "owners")[0] == (
        "p1",
        "set aside",
        "SEVERAL_IDS",
        f"OwnerId takes one Id and not 2: {ids[0]}, {ids[1]}",
    )
    loop.run(_lead("choices", Interests__c="topics", HasOptedOutOfEmail="name", AnnualRevenue={"constant": 12}))
    assert ("p2", "set aside", "CHOICE_WITH_SEMICOLON") in [row[:3] for row in log(loop, "choices")]
    held = loop.held(ids, "Interests__c", "HasOptedOutOfEmail", "AnnualRevenue")
    assert held == [(None, False, None), (None, False, None), ("Data;Email", True, 12.0)]
