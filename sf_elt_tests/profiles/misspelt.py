"""A small population whose records were typed by different people: names misspelt, mailboxes changed, phones written
in one way or the other. Who is who is known.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import pyarrow as pa

from sf_elt.profiles import FuzzyLinks
from sf_elt.warehouse import Warehouse, quote_table
from sf_elt_tests.profiles.streams import rule

COMPARED = """\
      - {name: first_name, as: name, from: {salesforce_leads: lead_first_name, salesforce_contacts: FirstName}}
      - {name: last_name, as: name, from: {salesforce_leads: lead_last_name, salesforce_contacts: LastName}}
      - {name: email, as: email, from: {salesforce_leads: lead_email, salesforce_contacts: contact_email}}
      - {name: phone, as: phone, region: US, from: {salesforce_leads: lead_phone, salesforce_contacts: Phone}}
"""
"""What a mapping compares of them, in YAML."""

_FIRST = (
    "James", "Mary", "Robert", "Patricia", "John", "Jennifer", "Michael", "Linda", "David", "Elizabeth", "William",
    "Barbara", "Richard", "Susan", "Joseph", "Jessica", "Thomas", "Sarah", "Charles", "Karen", "Daniel", "Nancy",
    "Matthew", "Betty", "Anthony", "Margaret", "Mark", "Sandra", "Donald", "Ashley",
)  # fmt: skip
_SYLLABLES = (
    "ba", "ker", "son", "mil", "ler", "ton", "wood", "lan", "gray", "har", "per", "dal", "ston", "field", "ros", "man",
    "ley", "ford", "win", "ter",
)  # fmt: skip
_FIELDS = ("first_name", "last_name", "email", "phone", "company", "postal_code")

STREAMS = ("applicants", "customers")
IDENTIFIERS = [
    rule(stream, source, to, identifier=True, **({"clean": "email"} if to == "email" else {}))
    for stream in STREAMS
    for source, to in (("record_id", f"{stream}_id"), ("email", "email"))
]
FUZZY = FuzzyLinks.model_validate(
    {
        "compare": [
            {"name": name, "as": name if name in ("email", "phone", "company", "postal_code") else "name",
             "from": dict.fromkeys(STREAMS, name)} | ({"region": "US"} if name == "phone" else {})
            for name in _FIELDS
        ]
    }
)  # fmt: skip


@dataclass(frozen=True)
class Typed:
    """One record, and which person it is of."""

    person: int
    stream: str
    record_id: str
    values: tuple[str | None, ...]


def misspelt_people(people: int, seed: int = 1) -> list[Typed]:
    """The records of so many people: one each as it should be, and up to two that others typed."""
    chance = random.Random(seed)
    records = []
    for person in range(people):
        right = tuple(_person(chance))
        records.append(Typed(person, "customers", f"c{person:04}", right))
        for copy in range(chance.choice((0, 1, 1, 2))):
            stream, letter = chance.choice((("applicants", "a"), ("customers", "d")))
            records.append(Typed(person, stream, f"{letter}{person:04}{copy}", tuple(_typed_again(chance, *right))))
    return records


def put_people(warehouse: Warehouse, records: list[Typed]) -> None:
    """Makes the two streams of these records."""
    with warehouse.write() as connection:
        for stream in STREAMS:
            rows = [record for record in records if record.stream == stream]
            columns = {"record_id": [row.record_id for row in rows]}
            columns |= {name: [row.values[place] for row in rows] for place, name in enumerate(_FIELDS)}
            arriving = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
            connection.register("arriving", arriving)
            connection.execute(f"CREATE OR REPLACE TABLE {quote_table('streams', stream)} AS FROM arriving")
            connection.unregister("arriving")


def true_pairs(records: list[Typed]) -> set[frozenset[str]]:
    """The pairs of records of one person that share no email."""
    return {
        frozenset({one.record_id, other.record_id})
        for one, other in combinations(records, 2)
        if one.person == other.person and (one.values[2] is None or one.values[2] != other.values[2])
    }


def _person(chance: random.Random) -> Iterator[str]:
    first = chance.choice(_FIRST)
    last = "".join(chance.choices(_SYLLABLES, k=chance.choice((2, 3))))
    company = "".join(chance.choices(_SYLLABLES[:8], k=2))
    number = f"{chance.randrange(2_000_000, 9_999_999)}"
    yield from (first, last.title(), f"{first.lower()}.{last}@{company}.example.com")
    yield from (f"(415) {number[:3]}-{number[3:]}", f"{company.title()} Inc.", f"{chance.randrange(94000, 94200)}")


def _typed_again(
    chance: random.Random, first: str, last: str, email: str, phone: str, company: str, postal_code: str
) -> Iterator[str | None]:
    yield _misspelt(chance, first) if chance.random() < 0.2 else first
    yield _misspelt(chance, last) if chance.random() < 0.4 else last.upper()
    yield chance.choice((email, f"{first[0].lower()}{last.lower()}@home.example.org", None))
    digits = "".join(digit for digit in phone if digit.isdigit())
    yield chance.choice((f"+1 {digits[:3]} {digits[3:]}", f"{digits[:3]}.{digits[3:6]}.{digits[6:]}", None))
    yield chance.choice((company.removesuffix(" Inc."), company.upper(), None))
    yield postal_code if chance.random() < 0.85 else None


def _misspelt(chance: random.Random, word: str) -> str:
    """The word with one letter missing, two letters swapped, or a wrong letter."""
    at = chance.randrange(1, len(word) - 1)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return chance.choice((word[:at] + word[at + 1 :], swapped, word[:at] + chance.choice("aeiou") + word[at + 1 :]))
