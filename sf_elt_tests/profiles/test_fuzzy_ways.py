"""Which pairs of records are compared where there are too many, and how near misses are told apart."""

import duckdb
import pytest

from sf_elt.profiles import FuzzyRefused
from sf_elt_tests.profiles.misspelt import FUZZY, misspelt_people

pytest.importorskip("splink", reason="Splink is not installed: make test installs it")
from sf_elt.profiles.fuzzy.model import edited
from sf_elt.profiles.fuzzy.ways import Way, affordable_ways

WAYS = [
    Way(0, (2,), "email", 40),
    Way(1, (0, 1), "first_name and last_name", 30),
    Way(2, (0, 4), "first_name and company", 900),
    Way(3, (0, 5), "first_name and postal_code", 20),
]


@pytest.mark.parametrize(("max_pairs", "taken"), [(1000, [0, 1, 2, 3]), (989, [0, 1, 3]), (89, [0, 3]), (40, [0])])
def test_what_makes_the_most_pairs_is_left_out_first(max_pairs: int, taken: list[int]) -> None:
    """An equal email stays; of what needs two fields equal there is as much as max_pairs allows."""
    ways = affordable_ways(WAYS, FUZZY.model_copy(update={"max_pairs": max_pairs}))
    assert [way.number for way in ways] == taken


@pytest.mark.parametrize(
    ("ways", "block_on", "max_pairs"),
    [(WAYS, (), 39), (WAYS[1:3], (), 29), (WAYS, (("email",), ("first_name", "last_name")), 989)],
)
def test_nothing_asked_for_is_left_out(ways: list[Way], block_on: tuple[tuple[str, ...], ...], max_pairs: int) -> None:
    """Where an equal email alone makes too many pairs, or nothing is left, or block_on asks for it, that is refused."""
    fuzzy = FUZZY.model_copy(update={"block_on": block_on, "max_pairs": max_pairs})
    with pytest.raises(FuzzyRefused, match=rf"more than max_pairs \({max_pairs}\).*900 for first_name and company"):
        affordable_ways(ways, fuzzy)


@pytest.mark.parametrize("edits", [1, 2])
def test_telling_most_apart_beforehand_changes_nothing(edits: int) -> None:
    """Two texts are as near as their Damerau-Levenshtein distance says, letters swapped and accents too."""
    texts = {value for person in misspelt_people(12) for value in person.values if value} | {"", "é", "eé", "ab", "ba"}
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE texts AS SELECT unnest($texts) AS t", {"texts": sorted(texts)})
        near = edited(edits).format(l="l.t", r="r.t")
        (counted,) = connection.execute(
            f"""
            SELECT
                count(*) FILTER (WHERE damerau_levenshtein(l.t, r.t) <= {edits} AND l.t < r.t),
                count(*) FILTER (WHERE ({near}) <> (damerau_levenshtein(l.t, r.t) <= {edits}))
            FROM texts AS l, texts AS r
            """
        ).fetchall()
    assert counted[0] > 5
    assert counted[1] == 0
