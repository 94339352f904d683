"""Campaigns: members added, changed and taken out with an audience; costs and senders from events."""

from collections.abc import Iterator

import pytest

from sf_elt.writeback import ExportMisconfigured, ExportSpec
from sf_elt_tests.writeback.happenings import happen, log, make, rows
from sf_elt_tests.writeback.people import Person

CAMPAIGN = {"find": "Campaign", "by": "Name", "equals": {"constant": "Spring webinar"}}
MEMBERS = {
    "name": "webinar_leads",
    "object": "CampaignMember",
    "operation": "upsert",
    "audiences": ["Webinar"],
    "only_members": True,
    "matchers": {"CampaignId": CAMPAIGN, "LeadId": "salesforce_lead_ids"},
    "fields": {"Status": {"constant": "Invited"}},
    "fields_on_leave": {"Status": {"constant": "Withdrawn"}},
    "policy": "theirs",
}


def _campaign(loop, *statuses: str, **values: object) -> str:
    """A campaign with these statuses besides Sent and Responded."""
    campaign = make(loop, "Campaign", **values)
    for place, status in enumerate(statuses):
        make(loop, "CampaignMemberStatus", CampaignId=campaign, Label=status, SortOrder=10 + place)
    return campaign


def _members(loop, campaign: str, who: str = "LeadId") -> list[tuple[object, ...]]:
    return rows(loop, f"SELECT {who}, Status FROM CampaignMember WHERE CampaignId = '{campaign}' ORDER BY {who}")


def test_members_of_an_audience_are_members_of_the_campaign(loop):
    """Who is one already is found, not doubled, and keeps the status; who leaves the audience gets the one for it."""
    campaign = _campaign(loop, "Invited", "Withdrawn", Name="Spring webinar")
    ann, bob, cid = sorted(loop.make_leads(3))
    make(loop, "CampaignMember", CampaignId=campaign, LeadId=bob, Status="Responded")
    spec = ExportSpec.model_validate(MEMBERS)
    people = [Person("p-ann", [ann], ["Webinar"]), Person("p-bob", [bob], ["Webinar"]), Person("p-cid", [cid])]
    loop.fill(people)
    assert loop.run(spec).succeeded == 2
    assert _members(loop, campaign) == [(ann, "Invited"), (bob, "Responded")]
    assert loop.run(spec).planned == 0
    loop.fill([Person("p-ann", [ann]), people[1], Person("p-cid", [cid], ["Webinar"])])
    assert loop.run(spec).succeeded == 2
    assert _members(loop, campaign) == [(ann, "Withdrawn"), (bob, "Responded"), (cid, "Invited")]
    loop.fill([people[0], people[1], Person("p-cid", [cid])])
    assert loop.run(spec).succeeded == 2
    assert _members(loop, campaign) == [(ann, "Invited"), (bob, "Responded"), (cid, "Withdrawn")]


@pytest.mark.soak
def test_a_campaign_that_is_not_there_is_named(loop):
    """Nobody can be its member: the export rests and says what it looks for, until somebody has made it."""
    lost = {**CAMPAIGN, "equals": {"constant": "Lost webinar"}}
    spec = ExportSpec.model_validate(MEMBERS | {"matchers": MEMBERS["matchers"] | {"CampaignId": lost}})
    (lead,) = loop.make_leads(1)
    loop.fill([Person("p-ann", [lead], ["Webinar"])])
    with pytest.raises(ExportMisconfigured, match="CampaignId: there is no Campaign whose Name is 'Lost webinar'"):
        loop.run(spec)
    campaign = _campaign(loop, "Invited", Name="Lost webinar")
    assert loop.run(spec).succeeded == 1
    assert _members(loop, campaign) == [(lead, "Invited")]


@pytest.mark.soak
def test_a_status_that_the_campaign_does_not_have_is_set_aside(loop):
    """Salesforce would make its default of it and say nothing; the message names campaign and status."""
    campaign = _campaign(loop, Name="Spring webinar")
    (lead,) = loop.make_leads(1)
    loop.fill([Person("p-ann", [lead], ["Webinar"])])
    spec = ExportSpec.model_validate(
        MEMBERS | {"matchers": MEMBERS["matchers"] | {"CampaignId": {"constant": campaign}}}
    )
    assert loop.run(spec).set_aside == 1
    assert log(loop, "webinar_leads") == [
        (
            "p-ann",
            "set aside",
            "INVALID_MEMBER_STATUS",
            f"Status: the campaign {campaign} has no member status Invited; it has Responded, Sent",
        )
    ]
    assert _members(loop, campaign) == []
    responded = spec.model_copy(update={"fields": {"Status": "title"}, "fields_on_leave": {}})
    loop.fill([Person("p-ann", [lead], ["Webinar"], values={"title": "responded"})])
    assert loop.run(responded).succeeded == 1
    assert _members(loop, campaign) == [(lead, "Responded")]


@pytest.mark.soak
def test_a_mirror_takes_out_who_has_left(loop):
    """Members that the export added are deleted with the audience; those that somebody else added are not."""
    campaign = _campaign(loop, Name="Mirrored")
    ann, bob, eve = sorted(loop.make_leads(3))
    make(loop, "CampaignMember", CampaignId=campaign, LeadId=eve)
    spec = ExportSpec.model_validate(
        MEMBERS
        | {
            "operation": "mirror",
            "matchers": {"CampaignId": {"constant": campaign}, "LeadId": "salesforce_lead_ids"},
            "fields": {"Status": {"constant": "Sent"}},
            "fields_on_leave": {},
            "approve_above_deleted": 1.0,
        }
    )
    loop.fill([Person("p-ann", [ann], ["Webinar"]), Person("p-bob", [bob], ["Webinar"]), Person("p-eve", [eve])])
    assert loop.run(spec).succeeded == 2
    loop.fill([Person("p-ann", [ann]), Person("p-bob", [bob], ["Webinar"]), Person("p-eve", [eve])])
    assert loop.run(spec).succeeded == 1
    assert _members(loop, campaign) == [(bob, "Sent"), (eve, "Sent")]


GIFTS = {"events": "gifts", "where": "type = 'gift'", "operation": "update"}
COSTS = ExportSpec.model_validate(
    GIFTS
    | {
        "name": "campaign_costs",
        "object": "Campaign",
        "group_by": "campaign_id",
        "matchers": {"Id": "campaign_id"},
        "fields": {"ActualCost": {"sum": "cost"}, "Status": "state"},
    }
)
SENDERS = ExportSpec.model_validate(
    GIFTS
    | {
        "name": "senders",
        "object": "CampaignMember",
        "group_by": "campaign_id, email",
        "matchers": {"CampaignId": "campaign_id", "ContactId": {"find": "Contact", "by": "Email", "equals": "email"}},
        "fields": {"Sender__c": "sender", "Team__c": "team"},
    }
)
SPEND = ExportSpec.model_validate(
    GIFTS
    | {
        "name": "spend",
        "object": "Contact",
        "group_by": "email",
        "matchers": {"Email": "email"},
        "fields": {"Spend__c": {"sum": "cost"}},
    }
)


@pytest.fixture
def gift_fields(loop) -> Iterator[None]:
    """Fields for senders and spend, as an administrator makes them."""
    text = {"type": "Text", "length": 80}
    senders = [{"fullName": f"{name}__c", "label": name, **text} for name in ("Sender", "Team")]
    spend = {"fullName": "Spend__c", "label": "Spend", "type": "Currency", "precision": 18, "scale": 2}
    loop.levers.change_schema("CampaignMember", add=senders)
    loop.levers.change_schema("Contact", add=[spend])
    yield
    loop.levers.change_schema("CampaignMember", drop=["Sender__c", "Team__c"])
    loop.levers.change_schema("Contact", drop=["Spend__c"])


@pytest.mark.soak
@pytest.mark.usefixtures("gift_fields")
def test_costs_and_senders_reach_campaigns_members_and_recipients(loop):
    """The sum of a campaign's costs, its latest status, the latest sender of each member, the spend on a recipient."""
    campaign = _campaign(loop, Name="Gifts")
    contact = make(loop, "Contact", LastName="Fay", Email="fay@cost.example")
    make(loop, "CampaignMember", CampaignId=campaign, ContactId=contact)
    sent = {"type": "gift", "email": "fay@cost.example", "campaign_id": campaign, "state": "In Progress"}
    events = (
        {**sent, "cost": 0.1, "sender": "Ann", "team": "East"},
        {**sent, "cost": "0.2", "sender": "Bob", "campaign_id": campaign[:15], "email": "Fay@cost.example"},
        {**sent, "email": "nobody@cost.example", "cost": 10_000, "state": "Completed"},
        {"type": "gift", "campaign_id": "", "cost": 7},
    )
    happen(loop, *events, stream="gifts")
    assert [loop.run(spec).succeeded for spec in (COSTS, SENDERS, SPEND)] == [1, 1, 1]
    assert rows(loop, f"SELECT ActualCost, Status FROM Campaign WHERE Id = '{campaign}'") == [(10_000, "Completed")]
    assert rows(loop, f"SELECT Sender__c, Team__c FROM CampaignMember WHERE CampaignId = '{campaign}'") == [
        ("Bob", "East")
    ]
    assert rows(loop, f"SELECT Spend__c FROM Contact WHERE Id = '{contact}'") == [(0.3,)]
    assert loop.run(COSTS).planned == 0
    happen(loop, {**sent, "cost": "about 5", "email": "fay@cost.example"}, stream="gifts")
    assert loop.run(SPEND).set_aside == 1
    assert log(loop, "spend")[-1][2:] == (
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "cannot set *currency* field Spend__c to *sum* 'about 5'",
    )
