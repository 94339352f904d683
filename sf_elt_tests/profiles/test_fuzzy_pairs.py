"""Fuzzy pairs, as Splink finds them among misspelt people."""

from pathlib import Path

import duckdb
import pytest

from sf_elt.profiles import FuzzyRefused, FuzzyReport, find_fuzzy_pairs
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.misspelt import FUZZY, IDENTIFIERS, misspelt_people, put_people, true_pairs
from sf_elt_tests.profiles.streams import NOW, table

pytest.importorskip("splink", reason="Splink is not installed: make test installs it")
from sf_elt.profiles.fuzzy.model import Found

PEOPLE = misspelt_people(150)
SOME = FUZZY.model_copy(update={"max_pairs": 500})
PAIR = """
SELECT 'customers' AS stream, $record AS record_id, 'customers' AS other_stream, 'c2' AS other_record_id,
    'email' AS kind, 'a@x.org' AS value, 'email' AS other_kind, 'b@x.org' AS other_value, 0.9 AS probability,
    [{'field': 'email', 'level': 'equal', 'weight': 1.0}] AS agreement
"""


@pytest.fixture(scope="module")
def told() -> list[str]:
    """What is told while they are found."""
    return []


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> tuple[Warehouse, FuzzyReport]:
    """A warehouse with the misspelt people, and what was found among some of the pairs."""
    warehouse = Warehouse(tmp_path_factory.mktemp("fuzzy") / "warehouse")
    put_people(warehouse, PEOPLE)
    report = find_fuzzy_pairs(
        warehouse, IDENTIFIERS, SOME, now=NOW, run_id="run", progress=lambda what, done, total: told.append(what)
    )
    return warehouse, report


@pytest.mark.soak
def test_most_true_pairs_are_found_and_hardly_any_other(found: tuple[Warehouse, FuzzyReport]) -> None:
    """Of the true pairs that share no email eight in ten are found, and of what is found 95 in 100 are true."""
    warehouse, report = found
    truth = true_pairs(PEOPLE)
    pairs = {
        frozenset({row["record_id"], row["other_record_id"]})
        for row in table(warehouse, "profiles.fuzzy_pairs")
        if row["probability"] >= FUZZY.threshold
    }
    assert len(pairs & truth) / len(truth) > 0.8
    assert len(pairs & truth) / len(pairs) > 0.95
    assert (report.records, report.above_threshold) == (len(PEOPLE), len(pairs))


def test_what_makes_too_many_pairs_is_not_compared(found: tuple[Warehouse, FuzzyReport], told: list[str]) -> None:
    """The report says what was left out and how many pairs that makes; how many are compared is told before."""
    _, report = found
    assert report.left_out.keys() == {"first_name and company"}
    assert report.compared + report.left_out["first_name and company"] > SOME.max_pairs >= report.compared
    assert f"comparing {report.compared} pairs" in told


def test_too_few_records_are_refused(tmp_path: Path) -> None:
    """The error says of which fields there is too little to learn from, and how much there is; nothing is written."""
    warehouse = Warehouse(tmp_path / "warehouse")
    put_people(warehouse, misspelt_people(10))
    with pytest.raises(
        FuzzyRefused, match=r"too few to learn how much an equal `email` says: it takes 50 pairs"
    ) as refused:
        find_fuzzy_pairs(warehouse, IDENTIFIERS, FUZZY, now=NOW, run_id="run")
    assert len(refused.value.problems) == len(FUZZY.compare)
    assert table(warehouse, "profiles.fuzzy_pairs") == []


def test_too_many_pairs_are_refused(tmp_path: Path) -> None:
    """The error says which fields make how many pairs."""
    warehouse = Warehouse(tmp_path / "warehouse")
    put_people(warehouse, misspelt_people(10))
    with pytest.raises(
        FuzzyRefused, match=r"more than max_pairs \(1\) .*\d+ for phone, \d+ for first_name and last_name"
    ):
        find_fuzzy_pairs(warehouse, IDENTIFIERS, FUZZY.model_copy(update={"max_pairs": 1}), now=NOW, run_id="run")


@pytest.mark.soak
def test_the_same_records_give_the_same_pairs(found: tuple[Warehouse, FuzzyReport]) -> None:
    """A second run finds the very same pairs with the same probabilities."""
    warehouse, report = found
    before = table(warehouse, "profiles.fuzzy_pairs")
    again = find_fuzzy_pairs(warehouse, IDENTIFIERS, SOME, now=NOW, run_id="run 2")
    assert table(warehouse, "profiles.fuzzy_pairs") == before
    assert again.learned == report.learned


def test_whoever_is_erased_meanwhile_is_not_written_back(
    found: tuple[Warehouse, FuzzyReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pairs of records that were read before an erasure are found anew after it; nothing of them is written."""
    warehouse, _ = found
    tries = []

    def find_pairs(connection: duckdb.DuckDBPyConnection, *_: object) -> Found:
        connection.execute(f"CREATE TABLE found_pairs AS {PAIR}", {"record": f"read {len(tries)}"})
        if not tries:
            with warehouse.write() as other:
                other.execute("INSERT INTO ops.erasures VALUES ('', '', now()::TIMESTAMP, MAP {}, MAP {}, NULL)")
        tries.append(connection)
        return Found(1, {}, ())

    with monkeypatch.context() as patch:
        patch.setattr("sf_elt.profiles.fuzzy.model.find_pairs", find_pairs)
        find_fuzzy_pairs(warehouse, IDENTIFIERS, FUZZY, now=NOW, run_id="run")
    assert [row["record_id"] for row in table(warehouse, "profiles.fuzzy_pairs")] == ["read 1"]
