"""An import and the upkeep of its stream at the same time: one begins and ends in the middle of the other."""

from dataclasses import replace
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.streams import stream_columns
from sf_elt_tests.streams.faulty import WORKS, import_stream, left_over, move_formulas, with_differences
from sf_elt_tests.streams.support import CONTACTS, Importer, importing, rows_of_org

ONE = replace(CONTACTS, transport="rest")
DO = {
    "import": import_stream,
    **{each.name.partition(",")[0]: each.do for each in WORKS if each.standing is not None},
}


def _spent(importer: Importer, work: str) -> int:
    """Does the work; the calls that it made."""
    made = importer.meter.made
    DO[work](importer, ONE)
    return importer.meter.made - made


def _make_wrong(org: Details, folder: Path) -> None:
    """A stream that lacks records and has unknown ones, and formulas that have moved since it was read."""
    with importing(org, folder) as importer:
        with_differences(importer, org, ONE)
    move_formulas(org)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("import", "reconcile"),
        pytest.param("refresh", "import", marks=pytest.mark.soak),
        pytest.param("import", "refresh", marks=pytest.mark.soak),
        pytest.param("reconcile", "import", marks=pytest.mark.soak),
        pytest.param("reconcile", "refresh", marks=pytest.mark.soak),
        pytest.param("refresh", "reconcile", marks=pytest.mark.soak),
    ],
)
def test_two_works_on_a_stream_at_once_end_right(org: Details, tmp_path: Path, outer: str, inner: str) -> None:
    """Wherever one says what it is doing the other is done: neither pays more than alone, and nothing is undone."""
    alone = {}
    for work in (outer, inner):
        _make_wrong(org, tmp_path / work)
        with importing(org, tmp_path / work) as importer:
            alone[work] = _spent(importer, work)
    _make_wrong(org, tmp_path)
    with importing(org, tmp_path) as first, importing(org, tmp_path) as second:
        within: list[int] = []
        first.watcher = lambda *_: within.append(_spent(second, inner))
        assert _spent(first, outer) <= alone[outer]
        assert len(within) > 1
        assert max(within) <= alone[inner]
        first.watcher = None
        (last,) = DO.keys() - {outer, inner}
        DO[last](first, ONE)
        assert left_over(first) == []
        known = [row for row in first.rows(ONE) if not str(row[0]).endswith("ZZZ")]
        assert known == rows_of_org(org, stream_columns(first.org, ONE), "Contact")
        gone = first.sql(
            "SELECT count(*), count(_deleted_at) FROM streams.salesforce_contacts WHERE \"Id\" LIKE '%ZZZ'"
        )
        assert gone == [(2, 2)]
