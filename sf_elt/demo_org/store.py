"""Where the org's records are: one DuckDB table an object, in memory or in a file.

    store = Store(load_schema())
    with store.writing() as write:                   # one transaction, one writer at a time
        write.connection.execute(f"UPDATE {table('Lead')} SET …")
    with store.reading() as connection:              # a cursor of its own: sees the last committed state
        connection.execute("SELECT …").fetchall()
    with store.transaction() as transaction:         # every writing() and reading() inside is part of it
        save(store, …); save(store, …)

Seeding gives whole tables: `store.load("Contact", arrow_table)`, with Ids from `store.next_ids("Contact", 2000)`.
Formulas and other computed fields are generated columns: whoever reads a table sees them, nobody writes them.
"""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.ids import ids_from, number_of
from sf_elt.demo_org.rules import WriteRules
from sf_elt.demo_org.schema import ObjectType, Schema
from sf_elt.demo_org.schema_change import change_tables, keep_changes, kept_schema
from sf_elt.demo_org.tables import (
    arrow_type,
    column_type,
    create_table,
    has_column,
    insert_rows,
    quote,
    table,
    update_rows,
)

__all__ = [
    "Store",
    "StoreMismatch",
    "Transaction",
    "Writing",
    "arrow_type",
    "column_type",
    "insert_rows",
    "quote",
    "table",
    "update_rows",
]

Clock = Callable[[], datetime]
"""Gives the present as an aware datetime in UTC."""

INTERRUPT_AGAIN_SECONDS = 0.05
MOST_BY_INDEX = 200
"""So many Ids a join looks up by the tables' primary keys; for more it passes over the whole table."""


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Writing:
    """One transaction: its cursor and the time that every record saved in it carries (naive UTC, whole seconds).

    Who changes records adds their object's name to `saved`. `late` says that it began before it was opened (see
    `Store.begun_at`): others may have saved since `now`.
    """

    connection: duckdb.DuckDBPyConnection
    now: datetime
    late: bool = False
    saved: set[str] = field(default_factory=set)


@dataclass
class Transaction:
    """What is done together or not at all. `failed` says that a block inside raised: nothing of it will be kept.

    `schema` is what the org's will be once it is committed, where that changes.
    """

    store: "Store"
    write: Writing
    failed: bool = False
    schema: Schema | None = None


_under_way: ContextVar[Transaction | None] = ContextVar("_under_way", default=None)
"""The transaction of this context: threads that work for a request carry its context."""

_begun_at: ContextVar[datetime | None] = ContextVar("_begun_at", default=None)
"""When the transactions of this context began, where that is not when they are opened."""


class Store:
    """The records of all objects. Safe to use from many threads; two processes cannot share a file."""

    def __init__(self, schema: Schema, file: Path | None = None, clock: Clock = system_clock) -> None:
        """Opens or creates `file`; without one, the records live in memory.

        Raises StoreMismatch where the file was made for other objects or fields.
        """
        self.schema = self._first_schema = schema
        self.clock = clock
        self.rules = WriteRules()
        self.saves: Counter[str] = Counter()
        """How many transactions have changed records of an object since the store was opened, undone ones too."""
        self._open_saves: list[datetime] = []
        self._write_lock = threading.Lock()  # held by a context, which may go on in another thread
        self._numbers_lock = threading.Lock()
        self._readers: set[duckdb.DuckDBPyConnection] = set()
        self._readers_changed = threading.Condition()
        self._closing = False
        kept = file is not None and file.exists()
        self._connection = duckdb.connect(":memory:" if file is None else str(file))
        self._connection.execute("SET autoinstall_known_extensions = false")
        self._connection.execute("SET preserve_insertion_order = true")
        self._connection.execute(f"SET GLOBAL dynamic_or_filter_threshold = {MOST_BY_INDEX}")
        try:
            if kept:
                self.schema = schema = _kept_schema(self._connection, schema)
                _check_columns(self._connection, schema)
            _create_tables(self._connection, schema)
            self._next_number = {each.key_prefix: 1 for each in schema.objects}
            self._last_save = datetime.min
            if kept:
                for each in schema.objects:
                    self._leave_free(each, _highest_number(self._connection, each) + 1)
                self._last_save = max(_latest(self._connection, each) for each in schema.objects)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Interrupts the reads that are under way, waits for the write that is, and closes."""
        with self._readers_changed:
            self._closing = True
            while self._readers:
                for cursor in self._readers:
                    cursor.interrupt()
                self._readers_changed.wait(INTERRUPT_AGAIN_SECONDS)  # a read may have been between two statements
        with self._write_lock:
            self._connection.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor that sees everything committed so far, and what the transaction of this context has done.

        Several may run side by side. Raises OrgError (503) where the store is closing: what reads then is interrupted.
        """
        joined = self._joined()
        if joined is not None:
            yield joined.write.connection
            return
        with self._readers_changed:
            self._refuse_if_closing()
            cursor = self._connection.cursor()
            self._readers.add(cursor)
        try:
            yield cursor
        except duckdb.InterruptException:
            self._refuse_if_closing()
            raise
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            self._refuse_if_changed(error)
            raise
        finally:
            with self._readers_changed:
                cursor.close()
                self._readers.discard(cursor)
                self._readers_changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """A transaction of its own, or a part of the one that this context is in; see `transaction`."""
        with self.transaction() as transaction:
            yield transaction.write

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction: committed at the end, rolled back on an exception. Writers wait for each other.

        Inside it, each `transaction`, `writing` and `reading` of the same context is part of it, in whatever thread.
        DuckDB has no savepoints: a part that raises fails the whole, which is then rolled back even where somebody
        caught the exception; `failed` tells. Waits for other writers without giving way, so in an event loop that
        serves others it has no place. Raises OrgError (503) where the store is closing.
        """
        joined = self._joined()
        if joined is not None:
            try:
                yield joined
            except BaseException:
                joined.failed = True
                raise
            return
        with self._write_lock:
            self._refuse_if_closing()
            with self._connection.cursor() as cursor:
                cursor.begin()
                opened = Transaction(self, Writing(cursor, self._save_time(), late=_begun_at.get() is not None))
                token = _under_way.set(opened)
                self._open_saves.append(opened.write.now)
                try:
                    yield opened
                except (duckdb.BinderException, duckdb.CatalogException) as error:
                    opened.failed = True
                    self._refuse_if_changed(error)
                    raise
                except BaseException:
                    opened.failed = True
                    raise
                finally:
                    _under_way.reset(token)
                    self._end(opened)

    def _end(self, transaction: Transaction) -> None:
        """Commits, or rolls back what has failed; it is over even where DuckDB refuses to commit."""
        write = transaction.write
        try:
            if transaction.failed:
                write.connection.rollback()
            else:
                write.connection.commit()
                self.schema = transaction.schema or self.schema
        finally:
            self.saves.update(write.saved)  # also of what was undone: it may have been read inside
            self._open_saves.remove(write.now)

    @property
    def writing_since(self) -> datetime | None:
        """The oldest save time under way (naive UTC): its records are not there yet and will carry it."""
        return min(tuple(self._open_saves), default=None)

    @contextmanager
    def begun_at(self, moment: datetime) -> Iterator[None]:
        """What this context saves carries that moment (naive UTC, whole seconds), as in a transaction begun then.

        Others save meanwhile and with later times: what commits at the end shows behind times that were read already.
        A record that they saved is theirs: a save in here is refused as if they held its lock.
        """
        token = _begun_at.set(moment)
        self._open_saves.append(moment)
        try:
            yield
        finally:
            self._open_saves.remove(moment)
            _begun_at.reset(token)

    def follow_clock(self) -> None:
        """Forgets when the last save was: the clock was set back on purpose, and saves go back with it."""
        self._last_save = datetime.min

    def _joined(self) -> Transaction | None:
        """The transaction of this store that this context is in."""
        found = _under_way.get()
        return found if found is not None and found.store is self else None

    def _refuse_if_closing(self) -> None:
        if self._closing:
            raise OrgError(503, "SERVER_UNAVAILABLE", "The org is stopping")

    def _refuse_if_changed(self, error: duckdb.Error) -> None:
        """A request that began before a change of schema may name what is gone since."""
        if self.schema is not self._first_schema:
            raise OrgError(503, "SERVER_UNAVAILABLE", "The org's objects changed meanwhile: try again") from error

    def load(self, object_name: str, rows: pa.Table) -> None:
        """Adds whole records as they are: Id, audit fields and SystemModstamp are given, nothing is validated.

        Columns carry API names; fields that `rows` lacks are null (booleans false). Raises KeyError for an unknown
        object, ValueError for a column that is no stored field of it (computed fields compute themselves).
        """
        object_type = self.schema.require(object_name)
        stored = {each.name: each for each in object_type.stored_fields}
        unknown = [name for name in rows.column_names if name not in stored]
        if unknown:
            raise ValueError(f"{object_type.name} stores no {', '.join(unknown)}: not a field, or a computed one")
        typed = rows.cast(pa.schema([(name, arrow_type(stored[name])) for name in rows.column_names]))
        with self.writing() as write:
            insert_rows(write.connection, object_type, typed)
            write.saved.add(object_type.name)
            if "SystemModstamp" in typed.column_names:
                self._last_save = max(self._last_save, pc.max(typed["SystemModstamp"]).as_py() or datetime.min)
        with self._numbers_lock:
            self._leave_free(object_type, number_of(pc.max(typed["Id"]).as_py() or "") + 1)

    def _leave_free(self, object_type: ObjectType, first_free: int) -> None:
        """New Ids of the object begin there; objects of one prefix share their numbers."""
        prefix = object_type.key_prefix
        self._next_number[prefix] = max(self._next_number[prefix], first_free)

    def next_ids(self, object_name: str, count: int) -> list[str]:
        """As many new Ids of an object, in ascending order; none is ever given twice."""
        object_type = self.schema.require(object_name)
        with self._numbers_lock:
            first = self._next_number[object_type.key_prefix]
            self._next_number[object_type.key_prefix] = first + count
        return list(islice(ids_from(object_type.key_prefix, first), count))

    def change_schema(self, change: Callable[[Schema], Schema]) -> Schema:
        """Makes what `change` gives the org's schema: tables, records and what a kept org remembers follow together.

        Gives the new schema, which is the store's own once the transaction is committed. Who reads meanwhile sees the
        tables of before or after; a second change waits and builds on the first. Whatever `change` or DuckDB raises
        leaves everything as it was.
        """
        with self.transaction() as transaction:
            before, connection = transaction.schema or self.schema, transaction.write.connection
            transaction.schema = after = change(before)
            change_tables(connection, before, after)
            keep_changes(connection, self._first_schema, after)
            with self._numbers_lock:
                for each in after.objects:
                    self._next_number.setdefault(each.key_prefix, 1)
        return after

    def count(self, object_name: str) -> int:
        """How many records an object has, deleted ones included."""
        with self.reading() as connection:
            row = connection.execute(f"SELECT count(*) FROM {table(object_name)}").fetchone()
        return int(row[0]) if row else 0

    def _save_time(self) -> datetime:
        """Now, in whole seconds as real orgs keep it, and never before the last save; or what `begun_at` says."""
        begun_at = _begun_at.get()
        if begun_at is not None:
            return begun_at
        now = self.clock().astimezone(UTC).replace(tzinfo=None, microsecond=0)
        self._last_save = max(self._last_save, now)
        return self._last_save


class StoreMismatch(Exception):
    """The file holds other objects or fields than the demo org has now."""


def _highest_number(connection: duckdb.DuckDBPyConnection, object_type: ObjectType) -> int:
    row = connection.execute(f'SELECT max("Id") FROM {table(object_type.name)}').fetchone()
    return number_of(row[0]) if row and row[0] else 0


def _latest(connection: duckdb.DuckDBPyConnection, object_type: ObjectType) -> datetime:
    row = connection.execute(f"SELECT max({quote(object_type.stamp)}) FROM {table(object_type.name)}").fetchone()
    return row[0] if row and row[0] else datetime.min


def _create_tables(connection: duckdb.DuckDBPyConnection, schema: Schema) -> None:
    connection.execute("; ".join(["CREATE SCHEMA IF NOT EXISTS records", *map(create_table, schema.objects), _REMOVED]))


_REMOVED = """
    CREATE SCHEMA IF NOT EXISTS replication;
    CREATE TABLE IF NOT EXISTS replication.removed (object_name VARCHAR, "Id" VARCHAR, deleted_at TIMESTAMP)
"""
"""What was deleted for good, and when; see `replication`."""


def _kept_schema(connection: duckdb.DuckDBPyConnection, base: Schema) -> Schema:
    """The schema of a kept file. Raises StoreMismatch where its changes do not fit the objects of this version."""
    try:
        return kept_schema(connection, base)
    except (ValidationError, KeyError) as error:
        raise StoreMismatch(f"The file changes objects in a way unknown to {_THIS_VERSION}") from error


def _check_columns(connection: duckdb.DuckDBPyConnection, schema: Schema) -> None:
    """Raises StoreMismatch where a kept file's tables are not this schema's."""
    kept: dict[str, dict[str, str]] = {}
    for name, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'records'"
    ).fetchall():
        kept.setdefault(name, {})[column] = kind
    for each in schema.objects:
        if each.name not in kept:
            raise StoreMismatch(f"The file has no {each.name}, unlike {_THIS_VERSION}")
        if kept[each.name] != {field.name: column_type(field) for field in each.fields if has_column(field)}:
            raise StoreMismatch(f"The file's {each.name} has other fields than {_THIS_VERSION}")


_THIS_VERSION = "this version of the demo org: delete it"
