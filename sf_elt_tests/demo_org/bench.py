"""A store on a workbench: what saving is tested with, without HTTP."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from sf_elt.demo_org.saving import Operation, SaveOutcome, save
from sf_elt.demo_org.schema import load_schema
from sf_elt.demo_org.store import Store, quote, table

START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
PERSON = {"LastName": "Lovelace", "Company": "Engines"}
"""What a new lead needs."""


class Bench:
    """A store with one user, and short ways to save and look."""

    def __init__(self) -> None:
        self.now = START
        self.store = Store(load_schema(), clock=lambda: self.now)
        [self.user] = self.store.next_ids("User", 1)
        self.store.load("User", pa.table({"Id": [self.user], "LastName": ["Admin"], "IsActive": [True]}))

    def save(
        self, operation: Operation, object_name: str, *records: dict[str, Any], **options: Any
    ) -> list[SaveOutcome]:
        return save(self.store, self.user, object_name, operation, records, **options)

    def new(self, object_name: str, **fields: Any) -> str:
        [outcome] = self.save("insert", object_name, fields)
        assert outcome.success, outcome.errors
        assert outcome.id is not None
        return outcome.id

    def error(self, operation: Operation, object_name: str, **fields: Any) -> tuple[str, str, tuple[str, ...]]:
        [outcome] = self.save(operation, object_name, fields)
        assert not outcome.success
        [error] = outcome.errors
        return error.status_code, error.message, error.fields

    def values(self, record_id: str, *names: str) -> tuple[Any, ...] | None:
        object_type = self.store.schema.object_of_id(record_id)
        assert object_type is not None
        columns = ", ".join(quote(name) for name in names)
        with self.store.reading() as connection:
            return connection.execute(
                f'SELECT {columns} FROM {table(object_type.name)} WHERE "Id" = ?', [record_id]
            ).fetchone()
