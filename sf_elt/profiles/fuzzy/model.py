"""Splink's part in fuzzy links: learns from the records what an agreement says, and gives each pair a probability.

The model is Fellegi and Sunter's. How often a field agrees between two records by chance (u) is counted in a random
sample of pairs; how often it does between two records of one person (m) is found by expectation maximisation among
the pairs that are equal in another field. Nothing is assumed of fields of which the records teach nothing.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, cast

import duckdb
from splink import Linker
from splink.backends.duckdb import DuckDBAPI

from sf_elt.profiles.errors import FuzzyRefused
from sf_elt.profiles.fuzzy.options import LEAST_KEPT, ComparedField, FuzzyLinks, Kind
from sf_elt.profiles.fuzzy.records import ComparedRecords
from sf_elt.profiles.fuzzy.ways import Way, affordable_ways, count_ways
from sf_elt.profiles.sql import statement
from sf_elt.warehouse import quote_text

LEAST_PAIRS = 50
"""Fewer pairs than that teach nothing about a field."""

EXACT_FINDS = 0.7
"""The part of all true pairs that equal emails and phones are taken to find; it moves the probability only a little."""

_SAMPLED_PAIRS = 2_000_000
_TRAINED_PAIRS = 1_000_000


def edited(edits: int) -> str:
    """SQL for at most so many edits, where two letters swapped are one.

    To count those takes six times as long as to count a swap as two, so that comes first: it tells most pairs apart.
    """
    return (
        f"CASE WHEN levenshtein({{l}}, {{r}}) <= {2 * edits} "
        f"THEN damerau_levenshtein({{l}}, {{r}}) <= {edits} ELSE false END"
    )


_LEVELS: Mapping[Kind, Sequence[tuple[str, str]]] = {
    "name": [("nearly equal", "jaro_winkler_similarity({l}, {r}) >= 0.9")],
    "company": [("nearly equal", "jaro_winkler_similarity({l}, {r}) >= 0.9")],
    "email": [
        ("one or two characters differ", edited(2)),
        ("equal before the @", "split_part({l}, '@', 1) = split_part({r}, '@', 1)"),
    ],
    "phone": [("one digit differs", edited(1))],
    "postal_code": [("equal in the first three", "left({l}, 3) = left({r}, 3)")],
    "exact": [],
}
"""Kind → what two values may have in common short of being equal: words for it, and SQL."""

_RARE_SAYS_MORE = ("name", "company", "exact")
"""Kinds of which an equal rare value says more than an equal common one."""


class _Level(TypedDict, total=False):
    sql_condition: str
    label_for_charts: str
    is_null_level: bool
    tf_adjustment_column: str
    m_probability: float
    u_probability: float


class _Comparison(TypedDict):
    output_column_name: str
    comparison_levels: list[_Level]


class _Model(TypedDict):
    comparisons: list[_Comparison]
    probability_two_random_records_match: float


@dataclass(frozen=True)
class Learned:
    """What one level of agreement of a field says: how often it occurs in pairs of one person, and in any pair."""

    field: str
    level: str
    in_matches: float
    by_chance: float


@dataclass(frozen=True)
class Found:
    """What Splink found. The table `found_pairs` of the connection has the pairs.

    `left_out` has the ways to be compared that make too many pairs, by name, and how many each makes.
    """

    compared: int
    left_out: Mapping[str, int]
    learned: tuple[Learned, ...]


def find_pairs(
    connection: duckdb.DuckDBPyConnection,
    records: ComparedRecords,
    fuzzy: FuzzyLinks,
    say: Callable[[str, int], None],
) -> Found:
    """Makes the table found_pairs: the pairs that are one person at least as probably as not, and share no identifier.

    `connection` is one to an empty database; `say` hears of each step and how many were done. Raises FuzzyRefused
    where the records are too few to learn from, or the pairs too many to compare.
    """
    # One thread adds up in one order, so the same records give the same model; pairs are scored by all.
    connection.execute("SET threads = 1")
    say("counting pairs", 1)
    ways = count_ways(connection, records, fuzzy)
    taken = affordable_ways(ways, fuzzy)
    taught = _teaching(fuzzy.compare, ways, connection)
    say("learning", 2)
    database = DuckDBAPI(connection)
    settings = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "number",
        "comparisons": [_comparison(number, field) for number, field in enumerate(fuzzy.compare)],
        "blocking_rules_to_generate_predictions": [way.rule for way in taken],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
    }
    compared = database.register("compared")
    model = _trained(Linker(compared, settings, log_level=logging.ERROR), taken, taught, fuzzy)
    _fill_in(model, fuzzy.compare, taught)
    connection.execute("RESET threads")
    pairs = sum(way.pairs for way in taken)
    say(f"comparing {pairs:,} pairs", 3)
    scored = Linker(compared, dict(model), log_level=logging.ERROR).inference.predict(
        threshold_match_probability=LEAST_KEPT
    )
    connection.execute(
        statement("fuzzy_found", scored=scored.physical_name, agreement=_agreement(fuzzy.compare)),
    )
    left_out = {way.name: way.pairs for way in ways if way not in taken}
    return Found(pairs, left_out, tuple(_learned(model, fuzzy.compare)))


def _teaching(
    fields: Sequence[ComparedField], ways: Sequence[Way], connection: duckdb.DuckDBPyConnection
) -> dict[int, list[Way]]:
    """Field → the ways that teach how often it agrees between records of one person: those that do not need it equal.

    All that need one field only, and of the others as many as it takes to learn about every field.
    """
    columns = [f"c{number}" for number in range(len(fields))]
    (records, *known) = (
        connection.table("compared").aggregate(", ".join(map("count({})".format, ["*", *columns]))).fetchall()[0]
    )
    problems = [
        f"`{field.name}` is known of none of the {records:,} records"
        + ("; say their region, where they are written without +" if field.kind == "phone" else "")
        for field, count in zip(fields, known, strict=True)
        if not count
    ]
    if problems:
        raise FuzzyRefused(problems)
    taught: dict[int, list[Way]] = {number: [] for number in range(len(fields))}
    for way in sorted(ways, key=lambda way: len(way.fields) > 1):
        others = taught.keys() - set(way.fields)
        if way.pairs >= LEAST_PAIRS and (len(way.fields) == 1 or any(not taught[number] for number in others)):
            for number in others:
                taught[number].append(way)
    for number, teachers in taught.items():
        if not teachers:
            told = ", ".join(f"{way.pairs:,} for {way.name}" for way in ways if number not in way.fields)
            problems.append(
                f"{records:,} records are too few to learn how much an equal `{fields[number].name}` says: it takes "
                f"{LEAST_PAIRS} pairs that are equal in something else, and there are {told or 'none'}"
            )
    if problems:
        raise FuzzyRefused(problems)
    return taught


def _trained(linker: Linker, ways: Sequence[Way], taught: Mapping[int, Sequence[Way]], fuzzy: FuzzyLinks) -> _Model:
    try:
        linker.training.estimate_probability_two_random_records_match(
            [way.rule for way in _sure(ways, fuzzy.compare)], recall=EXACT_FINDS
        )
    except ValueError as error:
        raise FuzzyRefused([f"most of the records are equal, which teaches nothing: {error}"]) from error
    linker.training.estimate_u_using_random_sampling(
        max_pairs=_SAMPLED_PAIRS, seed=fuzzy.seed, min_count_per_level=None, num_chunks=1
    )
    teachers = {way.number: way for ways_of_field in taught.values() for way in ways_of_field}
    for _, way in sorted(teachers.items()):
        linker.training.estimate_parameters_using_expectation_maximisation(
            way.rule, estimate_without_term_frequencies=True, max_pairs=_TRAINED_PAIRS
        )
    return cast(_Model, linker.misc.save_model_to_json())


def _sure(ways: Sequence[Way], fields: Sequence[ComparedField]) -> list[Way]:
    """The ways by which true pairs are counted: an equal email, or else a phone, or else whatever there is."""
    for kind in ("email", "phone"):
        if sure := [way for way in ways if [fields[number].kind for number in way.fields] == [kind]]:
            return sure
    return list(ways)


def _fill_in(model: _Model, fields: Sequence[ComparedField], taught: Mapping[int, Sequence[Way]]) -> None:
    """What never occurred counts as half an occurrence, and what occurred nowhere says nothing."""
    for number, comparison in enumerate(model["comparisons"]):
        least_m = 0.5 / max(way.pairs for way in taught[number])
        for level in comparison["comparison_levels"]:
            if level.get("is_null_level"):
                continue
            seen = "u_probability" in level
            level["u_probability"] = max(level.get("u_probability", 0), 0.5 / _SAMPLED_PAIRS) if seen else least_m
            level["m_probability"] = max(level.get("m_probability", 0), least_m)


def _comparison(number: int, field: ComparedField) -> _Comparison:
    equal = _Level(sql_condition=f"c{number}_l = c{number}_r", label_for_charts="equal")
    if field.kind in _RARE_SAYS_MORE:
        equal["tf_adjustment_column"] = f"c{number}"
    unknown = _Level(
        sql_condition=f"c{number}_l IS NULL OR c{number}_r IS NULL", label_for_charts="unknown", is_null_level=True
    )
    nearly = [
        _Level(sql_condition=condition.format(l=f"c{number}_l", r=f"c{number}_r"), label_for_charts=words)
        for words, condition in _LEVELS[field.kind]
    ]
    other = _Level(sql_condition="ELSE", label_for_charts="different")
    return _Comparison(output_column_name=f"c{number}", comparison_levels=[unknown, equal, *nearly, other])


def _agreement(fields: Sequence[ComparedField]) -> str:
    """SQL for what a pair has in common, field by field."""
    told = []
    for number, field in enumerate(fields):
        *levels, other = _comparison(number, field)["comparison_levels"]
        cases = " ".join(
            f"WHEN {level['sql_condition']} THEN {quote_text(level['label_for_charts'])}" for level in levels
        )
        level = f"CASE {cases} ELSE {quote_text(other['label_for_charts'])} END"
        rare = f" + mw_tf_adj_c{number}" if field.kind in _RARE_SAYS_MORE else ""
        told.append(f"{{'field': {quote_text(field.name)}, 'level': {level}, 'weight': round(mw_c{number}{rare}, 2)}}")
    return "[" + ",\n            ".join(told) + "]"


def _learned(model: _Model, fields: Sequence[ComparedField]) -> list[Learned]:
    return [
        Learned(field.name, level["label_for_charts"], level["m_probability"], level["u_probability"])
        for field, comparison in zip(fields, model["comparisons"], strict=True)
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
    ]
