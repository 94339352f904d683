"""Samples of any table: enough to see what it holds, nothing to know anybody by."""

from pathlib import Path

from sf_elt.profiles.samples import MOST_COLUMNS, ROWS, newest_rows
from sf_elt.warehouse import Warehouse


def test_a_sample_of_a_custom_object_shows_nobody(tmp_path: Path) -> None:
    """The newest rows, without Ids, columns of our own, empty ones and what can only be hidden; the rest masked."""
    warehouse = Warehouse(tmp_path)
    with warehouse.write() as connection:
        connection.execute(
            """
            CREATE TABLE streams.visits AS
            SELECT
                'a0' || number AS "Id", 'ada@example.com' AS "Email__c", 'Ada Lovelace' AS "Guest_Name__c",
                number AS "Guests__c", 'Open' AS "Status__c", 'hunter2' AS "Door_Password__c", NULL AS "Empty__c",
                442079460042 AS "Fax__c", 'Wants a quiet room' AS "Note__c", '003' || number AS "ContactId",
                TIMESTAMP '2026-01-01' + to_days(number::INT) AS _loaded_at
            FROM range(20) AS numbers(number)
            """
        )
    with warehouse.read() as connection:
        sample = newest_rows(connection, "streams", "visits", "_loaded_at", first=("Status__c",))
    assert sample.columns == ("Status__c", "Email__c", "Guest_Name__c", "Guests__c", "Note__c")
    assert [row[3] for row in sample.rows] == ["19", "18", "17", "16", "15"]
    assert sample.rows[0] == ("Open", "a***@e***.com", "A. L.", "19", "W… (length 18)")


def test_a_sample_of_a_wide_or_empty_table(tmp_path: Path) -> None:
    """No more columns and rows than a page has room for; none where there are none."""
    warehouse = Warehouse(tmp_path)
    with warehouse.write() as connection:
        columns = ", ".join(f"{place} AS c{place}" for place in range(800))
        connection.execute(
            f"CREATE TABLE streams.wide AS SELECT {columns}, now()::TIMESTAMP AS _loaded_at FROM range(9)"
        )
        connection.execute("CREATE TABLE streams.nothing (a INTEGER, _loaded_at TIMESTAMP)")
    with warehouse.read() as connection:
        wide = newest_rows(connection, "streams", "wide", "_loaded_at")
        nothing = newest_rows(connection, "streams", "nothing", "_loaded_at")
    assert (len(wide.columns), len(wide.rows)) == (MOST_COLUMNS, ROWS)
    assert (nothing.columns, nothing.rows) == ((), ())
