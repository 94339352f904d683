"""Marked secrets and marked people go through every flow: secrets are found nowhere, people in the warehouse alone."""

import gzip
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sf_elt_tests.safety.flows import Done, everything
from sf_elt_tests.safety.markers import where_found, who_says
from sf_elt_tests.safety.marks import PEOPLE, SECRETS

THEIRS = (
    "warehouse/warehouse.duckdb", "warehouse/landing/", "events/", "app_events/", "torn_events/", "links.csv",
    "people.csv", "answer.csv",
)  # fmt: skip
"""The warehouse, what is given to it, and what a command wrote for whoever asked for people."""

IN_TABLES = {"first name", "last name", "address", "phone", "street", "company", "set aside", "manual"}
NOT_IN_TABLES = {
    "address of a contact",  # erased
    "broken reply",  # never taken
    "dropped field",  # read again without it
    "listed", "nobody",  # asked about alone
    "digits in a crowd",  # written otherwise: who compares phones may write them so
}  # fmt: skip
"""Of the long form: it has all others there, so that nothing found elsewhere means something."""


@pytest.fixture(
    scope="module", params=["short", pytest.param("thorough", marks=[pytest.mark.soak, pytest.mark.timeout(3000)])]
)
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        everything(tmp_path_factory.mktemp("marked"), monkeypatch, thorough=request.param == "thorough") as done,
    ):
        yield done


def test_secrets_are_nowhere_and_people_in_the_warehouse_alone(done: Done) -> None:
    """Secrets are in no file, log, event, run configuration or answer of a command: not even those that were wrong.

    People are in the warehouse, its landing files, and what was given to it: events and lists. Dagster's storage, logs
    and the report have none, nor do commands but those that ask for a person.
    """
    searched: Counter[str] = Counter(texts=len(done.said) + len(done.shown) + len(done.wire))
    found = where_found(done.folder, done.secrets | done.people, searched)
    print(dict(searched))  # noqa: T201 - make soak shows it
    kept = {"private key that was made": {"logins/salesforce.key"}}  # the file that is this key
    assert {name: places - kept.get(name, set()) for name, places in found.items() if name in done.secrets} == {
        name: set() for name in kept.keys() & found.keys()
    }
    assert who_says([*done.said, *done.shown, *done.wire], done.secrets) == {}

    elsewhere = {
        name: sorted(place for place in places if not place.startswith(THEIRS)) for name, places in found.items()
    }
    assert {name: places for name, places in elsewhere.items() if places and name in done.people} == {}
    assert who_says(done.said, done.people) == {}
    in_tables = {name for name, places in found.items() if any("warehouse.duckdb: " in place for place in places)}
    assert in_tables >= IN_TABLES
    if done.people == PEOPLE:
        assert in_tables - done.secrets.keys() == PEOPLE.keys() - NOT_IN_TABLES


def test_what_is_looked_for_is_found(tmp_path: Path) -> None:
    """However it is stored, and written in whichever way: else nothing found would mean nothing."""
    word = SECRETS["wrong password"]
    with duckdb.connect() as connection:
        connection.execute("COPY (SELECT ? AS word) TO ? (FORMAT parquet)", [word, str(tmp_path / "p.parquet")])
    with duckdb.connect(tmp_path / "d.duckdb") as connection:
        connection.execute("CREATE TABLE words AS SELECT [?] AS held FROM range(10_000)", [word])
    with sqlite3.connect(tmp_path / "s.db") as connection:
        connection.execute("CREATE TABLE words (packed BLOB)")
        connection.execute("INSERT INTO words VALUES (?)", [zlib.compress(word.encode())])
    (tmp_path / "page.json.gz").write_bytes(gzip.compress(f'{{"x": "{word}"}}'.encode()))
    (tmp_path / "address").write_text("https://x.example/?p=marked-Wr0ng%2FPassw0rd%2Bplus&q=1")
    (tmp_path / "basic").write_text("Authorization: Basic dXNlcjptYXJrZWQtV3IwbmcvUGFzc3cwcmQrcGx1cw==")
    assert {place.partition(" ")[0].partition(":")[0] for place in where_found(tmp_path, {"it": word})["it"]} == {
        "p.parquet", "d.duckdb", "s.db", "page.json.gz", "address", "basic",
    }  # fmt: skip
