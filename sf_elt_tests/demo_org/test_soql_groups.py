"""SOQL's aggregates: AggregateResults, GROUP BY, ROLLUP, CUBE, HAVING, and what is refused about them."""

from collections.abc import Iterator

import pytest

from sf_elt.demo_org.store import Store
from sf_elt_tests.demo_org.soql_store import refusal, run, small_store, values


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with small_store() as store:
        yield store


def test_aggregates_of_all_records_are_one_result(store: Store) -> None:
    """Aliases name the results, expr0, expr1, … the others; nulls do not count; amounts come in the org's currency."""
    soql = (
        "SELECT COUNT(Id), COUNT(Amount) paid, COUNT_DISTINCT(StageName), SUM(Amount) total, AVG(Probability), "
        "MIN(CloseDate), MAX(CreatedDate) latest, MAX(Name) FROM Opportunity"
    )
    assert run(store, soql) == [
        {
            "attributes": {"type": "AggregateResult"},
            "expr0": 4,
            "paid": 3,
            "expr1": 3,
            "total": 207.0,
            "expr2": 52.5,
            "expr3": "2025-02-03",
            "latest": "2026-03-15T09:30:00.000+0000",
            "expr4": "Two",
        }
    ]
    assert values(store, "SELECT COUNT(Id), MAX(Amount) FROM Opportunity WHERE Name = 'nix'") == [(0, None)]


def test_groups_disregard_letter_case(store: Store) -> None:
    """`Closed Won` and `closed won` are one group; groups sort by aggregates too."""
    soql = "SELECT StageName, COUNT(Id) FROM Opportunity GROUP BY StageName ORDER BY COUNT(Id) DESC, StageName"
    assert values(store, soql) == [("Closed Won", 2), ("Closed Lost", 1), ("Prospecting", 1)]


def test_groups_by_parents_and_dates(store: Store) -> None:
    """A parent's field goes by its own name, a date function by expr0, and null is a group."""
    soql = (
        "SELECT Account.Industry, CALENDAR_YEAR(CloseDate), COUNT(Id) n FROM Opportunity "
        "GROUP BY Account.Industry, CALENDAR_YEAR(CloseDate) ORDER BY Account.Industry, CALENDAR_YEAR(CloseDate)"
    )
    assert [{k: v for k, v in each.items() if k != "attributes"} for each in run(store, soql)] == [
        {"Industry": None, "expr0": 2026, "n": 1},
        {"Industry": "Banking", "expr0": 2025, "n": 2},
        {"Industry": "Banking", "expr0": 2026, "n": 1},
    ]


def test_having_chooses_groups(store: Store) -> None:
    """HAVING compares aggregates and grouped fields."""
    soql = "SELECT StageName FROM Opportunity GROUP BY StageName HAVING COUNT(Id) > 1 AND StageName LIKE 'closed%'"
    assert values(store, soql) == [("Closed Won",)]


def test_rollup_and_cube_sum_groups_up(store: Store) -> None:
    """Subtotals have null in place of what they sum up, and GROUPING() tells that from a null of the data."""
    soql = (
        "SELECT Type, StageName, COUNT(Id), GROUPING(Type) t, GROUPING(StageName) s FROM Opportunity "
        "GROUP BY {}(Type, StageName) ORDER BY GROUPING(Type), GROUPING(StageName), Type, StageName"
    )
    rolled_up = [
        (None, "Closed Lost", 1, 0, 0), (None, "closed won", 1, 0, 0), ("New Customer", "Closed Won", 1, 0, 0),
        ("New Customer", "Prospecting", 1, 0, 0), (None, None, 2, 0, 1), ("New Customer", None, 2, 0, 1),
    ]  # fmt: skip
    by_stage = [(None, "Closed Lost", 1, 1, 0), (None, "Closed Won", 2, 1, 0), (None, "Prospecting", 1, 1, 0)]
    total = [(None, None, 4, 1, 1)]
    assert values(store, soql.format("ROLLUP")) == rolled_up + total
    assert values(store, soql.format("CUBE")) == rolled_up + by_stage + total


def test_a_date_may_be_grouped_whole_and_shown_in_part(store: Store) -> None:
    """CALENDAR_YEAR(CloseDate) needs no grouping of its own where CloseDate is grouped."""
    soql = "SELECT CALENDAR_YEAR(CloseDate) y, COUNT(Id) FROM Opportunity GROUP BY CloseDate ORDER BY CloseDate LIMIT 1"
    assert values(store, soql) == [(2025, 1)]


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
        ("SELECT Id FROM Account GROUP BY Name", "MALFORMED_QUERY", "Field must be grouped or aggregated: Id"),
        (
            "SELECT CALENDAR_YEAR(CreatedDate) FROM Account",
            "MALFORMED_QUERY",
            "Field must be grouped or aggregated: CALENDAR_YEAR(CreatedDate)",
        ),
        (
            "SELECT Name FROM Account GROUP BY Name ORDER BY Phone",
            "MALFORMED_QUERY",
            "Ordered field must be grouped or aggregated: Phone",
        ),
        (
            "SELECT COUNT(Id) FROM Account GROUP BY Id",
            "MALFORMED_QUERY",
            "\nSELECT COUNT(Id) FROM Account GROUP BY Id\n             ^\nERROR at Row:1:Column:14\n"
            "Grouped field should not be aggregated: Id",
        ),
        (
            "SELECT COUNT(Id) FROM Account LIMIT 1",
            "MALFORMED_QUERY",
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
        ),
        ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY", "field Name does not support aggregate operator SUM"),
        (
            "SELECT MAX(IsConverted) FROM Lead",
            "MALFORMED_QUERY",
            "field IsConverted does not support aggregate operator MAX",
        ),
        (
            "SELECT Amount FROM Opportunity GROUP BY Amount",
            "INVALID_FIELD",
            "\nAmount FROM Opportunity GROUP BY Amount\n                                 ^\n"
            "ERROR at Row:1:Column:41\nfield 'Amount' can not be grouped in a query call",
        ),
        (
            "SELECT Name, Owner.Name FROM Account GROUP BY Name, Owner.Name",
            "MALFORMED_QUERY",
            "duplicate alias: Name",
        ),
        (
            "SELECT Name, GROUPING(Phone) FROM Account GROUP BY ROLLUP(Name)",
            "MALFORMED_QUERY",
            "Field must be grouped or aggregated: Phone",
        ),
        ("SELECT COUNT(Id) attributes FROM Account", "MALFORMED_QUERY", "duplicate alias: attributes"),
        ("SELECT Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Id Name FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        (
            "SELECT Name FROM Account GROUP BY ROLLUP(Name, Phone, Fax, Site)",
            "MALFORMED_QUERY",
            "GROUP BY ROLLUP must contain 3 fields or less",
        ),
    ],
)
def test_what_salesforce_refuses_of_groups_is_refused(soql: str, code: str, message: str) -> None:
    """Word for word."""
    error = refusal(soql)
    assert (error.code, error.message) == (code, message)
