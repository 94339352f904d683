"""What a dry run tells of verdicts besides counts: what is set aside and why, and what would be deleted."""

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class SetAside:
    """Records that are not sent for the same reason, with one of them as an example. The message may hold a value."""

    code: str
    records: int
    message: str
    profile_id: str
    record_id: str | None


def set_aside_by_code(connection: duckdb.DuckDBPyConnection) -> tuple[SetAside, ...]:
    """What is set aside in `verdicts`, the most frequent reason first."""
    rows = connection.execute(
        """
        SELECT code, count(*) AS records, first(message ORDER BY profile_id, record_id),
            first(profile_id ORDER BY profile_id, record_id), first(record_id ORDER BY profile_id, record_id)
        FROM verdicts WHERE verdict = 'set aside'
        GROUP BY code ORDER BY records DESC, code
        """
    ).fetchall()
    return tuple(SetAside(*row) for row in rows)


def deleted_by_plan(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The Ids of the records that the plan would delete, in order."""
    rows = connection.execute(
        "SELECT record_id FROM verdicts WHERE verdict = 'planned' AND operation = 'delete' ORDER BY record_id"
    ).fetchall()
    return tuple(str(record_id) for (record_id,) in rows)
