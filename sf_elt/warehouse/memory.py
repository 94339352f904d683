"""How much memory DuckDB may hold, and how many threads that is enough for.

What is over a limit is spilled to disk, but not all can be: each thread keeps the text that it reads and, for every
column, a block of rows that it packs. With more threads, or columns, than fit it would run out of memory.
"""

from duckdb import DuckDBPyConnection

MOST = 1000  # MB of a load, however many the columns and the processors
LEAST = 320  # MB: of long texts, few columns are much
SHARED = 128  # MB that all threads need together
TEXT = 64  # MB a thread reads at once
COLUMN = 0.5  # MB a thread packs at once
FEW_COLUMNS = 60
KEPT_FREE = "64MB"  # of what a task has freed; DuckDB's allocator would keep 128 MB for the next one


def hold_memory(connection: DuckDBPyConnection, limit: str) -> None:
    """Lets the connection hold no more than `limit` (`512MB`) from here on, by no more threads than have room in it."""
    ((held,),) = connection.execute("SELECT parse_formatted_bytes(?)", [limit]).fetchall()
    most = int((held / 1e6 - SHARED) // _of_a_thread(FEW_COLUMNS))
    _hold(connection, limit, min(_threads(connection), most))


def hold_at_most(connection: DuckDBPyConnection, limit: str) -> None:
    """Lets the connection hold no more than `limit` from here on, and less where it may hold less already."""
    connection.execute(
        "SET memory_limit = (least(parse_formatted_bytes($limit), "
        "parse_formatted_bytes(current_setting('memory_limit'))) || 'B')",
        {"limit": limit},
    )


def hold_enough(connection: DuckDBPyConnection, columns: int, *, least: int = LEAST) -> None:
    """Lets the connection hold as many MB as loading any number of rows of so many columns takes, `least` at least.

    On two processors that is 320 MB for 60 columns. Where there are many columns, fewer threads work.
    """
    a_thread = _of_a_thread(columns)
    threads = max(1, min(_threads(connection), int((MOST - SHARED) // a_thread)))
    _hold(connection, f"{max(least, SHARED + threads * a_thread):.0f}MB", threads)


def _of_a_thread(columns: int) -> float:
    return TEXT + columns * COLUMN


def _threads(connection: DuckDBPyConnection) -> int:
    ((threads,),) = connection.execute("SELECT current_setting('threads')").fetchall()
    return int(threads)


def _hold(connection: DuckDBPyConnection, limit: str, threads: int) -> None:
    connection.execute("SET memory_limit = ?", [limit])
    connection.execute("SET threads = ?", [max(1, threads)])
    connection.execute("SET allocator_flush_threshold = ?", [KEPT_FREE])
    connection.execute("SET allocator_bulk_deallocation_flush_threshold = ?", [KEPT_FREE])
