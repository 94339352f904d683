"""Looking things up: the org's own records and nothing else, in few calls, with names checked before."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Org, RequestRefused, UnknownField, UnknownObject, connect, literal, literals, lookups
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.salesforce.conftest import QUICK, Meter, renewable

AWKWARD = (
    "o'neil@example.com", "a%b@example.com", "a_b@example.com", "aXb@example.com", "a\\b@example.com",
    'quo"te@example.com', "Ünï@example.com", "MIXED.Case@Example.com",
)  # fmt: skip


@dataclass(frozen=True)
class Held:
    """What a lead holds."""

    id: str
    title: str | None
    email: str | None


@pytest.fixture(scope="module")
def leads(org_of_module: Details) -> list[Held]:
    """All leads, some of which now have awkward texts and addresses; one address is shared by two."""
    sf = client(org_of_module)
    open_leads = sf.query("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT 9")["records"]
    for lead, text in zip(open_leads, (*AWKWARD, "mixed.CASE@example.com"), strict=True):
        email = text if re.fullmatch(r"[\w.'%]+@[\w.]+", text, re.ASCII) else None
        sf.restful(f"sobjects/Lead/{lead['Id']}", method="PATCH", json={"Title": text, "Email": email})
    rows = sf.query_all("SELECT Id, Title, Email FROM Lead")["records"]
    return [Held(row["Id"], row["Title"], row["Email"]) for row in rows]


@pytest.fixture
def big(shared_org: Details, meter: Meter) -> Iterator[Org]:
    """A session with the org of 5,000 people."""
    with closing(connect(renewable(shared_org), meter, patience=QUICK)) as org:
        yield org


def queries(meter: Meter) -> int:
    """Queries and their further pages that were asked for."""
    return sum("/query" in path for _, path in meter.calls)


def test_a_record_is_found_by_any_form_of_its_id(connected: Org, org: Details) -> None:
    """Its object is found by the Id; it has what the org says; it may be named with fields and a related record's."""
    stored = client(org).query("SELECT Id, Name, Account.Name FROM Contact WHERE AccountId != null LIMIT 1")["records"][
        0
    ]
    record = lookups.find(connected, stored["Id"][:15])
    assert record is not None
    assert (record.object_name, record.id, record["Name"]) == ("Contact", stored["Id"], stored["Name"])
    assert dict(record) == {
        name: value for name, value in client(org).Contact.get(stored["Id"]).items() if name != "attributes"
    }
    named = lookups.find(connected, stored["Id"].lower(), ["name", "account.NAME"])
    assert named is not None
    assert (list(named), named["Account.Name"]) == (["Name", "Account"], stored["Account"]["Name"])


def test_a_custom_objects_record_is_found(connected: Org, org: Details) -> None:
    """The first three characters of its Id lead to its object, which the org lists."""
    stored = client(org).query("SELECT Id FROM Subscription__c LIMIT 1")["records"][0]["Id"]
    record = lookups.find(connected, stored)
    assert record is not None
    assert record.object_name == "Subscription__c"


def test_what_is_not_there_is_none(connected: Org, own_org: Details) -> None:
    """An Id that nothing has, and a record in the recycle bin; an Id of no object is an error that says so."""
    assert lookups.find(connected, "003Hs0000000ZZZ") is None
    sf = client(own_org)
    an_id = sf.query("SELECT Id FROM Task LIMIT 1")["records"][0]["Id"]
    sf.Task.delete(an_id)
    with closing(connect(renewable(own_org), patience=QUICK)) as own:
        assert lookups.find(own, an_id) is None
        assert lookups.find(own, an_id, ["Id"]) is None
    with pytest.raises(UnknownObject, match="begin with 'zzz'"):
        lookups.find(connected, "zzzHs0000000001")
    with pytest.raises(UnknownObject, match=r"did you mean Contact\?"):
        lookups.find(connected, "003Hs0000000ZZZ", object_name="Contacts")


def test_a_name_that_there_is_not_is_an_error_before_any_query(connected: Org, meter: Meter) -> None:
    """Objects, fields, relationships and fields of a related record: each with the nearest name."""
    wrong = {
        ("Leed", "Id"): r"no object 'Leed'.*did you mean Lead\?",
        ("Lead", "Emial"): r"no field 'Emial'.*did you mean Email\?",
        ("Lead", "Ownr.Name"): r"'Ownr' \(did you mean Owner\?",
        ("Contact", "Account.Nme"): r"Account has no field 'Nme'.*did you mean Name\?",
        ("Task", "What.Name FROM User"): "no field",
    }
    for (object_name, field), words in wrong.items():
        with pytest.raises((UnknownObject, UnknownField), match=words):
            lookups.fetch(connected, object_name, [field])
    assert queries(meter) == 0


def test_fetch_reads_a_page_when_it_is_wanted(big: Org, meter: Meter, shared_org: Details) -> None:
    """The first record costs one query; all of them one for each 2,000, and are the org's, each once."""
    stored = client(shared_org).query_all("SELECT Id FROM Lead")["records"]
    records = lookups.fetch(big, "Lead", ["Email"])
    assert queries(meter) == 0
    first = next(records)
    assert queries(meter) == 1
    assert sorted([first.id, *(record.id for record in records)]) == sorted(row["Id"] for row in stored)
    assert queries(meter) == 2
    assert len(list(lookups.fetch(big, "Lead", ["Id"], where="IsConverted = true", limit=7))) == 7


def test_without_fields_all_are_read(connected: Org) -> None:
    """Whatever this user can read, but compound fields."""
    described = lookups.describe(connected, "Lead")
    record = next(lookups.fetch(connected, "Lead", limit=1))
    assert list(record) == [field.name for field in described.fields if field.type not in ("address", "location")]


def test_children_are_read_to_their_end(own_org: Details) -> None:
    """Children of one record that are more than a reply holds: all of them, each once."""
    sf = client(own_org)
    account = sf.Account.create({"Name": "Large"})["id"]
    for start in range(0, 2_200, 200):
        contacts = [
            {"attributes": {"type": "Contact"}, "LastName": str(number), "AccountId": account}
            for number in range(start, start + 200)
        ]
        sf.restful("composite/sobjects", method="POST", json={"records": contacts})
    with closing(connect(renewable(own_org), patience=QUICK)) as org:
        soql = f"SELECT Name, (SELECT LastName FROM Contacts) FROM Account WHERE Id = '{account}'"
        (row,) = lookups.query(org, soql)
    children = row["Contacts"]
    assert isinstance(children, tuple)
    assert sorted(int(child["LastName"]) for child in children) == list(range(2_200))


def test_only_the_address_itself_counts(own_org: Details) -> None:
    """Another e-mail field of a contact finds nobody, as the contact has `Email`."""
    pull, sf = levers(own_org), client(own_org)
    pull.change_schema("Contact", add=[{"fullName": "Private_Email__c", "label": "Private Email", "type": "Email"}])
    contact = sf.query("SELECT Id FROM Contact LIMIT 1")["records"][0]["Id"]
    sf.Contact.update(contact, {"Private_Email__c": "at.home@example.com"})
    with closing(connect(renewable(own_org), patience=QUICK)) as org:
        assert "Private_Email__c" in lookups.describe(org, "Contact").by_name
        assert lookups.find_by_email(org, "Contact", "at.home@example.com", ["Id"]) == []


def test_a_query_longer_than_an_address_is_asked_all_the_same(big: Org, meter: Meter, shared_org: Details) -> None:
    """It travels in a body, in one call; what the org refuses of it is the same error."""
    ids = [row["Id"] for row in client(shared_org).query("SELECT Id FROM Lead LIMIT 1500")["records"]]
    soql = f"SELECT Id FROM Lead WHERE Id IN {literals(ids)}"
    assert len(soql) > 30_000
    meter.calls.clear()
    assert {record.id for record in lookups.query(big, soql)} == set(ids)
    assert len(meter.calls) == 1
    with pytest.raises(UnknownField, match="Idd"):
        list(lookups.query(big, soql.replace("SELECT Id ", "SELECT Idd ")))


@pytest.mark.parametrize(
    ("soql", "columns"),
    [
        ("SELECT COUNT() FROM Lead", ["COUNT()"]),
        ("SELECT COUNT(Id), Status s FROM Lead GROUP BY Status", ["expr0", "s"]),
        (
            "SELECT Name, Account.Owner.Name, MailingAddress FROM Contact",
            ["Name", "Account.Owner.Name", "MailingAddress"],
        ),
        ("SELECT Name, (SELECT Id FROM Contacts) FROM Account", ["Name", "Contacts"]),
    ],
)
def test_the_columns_of_a_query_name_its_values(connected: Org, soql: str, columns: list[str]) -> None:
    """In the order of the query, also where a related record is missing; each row answers to each of them."""
    assert lookups.query_columns(connected, soql) == columns
    rows = list(lookups.query(connected, soql))
    assert rows
    for row in rows:
        assert {name.partition(".")[0] for name in columns} == set(row)
        assert all(row[name] is None or name for name in columns)


_ADDRESSES = st.sampled_from(AWKWARD).map(str.upper) | st.text(st.sampled_from("a%_\\'\"bX@.é"), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ADDRESSES)
@example("mixed.case@EXAMPLE.com")
@example("' OR Email != '")
@example("%@example.com")
def test_a_text_finds_those_who_have_it_and_nobody_else(connected: Org, leads: list[Held], text: str) -> None:
    """Quotes, backslashes, percent signs and letter case: only who has this very text is found, and everybody."""
    titled = lookups.fetch(connected, "Lead", ["Id"], where=f"Title = {literal(text)}")
    assert sorted(record.id for record in titled) == sorted(
        lead.id for lead in leads if (lead.title or "").casefold() == text.casefold()
    )
    if text.strip():
        addressed = lookups.find_by_email(connected, "Lead", text, ["Id"])
        assert [record.id for record in addressed] == sorted(
            lead.id for lead in leads if (lead.email or "").casefold() == text.casefold()
        )


def test_people_are_found_by_address(connected: Org, org: Details) -> None:
    """In any letter case, all who share it; accounts and opportunities by their people's."""
    sf = client(org)
    rows = sf.query_all("SELECT Id, Email, AccountId FROM Contact WHERE Email != null")["records"]
    for row in rows[:10]:
        found = lookups.find_by_email(connected, "contact", f" {row['Email'].swapcase()} ", ["Email"])
        assert [each.id for each in found] == sorted(
            each["Id"] for each in rows if each["Email"].lower() == row["Email"].lower()
        )
    with_account = next(row for row in rows if row["AccountId"])
    accounts = lookups.find_by_email(connected, "Account", with_account["Email"], ["Id"])
    assert with_account["AccountId"] in [each.id for each in accounts]
    with pytest.raises(UnknownField, match="no e-mail field"):
        lookups.find_by_email(connected, "Pricebook2", "a@example.com")


@pytest.mark.parametrize("nothing", ["", " ", "\n"])
def test_an_empty_address_is_refused(connected: Org, meter: Meter, nothing: str) -> None:
    """For SOQL an empty text is null, and would find everybody without an address."""
    with pytest.raises(ValueError, match="empty e-mail address"):
        lookups.find_by_email(connected, "Lead", nothing)
    assert queries(meter) == 0


def test_a_picklist_has_its_values_in_order(connected: Org) -> None:
    """As describe lists them, with the default; a field that is none is refused."""
    status = lookups.find_picklist(connected, "lead", "status")
    assert status.active == tuple(
        each.value for each in lookups.describe(connected, "Lead").field("Status").picklistValues
    )
    assert (status.default, status.restricted, status.controlled_by) == ("Open - Not Contacted", False, None)
    with pytest.raises(RequestRefused, match="no picklist but of type email"):
        lookups.find_picklist(connected, "Lead", "Email")


def test_a_dependent_picklist_says_for_what_each_value_is(own_org: Details) -> None:
    """The bits of validFor name values of the controlling picklist or checkbox; inactive values are told apart."""
    sf = client(own_org)
    described = sf.restful("sobjects/Lead/describe")
    fields = {field["name"]: field for field in described["fields"]}
    first = [value["value"] for value in fields["Industry"]["picklistValues"]]
    assert len(first) > 8
    fields["Rating"] |= {"controllerName": "Industry", "dependentPicklist": True}
    fields["Rating"]["picklistValues"][0] |= {"validFor": "gAAA"}  # the first
    fields["Rating"]["picklistValues"][1] |= {"validFor": "AIAA", "active": False}  # the ninth
    fields["LeadSource"] |= {"controllerName": "IsConverted", "dependentPicklist": True}
    fields["LeadSource"]["picklistValues"][0] |= {"validFor": "QAAA"}  # checked
    levers(own_org).faults.plan(
        {"path": "/Lead/describe", "reply": {"status": 200, "body": orjson.dumps(described).decode(),
                                            "headers": {"Content-Type": "application/json"}}}
    )  # fmt: skip
    with closing(connect(renewable(own_org), patience=QUICK)) as org:
        rating = lookups.find_picklist(org, "Lead", "Rating")
        assert [choice.only_for for choice in rating.choices] == [(first[0],), (first[8],), ()]
        assert rating.controlled_by == "Industry"
        assert rating.offered(first[0]) == (rating.choices[0].value,)
        assert rating.offered(first[8]) == ()  # it is not active
        source = lookups.find_picklist(org, "Lead", "LeadSource")
        assert source.choices[0].only_for == ("true",)


def test_a_record_type_has_its_own_values(connected: Org) -> None:
    """By name, API name or Id, in any letter case; one that there is not is refused with those that there are."""
    for name in ("Inbound", "inbound", "012Hs0000000004IAA"):
        assert lookups.find_picklist(connected, "Lead", "Status", record_type=name).record_type == "Inbound"
    with pytest.raises(RequestRefused, match=r"did you mean Inbound\?.*Outbound"):
        lookups.find_picklist(connected, "Lead", "Status", record_type="Inbond")


def test_labels_are_those_of_salesforces_pages(connected: Org) -> None:
    """A field's own, and of a related record both; all fields unless some are named."""
    named = lookups.labels(connected, "Contact", ["LeadSource", "Owner.Name", "Account.Industry"])
    assert named == {"LeadSource": "Lead Source", "Owner.Name": "Owner", "Account.Industry": "Account: Industry"}
    assert lookups.labels(connected, "Contact")["Phone"] == "Business Phone"
