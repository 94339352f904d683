"""Which records of an object have given values, in few calls: one for thousands of values, never one a record.

    check_matchers(describe(org, "Lead"), ["Email", "Customer_Number__c"])
    for found in find_matches(org, "Lead", ["Email", "Phone"], "or", [("ada@example.com", None), (None, "+49 30 1")]):
        print(found.outcome, [record.id for record in found.records])

Any field that Salesforce filters by can be a matcher: Id, external ids, standard and custom fields, references. Values
are given as text and compared as the org compares them: text in any letter case, Ids at 18 characters, numbers and
times by what they are.

documented.py which fields cannot, as far as Salesforce documents it
matchers.py   which fields can be matched by
matches.py    the records of each key
people.py     who is in the org already: as lead, contact or account
questions.py  many values in few calls
values.py     a text as the value that a field takes, and when two values are the same
"""

from sf_elt.salesforce.matching.documented import documented
from sf_elt.salesforce.matching.matchers import CannotMatch, check_matchers, why_no_matcher
from sf_elt.salesforce.matching.matches import Matches, Operator, find_matches
from sf_elt.salesforce.matching.people import STATUSES, Person, Presence, find_people
from sf_elt.salesforce.matching.values import cast

__all__ = [
    "STATUSES",
    "CannotMatch",
    "Matches",
    "Operator",
    "Person",
    "Presence",
    "cast",
    "check_matchers",
    "documented",
    "find_matches",
    "find_people",
    "why_no_matcher",
]
