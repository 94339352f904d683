"""SOQL's functions of single records, relative dates, FIELDS() and the clauses that say who asks and why."""

from collections.abc import Iterator
from datetime import date

import pytest

from sf_elt.demo_org.soql.dates import days_of
from sf_elt.demo_org.store import Store
from sf_elt_tests.demo_org.soql_store import refusal, run, small_store, values


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with small_store() as store:
        yield store


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("CALENDAR_MONTH", 8),
        ("CALENDAR_QUARTER", 3),
        ("CALENDAR_YEAR", 2025),
        ("DAY_IN_MONTH", 31),
        ("DAY_IN_WEEK", 1),
        ("DAY_IN_YEAR", 243),
        ("FISCAL_MONTH", 8),
        ("FISCAL_QUARTER", 3),
        ("FISCAL_YEAR", 2025),
        ("WEEK_IN_MONTH", 5),
        ("WEEK_IN_YEAR", 35),
    ],
)
def test_date_functions(store: Store, function: str, expected: int) -> None:
    """What each makes of Sunday, 2025-08-31, in a group and in a condition."""
    grouped = f"SELECT {function}(CloseDate) d FROM Opportunity WHERE Name = 'Two' GROUP BY {function}(CloseDate)"
    assert values(store, grouped) == [(expected,)]
    found = values(store, f"SELECT Name FROM Opportunity WHERE {function}(CloseDate) = {expected} AND Name = 'Two'")
    assert found == [("Two",)]


def test_functions_of_datetimes(store: Store) -> None:
    """DAY_ONLY gives a date, HOUR_IN_DAY the hour; convertTimezone to UTC changes nothing."""
    soql = "SELECT Name FROM Opportunity WHERE DAY_ONLY(CreatedDate) = 2025-01-01"
    assert values(store, soql) == [("One",)]
    soql = "SELECT Name FROM Opportunity WHERE HOUR_IN_DAY(convertTimezone(CreatedDate)) = 23"
    assert values(store, soql) == [("One",)]


def test_values_as_the_user_reads_them(store: Store) -> None:
    """toLabel, FORMAT and convertCurrency keep the field's name, or take an alias."""
    soql = (
        "SELECT toLabel(StageName), convertCurrency(Amount), FORMAT(Amount) a, FORMAT(convertCurrency(Amount)) c, "
        "FORMAT(CloseDate), FORMAT(CreatedDate) FROM Opportunity WHERE Name = 'Two'"
    )
    [record] = run(store, soql)
    assert {name: value for name, value in record.items() if name != "attributes"} == {
        "StageName": "closed won",
        "Amount": 100.0,
        "a": "EUR 50.00",
        "c": "USD 100.00",
        "CloseDate": "8/31/2025",
        "CreatedDate": "3/1/2026, 12:00 AM",
    }


def test_amounts_compare_in_their_currency(store: Store) -> None:
    """`EUR40` is 80 dollars."""
    assert values(store, "SELECT Name FROM Opportunity WHERE Amount > EUR40 ORDER BY Name") == [("One",), ("Two",)]
    assert values(store, "SELECT Name FROM Opportunity WHERE Amount >= EUR50.5") == []


def test_times_compare_with_time_literals(store: Store) -> None:
    """Unquoted, in UTC, to the millisecond."""
    for where, expected in (("= 09:30:00Z", 1), ("> 13:15:30.499Z", 1), ("<= 13:15:30.5Z", 2), ("IN (10:00:00Z)", 0)):
        assert len(values(store, f"SELECT Id FROM Subscription__c WHERE Support_From__c {where}")) == expected


def test_distances(store: Store) -> None:
    """Paris is 877 km from Berlin, and nothing is anywhere without coordinates."""
    berlin = "DISTANCE(BillingAddress, GEOLOCATION(52.52, 13.405), '{}')"
    kilometres, miles = berlin.format("km"), berlin.format("mi")
    soql = f"SELECT Name, {kilometres} d FROM Account WHERE {miles} < 560 ORDER BY {kilometres}"
    [(name, distance)] = values(store, soql)
    assert (name, round(distance)) == ("Acme", 877)
    assert values(store, f"SELECT Name FROM Account WHERE {kilometres} < 800") == []


def test_fields_gives_all_standard_or_custom_fields(store: Store) -> None:
    """Each in describe's order; a custom field ends in __c."""
    contact = store.schema.require("Contact")
    [everything, *_] = run(store, "SELECT FIELDS(ALL) FROM Contact LIMIT 200")
    assert list(everything)[1:] == [each.name for each in contact.fields]
    [standard, *_] = run(store, "SELECT FIELDS(standard) FROM Contact")
    [custom, *_] = run(store, "SELECT FIELDS(CUSTOM), Id FROM Contact LIMIT 1")
    assert list(custom)[1:] == [*(each.name for each in contact.fields if each.custom), "Id"]
    assert set(everything) == set(standard) | set(custom)


FRIDAY = date(2026, 5, 15)


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        ("TODAY", None, "2026-05-15", "2026-05-15"),
        ("YESTERDAY", None, "2026-05-14", "2026-05-14"),
        ("TOMORROW", None, "2026-05-16", "2026-05-16"),
        ("LAST_WEEK", None, "2026-05-03", "2026-05-09"),
        ("THIS_WEEK", None, "2026-05-10", "2026-05-16"),
        ("NEXT_WEEK", None, "2026-05-17", "2026-05-23"),
        ("LAST_MONTH", None, "2026-04-01", "2026-04-30"),
        ("THIS_MONTH", None, "2026-05-01", "2026-05-31"),
        ("NEXT_MONTH", None, "2026-06-01", "2026-06-30"),
        ("LAST_90_DAYS", None, "2026-02-14", "2026-05-15"),
        ("NEXT_90_DAYS", None, "2026-05-16", "2026-08-13"),
        ("LAST_QUARTER", None, "2026-01-01", "2026-03-31"),
        ("THIS_QUARTER", None, "2026-04-01", "2026-06-30"),
        ("NEXT_QUARTER", None, "2026-07-01", "2026-09-30"),
        ("LAST_YEAR", None, "2025-01-01", "2025-12-31"),
        ("THIS_YEAR", None, "2026-01-01", "2026-12-31"),
        ("NEXT_YEAR", None, "2027-01-01", "2027-12-31"),
        ("LAST_FISCAL_QUARTER", None, "2026-01-01", "2026-03-31"),
        ("THIS_FISCAL_QUARTER", None, "2026-04-01", "2026-06-30"),
        ("NEXT_FISCAL_QUARTER", None, "2026-07-01", "2026-09-30"),
        ("LAST_FISCAL_YEAR", None, "2025-01-01", "2025-12-31"),
        ("THIS_FISCAL_YEAR", None, "2026-01-01", "2026-12-31"),
        ("NEXT_FISCAL_YEAR", None, "2027-01-01", "2027-12-31"),
        ("LAST_N_DAYS", 3, "2026-05-12", "2026-05-15"),
        ("NEXT_N_DAYS", 3, "2026-05-16", "2026-05-18"),
        ("N_DAYS_AGO", 3, "2026-05-12", "2026-05-12"),
        ("LAST_N_WEEKS", 2, "2026-04-26", "2026-05-09"),
        ("NEXT_N_WEEKS", 2, "2026-05-17", "2026-05-30"),
        ("N_WEEKS_AGO", 2, "2026-04-26", "2026-05-02"),
        ("LAST_N_MONTHS", 2, "2026-03-01", "2026-04-30"),
        ("NEXT_N_MONTHS", 2, "2026-06-01", "2026-07-31"),
        ("N_MONTHS_AGO", 2, "2026-03-01", "2026-03-31"),
        ("LAST_N_QUARTERS", 2, "2025-10-01", "2026-03-31"),
        ("NEXT_N_QUARTERS", 2, "2026-07-01", "2026-12-31"),
        ("N_QUARTERS_AGO", 2, "2025-10-01", "2025-12-31"),
        ("LAST_N_YEARS", 2, "2024-01-01", "2025-12-31"),
        ("NEXT_N_YEARS", 2, "2027-01-01", "2028-12-31"),
        ("N_YEARS_AGO", 2, "2024-01-01", "2024-12-31"),
        ("LAST_N_FISCAL_QUARTERS", 2, "2025-10-01", "2026-03-31"),
        ("NEXT_N_FISCAL_QUARTERS", 2, "2026-07-01", "2026-12-31"),
        ("N_FISCAL_QUARTERS_AGO", 2, "2025-10-01", "2025-12-31"),
        ("LAST_N_FISCAL_YEARS", 2, "2024-01-01", "2025-12-31"),
        ("NEXT_N_FISCAL_YEARS", 2, "2027-01-01", "2028-12-31"),
        ("N_FISCAL_YEARS_AGO", 2, "2024-01-01", "2024-12-31"),
    ],
)
def test_relative_dates(name: str, count: int | None, first: str, last: str) -> None:
    """The first and the last day of each, on Friday, 2026-05-15."""
    days = days_of(name, count, FRIDAY)
    assert days is not None
    start, end = days
    assert (start.isoformat(), date.fromordinal(end.toordinal() - 1).isoformat()) == (first, last)


def test_using_scope_mine_gives_the_users_own_records(store: Store) -> None:
    """`everything` is everybody's."""
    [(user_id,)] = values(store, "SELECT Id FROM User")
    assert values(store, "SELECT Name FROM Account USING SCOPE everything ORDER BY Name") == [("Acme",), ("Zenith",)]
    assert len(values(store, "SELECT Id FROM Account USING SCOPE mine", user_id=user_id)) == 2
    assert values(store, "SELECT Id FROM Opportunity USING SCOPE mine", user_id=user_id) == []
    assert values(store, "SELECT Id FROM Account USING SCOPE team", user_id=user_id) == []
    assert len(values(store, "SELECT Id FROM Lead USING SCOPE user_owned")) == 0


@pytest.mark.parametrize("mode", ["SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"])
def test_security_modes_are_taken(store: Store, mode: str) -> None:
    """A REST query always sees what its user may see."""
    assert values(store, f"SELECT Name FROM Account WHERE Name = 'Acme' WITH {mode} LIMIT 1") == [("Acme",)]


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        (
            "SELECT FIELDS(ALL) FROM Lead",
            "MALFORMED_QUERY",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        ),
        ("SELECT FIELDS(CUSTOM) FROM Lead LIMIT 201", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        (
            "SELECT FIELDS(SOME) FROM Lead LIMIT 2",
            "MALFORMED_QUERY",
            "The SOQL FIELDS function only supports arguments of (all), (custom), (standard); (SOME) is not supported.",
        ),
        ("SELECT Id, FIELDS(ALL) FROM Lead LIMIT 1", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id FROM Lead ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed in this context"),
        ("SELECT Id FROM Lead WHERE Name = :name", "MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
        (
            "SELECT * FROM Lead",
            "MALFORMED_QUERY",
            "\nSELECT * FROM Lead\n      ^\nERROR at Row:1:Column:7\nunexpected token: '*'",
        ),
        (
            "SELECT Id, FROM Lead",
            "MALFORMED_QUERY",
            "\nSELECT Id, FROM Lead\n          ^\nERROR at Row:1:Column:11\nunexpected token: 'FROM'",
        ),
        (
            "SELECT COUNT(), Id FROM Lead",
            "MALFORMED_QUERY",
            "\nSELECT COUNT(), Id FROM Lead\n            ^\nERROR at Row:1:Column:13\nunexpected token: ')'",
        ),
        ("SELECT Id FROM `Lead`", "MALFORMED_QUERY", "line 1:15 no viable alternative at character '`'"),
        ("SELECT UPPER(Name) FROM Lead", "MALFORMED_QUERY", "unexpected token: '('"),
        ("SELECT Id FROM Lead USING SCOPE delegated", "INVALID_QUERY_SCOPE", "delegated"),
        ("SELECT Id FROM Subscription__c WHERE Support_From__c = '09:30:00Z'", "INVALID_FIELD", "must be of type time"),
        ("SELECT Id FROM Subscription__c WHERE Support_From__c = 25:00:00Z", "MALFORMED_QUERY", "Invalid time"),
        ("SELECT Id FROM Lead WHERE HOUR_IN_DAY(Name) = 1", "INVALID_FIELD", "HOUR_IN_DAY"),
        ("SELECT Id FROM Lead WHERE Name INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "multipicklist"),
        ("SELECT Id FROM Contact WHERE Interests__c > 'a'", "INVALID_QUERY_FILTER_OPERATOR", "multipicklist"),
    ],
)
def test_what_salesforce_refuses_of_functions_is_refused(soql: str, code: str, words: str) -> None:
    """The error code and the words that name the cause."""
    error = refusal(soql)
    assert error.code == code
    assert words in error.message


def test_a_long_query_is_shown_around_the_error() -> None:
    """Recorded: thirty characters before the caret and as many behind, and the rest of the words that these cut."""
    fields = (
        "Id,Name,Company,FirstName,LastName,Title,Email,Phone,Nonsense,Street,City,State,PostalCode,Country,Website"
    )
    *_, shown, caret, place, _message = refusal(f"SELECT {fields} FROM Lead").message.split("\n")
    assert shown == "FirstName,LastName,Title,Email,Phone,Nonsense,Street,City,State,PostalCode"
    assert shown[len(caret) - 1 :].startswith("Nonsense")
    assert place == "ERROR at Row:1:Column:61"
