"""A crowd in which everybody is marked: enough of them that Splink learns from it, and finds who was typed twice.

crowd(org)                      # makes them, as leads and as contacts
MARKS                           # what each of them has somewhere in the name, address, company and phone
"""

from collections.abc import Iterator

from sf_elt.demo_org.serve import Details
from sf_elt_tests.orgs import client
from sf_elt_tests.profiles.misspelt import COMPARED, Typed, misspelt_people

MARKS = {
    "first name in a crowd": "qzfirstling",
    "last name in a crowd": "qzlastborn",
    "mailbox in a crowd": "qzmailbox",
    "address in a crowd": "marked-crowd.example",
    "company in a crowd": "Qzworksteel",
    "phone in a crowd": "(938) 555-0",
    "digits in a crowd": "9385550",
    "digits in a crowd with spaces": "938 5550",
    "digits in a crowd with dots": "938.555.0",
}
PEOPLE = 130

FUZZY = f"""  fuzzy:
    threshold: 0.9
    max_pairs: 2000
    compare:
{COMPARED}      - {{name: title, as: exact, from: {{salesforce_leads: lead_title, salesforce_contacts: contact_title}}}}
"""


def crowd(org: Details) -> int:
    """Makes the records, who are half in the leads and half in the contacts; gives how many."""
    records = misspelt_people(PEOPLE)
    sf = client(org, how="password")
    for object_name, stream in (("Lead", "applicants"), ("Contact", "customers")):
        made = [dict(_fields(record, object_name)) for record in records if record.stream == stream]
        for start in range(0, len(made), 200):
            body = {"records": [{"attributes": {"type": object_name}, **each} for each in made[start : start + 200]]}
            for saved in sf.restful("composite/sobjects", method="POST", json=body):
                assert saved["success"], saved
    return len(records)


def _fields(record: Typed, object_name: str) -> Iterator[tuple[str, str]]:
    first, last, email, phone, company, postal_code = record.values
    yield "FirstName", f"{first}{MARKS['first name in a crowd']}"
    yield "LastName", f"{last}{MARKS['last name in a crowd']}"
    yield "Title", f"{postal_code or ''} {MARKS['company in a crowd']}"
    if email:
        box, _, host = email.partition("@")
        yield "Email", f"{box}.{MARKS['mailbox in a crowd']}@{host.partition('.')[0]}.{MARKS['address in a crowd']}"
    if phone:
        yield "Phone", _marked(phone)
    if object_name == "Lead":
        yield "Company", f"{company or 'Unknown'} {MARKS['company in a crowd']}"


def _marked(phone: str) -> str:
    """The phone as it was written: other digits before the last three, and as many of them."""
    before = [each for each in phone[:-3] if each.isdigit()]
    digits = iter("19385550"[-len(before) :])
    return "".join(next(digits) if each.isdigit() else each for each in phone[:-3]) + phone[-3:]
