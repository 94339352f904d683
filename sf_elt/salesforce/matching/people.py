"""Who is in the org already: as a lead, as a contact, or by their company's account."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

from sf_elt.salesforce.asking import describe_together
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.matching.matches import find_matches
from sf_elt.salesforce.records import Record

Status = Literal["lead", "contact", "converted lead", "several", "account", "nowhere", "not asked"]

STATUSES: Mapping[Status, str] = {
    "lead": "As one lead",
    "contact": "As one contact",
    "converted lead": "As a converted lead, whose contact has another address or is gone",
    "several": "As several leads or contacts",
    "account": "Only their company, as an account",
    "nowhere": "Nowhere",
    "not asked": "No address and no company to ask for",
}
"""What becomes of a person who is looked for, and what it is called for people."""

_DOMAIN = re.compile(r"(?:[a-z0-9\u0080-\U0010ffff-]+\.)+[a-z\u0080-\U0010ffff-]{2,}")


@dataclass(frozen=True)
class Person:
    """Somebody to look for: by any of these addresses; by these names, domains or websites of a company."""

    emails: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Presence:
    """What the org has of a person. A converted lead is a lead, and its contact and its account are the person's."""

    leads: tuple[Record, ...]
    contacts: tuple[Record, ...]
    accounts: tuple[Record, ...]
    was_asked: bool

    @property
    def is_converted(self) -> bool:
        return any(lead["IsConverted"] for lead in self.leads)

    @property
    def contact_ids(self) -> tuple[str, ...]:
        """Contacts with an address of the person, and those that their leads were converted to."""
        return _distinct([*(each.id for each in self.contacts), *_values(self.leads, "ConvertedContactId")])

    @property
    def owner_emails(self) -> tuple[str, ...]:
        """Whose records they are; where there is no lead and no contact, whose accounts."""
        return _distinct(_values([*self.leads, *self.contacts] or self.accounts, "Owner.Email"))

    @property
    def status(self) -> Status:
        if not self.was_asked:
            return "not asked"
        open_leads = [lead for lead in self.leads if not lead["IsConverted"]]
        if len(open_leads) + len(self.contact_ids) > 1:
            return "several"
        if open_leads:
            return "lead"
        if self.contacts:
            return "contact"
        if self.leads:
            return "converted lead"
        return "account" if self.accounts else "nowhere"


def find_people(
    org: Org, people: Sequence[Person], *, on_progress: Callable[[str, int, int], None] | None = None
) -> list[Presence]:
    """What the org has of each of these people, in their order. Up to 10,000 addresses of them are four calls.

    Leads and contacts are found by their Email, in any letter case; accounts by the person's contacts and converted
    leads, by their Name, and by a Website that is a domain with or without `https://` and `www.`. `on_progress` is told
    of which object how many values were asked for, of how many. Raises UnknownObject, UnknownField for what this user
    may not see.
    """
    describe_together(org, ["Lead", "Contact", "Account"])
    addresses = [[(email,) for email in person.emails] for person in people]
    converted = ["IsConverted", "ConvertedContactId", "ConvertedAccountId"]
    leads = _found(org, "Lead", ["Email"], addresses, [*converted, "Owner.Email"], on_progress)
    contacts = _found(org, "Contact", ["Email"], addresses, ["AccountId", "Owner.Email"], on_progress)
    keys = [
        list(_account_keys(person, [*_values(known_leads, "ConvertedAccountId"), *_values(known, "AccountId")]))
        for person, known_leads, known in zip(people, leads, contacts, strict=True)
    ]
    accounts = _found(org, "Account", ["Id", "Name", "Website"], keys, ["Owner.Email"], on_progress)
    return [
        Presence(*records, bool(person.emails or person.companies))
        for person, records in zip(people, zip(leads, contacts, accounts, strict=True), strict=True)
    ]


def domain_of(text: str) -> str:
    """`example.com` for a domain, a website or an address of a page; empty for what is none of these."""
    given = text.strip().lower()
    try:
        host = urlsplit(given if "://" in given else f"//{given}").hostname or ""
    except ValueError:
        return ""
    host = host.removeprefix("www.")
    return host if _DOMAIN.fullmatch(host) and not re.search(r"\s|@", given) else ""


def _found(
    org: Org,
    object_name: str,
    fields: Sequence[str],
    keys: Sequence[Sequence[Sequence[str | None]]],
    more_fields: Sequence[str],
    on_progress: Callable[[str, int, int], None] | None,
) -> list[tuple[Record, ...]]:
    """The records of each person, who has any number of keys."""
    flat = [key for of_person in keys for key in of_person]
    told = None if on_progress is None else partial(on_progress, object_name)
    found = iter(find_matches(org, object_name, fields, "or", flat, more_fields=more_fields, on_progress=told))
    every = []
    for of_person in keys:
        records = {record.id: record for _ in of_person for record in next(found).records}
        every.append(tuple(records[an_id] for an_id in sorted(records)))
    return every


def _account_keys(person: Person, account_ids: Iterable[str]) -> Iterator[tuple[str | None, str | None, str | None]]:
    """Id, name and website, one of them in each key."""
    for account_id in account_ids:
        yield account_id, None, None
    for company in person.companies:
        yield None, company, None
        if domain := domain_of(company):
            for scheme in ("", "http://", "https://"):
                for www in ("", "www."):
                    for end in ("", "/"):
                        yield None, None, f"{scheme}{www}{domain}{end}"


def _values(records: Iterable[Record], field: str) -> Iterator[str]:
    return (str(record[field]) for record in records if record[field] is not None)


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
