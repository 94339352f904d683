"""SOQL against a small store: what queries mean, and how they are refused."""

import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.soql import SoqlError, compile_query, csv_statement, parse
from sf_elt.demo_org.soql.ast import Comparison, Text
from sf_elt.demo_org.store import Store
from sf_elt_tests.demo_org.soql_store import NOW, refusal, run, small_store


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with small_store() as store:
        yield store


def last_names(store: Store, where: str, *, include_deleted: bool = False) -> list[str]:
    records = run(store, f"SELECT LastName FROM Contact WHERE {where} ORDER BY Id", include_deleted=include_deleted)
    return [record["LastName"] for record in records]


@pytest.mark.parametrize("where", ["Id = '{0}'", "Id IN ('{0}', '{1}') AND LastName != null"])
def test_records_are_looked_up_by_id(store: Store, where: str) -> None:
    """By the table's key, also where other conditions stand beside."""
    given = where.format(*store.next_ids("Contact", 2))
    compiled = compile_query(f"SELECT Name FROM Contact WHERE {given}", store.schema, NOW)
    with store.reading() as connection:
        [(_, plan)] = connection.execute(f"EXPLAIN ANALYZE {csv_statement(compiled)}", compiled.parameters).fetchall()
    assert "Index Scan" in plan


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("LastName = 'ANDERS'", ["Anders", "anders"]),
        ("FirstName != 'åsa'", ["anders", "50% off_"]),
        ("FirstName = null", ["anders", "50% off_"]),
        ("FirstName = ''", ["anders", "50% off_"]),
        ("FirstName <> NULL", ["Anders"]),
        ("LastName LIKE 'and%'", ["Anders", "anders"]),
        ("LastName LIKE '50\\%%'", ["50% off_"]),
        ("LastName LIKE '%off\\_'", ["50% off_"]),
        ("LastName LIKE '%\\_s'", []),
        ("NOT FirstName LIKE 'Å%'", ["anders", "50% off_"]),
        ("Email IN ('a@x.org', 'nobody@x.org')", ["Anders", "50% off_"]),
        ("Email NOT IN ('a@x.org')", ["anders"]),
        ("Email IN ('a@x.org', null)", ["Anders", "anders", "50% off_"]),
        ("Score__c > 1", ["Anders", "50% off_"]),
        ("Score__c <= 1.5", ["Anders"]),
        ("Birthdate >= 1990-05-06", ["50% off_"]),
        ("SystemModstamp = 2026-03-15T11:30:00+02:00", ["50% off_"]),
        ("SystemModstamp < 2026-03-15T09:30:00Z", ["Anders", "anders"]),
        ("SystemModstamp = TODAY", ["50% off_"]),
        ("SystemModstamp = LAST_N_DAYS:14", ["Anders", "anders", "50% off_"]),
        ("SystemModstamp < LAST_N_DAYS:13", ["Anders", "anders"]),
        ("SystemModstamp != THIS_WEEK", ["Anders", "anders"]),
        ("Account.Name = 'acme'", ["Anders"]),
        ("Account.Owner.Name = 'Ada Lovelace'", ["Anders"]),
        ("Account.Name = null", ["anders", "50% off_"]),
        ("Interests__c INCLUDES ('Email;Data', 'Mobile')", ["Anders", "anders"]),
        ("Interests__c EXCLUDES ('Email')", ["anders", "50% off_"]),
        ("(LastName = 'anders' AND Score__c = 1.5) OR Score__c = 10", ["Anders", "50% off_"]),
        ("Name = 'Åsa Anders'", ["Anders"]),
        ("IsEmailBounced = false", ["Anders", "anders", "50% off_"]),
    ],
)
def test_conditions_mean_what_they_mean_in_salesforce(store: Store, where: str, expected: list[str]) -> None:
    """Letter case, nulls, escapes, dates and parents in WHERE."""
    assert last_names(store, where) == expected


def test_ids_compare_in_either_length(store: Store) -> None:
    """A 15-character Id finds the record of the 18-character one, also through a reference."""
    [record] = run(store, "SELECT Id, AccountId FROM Contact WHERE LastName = 'Anders' AND Score__c = 1.5")
    assert last_names(store, f"Id = '{record['Id'][:15]}'") == ["Anders"]
    assert last_names(store, f"AccountId IN ('{record['AccountId'][:15]}')") == ["Anders"]


def test_only_query_all_sees_deleted_records(store: Store) -> None:
    """A deleted record is in nobody's query unless deleted ones are asked for."""
    assert last_names(store, "Email = 'b@x.org'") == []
    assert last_names(store, "Email = 'b@x.org'", include_deleted=True) == ["O'Neil\n"]


def test_a_record_reads_as_rest_sends_it(store: Store) -> None:
    """Attributes, dates, numbers, parents within parents, addresses as objects, null where there is nothing."""
    [record] = run(
        store,
        "SELECT id, c.NAME, Birthdate, Score__c, SystemModstamp, IsDeleted, Account.BillingAddress, "
        "Account.Owner.Name, MailingAddress FROM Contact c WHERE Birthdate = 1980-01-02",
    )
    account = record["Account"]
    assert record == {
        "attributes": {"type": "Contact", "url": f"/services/data/v62.0/sobjects/Contact/{record['Id']}"},
        "Id": record["Id"],
        "Name": "Åsa Anders",
        "Birthdate": "1980-01-02",
        "Score__c": 1.5,
        "SystemModstamp": "2026-03-01T00:00:00.000+0000",
        "IsDeleted": False,
        "Account": account,
        "MailingAddress": None,
    }
    assert account["attributes"]["type"] == "Account"
    assert account["BillingAddress"] == {
        "city": "Paris", "country": None, "countryCode": None, "geocodeAccuracy": None, "latitude": 48.8566,
        "longitude": 2.3522, "postalCode": None, "state": None, "stateCode": None, "street": None,
    }  # fmt: skip
    assert account["Owner"]["Name"] == "Ada Lovelace"


def test_a_missing_parent_is_null_and_a_grandparent_needs_no_parent_field(store: Store) -> None:
    """`Account.Owner.Name` alone still nests the owner in its account; without an account there is null."""
    with_account, without = run(store, "SELECT Account.Owner.Name FROM Contact WHERE LastName = 'anders' ORDER BY Id")
    assert with_account["Account"]["Owner"]["Name"] == "Ada Lovelace"
    assert without["Account"] is None


def test_order_limit_and_offset(store: Store) -> None:
    """Nulls come first unless asked otherwise; text sorts without regard to letter case."""
    scores = [record["Score__c"] for record in run(store, "SELECT Score__c FROM Contact ORDER BY Score__c DESC")]
    assert scores == [None, 10.0, 1.5]
    scores = [each["Score__c"] for each in run(store, "SELECT Score__c FROM Contact ORDER BY Score__c NULLS LAST")]
    assert scores == [1.5, 10.0, None]
    [record] = run(store, "SELECT LastName FROM Contact ORDER BY LastName, Score__c DESC LIMIT 1 OFFSET 2")
    assert record["LastName"] == "Anders"


def test_a_bulk_result_is_quoted_csv_with_empty_nulls(store: Store, tmp_path: Path) -> None:
    """DuckDB writes the page: datetimes end in Z, null is the empty string, parents are dotted columns."""
    soql = "SELECT LastName, FirstName, Birthdate, SystemModstamp, Score__c, IsDeleted, Account.Name FROM Contact"
    compiled = compile_query(soql + " WHERE Email = 'b@x.org'", store.schema, NOW, include_deleted=True)
    file = tmp_path / "page.csv"
    with store.reading() as connection:
        copy = f"COPY ({csv_statement(compiled)}) TO '{file}' (FORMAT csv, HEADER, FORCE_QUOTE *)"
        connection.execute(copy, compiled.parameters)
    assert file.read_text("utf-8") == (
        '"LastName","FirstName","Birthdate","SystemModstamp","Score__c","IsDeleted","Account.Name"\n'
        '"O\'Neil\n","😀","","2026-03-15T09:30:00.000Z","-3.0","true","Acme"\n'
    )


def test_count_counts_what_the_query_would_return(store: Store) -> None:
    """COUNT() honours WHERE and LIMIT."""
    with store.reading() as connection:
        for soql, expected in [
            ("SELECT COUNT() FROM Contact", 3),
            ("select count() from contact where email = 'a@x.org'", 2),
            ("SELECT COUNT() FROM Contact LIMIT 1", 1),
        ]:
            compiled = compile_query(soql, store.schema, NOW)
            assert connection.execute(compiled.count_sql, compiled.parameters).fetchone() == (expected,)


def test_an_unknown_field_is_refused_in_salesforces_words() -> None:
    """The error shows the query, points at the field and gives row and column."""
    error = refusal("SELECT Id, Foo FROM Lead")
    assert (error.status, error.code) == (400, "INVALID_FIELD")
    assert error.message == (
        "\nSELECT Id, Foo FROM Lead\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo' on entity 'Lead'. "
        "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please "
        "reference your WSDL or the describe call for the appropriate names."
    )


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Id FROM Nothing__c", "INVALID_TYPE", "sObject type 'Nothing__c' is not supported."),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "field 'Description' can not be filtered"),
        ("SELECT Id FROM Lead ORDER BY Content_Affinity__c", "INVALID_FIELD", "can not be sorted"),
        ("SELECT Nix.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Nix'"),
        ("SELECT Id, ID FROM Lead", "INVALID_FIELD", "duplicate field selected: Id"),
        (
            "SELECT Id FROM Lead WHERE CreatedDate > 2020-01-01",
            "INVALID_FIELD",
            "field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE Birthdate > 2020-01-01T00:00:00Z",
            "INVALID_FIELD",
            "field 'Birthdate' must be of type date and should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Lead WHERE CreatedDate > '2020-01-01'", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Lead WHERE Company = 5", "INVALID_FIELD", "of type string and should be enclosed in quotes"),
        ("SELECT Id FROM Lead WHERE IsConverted = 'true'", "INVALID_FIELD", "must be of type boolean"),
        ("SELECT Id FROM Lead WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id FROM Lead WHERE AnnualRevenue LIKE '5%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Lead LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset"),
        ("SELECT Id FROM Lead WHERE A = 1 AND B = 2 OR C = 3", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        ("SELECT Id FROM Lead WHERE NOT A = 1 AND B = 2", "MALFORMED_QUERY", "unexpected token: 'AND'"),
        (
            "SELECT Id FROM Lead WHERE Company = 'x",
            "MALFORMED_QUERY",
            "line 1:36 mismatched character '<EOF>' expecting '''",
        ),
        ("SELECT Id FROM Lead WHERE Company = 'a\\x'", "MALFORMED_QUERY", "no escape sequence"),
        ("SELECT Id FROM Lead WHERE ConvertedDate = 2020-02-30", "MALFORMED_QUERY", "Invalid date"),
        ("SELECT Id FROM Lead WHERE CreatedDate = SOMEDAY", "MALFORMED_QUERY", "unexpected token: 'SOMEDAY'"),
        ("SELECT Id FROM Lead LIMIT 1.5", "MALFORMED_QUERY", "LIMIT needs a whole number"),
        ("SELECT Id FROM Lead LIMIT 99999999999", "MALFORMED_QUERY", "LIMIT needs a whole number"),
        (
            "SELECT Id FROM Lead WHERE CreatedDate = LAST_N_DAYS:2000000000",
            "MALFORMED_QUERY",
            "outside of the calendar",
        ),
        ("SELECT Id FROM Lead WHERE Company = '\\ud83d'", "MALFORMED_QUERY", "half a surrogate pair"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead -- comment", "MALFORMED_QUERY", "unexpected token"),
        (
            "SELECT Id FROM Lead WHERE " + "NOT (" * 500 + "Id = null" + ")" * 500,
            "QUERY_TOO_COMPLICATED",
            "too complicated",
        ),
        (
            "SELECT Id FROM Lead WHERE Company = '" + "x" * 100_000 + "'",
            "MALFORMED_QUERY",
            "can not be longer than 100000 char",
        ),
    ],
)
def test_what_salesforce_refuses_is_refused(soql: str, code: str, words: str) -> None:
    """The error code and the words that name the cause."""
    error = refusal(soql)
    assert error.code == code
    assert words in error.message


def test_a_bulk_query_refuses_what_bulk_cannot_do() -> None:
    """Compound fields, aggregates, OFFSET, TYPEOF and children are for REST alone."""
    for soql in (
        "SELECT MailingAddress FROM Contact",
        "SELECT COUNT() FROM Lead",
        "SELECT MAX(CreatedDate) FROM Lead",
        "SELECT Company FROM Lead GROUP BY Company",
        "SELECT Id FROM Lead OFFSET 5",
        "SELECT TYPEOF Who WHEN Lead THEN Company END FROM Task",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
    ):
        with pytest.raises(SoqlError, match="FUNCTIONALITY_NOT_ENABLED"):
            csv_statement(compile_query(soql, load_schema(), NOW))


def test_a_bulk_query_does_what_bulk_can(store: Store) -> None:
    """Parents, also behind a reference to several objects, semi-joins and FIELDS(STANDARD) work in bulk."""
    soql = "SELECT Subject, Who.Name, Owner.Name FROM Task WHERE WhatId IN (SELECT Id FROM Account)"
    compiled = compile_query(soql, store.schema, NOW)
    with store.reading() as connection:
        found = connection.execute(csv_statement(compiled), compiled.parameters).fetchall()
    assert found == [("Call", "Åsa Anders", "Ada Lovelace")]
    assert csv_statement(compile_query("SELECT FIELDS(STANDARD) FROM Task", store.schema, NOW))
    with pytest.raises(SoqlError, match="not supported with an unbounded set of fields in this API"):
        csv_statement(compile_query("SELECT FIELDS(ALL) FROM Lead LIMIT 200", store.schema, NOW))


def quoted(text: str) -> str:
    """The text as a SOQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r") + "'"


@given(st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("'\\%_\n\r\x00"))))
@example("\\'")
@example("' OR Id != null --")
def test_a_string_literal_means_the_text_it_was_made_of(text: str) -> None:
    """Quotes, backslashes, percent signs, control characters: escaped and parsed, any text is itself again."""
    where = parse(f"SELECT Id FROM Lead WHERE Company = {quoted(text)}").where
    assert isinstance(where, Comparison)
    assert isinstance(where.value, Text)
    assert where.value.value == text


@given(st.text(alphabet=string.printable, max_size=60))
def test_any_text_is_a_query_or_a_malformed_one(text: str) -> None:
    """Whatever a client sends, the parser answers with a query or MALFORMED_QUERY, never with another exception."""
    code = "MALFORMED_QUERY"
    try:
        parse(f"SELECT Id FROM Lead WHERE {text}")
    except SoqlError as refused:
        code = refused.code
    assert code == "MALFORMED_QUERY"
