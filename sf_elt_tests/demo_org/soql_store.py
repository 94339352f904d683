"""A small store to ask in SOQL, and how to ask it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.soql import SoqlError, compile_query, json_statement
from sf_elt.demo_org.store import Store

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
OLD, NEW = datetime(2026, 3, 1), datetime(2026, 3, 15, 9, 30)


@contextmanager
def small_store() -> Iterator[Store]:
    """A user, an account, a few contacts (one of them deleted), opportunities in two currencies, tasks about them."""
    with Store(load_schema(), clock=lambda: NOW) as store:
        [user], accounts = store.next_ids("User", 1), store.next_ids("Account", 2)
        contacts, opportunities = store.next_ids("Contact", 4), store.next_ids("Opportunity", 4)
        [lead] = store.next_ids("Lead", 1)
        store.load("User", pa.table({"Id": [user], "FirstName": ["Ada"], "LastName": ["Lovelace"]}))
        store.load(
            "CurrencyType",
            pa.table(
                {
                    "Id": store.next_ids("CurrencyType", 2),
                    "IsoCode": ["USD", "EUR"],
                    "ConversionRate": [1.0, 0.5],
                    "IsCorporate": [True, False],
                }
            ),
        )
        store.load(
            "Account",
            pa.table(
                {
                    "Id": accounts,
                    "Name": ["Acme", "Zenith"],
                    "OwnerId": [user, user],
                    "BillingCity": ["Paris", None],
                    "BillingLatitude": [48.8566, None],
                    "BillingLongitude": [2.3522, None],
                    "Industry": ["Banking", None],
                    "Phone": ["+33 1", None],
                }
            ),
        )
        store.load(
            "Contact",
            pa.table(
                {
                    "Id": contacts,
                    "LastName": ["Anders", "anders", "50% off_", "O'Neil\n"],
                    "FirstName": ["Åsa", None, None, "😀"],
                    "Email": ["a@x.org", None, "A@X.ORG", "b@x.org"],
                    "AccountId": [accounts[0], None, None, accounts[0]],
                    "Birthdate": [date(1980, 1, 2), None, date(1990, 5, 6), None],
                    "Score__c": [1.5, None, 10.0, -3.0],
                    "Interests__c": ["Data;Email", "Mobile", None, "Email"],
                    "IsDeleted": [False, False, False, True],
                    "SystemModstamp": [OLD, OLD, NEW, NEW],
                    "MailingCity": [None, None, "Rome", None],
                }
            ),
        )
        store.load(
            "Lead", pa.table({"Id": [lead], "FirstName": ["Grace"], "LastName": ["Hopper"], "Company": ["Navy"]})
        )
        store.load(
            "Opportunity",
            pa.table(
                {
                    "Id": opportunities,
                    "Name": ["One", "Two", "Three", "Four"],
                    "AccountId": [accounts[0], accounts[0], accounts[0], accounts[1]],
                    "StageName": ["Closed Won", "closed won", "Prospecting", "Closed Lost"],
                    "Type": ["New Customer", None, "New Customer", None],
                    "Amount": [100.0, 50.0, None, 7.0],
                    "Probability": [100.0, 100.0, 10.0, 0.0],
                    "CurrencyIsoCode": ["USD", "EUR", "USD", "USD"],
                    "CloseDate": [date(2025, 2, 3), date(2025, 8, 31), date(2026, 1, 1), date(2026, 1, 1)],
                    "CreatedDate": [datetime(2025, 1, 1, 23, 59), OLD, NEW, NEW],
                }
            ),
        )
        store.load(
            "OpportunityContactRole",
            pa.table(
                {
                    "Id": store.next_ids("OpportunityContactRole", 2),
                    "OpportunityId": opportunities[:2],
                    "ContactId": [contacts[0], contacts[0]],
                    "Role": ["Decision Maker", "Evaluator"],
                }
            ),
        )
        store.load(
            "Task",
            pa.table(
                {
                    "Id": store.next_ids("Task", 3),
                    "Subject": ["Call", "Email", "Other"],
                    "WhoId": [contacts[0], lead, None],
                    "WhatId": [accounts[0], None, opportunities[0]],
                    "OwnerId": [user, user, user],
                }
            ),
        )
        subscriptions = {
            "Id": store.next_ids("Subscription__c", 2),
            "Support_From__c": ["09:30:00.000Z", "13:15:30.500Z"],
        }
        store.load("Subscription__c", pa.table(subscriptions))
        yield store


def run(store: Store, soql: str, **options: Any) -> list[dict[str, Any]]:
    """The records of a query, as REST sends them."""
    compiled = compile_query(soql, store.schema, NOW, **options)
    with store.reading() as connection:
        rows = connection.execute(json_statement(compiled, "62.0"), compiled.parameters).fetchall()
    return [json.loads(row[0]) for row in rows]


def values(store: Store, soql: str, **options: Any) -> list[tuple[Any, ...]]:
    """The same without attributes, each record as a tuple."""
    return [tuple(each.values())[1:] for each in run(store, soql, **options)]


def refusal(soql: str) -> SoqlError:
    """How a query is refused, which it must be."""
    with pytest.raises(SoqlError) as refused:
        compile_query(soql, load_schema(), NOW)
    return refused.value
