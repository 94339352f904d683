"""Which records have given values: the org's own answer to each value alone, in few calls for all of them."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import (
    FieldDescribe,
    Org,
    UnknownField,
    UnknownObject,
    connect,
    describe,
    literal,
    query_records,
    select,
)
from sf_elt.salesforce.matching import (
    CannotMatch,
    Matches,
    cast,
    check_matchers,
    find_matches,
)
from sf_elt.salesforce.soql import all_of, any_of, compare
from sf_elt_tests.examples import some
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.salesforce.conftest import QUICK, Meter, renewable

AWKWARD = (
    "O'Neil", "back\\slash", "100%", "under_score", "underXscore", 'quo"te', "Ünï Straße", "N/A", "null", "line\nbreak",
    "=1+1", "田中",
)  # fmt: skip

SHARED = ("LastName", "Company", "Title", "Status", "Email")


@pytest.fixture(scope="module")
def titled(org_of_module: Details) -> dict[str, str]:
    """The Ids of leads by the awkward title that each has now."""
    sf = client(org_of_module)
    leads = sf.query(f"SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT {len(AWKWARD)}")["records"]
    ids = {title: lead["Id"] for title, lead in zip(AWKWARD, leads, strict=True)}
    records = [{"attributes": {"type": "Lead"}, "Id": an_id, "Title": title} for title, an_id in ids.items()]
    assert all(each["success"] for each in sf.restful("composite/sobjects", method="PATCH", json={"records": records}))
    return ids


@pytest.fixture
def big(shared_org: Details, meter: Meter) -> Iterator[Org]:
    """A session with the org of 5,000 people."""
    with closing(connect(renewable(shared_org), meter, patience=QUICK)) as org:
        yield org


@pytest.fixture(scope="module")
def stored(org_of_module: Details, titled: dict[str, str]) -> list[dict[str, object]]:
    """A few leads with what they share with others."""
    rows = client(org_of_module).query(f"SELECT {', '.join(SHARED)} FROM Lead ORDER BY Id LIMIT 30")["records"]
    return [dict(row) for row in rows]


def _written(stored: list[dict[str, object]], field: str) -> st.SearchStrategy[str | None]:
    """Values that some lead has, in any letter case, that nobody has, or none."""
    held = sorted({str(row[field]) for row in stored if row[field]})
    some_held = st.sampled_from(held)
    return st.one_of(some_held, some_held.map(str.upper), some_held.map(str.lower), st.sampled_from(["x", "", None]))


def ids_of(found: list[Matches]) -> list[list[str]]:
    return [[record.id for record in each.records] for each in found]


def test_values_are_data(connected: Org, titled: dict[str, str]) -> None:
    """Quotes, backslashes, wildcards and letters find what has them and nothing else, in any letter case."""
    as_they_are = find_matches(connected, "Lead", ["Title"], "or", [[title] for title in AWKWARD])
    assert ids_of(as_they_are) == [[titled[title]] for title in AWKWARD]
    small = find_matches(connected, "lead", ["title"], "and", [[f"  {title.lower()} \n"] for title in AWKWARD])
    assert ids_of(small) == ids_of(as_they_are)
    nobody = ["100", "%", "_", "under score", "O''Neil", "O\\'Neil", "' OR Id != '"]
    assert [each.outcome for each in find_matches(connected, "Lead", ["Title"], "or", [[each] for each in nobody])] == [
        "none"
    ] * len(nobody)


def test_what_only_the_org_calls_equal_is_found(connected: Org, titled: dict[str, str], org: Details) -> None:
    """A record that answers to a value by other rules of letter case than ours is of that value, and of no other."""
    answer = {"totalSize": 1, "done": True, "records": [{"attributes": {"type": "Lead"}, "Id": titled["田中"]}]}
    answer["records"][0] |= {"Title": "Uni STRASSE"}
    reply = {"compositeResponse": [{"referenceId": "query0", "httpStatusCode": 200, "body": answer}]}
    describe(connected, "Lead")
    levers(org).faults.plan({"path": "/composite$", "reply": {"status": 200, "body": reply}})
    found = find_matches(connected, "Lead", ["Title"], "or", [["N/A"], ["Ünï Straße"]])
    assert ids_of(found) == [[], [titled["田中"]]]


def test_any_or_all_of_the_values(connected: Org, org: Details) -> None:
    """With `or` the records of each value together, each once; with `and` those that have all; in one call."""
    first, second = client(org).query("SELECT Id, Email, Company FROM Lead WHERE Email != null LIMIT 2")["records"]
    keys = [
        (first["Email"].upper(), first["Company"]),
        (first["Email"], second["Company"]),
        (first["Email"], None),
        (None, " "),
    ]
    describe(connected, "Lead")
    levers(org).calls.clear()
    both = find_matches(connected, "Lead", ["Email", "Company"], "and", keys)
    assert len(levers(org).calls.all()) == 1
    assert [each.outcome for each in both] == ["one", "none", "incomplete", "incomplete"]
    assert both[0].records[0].id == first["Id"]
    either = find_matches(connected, "Lead", ["Email", "Company"], "or", keys)
    assert len(levers(org).calls.all()) == 2
    for (email, company), found in zip(keys[:3], either, strict=False):
        asked = f"Email = {literal(email)}" + (f" OR Company = {literal(company)}" if company else "")
        stored = client(org).query(f"SELECT Id FROM Lead WHERE {asked} ORDER BY Id")["records"]
        assert [record.id for record in found.records] == [row["Id"] for row in stored]
    assert either[3].incomplete


@settings(max_examples=some(6), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_all_keys_together_are_each_key_alone(
    connected: Org, stored: list[dict[str, object]], data: st.DataObject
) -> None:
    """Whatever is asked together, each key has the records that the org gives for that key alone."""
    fields = data.draw(st.lists(st.sampled_from(SHARED), min_size=1, max_size=3, unique=True))
    operator = data.draw(st.sampled_from(["and", "or"]))
    texts = [_written(stored, field) for field in fields]
    keys = data.draw(st.lists(st.tuples(*texts), min_size=1, max_size=8))
    found = find_matches(connected, "Lead", fields, operator, keys)
    for key, matches in zip(keys, found, strict=True):
        given_values = [compare(field, "=", text) for field, text in zip(fields, key, strict=True) if text]
        if matches.incomplete:
            assert len(given_values) < (len(fields) if operator == "and" else 1)
            continue
        where = all_of(*given_values) if operator == "and" else any_of(*given_values)
        alone = query_records(connected, select(["Id"], "Lead", where, order_by="Id"))
        assert [record.id for record in matches.records] == [row["Id"] for row in alone]


def test_a_value_that_several_records_hold(connected: Org, org: Details) -> None:
    """All three are found, with what else was asked of them."""
    sf = client(org)
    for number in range(3):
        sf.Contact.create({"LastName": f"Three {number}", "Email": "three@example.com"})
    (found,) = find_matches(
        connected, "Contact", ["Email"], "or", [["THREE@example.com"]], more_fields=["lastname", "Owner.Name"]
    )
    assert found.outcome == "several"
    assert {record["LastName"] for record in found.records} == {"Three 0", "Three 1", "Three 2"}
    assert all(record["Owner.Name"] for record in found.records)


def test_values_of_each_type(connected: Org, org: Details) -> None:
    """Numbers, dates, moments, booleans and references compare by what they are, however they are written."""
    sf = client(org)
    account = sf.query("SELECT Id FROM Account LIMIT 1")["records"][0]["Id"]
    values = {"Seats__c": 12, "MRR__c": 1234.5, "Started__c": "2021-02-03", "Renewed_At__c": "2021-02-03T04:05:06Z"}
    an_id = sf.Subscription__c.create(values | {"Name": "Typed", "Account__c": account})["id"]
    written = {
        "Seats__c": ["12", "12.0", "1.2e1"],
        "MRR__c": ["1234.50", "+1234.5"],
        "Started__c": ["2021-02-03", "2021-02-03 00:00:00"],
        "Renewed_At__c": ["2021-02-03 04:05:06", "2021-02-03 05:05:06.000+01"],
        "Id": [an_id[:15], an_id.lower()],
    }
    for field, texts in written.items():
        found = find_matches(connected, "Subscription__c", [field, "Account__c"], "and", [(t, account) for t in texts])
        assert ids_of(found) == [[an_id]] * len(texts), field
    converted = find_matches(connected, "Lead", ["IsConverted"], "or", [["TRUE"]])[0].records
    assert len(converted) == sf.query("SELECT COUNT() FROM Lead WHERE IsConverted = true")["totalSize"] > 0


def test_what_a_field_cannot_hold_is_the_keys_own_trouble(connected: Org) -> None:
    """It says which field and what was given; the others are asked for. Too long a text matches nothing."""
    stored = describe(connected, "Opportunity")
    keys = [["soon"], ["2021-02-30"], ["9999-12-31"], ["2021-01-01"], [None]]
    found = find_matches(connected, stored.name, ["CloseDate"], "or", keys)
    assert found[0].unusable == "cannot match *date* field CloseDate to *string* 'soon'"
    assert [each.outcome for each in found] == ["unusable", "unusable", "unusable", "none", "incomplete"]
    (long,) = find_matches(connected, "Lead", ["Email"], "or", [["x" * 90 + "@example.com"]])
    assert long.outcome == "none"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "7.0", 7),
        ("int", "7.5", None),
        ("int", "4294967296", None),
        ("double", "0.10", Decimal("0.10")),
        ("double", "nan", None),
        ("currency", "1_000", None),
        ("currency", "1e18", None),
        ("percent", "1e-30", None),
        ("boolean", "yes", None),
        ("boolean", "False", False),
        ("date", "2021-02-03 10:00:00", None),
        ("datetime", "2021-02-03", datetime(2021, 2, 3, tzinfo=UTC)),
        ("datetime", "0044-03-15 (BC) 00:00:00", None),
        ("datetime", "0001-01-01T00:00:00+14:00", None),
        ("datetime", "9999-12-31T23:59:59-12:00", None),
        ("date", "2021-02-03", date(2021, 2, 3)),
        ("reference", "003D000000QYVi7", "003D000000QYVi7IAH"),
        ("id", "ada@example.com", None),
    ],
)
def test_a_text_becomes_what_its_field_is(kind: str, text: str, value: object) -> None:
    """Or it is refused before it can spoil the query of all others."""
    field = FieldDescribe(name="F", type=kind)
    if value is None:
        with pytest.raises(ValueError, match=rf"^cannot match \*{kind}\* field F to \*\w+\* '"):
            cast(field, text)
    else:
        assert cast(field, text) == value


def test_fields_that_cannot_be_matched_by(connected: Org) -> None:
    """Each with its reason and what to take instead, before anything is queried."""
    lead = describe(connected, "Lead")
    assert [field.name for field in check_matchers(lead, ["email", "OwnerId"])] == ["Email", "OwnerId"]
    with pytest.raises(UnknownField, match=r"no field 'Emial'.*did you mean Email\?"):
        check_matchers(lead, ["Emial"])
    with pytest.raises(CannotMatch, match=r"Lead\.Description is a textarea that .* take Id, Email or External_Id__c"):
        check_matchers(lead, ["Description"])
    with pytest.raises(CannotMatch, match=r"Lead\.Address is an address"):
        check_matchers(lead, ["Address"])
    with pytest.raises(CannotMatch, match="Email is named twice"):
        check_matchers(lead, ["Email", "email"])
    with pytest.raises(CannotMatch, match="name a field to match records by, such as Id"):
        find_matches(connected, "Lead", [], "or", [])
    with pytest.raises(UnknownObject, match="did you mean Lead"):
        find_matches(connected, "Leed", ["Id"], "or", [["x"]])


def test_letter_case_counts_where_the_field_keeps_it(connected: Org, titled: dict[str, str]) -> None:
    """A key in another letter case is another value of such a field."""
    lead = describe(connected, "Lead")
    fields = [each.model_copy(update={"caseSensitive": each.name == "Title"}) for each in lead.fields]
    connected.described["Lead"] = lead.model_copy(update={"fields": tuple(fields)})
    found = find_matches(connected, "Lead", ["Title"], "or", [["o'neil"], ["O'Neil"]])
    assert ids_of(found) == [[], [titled["O'Neil"]]]


def test_thousands_of_keys_in_a_call(big: Org, shared_org: Details) -> None:
    """Every email of the org, each in its place, and more that nobody has; the calls are counted by the org."""
    stored = client(shared_org).query_all("SELECT Id, Email FROM Lead WHERE Email != null ORDER BY Id")["records"]
    by_email: dict[str, list[str]] = {}
    for row in stored:
        by_email.setdefault(row["Email"].lower(), []).append(row["Id"])
    emails = [*by_email, *(f"nobody-{number}@example.com" for number in range(1_200))]
    org_calls = levers(shared_org).calls
    before = org_calls.all()[-1]["number"]
    seen: list[tuple[int, int]] = []
    found = find_matches(
        big, "Lead", ["Email"], "or", [[each] for each in emails], on_progress=lambda done, of: seen.append((done, of))
    )
    assert ids_of(found) == [by_email.get(email, []) for email in emails]
    assert len(org_calls.all(since=before + 1)) == 2  # the describe, and all of them
    assert seen[-1] == (len(emails), len(emails))
    find_matches(big, "Lead", ["Email", "Phone"], "or", [(each, each) for each in emails[-1_200:]])
    assert len(org_calls.all(since=before + 1)) == 3


def test_records_beyond_a_page_are_read(big: Org, shared_org: Details) -> None:
    """A value that more than 2,000 records hold finds all of them."""
    open_leads = client(shared_org).query("SELECT COUNT() FROM Lead WHERE IsConverted = false")["totalSize"]
    (found,) = find_matches(big, "Lead", ["IsConverted"], "or", [["false"]])
    assert len(found.records) == open_leads > 2_000


@pytest.mark.parametrize("takes_composites", [True, False])
def test_what_is_too_much_is_asked_in_parts(
    connected: Org, titled: dict[str, str], org: Details, takes_composites: bool
) -> None:
    """A query that takes too long, and an org whose addresses are all there is: the same answer in more calls."""
    connected.takes_composites = takes_composites
    describe(connected, "Lead")
    nobody = [[f"{number} {'ä' * 100}"] for number in range(40)]
    titles = [[title] for title in AWKWARD]
    keys = [*titles[:6], *nobody, *titles[6:]]
    refused = [{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}]
    inside = {"compositeResponse": [{"referenceId": "query0", "httpStatusCode": 400, "body": refused}]}
    slow = {"status": 200, "body": inside} if takes_composites else {"status": 400, "body": refused}
    levers(org).faults.plan({"path": "/(composite|query/)$", "reply": slow})
    levers(org).calls.clear()
    found = find_matches(connected, "Lead", ["Title"], "or", keys)
    assert ids_of(found) == [[titled[title]] if title in titled else [] for (title,) in keys]
    paths = [call["path"].rpartition("v62.0/")[2] for call in levers(org).calls.all()]
    assert paths == ["composite"] * 2 if takes_composites else len(paths) > 3 and set(paths) == {"query/"}
