"""Who has been erased, as keyed digests: enough to know them again when they come once more, not to tell who it was.

    erased = who_is_erased(connection)
    if erased: ...     # from here on SQL of this connection has the macros of erased.sql: is_erased(said_email(column))

A digest is HMAC-SHA256 of what a value says, by a random key that is made with the first erasure and stays in the
warehouse (ops.erased_key). Beside it stands a number of 20 bits, keyed as well, for a quick look at millions of values.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from secrets import token_bytes
from typing import Literal

import duckdb
import pyarrow as pa

from sf_elt.warehouse.moments import naive
from sf_elt.warehouse.names import quote_text

_MACROS = files("sf_elt.warehouse").joinpath("erased.sql").read_text("utf-8")
_BLOCK = 64  # bytes that SHA-256 takes at a time

Kind = Literal["record", "email", "value", "phone", "columns"]


@dataclass(frozen=True)
class Mark:
    """What tells a person: the Id of a record, an address, or what a field of a stream says: a phone, or any value.

    Of several columns the field is `together`, and the value what they say, as a list in JSON.
    """

    kind: Kind
    value: str = field(repr=False)
    stream: str = ""
    field: str = ""


@dataclass(frozen=True, order=True)
class IdentifyingField:
    """A field of a stream that says whose a row is; or several that say it `together`."""

    stream: str
    field: str
    kind: Kind

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is read from."""
        return tuple(json.loads(self.field)) if self.kind == "columns" else (self.field,)


def together(columns: Sequence[str]) -> str:
    """The field that several columns are together."""
    return json.dumps(columns, ensure_ascii=False)


@dataclass(frozen=True)
class Erased:
    """Who is told apart on a connection, and by which fields of which stream. False where it is nobody.

    `values` has for each stream the fields, and the columns together, of which something is known that is neither an
    address nor a record.
    """

    digests: int = 0
    identifying: Mapping[str, tuple[IdentifyingField, ...]] = field(default_factory=dict)
    values: Mapping[str, tuple[IdentifyingField, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.digests > 0


NOBODY = Erased()


def who_is_erased(connection: duckdb.DuckDBPyConnection) -> Erased:
    """Those of ops.erased. What is made for that on the connection is temporary."""
    try:
        somebody = connection.execute("FROM ops.erased LIMIT 1").fetchone()
    except duckdb.CatalogException:  # a warehouse of an older version gets the table with its next write
        return NOBODY
    if somebody is None:
        return NOBODY
    return tell_apart(connection)


def tell_apart(
    connection: duckdb.DuckDBPyConnection,
    marks: Collection[Mark] = (),
    fields: Collection[IdentifyingField] = (),
) -> Erased:
    """Those of ops.erased, and those who have these marks besides. Nothing is kept before `remember`."""
    key = _key(connection)
    _define_macros(connection, key, prefixes=())
    _store(connection, "marks", marks, ("kind", "stream", "field", "value"))
    _store(connection, "marked_fields", fields, ("stream", "field", "kind"))
    connection.execute(_LOOKED_FOR)
    looked_for = connection.execute("SELECT kind, stream, field, prefix FROM looked_for").fetchall()
    _define_macros(connection, key, prefixes=sorted({prefix for *_, prefix in looked_for if prefix}))
    connection.execute(
        """
        SET VARIABLE erased_digests = (
            SELECT list(digests ORDER BY place)
            FROM (
                SELECT place, list(digest) FILTER (digest IS NOT NULL) AS digests
                FROM range(1024) AS places (place)
                LEFT JOIN looked_for ON bucket % 1024 = place
                GROUP BY place
            )
        );
        SET VARIABLE erased_buckets = (SELECT bitstring_agg(bucket, 0, 1048575) FROM looked_for);
        """
    )
    identifying: defaultdict[str, list[IdentifyingField]] = defaultdict(list)
    for row in connection.execute("FROM ops.identifying_fields UNION FROM marked_fields ORDER BY ALL").fetchall():
        identifying[row[0]].append(IdentifyingField(*row))
    values: defaultdict[str, set[IdentifyingField]] = defaultdict(set)
    for kind, stream, name, _ in looked_for:
        if kind in ("value", "phone", "columns"):
            values[stream].add(IdentifyingField(stream, name, kind))
    return Erased(
        len(looked_for),
        {stream: tuple(fields) for stream, fields in identifying.items()},
        {stream: tuple(sorted(fields)) for stream, fields in values.items()},
    )


def remember(connection: duckdb.DuckDBPyConnection, *, at: datetime) -> int:
    """Keeps the digests of the marks that `tell_apart` was given last on this connection; gives how many are new."""
    connection.execute(
        """
        INSERT INTO ops.erased_key SELECT getvariable('erased_key') WHERE NOT EXISTS (FROM ops.erased_key);
        INSERT INTO ops.identifying_fields FROM marked_fields EXCEPT FROM ops.identifying_fields;
        """
    )
    (count,) = connection.execute(
        """
        INSERT INTO ops.erased
        SELECT *, ?::TIMESTAMP FROM looked_for WHERE digest NOT IN (SELECT digest FROM ops.erased)
        """,
        [naive(at)],
    ).fetchall()[0]
    return int(count)


def erasures(connection: duckdb.DuckDBPyConnection) -> int:
    """How many there have been: who has read the warehouse before another one must not write what it has read."""
    known = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = 'ops'"
        " AND table_name = 'erasures'"
    ).fetchall()
    rows = connection.execute("SELECT count(*) FROM ops.erasures").fetchall() if known == [(1,)] else [(0,)]
    return int(rows[0][0])


def digest_of(connection: duckdb.DuckDBPyConnection, said: str) -> str:
    """The digest of any text, after `tell_apart` on this connection."""
    return str(connection.execute("SELECT erased_digest(?)", [said]).fetchall()[0][0])


_LOOKED_FOR = """
CREATE OR REPLACE TEMP TABLE looked_for AS
WITH said AS (
    SELECT
        *,
        CASE kind
            WHEN 'record' THEN said_record(value)
            WHEN 'email' THEN said_email(value)
            WHEN 'phone' THEN said_phone(concat(stream, '.', field), value)
            WHEN 'columns' THEN said_together(concat(stream, '.', field), from_json(value, '["VARCHAR"]'))
            ELSE said_value(concat(stream, '.', field), value)
        END AS said
    FROM marks
)

SELECT kind, stream, field, prefix, digest, bucket FROM ops.erased
UNION
SELECT
    kind,
    stream,
    field,
    CASE kind WHEN 'record' THEN left(bare(value), 3) END AS prefix,
    erased_digest(said) AS digest,
    erased_bucket(said) AS bucket
FROM said
"""


def _key(connection: duckdb.DuckDBPyConnection) -> bytes:
    """The key of the warehouse; or a new one, which is this connection's until `remember` keeps it."""
    stored = connection.execute("SELECT key FROM ops.erased_key").fetchone()
    held = stored or connection.execute("SELECT getvariable('erased_key')").fetchone()
    key: bytes = held[0] if held is not None and held[0] is not None else token_bytes(32)
    connection.execute("SET VARIABLE erased_key = $key", {"key": key})
    return key


def _define_macros(connection: duckdb.DuckDBPyConnection, key: bytes, prefixes: Sequence[str]) -> None:
    padded = key.ljust(_BLOCK, b"\0")  # RFC 2104
    connection.execute(
        _MACROS.format(
            inner=_literal(bytes(byte ^ 0x36 for byte in padded)),
            outer=_literal(bytes(byte ^ 0x5C for byte in padded)),
            or_names_record="".join(f" OR contains(v, {quote_text(prefix)})" for prefix in prefixes),
        )
    )


def _literal(content: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in content) + "'::BLOB"


def _store(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: Collection[Mark] | Collection[IdentifyingField],
    names: Sequence[str],
) -> None:
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    connection.register("arriving", pa.table(columns, pa.schema({name: pa.string() for name in names})))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS FROM arriving")
    connection.unregister("arriving")
