"""Erased people taken out of the streams as they stand, by the rules that keep them out of what arrives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from sf_elt.streams.keeping_out import INDIVIDUAL, OWN_ID, PEOPLE, judged, names_erased, suspects
from sf_elt.warehouse import quote, quote_table
from sf_elt.warehouse.erased import Erased, Mark


@dataclass(frozen=True)
class NamedRows:
    """What of a stream names erased people: `rows` are their own, `cells` those of others' rows, column by column.

    `ids` are those of the own rows; `table` is the temporary table of their places.
    """

    stream: str
    table: str
    id_column: str
    rows: int
    cells: Mapping[str, int]
    ids: tuple[str, ...]

    @property
    def marks(self) -> list[Mark]:
        """What keeps the very same rows out for ever, whatever they say by then."""
        return [
            Mark("record", each)
            if self.id_column == "Id" and each.startswith(PEOPLE)
            else Mark("value", each, self.stream, self.id_column)
            for each in self.ids
        ]


def find_named_rows(connection: DuckDBPyConnection, erased: Erased) -> list[NamedRows]:
    """The rows of every stream that name the erased, whom the connection has told apart; in temporary tables."""
    found = []
    for number, (stream, types) in enumerate(_streams(connection).items()):
        table = f"named_{number}"
        places = f"SELECT rowid AS _place, * FROM {quote_table('streams', stream)}"  # noqa: S608 - quoted
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {places} WHERE {suspects(stream, types, erased)}")
        names = names_erased(stream, types, erased)
        cells = "".join(f", {condition} AS {column}" for column, condition in names.items())
        rows = judged(f"FROM {table}", stream, types, erased)
        own_id = next(name for name in OWN_ID if name in types)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS"  # noqa: S608 - quoted
            f" SELECT _place, {quote(own_id)} AS _id, _own, _named{cells} FROM ({rows})"
        )
        connection.execute(f"DELETE FROM {table} WHERE NOT _named")  # noqa: S608 - our own name
        ids = connection.execute(f"SELECT _id FROM {table} WHERE _own ORDER BY _id").fetchall()  # noqa: S608 - our own
        counts = {
            column: connection.execute(
                f"SELECT count(*) FROM {table} WHERE NOT _own AND {column}"  # noqa: S608 - quoted
            ).fetchall()[0][0]
            for column in names
        }
        cells_named = {column: count for column, count in counts.items() if count}
        if ids or cells_named:
            found.append(NamedRows(stream, table, own_id, len(ids), cells_named, tuple(row[0] for row in ids)))
    return found


def marks_of_individuals(connection: DuckDBPyConnection, named: Sequence[NamedRows]) -> list[Mark]:
    """Of the Individuals, what Salesforce keeps of people's wishes about their data, that own rows alone name."""
    own = {each.stream: each for each in named if each.rows}
    holders = [stream for stream, types in _streams(connection).items() if {"Id", INDIVIDUAL} <= types.keys()]
    if own.keys().isdisjoint(holders):
        return []
    rows = " UNION ALL ".join(
        f"SELECT {quote(INDIVIDUAL)} AS individual, "  # noqa: S608 - quoted
        + (f'"Id" IN (SELECT _id FROM {own[each].table} WHERE _own)' if each in own else "false")  # noqa: S608 - our own name
        + f" AS is_own FROM {quote_table('streams', each)}"
        for each in holders
    )
    found = connection.execute(
        f"SELECT individual FROM ({rows}) WHERE individual <> '' GROUP BY individual HAVING bool_and(is_own)"  # noqa: S608 - quoted
    ).fetchall()
    return [Mark("record", individual) for (individual,) in found]


def take_out(connection: DuckDBPyConnection, named: NamedRows) -> None:
    """Empties the cells and deletes the rows, in the transaction in which they were found."""
    stream = quote_table("streams", named.stream)
    if named.cells:
        changes = ", ".join(
            f"{column} = CASE WHEN named.{column} THEN NULL ELSE standing.{column} END" for column in named.cells
        )
        connection.execute(
            f"UPDATE {stream} AS standing SET {changes} FROM {named.table} AS named"  # noqa: S608 - quoted
            " WHERE standing.rowid = named._place AND NOT named._own"
        )
    if named.rows:
        own = f"SELECT _id FROM {named.table} WHERE _own"  # noqa: S608 - our own name
        connection.execute(f"DELETE FROM {stream} WHERE {quote(named.id_column)} IN ({own})")  # noqa: S608 - quoted


def _streams(connection: DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Stream → column → DuckDB type, of all tables that have rows with an Id. Somebody's view is no stream."""
    found: dict[str, dict[str, str]] = {}
    for stream, name, sql_type in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"
        " JOIN duckdb_tables() USING (database_name, schema_name, table_name)"
        " WHERE database_name = current_database() AND schema_name = 'streams' ORDER BY table_name, column_index"
    ).fetchall():
        found.setdefault(stream, {})[name] = sql_type
    return {stream: types for stream, types in found.items() if any(types.get(name) == "VARCHAR" for name in OWN_ID)}
