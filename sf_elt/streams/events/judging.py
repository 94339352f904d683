"""What staged rows are: new events of the stream, known or repeated ones, or nothing that can be one."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection

from sf_elt.streams.events.files import EventSpec
from sf_elt.streams.events.staging import mapped
from sf_elt.streams.keeping_out import mentions_erased, screened
from sf_elt.streams.statements import statement
from sf_elt.warehouse import quote_table
from sf_elt.warehouse.erased import Erased


@dataclass(frozen=True)
class Judged:
    """`events` are rows of the stream with a verdict (see judged.sql), `set_aside` rows of ops.set_aside.

    `kept_out` counts the rows of erased people, which are neither.
    """

    events: pa.Table
    set_aside: pa.Table
    kept_out: int


def judge(
    connection: DuckDBPyConnection, spec: EventSpec, lines_read: pa.Table, now: datetime, erased: Erased
) -> Judged:
    """Judges the rows (as `staged` gives them) by themselves, by each other and by what the stream has.

    The SQL reads the Arrow tables of this function by their names: one that is registered, or a temporary table, would
    keep its memory until the transaction ends.
    """
    about: dict[str, object] = {"now": now, "stream": spec.stream}
    names = {"stream": quote_table("streams", spec.stream)}
    event, paths = mapped(spec.columns)
    lines = connection.sql(statement("events/lines.sql").format(mapped=event), params=paths).to_arrow_table()
    parsed_events = connection.sql(statement("events/parsed.sql"), params={"now": now}).to_arrow_table()
    said = parsed_events.num_rows
    if erased:
        parsed_events = _without(connection, spec.stream, parsed_events, erased)
    kept_out = said - parsed_events.num_rows
    judged_events = connection.sql(statement("events/judged.sql").format_map(names)).to_arrow_table()
    set_aside = connection.sql(statement("events/set_aside.sql"), params=about).to_arrow_table()
    if erased:
        refused = set_aside
        names_erased = mentions_erased(spec.stream, "concat_ws(' ', reason, content)", erased)
        set_aside = connection.sql(f"FROM refused WHERE NOT {names_erased}").to_arrow_table()
        kept_out += refused.num_rows - set_aside.num_rows
        del refused
    del lines_read, lines, parsed_events
    return Judged(judged_events, set_aside, kept_out)


def _without(connection: DuckDBPyConnection, stream: str, arrived: pa.Table, erased: Erased) -> pa.Table:
    """The events but those of erased people, who are named in no other either."""
    described = connection.sql("DESCRIBE FROM arrived").fetchall()
    rows = screened("FROM arrived", stream, {row[0]: row[1] for row in described}, erased)
    screened_rows = connection.sql(rows).to_arrow_table()
    del arrived
    return screened_rows.filter(pc.is_valid(screened_rows.column("event_id")))


def keep(connection: DuckDBPyConnection, spec: EventSpec, judged: Judged) -> None:
    """Moves what is new to the stream, and the rest aside."""
    judged_events, new_set_aside = judged.events, judged.set_aside
    connection.execute(statement("events/insert.sql").format(stream=quote_table("streams", spec.stream)))
    connection.execute("INSERT INTO ops.set_aside BY NAME FROM new_set_aside")
    del judged_events, new_set_aside


def verdicts(connection: DuckDBPyConnection, judged: Judged) -> list[tuple[str, str, int, datetime | None]]:
    """File, verdict, how many events, and when the newest of them was."""
    events = judged.events
    groups = connection.sql("SELECT _file, verdict, count(*), max(occurred_at) FROM events GROUP BY ALL").fetchall()
    del events
    return groups
