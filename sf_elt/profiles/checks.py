"""What must hold of profiles, counted where it does not."""

from sf_elt.warehouse import Warehouse


def profiles_without_identifier(warehouse: Warehouse) -> int:
    """How many profiles have no identifier: 0, or nobody can say who they are."""
    with warehouse.read() as connection:
        row = connection.execute(
            "SELECT count(*) FROM profiles.profiles ANTI JOIN profiles.identifiers USING (profile_id)"
        ).fetchone()
    return int(row[0]) if row else 0
