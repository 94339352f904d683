"""What every org has from its first day, seeded or empty."""

from sf_elt.demo_org.serve import Details
from sf_elt_tests.orgs import client


def test_an_empty_org_has_its_setup(empty_org: Details) -> None:
    """Queues that may own leads and cases, the values of statuses with their meaning, the standard price book."""
    sf = client(empty_org)
    queues = sf.query("SELECT QueueId, SobjectType, Queue.Name FROM QueueSobject ORDER BY SobjectType")["records"]
    assert [(each["SobjectType"], each["Queue"]["Name"]) for each in queues] == [
        ("Case", "Support"),
        ("Lead", "Inbound Leads"),
    ]
    converted = sf.query("SELECT MasterLabel FROM LeadStatus WHERE IsConverted = true")["records"]
    assert [each["MasterLabel"] for each in converted] == ["Closed - Converted"]
    stages = sf.query("SELECT MasterLabel, DefaultProbability, IsWon FROM OpportunityStage ORDER BY SortOrder")[
        "records"
    ]
    described = {field["name"]: field for field in sf.Opportunity.describe()["fields"]}
    assert [each["MasterLabel"] for each in stages] == [
        value["value"] for value in described["StageName"]["picklistValues"]
    ]
    assert [each["MasterLabel"] for each in stages if each["IsWon"]] == ["Closed Won"]
    assert sf.query("SELECT COUNT() FROM Pricebook2 WHERE IsStandard = true")["totalSize"] == 1


def test_an_organization_says_what_tools_ask_it(empty_org: Details) -> None:
    """The fields that the Salesforce CLI reads before anything else: what kind of org this is."""
    soql = (
        "SELECT Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, OrganizationType FROM Organization"
    )
    [found] = client(empty_org).query(soql)["records"]
    assert (found["OrganizationType"], found["IsSandbox"], found["TrialExpirationDate"]) == (
        "Developer Edition", False, None,
    )  # fmt: skip


def test_a_queue_may_own_a_lead(empty_org: Details) -> None:
    """The owner is a group then, and its name is found through the polymorphic relationship."""
    sf = client(empty_org)
    queue = sf.query("SELECT Id FROM Group WHERE Type = 'Queue' AND Name = 'Inbound Leads'")["records"][0]["Id"]
    lead = sf.Lead.create({"LastName": "Byron", "Company": "Poems", "OwnerId": queue})["id"]
    assert (
        sf.query(f"SELECT Owner.Name FROM Lead WHERE Id = '{lead}'")["records"][0]["Owner"]["Name"] == "Inbound Leads"
    )


def test_cases_are_numbered_in_the_order_they_are_made(empty_org: Details) -> None:
    """CaseNumber has eight digits, is nobody's to set, and finds its case; the contact's details stand in the case."""
    sf = client(empty_org)
    contact = sf.Contact.create({"LastName": "Lovelace", "Phone": "123", "Email": "ada@example.org"})["id"]
    made = [sf.Case.create({"Subject": subject, "ContactId": contact})["id"] for subject in ("first", "second")]
    numbers = [sf.Case.get(each)["CaseNumber"] for each in made]
    assert [len(each) for each in numbers] == [8, 8]
    assert int(numbers[1]) == int(numbers[0]) + 1
    found = sf.query(f"SELECT Id, ContactPhone, ContactEmail FROM Case WHERE CaseNumber = '{numbers[1]}'")["records"]
    assert [(each["Id"], each["ContactPhone"], each["ContactEmail"]) for each in found] == [
        (made[1], "123", "ada@example.org")
    ]
    stamp = sf.Case.get(made[0])["SystemModstamp"]
    sf.Contact.update(contact, {"Phone": "456"})
    case = sf.Case.get(made[0])
    assert (case["ContactPhone"], case["SystemModstamp"]) == ("456", stamp)
