"""Which user an e-mail address belongs to, for the owners of records."""

from collections.abc import Iterable

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.matching.matches import find_matches


def find_users_by_email(org: Org, emails: Iterable[str]) -> dict[str, str]:
    """The Id of the user with each of these addresses, as it was given; in one call for up to 10,000 of them.

    Only active users are found: others can own nothing new. An address of several active users is left out, as it does
    not tell which is meant, and so is one of nobody. Letter case does not matter.
    """
    asked = [email for email in dict.fromkeys(emails) if "@" in email]
    found = find_matches(org, "User", ["Email", "IsActive"], "and", [(email, "true") for email in asked])
    return {
        email: matches.records[0].id for email, matches in zip(asked, found, strict=True) if matches.outcome == "one"
    }
