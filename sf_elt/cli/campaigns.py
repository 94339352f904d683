"""`sf-elt sf campaign…` and `member…`: campaigns, and who is in them."""

from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli.examples import examples
from sf_elt.cli.look_ups import Limit, check_id, labelled, sf
from sf_elt.cli.org_session import Connection, opened_org
from sf_elt.cli.showing import Column, Format, FormatOption, JsonOption, Rows, chosen, refuse, show, show_json

if TYPE_CHECKING:
    from sf_elt.salesforce import Org
    from sf_elt.salesforce.lookups.campaigns import Campaign, CampaignMember

CAMPAIGNS = [
    Column("Id", "Id"),
    Column("Name", "Name"),
    Column("Status", "Status"),
    Column("StartDate", "Starts"),
    Column("NumberOfContacts", "Contacts"),
    Column("NumberOfLeads", "Leads"),
    Column("NumberOfResponses", "Responses"),
]

MEMBERS = [
    Column("Type", "Is a"),
    Column("LeadOrContactId", "Id"),
    Column("Name", "Name"),
    Column("Email", "Email"),
    Column("Status", "Status"),
    Column("FirstRespondedDate", "Responded"),
]

CampaignId = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's Id.")]


@sf.command()
@examples(
    "sf-elt sf campaigns --active",
    "sf-elt sf campaigns --status Planned --json",
)
def campaigns(
    status: Annotated[str, typer.Option(help="Only those with this status: Planned, Completed, ….")] = "",
    active: Annotated[bool, typer.Option("--active", help="Only active ones.")] = False,
    limit: Limit = None,
    how: FormatOption = None,
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Lists the campaigns, with how many are in each and how many responded."""
    from sf_elt.salesforce.lookups import campaigns as of_org

    how = chosen(how, as_json=as_json)
    with opened_org(connection) as org:
        found = of_org.fetch_campaigns(org, status=status or None, active_only=active, limit=limit)
        names = of_org.campaign_fields(org)
        columns = CAMPAIGNS if how == Format.table else [Column(name, name) for name in names]
        show(columns, Rows(each.record for each in found), how, title="Campaigns", most=limit)


@sf.command()
@examples(
    "sf-elt sf campaign 7015g000000XyZaAAK",
)
def campaign(
    campaign_id: CampaignId,
    how: FormatOption = None,
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Shows one campaign: status, dates, who owns it, numbers, cost."""
    from sf_elt.salesforce.lookups import campaigns as of_org

    check_id(campaign_id)
    how = chosen(how, as_json=as_json)
    with opened_org(connection) as org:
        found = _found(org, campaign_id)
        names = of_org.campaign_fields(org)
        show(labelled(org, "Campaign", names), Rows([found.record], 1, alone=True), how, title=f"Campaign {found.id}")


@sf.command()
@examples(
    "sf-elt sf members 7015g000000XyZaAAK",
    "sf-elt sf members 7015g000000XyZaAAK --status Responded --format csv > responded.csv",
)
def members(
    campaign_id: CampaignId,
    status: Annotated[str, typer.Option(help="Only those with this status: Sent, Responded, ….")] = "",
    limit: Limit = None,
    how: FormatOption = None,
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Lists who is in a campaign: contacts and leads, with their status."""
    from sf_elt.salesforce.lookups import campaigns as of_org

    check_id(campaign_id)
    how = chosen(how, as_json=as_json)
    with opened_org(connection) as org:
        its_campaign = _found(org, campaign_id)
        found = of_org.campaign_members(org, campaign_id, status=status or None, limit=limit)
        show(MEMBERS, Rows(map(_member_row, found)), how, title=f"Members of {its_campaign.name}", most=limit)


@sf.command()
@examples(
    "sf-elt sf member 7015g000000XyZaAAK --lead 00Q5g00000JyVtEEAV",
)
def member(
    campaign_id: CampaignId,
    lead: Annotated[str, typer.Option(metavar="ID", help="The lead's Id.")] = "",
    contact: Annotated[str, typer.Option(metavar="ID", help="The contact's Id.")] = "",
    as_json: JsonOption = False,
    connection: Connection = "",
) -> None:
    """Says whether a lead or a contact is in a campaign: prints the Id of the membership, or ends with status 1."""
    from sf_elt.salesforce.lookups import campaigns as of_org

    if bool(lead) == bool(contact):
        raise typer.BadParameter("give either --lead or --contact, with an Id")
    check_id(campaign_id)
    check_id(lead or contact)
    with opened_org(connection) as org:
        found = (
            of_org.find_member_id_in_lead(org, campaign_id, lead)
            if lead
            else of_org.find_member_id_in_contact(org, campaign_id, contact)
        )
        if found is None:
            refuse("sf", f"this {'lead' if lead else 'contact'} is not in this campaign, or this user may not see it")
        if as_json:
            show_json({"Id": found})
        else:
            typer.echo(found)


def _found(org: "Org", campaign_id: str) -> "Campaign":
    """The campaign. Ends the command with status 1 where there is none."""
    from sf_elt.salesforce.lookups import campaigns as of_org

    found = of_org.find(org, campaign_id)
    if found is None:
        refuse("sf", "there is no such campaign, or this user may not see it")
    return found


def _member_row(member: "CampaignMember") -> dict[str, object]:
    return {
        "Id": member.id,
        "Type": member.kind,
        "LeadOrContactId": member.person_id,
        "Name": member.name,
        "Email": member.email,
        "Status": member.status,
        "HasResponded": member.has_responded,
        "FirstRespondedDate": str(member.first_responded) if member.first_responded else None,
    }
