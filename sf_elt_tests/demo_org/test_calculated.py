"""Roll-up summaries and formulas over a parent: they are right, and they move no timestamp."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.demo_org.calculated import refresh_calculated
from sf_elt.demo_org.saving import Operation, save
from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.seeding import seed_org
from sf_elt.demo_org.store import Store
from sf_elt_tests.examples import some

ACCOUNTS = """
    SELECT
        account."Id",
        account."Won_Amount__c",
        coalesce(sum(deal."Amount" / deal_rate."ConversionRate" * account_rate."ConversionRate"), 0) AS won
    FROM records."Account" AS account
    JOIN records."CurrencyType" AS account_rate ON account_rate."IsoCode" = account."CurrencyIsoCode"
    LEFT JOIN records."Opportunity" AS deal
        ON deal."AccountId" = account."Id" AND deal."StageName" = 'Closed Won' AND NOT deal."IsDeleted"
    LEFT JOIN records."CurrencyType" AS deal_rate ON deal_rate."IsoCode" = deal."CurrencyIsoCode"
    GROUP BY ALL
"""
WRONG_ACCOUNTS = f"""
    SELECT * FROM ({ACCOUNTS}) WHERE "Won_Amount__c" IS NULL OR abs("Won_Amount__c" - won) > 0.01
"""
WRONG_CONTACTS = """
    SELECT contact."Id"
    FROM records."Contact" AS contact
    LEFT JOIN records."Account" AS account ON account."Id" = contact."AccountId"
    WHERE contact."Account_Rating__c" IS DISTINCT FROM account."Rating"
"""


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(load_schema()) as store:
        seed_org(store, seed=7, records=300, now=datetime(2026, 11, 21, tzinfo=UTC))
        yield store


def rows(store: Store, statement: str) -> list[tuple[object, ...]]:
    with store.reading() as connection:
        return connection.execute(statement).fetchall()


def test_seeded_values_are_right(store: Store) -> None:
    """Every account's won amount and every contact's rating are what the other records say, and not all empty."""
    assert rows(store, WRONG_ACCOUNTS) == []
    assert rows(store, WRONG_CONTACTS) == []
    assert rows(store, f"SELECT 1 FROM ({ACCOUNTS}) WHERE won > 0") != []
    assert rows(store, 'SELECT 1 FROM records."Contact" WHERE "Account_Rating__c" IS NOT NULL') != []


def test_a_change_of_other_records_is_followed_without_a_new_timestamp(store: Store) -> None:
    """A lost, a moved, a deleted deal and a new rating show on parent and children, whose SystemModstamp stays."""
    deals = [
        deal
        for (deal,) in rows(
            store,
            'SELECT min_by("Id", "Amount") FROM records."Opportunity" '
            'WHERE "IsWon" AND NOT "IsDeleted" GROUP BY "AccountId" LIMIT 3',
        )
    ]
    assert len(deals) == 3
    before = rows(store, 'SELECT "Id", "SystemModstamp" FROM records."Account" ORDER BY 1')
    former = rows(store, f'SELECT "AccountId" FROM records."Opportunity" WHERE "Id" = \'{deals[1]}\'')
    with store.writing() as write:
        run = write.connection.execute
        run('UPDATE records."Opportunity" SET "StageName" = \'Closed Lost\' WHERE "Id" = ?', [deals[0]])
        run(
            'UPDATE records."Opportunity" SET "CurrencyIsoCode" = \'JPY\', "AccountId" = '
            '(SELECT "Id" FROM records."Account" WHERE "CurrencyIsoCode" = \'USD\' LIMIT 1) WHERE "Id" = ?',
            [deals[1]],
        )
        run('UPDATE records."Opportunity" SET "IsDeleted" = true WHERE "Id" = ?', [deals[2]])
        run('UPDATE records."Account" SET "Rating" = \'Cold\' WHERE "Rating" = \'Hot\'')
    assert len(rows(store, WRONG_ACCOUNTS)) >= 3
    assert rows(store, WRONG_CONTACTS) != []
    with store.writing() as write:
        opportunity, account = store.schema.require("Opportunity"), store.schema.require("Account")
        refresh_calculated(write.connection, store.schema, opportunity, deals, [str(former[0][0])])
        refresh_calculated(write.connection, store.schema, account, [str(row[0]) for row in before])
    assert rows(store, WRONG_ACCOUNTS) == []
    assert rows(store, WRONG_CONTACTS) == []
    assert rows(store, 'SELECT "Id", "SystemModstamp" FROM records."Account" ORDER BY 1') == before


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["win", "lose", "amount", "currency", "move", "delete", "undelete", "hardDelete", "rate", "new"]
        ),
        st.integers(0, 5),
        st.integers(0, 2),
    ),
    max_size=20,
)


@pytest.mark.soak
@given(steps=_STEPS)
@settings(max_examples=some(6), deadline=None)
def test_whatever_is_saved_is_followed(steps: list[tuple[str, int, int]]) -> None:
    """After any history of saves, deletes and restores the values are what the other records say."""
    with Store(load_schema()) as store:
        user = store.next_ids("User", 1)[0]

        def apply(object_name: str, operation: Operation, *records: dict[str, object]) -> list[str | None]:
            return [each.id for each in save(store, user, object_name, operation, records)]

        rates = {"USD": 1.0, "JPY": 150.0}
        apply(
            "CurrencyType",
            "insert",
            *({"IsoCode": code, "ConversionRate": rate, "DecimalPlaces": 2} for code, rate in rates.items()),
        )
        accounts = apply(
            "Account", "insert", *({"Name": each, "Rating": "Hot", "CurrencyIsoCode": each} for each in ("USD", "JPY"))
        )
        accounts += apply("Account", "insert", {"Name": "third", "CurrencyIsoCode": "USD"})
        apply("Contact", "insert", *({"LastName": str(each), "AccountId": each} for each in accounts))
        deal = {"Name": "D", "CloseDate": "2026-03-01", "StageName": "Closed Won", "Amount": 100}
        deals = apply("Opportunity", "insert", *({**deal, "AccountId": accounts[each % 3]} for each in range(6)))
        for kind, number, account in steps:
            found = {"Id": deals[number % len(deals)]}
            match kind:
                case "win" | "lose":
                    apply(
                        "Opportunity", "update", {**found, "StageName": f"Closed {'Won' if kind == 'win' else 'Lost'}"}
                    )
                case "amount":
                    apply("Opportunity", "update", {**found, "Amount": number * 7.5 or None})
                case "currency":
                    apply("Opportunity", "update", {**found, "CurrencyIsoCode": "JPY" if account else "USD"})
                case "move":
                    apply("Opportunity", "update", {**found, "AccountId": accounts[account]})
                case "delete" | "undelete" | "hardDelete":
                    apply("Opportunity", kind, found)
                case "rate":
                    apply("Account", "update", {"Id": accounts[account], "Rating": "Cold" if number % 2 else None})
                case "new":
                    deals += apply("Opportunity", "insert", {**deal, "AccountId": accounts[account]})
        assert rows(store, WRONG_ACCOUNTS) == []
        assert rows(store, WRONG_CONTACTS) == []
        assert len(rows(store, ACCOUNTS)) == 3
