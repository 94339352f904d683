"""Events written in place of profiles: identify makes leads, group makes accounts."""

import pytest

from sf_elt.writeback import ExportMisconfigured, ExportNotReady, ExportSpec
from sf_elt_tests.writeback.happenings import happen, log, make, rows

IDENTIFY = ExportSpec(
    name="identified",
    object="Lead",
    operation="upsert",
    events="touches",
    where="type = 'identify' and plan <> 'internal'",
    group_by="email",
    matchers={"Email": "email"},
    fields={"Title": "role"},
    fields_on_create={"LastName": {"template": "{surname}"}, "Company": {"first": ["company", {"constant": "[none]"}]}},
)
GROUP = ExportSpec(
    name="companies",
    object="Account",
    operation="upsert",
    events="touches",
    where="type = 'group'",
    group_by="group_name",
    matchers={"Name": "group_name"},
    fields={"Website": "website", "NumberOfEmployees": "employees"},
)


def test_identify_becomes_a_lead_by_email_and_group_an_account_by_name(loop):
    """Of several events of one address the latest values count; who is there is updated, who is not is created."""
    held = make(loop, "Lead", LastName="Held", Company="Old", Email="ann@idy.example")
    account = make(loop, "Account", Name="Idy Works")
    happen(
        loop,
        {"type": "identify", "email": "ann@idy.example", "plan": "pro", "surname": "Ng", "role": "CTO"},
        {"type": "identify", "email": "Bob@idy.example", "plan": "pro", "surname": "Bo", "role": "Clerk"},
        {"type": "identify", "email": "bob@idy.example", "plan": "pro", "role": "Chief", "company": "Idy Works"},
        {"type": "identify", "email": "eve@idy.example", "plan": "internal", "surname": "Eve", "role": "Spy"},
        {"type": "pageview", "email": "zoe@idy.example", "plan": "pro"},
        {"type": "group", "group_name": "IDY WORKS", "website": "https://idy.example", "employees": 12},
        {"type": "group", "group_name": "Idy Lab", "employees": "a dozen"},
        {"type": "group", "group_name": "Idy Farm", "employees": 7},
    )
    assert loop.run(IDENTIFY).succeeded == 2
    held_now = "SELECT Email, LastName, Company, Title FROM Lead WHERE Email LIKE '%@idy.example' ORDER BY Email"
    assert rows(loop, held_now) == [
        ("ann@idy.example", "Held", "Old", "CTO"),
        ("bob@idy.example", "Bo", "Idy Works", "Chief"),
    ]
    assert rows(loop, "SELECT Id FROM Lead WHERE Email = 'ann@idy.example'") == [(held,)]
    report = loop.run(GROUP)
    assert (report.succeeded, report.set_aside) == (2, 1)
    assert rows(loop, "SELECT Name, NumberOfEmployees FROM Account WHERE Name LIKE 'Idy%' ORDER BY Name") == [
        ("Idy Farm", 7),
        ("Idy Works", 12),
    ]
    assert rows(loop, "SELECT Id FROM Account WHERE Website = 'https://idy.example'") == [(account,)]
    assert ("idy lab", "set aside", "INVALID_TYPE_ON_FIELD_IN_RECORD") in [row[:3] for row in log(loop, "companies")]
    assert (loop.run(IDENTIFY).planned, loop.run(GROUP).planned) == (0, 0)


SLIPS = (
    ({"events": "touchs"}, "did you mean touches"),
    ({"where": "tipe = 'identify'"}, "did you mean type"),
    ({"where": "plan = 'pro' and surnam = 'Ng'"}, "did you mean surname"),
    ({"fields": {"Title": "rolle"}}, "no column, and its events no property, 'rolle' .did you mean role"),
    ({"matchers": {"Email": "mail"}}, "did you mean email"),
    ({"group_by": "topics"}, "'topics' is a list"),
    ({"group_by": "tenant"}, "no property, 'tenant'"),
)


def test_what_neither_the_stream_nor_its_events_have_is_refused(loop):
    """What looks like a slip is refused with the nearest name that there is; so is a group that no event is of."""
    event = {"type": "identify", "email": "a@slip.example", "plan": "pro", "surname": "Ng", "role": "x", "company": "c"}
    happen(loop, event)
    for changed, said in SLIPS:
        with pytest.raises((ExportMisconfigured, ExportNotReady), match=said):
            loop.run(IDENTIFY.model_copy(update=changed))
