"""Histories in few numbers: nothing lost, nothing counted twice, no gap."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.warehouse.over_time import SPANS, over_time
from sf_elt_tests.examples import some

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connected:
        yield connected


def moves(rows: list[tuple[str, int, int, int]]) -> str:
    """A query of (name, days ago, came, went)."""
    told = (
        f"('{name}', TIMESTAMP '2026-11-22 07:00' - to_days({ago}), {came}, {went})" for name, ago, came, went in rows
    )
    return f"SELECT * FROM (VALUES {', '.join(told)}) AS moves(name, happened_at, came, went)"


MOVE = st.tuples(st.sampled_from("ab"), st.integers(-2, 900), st.integers(0, 5), st.integers(0, 5))


@settings(max_examples=some(20), deadline=None)
@given(rows=st.lists(MOVE, min_size=1, max_size=12))
def test_a_history_adds_up(connection: duckdb.DuckDBPyConnection, rows: list[tuple[str, int, int, int]]) -> None:
    """Spans follow one another from the first move to today; their sums and sizes are those of the moves themselves."""
    spans = over_time(connection, moves(rows), now=NOW)
    for name in {row[0] for row in rows}:
        told = [span for span in spans if span.name == name]
        days = [max(0, ago) for who, ago, _, _ in rows if who == name]
        assert len(told) <= SPANS
        assert told[0].first_day == TODAY - timedelta(days=max(days))
        assert told[-1].last_day == TODAY
        assert [span.first_day for span in told[1:]] == [span.last_day + timedelta(days=1) for span in told[:-1]]
        for span in told:
            until = [row for row in rows if row[0] == name and TODAY - timedelta(days=max(0, row[1])) <= span.last_day]
            assert span.standing == sum(came - went for _, _, came, went in until)
        assert sum(span.came for span in told) == sum(came for who, _, came, _ in rows if who == name)


def test_histories_that_begin_together(connection: duckdb.DuckDBPyConnection) -> None:
    """Kinds that stand on one another have the same spans, also one that came later."""
    spans = over_time(connection, moves([("early", 10, 2, 0), ("late", 1, 3, 0)]), now=NOW, spans=2, together=True)
    assert [(span.name, span.first_day, span.came) for span in spans] == [
        ("early", date(2026, 11, 12), 2),
        ("early", date(2026, 11, 18), 0),
        ("late", date(2026, 11, 12), 0),
        ("late", date(2026, 11, 18), 3),
    ]
