"""What stands in a stream."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sf_elt.streams import repeated_ids, spans_read
from sf_elt.warehouse import Warehouse


def test_nothing_has_been_read_of_an_empty_warehouse(tmp_path: Path) -> None:
    """Before the first read there is no span, and no file is made by asking."""
    warehouse = Warehouse(tmp_path / "warehouse")
    assert spans_read(warehouse, "salesforce_leads") == []
    assert not warehouse.file.exists()


def test_spans_are_those_of_the_stream_up_to_where_it_was_read(tmp_path: Path) -> None:
    """A window that was open when it was read counts to the time of reading; other streams' windows do not count."""
    warehouse = Warehouse(tmp_path)
    with warehouse.write() as connection:
        connection.executemany(
            "INSERT INTO ops.windows BY NAME"
            " SELECT ? AS stream, '2026-01-01' AS window_start, '2026-01-02' AS window_end, '2026-01-01' AS read_from,"
            " ? AS read_to, true AS is_open, 'SystemModstamp' AS timestamp_field, 'rest' AS transport,"
            " 0 AS org_count, 0 AS rows_read, 0 AS rows_new, 0 AS rows_changed, 0 AS rows_unchanged, 0 AS rows_deleted,"
            " 0 AS api_calls, 0 AS seconds, 'run' AS run_id, '2026-01-01' AS completed_at",
            [["salesforce_leads", datetime(2026, 1, 1, 15)], ["salesforce_contacts", datetime(2026, 1, 2)]],
        )
    expected = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 15, tzinfo=UTC))
    assert spans_read(warehouse, "salesforce_leads") == [expected]


@pytest.mark.parametrize(("ids", "repeated"), [(["a", "b"], 0), (["a", "b", "a", "a"], 2)])
def test_repeated_ids_are_counted(tmp_path: Path, ids: list[str], repeated: int) -> None:
    """Each row whose Id was there already counts once."""
    warehouse = Warehouse(tmp_path)
    with warehouse.write() as connection:
        connection.execute('CREATE TABLE streams."odd name" AS SELECT unnest(?) AS "Id"', [ids])
    assert repeated_ids(warehouse, "odd name") == repeated
