"""Fuzzy pairs, as Splink finds them among misspelt people."""

import pytest

from sf_elt.profiles import FuzzyReport, find_fuzzy_pairs
from sf_elt.warehouse import Warehouse
from sf_elt_tests.profiles.misspelt import FUZZY, IDENTIFIERS, misspelt_people, put_people, true_pairs
from sf_elt_tests.profiles.streams import NOW, table

pytest.importorskip("splink", reason="Splink is not installed: pip install 'sf_elt[fuzzy]'")

PEOPLE = misspelt_people(150)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, FuzzyReport]:
    """A warehouse with the misspelt people, and what was found among them."""
    warehouse = Warehouse(tmp_path_factory.mktemp("fuzzy") / "warehouse")
    put_people(warehouse, PEOPLE)
    return warehouse, find_fuzzy_pairs(warehouse, IDENTIFIERS, FUZZY, now=NOW, run_id="run")


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
