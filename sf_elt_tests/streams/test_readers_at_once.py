"""Analysts read in processes of their own while an import runs: no reader fails, and no import does."""

from dataclasses import replace
from pathlib import Path

from sf_elt.demo_org.serve import Details
from sf_elt.warehouse import Warehouse
from sf_elt_tests.streams.support import CONTACTS, LEADS, importing
from sf_elt_tests.warehouse.reading import reading


def test_imports_beside_readers_in_loops_and_one_that_stays(org: Details, tmp_path: Path) -> None:
    """One reads as fast as it can, one for a second each time, one keeps the file open: every row arrives, and each
    of them sees what was there when it opened the file.
    """
    with importing(org, tmp_path) as importer:
        importer = replace(importer, warehouse=Warehouse(importer.warehouse.root, patience_seconds=1.5))
        with reading(importer.warehouse, "short", "long", "stays") as readers:
            reports = [importer.run(spec) for spec in (LEADS, CONTACTS, LEADS)]
        assert [report.rows_read > 0 for report in reports] == [True, True, True]
        short, long, stays = readers.seen
        assert importer.sql("SELECT count(*) FROM ops.windows") == [(3,)]
    assert short.reads > 1
    assert stays.last == 0
    assert {short.last, long.last} <= {2, 3}  # the last read may have begun before the last import ended
