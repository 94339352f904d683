"""What a piece of work on a stream has spent: API calls for ops.api_calls, and time."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from duckdb import DuckDBPyConnection

from sf_elt.salesforce import AllowanceSpent, Org
from sf_elt.warehouse import JobMeter, Warehouse, WarehouseError, naive

log = logging.getLogger(__name__)


class Spending:
    """Counts from its making on. `began` is when the work began, by the clock that its reports go by."""

    def __init__(self, org: Org, meter: JobMeter, began: datetime, run_id: str) -> None:
        self._org = org
        self._meter = meter
        self._began = began
        self._run_id = run_id
        self._started = time.monotonic()
        self.count_anew()

    @contextmanager
    def counting(self, warehouse: Warehouse) -> Iterator[None]:
        """Has the calls of the block counted; where there are none left, what was spent is noted before it ends."""
        with self._org.counted_by(self._meter):
            try:
                yield
            except AllowanceSpent:
                try:
                    with warehouse.write() as connection:
                        self.note(connection)
                except WarehouseError as error:  # a pause is no failure, and the ledger has the calls as well
                    log.warning("%d API calls of a paused read are not in ops.api_calls: %s", self.calls, error)
                raise

    def count_anew(self) -> None:
        """The next report is of what is spent from here on."""
        self._counted_from = time.monotonic()
        self._calls_before = self._meter.made

    @property
    def calls(self) -> int:
        return self._meter.made - self._calls_before

    @property
    def calls_left(self) -> int | None:
        """What the job may still spend today; None where nothing limits it."""
        return self._meter.left

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._counted_from

    @property
    def ended(self) -> datetime:
        """Now, in UTC."""
        return self._began.astimezone(UTC) + timedelta(seconds=time.monotonic() - self._started)

    def note(self, connection: DuckDBPyConnection) -> None:
        """Adds the calls of the meter's job to ops.api_calls, and what the org last said of its own allowance."""
        used, allowed = self._org.allowance or (None, None)
        connection.execute(
            "INSERT INTO ops.api_calls VALUES (?, ?, ?, ?, ?, ?)",
            [self._meter.job, self._run_id, self.calls, used, allowed, naive(self.ended)],
        )
