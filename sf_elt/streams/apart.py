"""Fields that were read apart from their record (`adhoc`): newer than the rest of their row, until it is read whole.

A read of whole records that began before, and ends only now, leaves them as they are.
"""

from duckdb import DuckDBPyConnection

from sf_elt.streams.columns import StreamColumns
from sf_elt.streams.statements import statement
from sf_elt.warehouse import quote, quote_table


def keep_apart(connection: DuckDBPyConnection, stream: str, columns: StreamColumns) -> None:
    """Gives the rows of `incoming` the values that were read apart and later; forgets those that it overtakes."""
    found = connection.execute("SELECT DISTINCT lower(field) FROM ops.read_apart WHERE stream = ?", [stream]).fetchall()
    apart = {name for (name,) in found}
    names = {"standing": quote_table("streams", stream), "version": quote(columns.version_field)}
    for name in columns.names:
        if name.lower() in apart:
            connection.execute(
                statement("keep_apart.sql").format_map(names | {"field": quote(name)}),
                {"stream": stream, "name": name.lower()},
            )
    if apart:
        connection.execute(statement("forget_overtaken.sql").format_map(names), {"stream": stream})
