"""What exports need in the org, made by an administrator's login: custom fields, who may write and read them, and their
places on page layouts.

    wanted = Wanted(fields=(WantedField("Lead", "Audiences__c", "audiences", least=120),))
    plan(org, wanted).items         what would change, what stands already, what is in the way; nothing is changed
    carry_out(org, wanted).items    the same with what was made, and why not where it was not

No field that stands is changed or deleted: one of another type is said with what to do; page layouts get fields and
lose nothing. It can be repeated at any time, also after it was cut short: what is there is looked for before anything
is made.

wanted.py        the fields: labels, descriptions, types, and which standing fields would do as well
layouts.py       which fields page layouts show
page_layouts.py  page layouts read and written by the Metadata API
standing.py      what the org has of them, and who may do what, in a few calls
planning.py      what is wanted held against what stands
applying.py      what is missing, made in an order in which each finds what it needs
instructions.py  what the API does not do, in the words of Setup
"""

from sf_elt.salesforce.setup.applying import carry_out
from sf_elt.salesforce.setup.planning import Item, Plan, Verdict, plan
from sf_elt.salesforce.setup.wanted import PERMISSION_SET_LABEL, Purpose, Wanted, WantedField, can_be_made

__all__ = [
    "PERMISSION_SET_LABEL",
    "Item",
    "Plan",
    "Purpose",
    "Verdict",
    "Wanted",
    "WantedField",
    "can_be_made",
    "carry_out",
    "plan",
]
