"""What a stream is called where nobody says: after its object."""

import re

from sf_elt.streams.views import STREAMS_BEHIND_VIEWS

_CUSTOM = re.compile(r"__[a-z]{1,3}$", re.IGNORECASE)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")
_KNOWN = {stream.replace("_", ""): stream for stream in STREAMS_BEHIND_VIEWS}


def stream_of(object_name: str) -> str:
    """`salesforce_`, then the object's API name without `__c`, its words in lower case, the last one in the plural.

    Lead → salesforce_leads, OpportunityContactRole → salesforce_opportunity_contact_roles, Subscription__c →
    salesforce_subscriptions, acme__LoyaltyTier__c → salesforce_acme_loyalty_tiers, LeadHistory →
    salesforce_lead_histories. The streams that the documented views read are found in any letter case.
    """
    words = [word.lower() for word in _WORDS.split(_CUSTOM.sub("", object_name)) if word]
    name = "_".join(["salesforce", *words[:-1], *(_plural(word) for word in words[-1:])])
    return _KNOWN.get(name.replace("_", ""), name)


def _plural(word: str) -> str:
    """The English plural, by its spelling alone. A word that ends in a digit or in s is left as it is."""
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    if re.search(r"(ss|us|is|x|z|ch|sh)$", word):
        return f"{word}es"
    return word if re.search(r"[s\d]$", word) else f"{word}s"
