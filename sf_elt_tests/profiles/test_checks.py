"""What must hold of profiles."""

from pathlib import Path

from sf_elt.profiles import profiles_without_identifier
from sf_elt.warehouse import Warehouse


def test_a_profile_that_nothing_identifies_is_counted(tmp_path: Path) -> None:
    """Of two profiles one has an identifier: the other counts."""
    warehouse = Warehouse(tmp_path)
    with warehouse.write() as connection:
        connection.execute("CREATE OR REPLACE TABLE profiles.profiles AS SELECT unnest(['a', 'b']) AS profile_id")
        connection.execute(
            "INSERT INTO profiles.identifiers BY NAME"
            " SELECT 'a' AS profile_id, 'email' AS kind, 'a@example.com' AS value, '2026-01-01' AS first_seen"
        )
    assert profiles_without_identifier(warehouse) == 1
