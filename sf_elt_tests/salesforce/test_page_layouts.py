"""Fields on the page layouts of a running org: on all or on those that are named, and nothing else of them touched."""

from collections.abc import Sequence
from contextlib import closing
from copy import deepcopy
from itertools import count
from xml.etree.ElementTree import Element, tostring

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Org, connect
from sf_elt.salesforce.setup import Plan, Wanted, WantedField, carry_out, plan
from sf_elt.salesforce.setup.page_layouts import PageLayout, find_layouts, read_layouts
from sf_elt.salesforce.soap import METADATA, call
from sf_elt_tests.orgs import levers
from sf_elt_tests.restricted import restricted_login
from sf_elt_tests.salesforce.conftest import QUICK, Meter

NUMBERS = count(1)
STANDARD, WEB = "Campaign Layout", "Campaign (Web) Layout"
WEB_LAYOUT = """
<metadata xsi:type="Layout"><fullName>Campaign-Campaign %28Web%29 Layout</fullName>
  <excludeButtons>Delete</excludeButtons>
  <layoutSections><label>One</label><layoutColumns><layoutItems><behavior>Required</behavior><field>Name</field>
    </layoutItems></layoutColumns><style>OneColumn</style></layoutSections>
  <layoutSections><label>Two &amp; more</label>
    <layoutColumns><layoutItems><behavior>Edit</behavior><field>Status</field></layoutItems>
      <layoutItems><emptySpace>true</emptySpace></layoutItems></layoutColumns>
    <layoutColumns><layoutItems><behavior>Edit</behavior><field>Type</field></layoutItems></layoutColumns>
    <style>TwoColumnsTopToBottom</style></layoutSections>
  <layoutSections><label>Links</label><layoutColumns/><layoutColumns/><style>CustomLinks</style></layoutSections>
  <relatedLists><fields>TASK.SUBJECT</fields><fields>TASK.STATUS</fields><relatedList>RelatedActivityList</relatedList>
  </relatedLists>
  <ofALaterVersion><deep>kept &lt;as&gt; it is</deep><deep/></ofALaterVersion>
</metadata>
"""
BROKEN = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
    "<faultcode>sf:UNKNOWN_EXCEPTION</faultcode><faultstring>UNKNOWN_EXCEPTION: An unexpected error occurred."
    "</faultstring></e:Fault></e:Body></e:Envelope>"
)


@pytest.fixture
def two(connected: Org) -> Org:
    """A session with an org in which campaigns have two layouts."""
    if len(find_layouts(connected, ["Campaign"])) < 2:
        call(connected, METADATA, "createMetadata", WEB_LAYOUT)
    return connected


@pytest.fixture
def fields() -> tuple[WantedField, WantedField]:
    """Fields that the org does not have."""
    number = next(NUMBERS)
    audiences = WantedField("Campaign", f"Audiences{number}__c", "audiences", 120)
    return audiences, WantedField("Campaign", f"Scores{number}__c", "scores", 69)


def test_layouts_get_the_fields_and_lose_nothing(two: Org, fields: Sequence[WantedField], meter: Meter) -> None:
    """At the end of the first section of two columns, for reading; all else stays, also what no version knows."""
    before = _layouts(two)
    assert set(_said(carry_out(two, Wanted(tuple(fields))))) == {
        (each.full_name, "made", f"on the page layout {layout}") for each in fields for layout in (STANDARD, WEB)
    }
    after = _layouts(two)
    assert after.keys() == {STANDARD, WEB}
    for name, layout in after.items():
        assert _without(layout, fields) == tostring(before[name])
        new = [_texts(each) for each in _items(layout) if _field(each) in _names(fields)]
        assert sorted(new) == [["Readonly", each] for each in _names(fields)]
    section = after[WEB].findall(METADATA.tag("layoutSections"))[1]
    columns = section.findall(METADATA.tag("layoutColumns"))
    assert [[_field(each) for each in _items(column)] for column in columns] == [
        ["Status", None, fields[1].name], ["Type", fields[0].name],
    ]  # fmt: skip
    assert b"ofALaterVersion" in tostring(after[WEB])
    shown = two.session.get(two.url("sobjects/Campaign/describe/layouts")).text
    assert all(f'"value":"{each}"' in shown for each in _names(fields))
    meter.calls.clear()
    again = carry_out(two, Wanted(tuple(fields)))
    assert set(_said(again)) == {(each.full_name, "stands", "on 2 page layouts") for each in fields}
    assert [tostring(each) for each in _layouts(two).values()] == [tostring(each) for each in after.values()]


def test_only_the_layouts_that_are_named(two: Org, fields: Sequence[WantedField]) -> None:
    """One by its name as people know it; none; and a wrong name, which is said with the nearest."""
    wanted = fields[:1]
    none = carry_out(two, Wanted(tuple(wanted), layouts=()))
    [(subject, verdict, says)] = _said(none)
    assert (subject, verdict, none.passed) == ("Campaign", "by hand", True)
    assert says == f"not on the page layouts, as far as this login sees them: {wanted[0].label}"
    assert "Or let it be done" not in "".join(each.todo for each in none.items)
    wrong = plan(two, Wanted(tuple(wanted), layouts=("Campaign Web Layout", WEB.lower())))
    assert not wrong.passed
    assert ("Campaign Web Layout", "in the way") in [each[:2] for each in _said(wrong)]
    assert f"(did you mean {WEB}?)" in "".join(each[2] for each in _said(wrong))
    assert carry_out(two, Wanted(tuple(wanted), layouts=(WEB,))).passed
    on = {name: wanted[0].name.lower() in _read(layout) for name, layout in _layouts(two).items()}
    assert on == {STANDARD: False, WEB: True}


def test_who_may_not_is_told_how_it_is_done_by_hand(two: Org, org: Details, fields: Sequence[WantedField]) -> None:
    """The fields are made; the layouts, which the Metadata API does not show this user, keep nothing from working."""
    may = ("ViewSetup", "CustomizeApplication", "ManageUsers")
    login = restricted_login(org, objects=["Campaign"], permissions=may)
    with closing(connect(login, patience=QUICK)) as restricted:
        found = carry_out(restricted, Wanted(tuple(fields)))
    [item] = [each for each in found.items if each.what == "layout"]
    assert (item.verdict, item.subject) == ("by hand", "Campaign")
    assert "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions" in item.says
    labels = ", ".join(each.label for each in fields)
    assert f"Campaign › Page Layouts › each layout: drag {labels} from the palette into a section, Save." in item.todo
    assert (
        "grant System Permissions: Customize Application, Modify Metadata Through Metadata API Functions" in item.todo
    )
    assert [each.verdict for each in found.items if each.what == "field"] == ["made", "made"]


@pytest.mark.parametrize("operation", ["updateMetadata", "readMetadata"])
def test_one_that_the_org_cannot_does_not_keep_the_others_back(
    two: Org, org: Details, fields: Sequence[WantedField], operation: str
) -> None:
    """Where one breaks the call, each is tried alone; that one is said with the org's words and the steps by hand."""
    headers = {"SOAPAction": operation}
    broken = {"status": 500, "body": BROKEN, "headers": {"Content-Type": "text/xml"}}
    levers(org).faults.plan(
        {"path": "/services/Soap/m/", "headers": headers, "body": "Web", "times": None, "reply": broken}
    )
    found = carry_out(two, Wanted(tuple(fields[:1])))
    levers(org).faults.clear()
    made = (fields[0].full_name, "made", f"on the page layout {STANDARD}")
    [left] = [each for each in found.items if each.what == "layout" and each.verdict != "made"]
    assert made in _said(found)
    assert "UNKNOWN_EXCEPTION An unexpected error occurred" in left.says + left.todo
    assert f"Campaign › Page Layouts › {WEB}: drag {fields[0].label} from the palette" in left.todo
    assert (left.verdict, found.passed) == (("refused", False) if operation == "updateMetadata" else ("by hand", True))
    assert (fields[0].full_name, "made", f"on the page layout {WEB}") in _said(
        carry_out(two, Wanted(tuple(fields[:1])))
    )


def test_who_may_no_more_while_it_is_made_is_told_what_was_made(
    two: Org, org: Details, fields: Sequence[WantedField]
) -> None:
    """The fields stand; the layouts, which cannot be read any more, are refused, and not taken for made."""
    levers(org).faults.plan(
        {
            "path": "/services/Soap/m/",
            "headers": {"SOAPAction": "readMetadata"},
            "after": 1,
            "times": None,
            "reply": {"status": 500, "body": BROKEN.replace("UNKNOWN_EXCEPTION", "INSUFFICIENT_ACCESS")},
        }
    )
    said = {(each.what, each.verdict) for each in carry_out(two, Wanted(tuple(fields[:1]))).items}
    assert ("layout", "refused") in said
    assert ("layout", "made") not in said
    assert ("field", "made") in said


def test_a_lost_answer_is_looked_for(two: Org, org: Details, fields: Sequence[WantedField]) -> None:
    """The layouts were written and the answer did not come: the field stands on each once."""
    levers(org).faults.plan({"path": "/services/Soap/m/", "headers": {"SOAPAction": "updateMetadata"}, "drop": "after"})
    assert {verdict for _, verdict, _ in _said(carry_out(two, Wanted(tuple(fields[:1]))))} == {"made"}
    for layout in _layouts(two).values():
        assert [_field(each) for each in _items(layout)].count(fields[0].name) == 1


def test_what_is_gone_is_read_as_nothing(two: Org) -> None:
    """A layout that was deleted since it was listed is not there; the others are."""
    found = read_layouts(two, ["Campaign-Nope Layout", "Campaign-Campaign Layout"])
    assert [each.name for each in found] == [STANDARD]


def test_the_layouts_of_a_package_are_read_by_their_whole_names(two: Org, org: Details) -> None:
    """The org lists them without the prefix that it wants when it reads them."""
    whole = WEB_LAYOUT.replace("Campaign %28Web%29", "pkg__Sold")
    call(two, METADATA, "createMetadata", whole)
    listed = "<fullName>Campaign-Sold Layout</fullName><namespacePrefix>pkg</namespacePrefix>"
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><listMetadataResponse '
        f'xmlns="http://soap.sforce.com/2006/04/metadata"><result>{listed}</result></listMetadataResponse>'
        "</e:Body></e:Envelope>"
    )
    levers(org).faults.plan({"path": "/Soap/m/", "times": 1, "reply": {"status": 200, "body": body}})
    try:
        assert [each.name for each in find_layouts(two, ["Campaign"])] == ["pkg__Sold Layout"]
    finally:
        call(two, METADATA, "deleteMetadata", "<type>Layout</type><fullNames>Campaign-pkg__Sold Layout</fullNames>")


def test_a_layout_is_called_as_people_know_it() -> None:
    """Its name without the object and without what addresses encode; a person's page shows the fields of accounts."""
    person = PageLayout("PersonAccount-Person %26 Household Layout")
    packaged = PageLayout("Stay__c-ns__Long-Term Stay Layout")
    assert (person.object_name, person.name) == ("Account", "Person & Household Layout")
    assert (packaged.object_name, packaged.name) == ("Stay__c", "ns__Long-Term Stay Layout")


def _said(found: Plan) -> list[tuple[str, str, str]]:
    return [(each.subject, each.verdict, each.says) for each in found.items if each.what == "layout"]


def _layouts(connected: Org) -> dict[str, Element]:
    return {each.name: each.read for each in find_layouts(connected, ["Campaign"]) if each.read is not None}


def _items(parent: Element) -> list[Element]:
    return list(parent.iter(METADATA.tag("layoutItems")))


def _field(item: Element) -> str | None:
    return item.findtext(METADATA.tag("field"))


def _read(layout: Element) -> set[str]:
    return {(_field(each) or "").lower() for each in _items(layout)}


def _texts(item: Element) -> list[str]:
    return [each.text or "" for each in item]


def _names(fields: Sequence[WantedField]) -> list[str]:
    return [each.name for each in fields]


def _without(layout: Element, fields: Sequence[WantedField]) -> bytes:
    """The layout as it was before the fields were put on it."""
    rest = deepcopy(layout)
    for column in list(rest.iter(METADATA.tag("layoutColumns"))):
        for item in _items(column):
            if _field(item) in _names(fields):
                column.remove(item)
    return tostring(rest)
