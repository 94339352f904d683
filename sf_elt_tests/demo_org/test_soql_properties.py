"""Generated queries against generated records: SOQL gives what plain Python makes of the same records."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.store import Store
from sf_elt_tests.demo_org.soql_store import NOW, OLD, values

Row = dict[str, Any]
CITIES = ["Rome", "rome", "Oslo", None, "O'Fallon", "50%"]
SCORES = [None, -3.0, 0.0, 1.5, 10.0]
TOPICS = [None, "Data", "Data;Email", "Email", "Email;Mobile"]
DAYS = [None, OLD, OLD + timedelta(days=14), OLD + timedelta(days=15)]

ACCOUNTS = [{"Name": name, "Industry": industry} for name, industry in (("A", "Banking"), ("B", None), ("C", "Media"))]
ROWS = [
    {
        "City": CITIES[number % 6],
        "Score": SCORES[number * 7 % 5],
        "Topics": TOPICS[number * 3 % 5],
        "Bounced": DAYS[number * 5 % 4],
        "Account": (None, *ACCOUNTS[:2])[number * 2 % 3],
        "NoCall": number % 4 == 0,
        "Name": f"n{number:02}",
    }
    for number in range(48)
]  # fmt: skip


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store(load_schema(), clock=lambda: NOW) as store:
        ids = store.next_ids("Account", len(ACCOUNTS))
        store.load("Account", pa.Table.from_pylist([{"Id": key} | row for key, row in zip(ids, ACCOUNTS, strict=True)]))
        contacts = [
            {
                "LastName": row["Name"],
                "MailingCity": row["City"],
                "Score__c": row["Score"],
                "Interests__c": row["Topics"],
                "EmailBouncedDate": row["Bounced"],
                "DoNotCall": row["NoCall"],
                "AccountId": ids[ACCOUNTS.index(row["Account"])] if row["Account"] else None,
            }
            for row in ROWS
        ]
        keys = store.next_ids("Contact", len(contacts))
        store.load("Contact", pa.Table.from_pylist([{"Id": k} | each for k, each in zip(keys, contacts, strict=True)]))
        yield store


@dataclass(frozen=True)
class Condition:
    """A condition in SOQL, and the same in Python."""

    soql: str
    holds: Callable[[Row], bool]


def literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return "'" + value.replace("'", "\\'") + "'" if isinstance(value, str) else str(value)


def fold(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def city_is(value: str | None) -> Condition:
    return Condition(f"MailingCity = {literal(value)}", lambda row: fold(row["City"]) == fold(value))


def city_is_not(value: str | None) -> Condition:
    return Condition(f"MailingCity != {literal(value)}", lambda row: fold(row["City"]) != fold(value))


def city_in(chosen: list[str | None], negated: bool) -> Condition:
    words = f"MailingCity {'NOT IN' if negated else 'IN'} ({', '.join(literal(each) for each in chosen)})"
    folded = {fold(each) for each in chosen}
    return Condition(words, lambda row: (fold(row["City"]) in folded) != negated)


def city_begins(start: str) -> Condition:
    return Condition(f"MailingCity LIKE '{start}%'", lambda row: (row["City"] or "").lower().startswith(start))


def score(operator: str, value: float) -> Condition:
    compare: dict[str, Callable[[float, float], bool]] = {
        "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    }  # fmt: skip
    return Condition(
        f"Score__c {operator} {value}", lambda row: row["Score"] is not None and compare[operator](row["Score"], value)
    )


def bounced(operator: str, days: int) -> Condition:
    start = datetime(NOW.year, NOW.month, NOW.day) - timedelta(days=days)
    end = start + timedelta(days=1)
    compare: dict[str, Callable[[datetime], bool]] = {
        "=": lambda at: start <= at < end, "<": lambda at: at < start, ">": lambda at: at >= end,
        "<=": lambda at: at < end, ">=": lambda at: at >= start,
    }  # fmt: skip
    return Condition(
        f"EmailBouncedDate {operator} N_DAYS_AGO:{days}",
        lambda row: row["Bounced"] is not None and compare[operator](row["Bounced"]),
    )


def topics(chosen: list[str], negated: bool) -> Condition:
    words = f"Interests__c {'EXCLUDES' if negated else 'INCLUDES'} ({', '.join(literal(each) for each in chosen)})"

    def holds(row: Row) -> bool:
        selected = set((row["Topics"] or "").split(";"))
        return any(set(each.split(";")) <= selected for each in chosen) != negated

    return Condition(words, holds)


def industry_is(value: str | None) -> Condition:
    return Condition(
        f"Account.Industry = {literal(value)}", lambda row: (row["Account"] or {"Industry": None})["Industry"] == value
    )


def both(word: str, parts: list[Condition]) -> Condition:
    combine = all if word == "AND" else any
    return Condition(
        f"({f' {word} '.join(part.soql for part in parts)})", lambda row: combine(part.holds(row) for part in parts)
    )


def negated(part: Condition) -> Condition:
    return Condition(f"(NOT ({part.soql}))", lambda row: not part.holds(row))


leaves = st.one_of(
    st.builds(city_is, st.sampled_from(CITIES)),
    st.builds(city_is_not, st.sampled_from(CITIES)),
    st.builds(city_in, st.lists(st.sampled_from(CITIES), min_size=1, max_size=3), st.booleans()),
    st.builds(city_begins, st.sampled_from(["r", "o", "x"])),
    st.builds(score, st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from([0.0, 1.5, 2.0])),
    st.builds(bounced, st.sampled_from(["=", "<", ">", "<=", ">="]), st.sampled_from([0, 1, 14])),
    st.builds(topics, st.lists(st.sampled_from(["Data", "Email", "Email;Mobile"]), min_size=1), st.booleans()),
    st.builds(industry_is, st.sampled_from(["Banking", "Media", None])),
    st.just(Condition("DoNotCall = true", lambda row: row["NoCall"])),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(both, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)),
        st.builds(negated, inner),
    ),
    max_leaves=8,
)
modest = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@modest
@given(condition=conditions)
def test_where_finds_what_python_finds(store: Store, condition: Condition) -> None:
    """Any mixture of conditions holds for the same records."""
    found = [name for (name,) in values(store, f"SELECT LastName FROM Contact WHERE {condition.soql} ORDER BY Id")]
    assert found == [row["Name"] for row in ROWS if condition.holds(row)]


@modest
@given(condition=conditions, least=st.integers(1, 4))
def test_groups_are_what_python_counts(store: Store, condition: Condition, least: int) -> None:
    """GROUP BY a text and HAVING a count, with sums and extremes, over any records."""
    soql = (
        f"SELECT MailingCity c, COUNT(Id), COUNT(Score__c), SUM(Score__c), MIN(Score__c), COUNT_DISTINCT(AccountId) "
        f"FROM Contact WHERE {condition.soql} GROUP BY MailingCity HAVING COUNT(Id) >= {least}"
    )
    expected = []
    kept = [row for row in ROWS if condition.holds(row)]
    for city, count in Counter(fold(row["City"]) for row in kept).items():
        rows = [row for row in kept if fold(row["City"]) == city]
        scores = [row["Score"] for row in rows if row["Score"] is not None]
        accounts = {row["Account"]["Name"] for row in rows if row["Account"]}
        if count >= least:
            total, smallest = (sum(scores), min(scores)) if scores else (None, None)
            expected.append((city, count, len(scores), total, smallest, len(accounts)))
    found = [(fold(city), *rest) for city, *rest in values(store, soql)]
    assert sorted(found, key=str) == sorted(expected, key=str)


@modest
@given(condition=conditions, anti=st.booleans())
def test_semi_joins_find_the_parents_of_what_python_finds(store: Store, condition: Condition, anti: bool) -> None:
    """IN (SELECT …) means the accounts of the contacts that the condition holds for, NOT IN all others."""
    operator = "NOT IN" if anti else "IN"
    soql = f"SELECT Name FROM Account WHERE Id {operator} (SELECT AccountId FROM Contact WHERE {condition.soql})"
    parents = {row["Account"]["Name"] for row in ROWS if row["Account"] and condition.holds(row)}
    assert values(store, soql + " ORDER BY Name") == [
        (each["Name"],) for each in ACCOUNTS if (each["Name"] in parents) != anti
    ]


@modest
@given(
    condition=conditions, descending=st.booleans(), last=st.booleans(), limit=st.integers(0, 9), skip=st.integers(0, 5)
)
def test_children_come_in_the_order_and_number_asked_for(
    store: Store, condition: Condition, descending: bool, last: bool, limit: int, skip: int
) -> None:
    """Each account's contacts: filtered, sorted with nulls at the end asked for, skipped and limited for itself."""
    ordering = f"Score__c {'DESC' if descending else 'ASC'} NULLS {'LAST' if last else 'FIRST'}, LastName"
    children = f"SELECT LastName FROM Contacts WHERE {condition.soql} ORDER BY {ordering} LIMIT {limit} OFFSET {skip}"
    for name, contacts in values(store, f"SELECT Name, ({children}) FROM Account ORDER BY Name"):
        rows = [row for row in ROWS if (row["Account"] or {}).get("Name") == name and condition.holds(row)]
        nulls = [row for row in rows if row["Score"] is None]
        scored = [row for row in rows if row["Score"] is not None]
        scored.sort(key=lambda row: (-row["Score"] if descending else row["Score"], row["Name"]))
        expected = ([*scored, *nulls] if last else [*nulls, *scored])[skip : skip + limit]
        found = [each["LastName"] for each in contacts["records"]] if contacts else []
        assert found == [row["Name"] for row in expected]
