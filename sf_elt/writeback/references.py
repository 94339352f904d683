"""Records of other objects that an export's fields refer to: an owner by the email, an account by its name."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

import duckdb
import orjson

from sf_elt.salesforce import ObjectDescribe, Org, RequestRefused
from sf_elt.salesforce.matching import find_matches
from sf_elt.warehouse import Warehouse, naive
from sf_elt.writeback.errors import ExportMisconfigured
from sf_elt.writeback.held import chunks
from sf_elt.writeback.sought import Sought
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.targets import sought_records
from sf_elt.writeback.verdicts import FoundRecord, prepare

ANSWER_STANDS = timedelta(days=1)
AT_ONCE = 5000
NEW = "new"


def find_references(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    described: ObjectDescribe,
    *,
    now: datetime,
    keep: bool,
    among: Sequence[str] | None = None,
) -> list[FoundRecord]:
    """Looks up the records that fields refer to and of which nothing is known since yesterday; gives what was found.

    Kept in writeback.found_records where `keep` is true. A user that is not active is none: the org gives them no more
    records. Raises ExportMisconfigured for a field that Salesforce does not filter by, AllowanceSpent.
    """
    found: list[FoundRecord] = []
    for number in count():
        pending = _pending(warehouse, spec, described, number, found, now=now, among=among)
        if pending is None:
            return found
        sought, values = pending
        for some in chunks(values, AT_ONCE):
            records = _look_up(org, spec, sought, some)
            if keep:
                with warehouse.write() as connection:
                    keep_found(connection, records, now=now)
            found += records
    return found


def keep_found(connection: duckdb.DuckDBPyConnection, found: Sequence[FoundRecord], *, now: datetime) -> None:
    """Writes into writeback.found_records what was found, in place of what stood there."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE new_found AS
        SELECT unnest(from_json($found, '[{
            "object": "VARCHAR", "field": "VARCHAR", "value": "VARCHAR", "record_id": "VARCHAR"
        }]'), max_depth := 2)
        """,
        {"found": orjson.dumps([vars(each) for each in found]).decode()},
    )
    connection.execute(
        "DELETE FROM writeback.found_records AS old USING new_found AS new "
        "WHERE (old.object, old.field, old.value) = (new.object, new.field, new.value)"
    )
    connection.execute(
        "INSERT INTO writeback.found_records BY NAME SELECT *, ?::TIMESTAMP AS found_at FROM new_found", [naive(now)]
    )


def _pending(
    warehouse: Warehouse,
    spec: ExportSpec,
    described: ObjectDescribe,
    number: int,
    found: Sequence[FoundRecord],
    *,
    now: datetime,
    among: Sequence[str] | None,
) -> tuple[Sought, list[str]] | None:
    """What is looked for as that number, and the values that subjects in the source have and nothing is known of."""
    with warehouse.read() as connection:
        types = prepare(connection, spec, described, now=now, found=found, among=among)
        all_sought = sought_records(spec, described, types)
        if number >= len(all_sought):
            return None
        sought = all_sought[number]
        rows = connection.execute(
            f"""
            SELECT DISTINCT {sought.key} AS value
            FROM subject_rows AS subject SEMI JOIN (FROM subject_values WHERE in_source) AS wanted
                ON wanted.subject_id = subject._subject_id
            WHERE value <> '' AND value NOT IN (
                SELECT value FROM writeback.found_records WHERE object = ? AND field = ? AND found_at >= ?::TIMESTAMP
            )
            ORDER BY value
            """,  # noqa: S608 - the names are quoted
            [sought.object, sought.field, naive(now - ANSWER_STANDS)],
        ).fetchall()
    asked = {each.value for each in found if (each.object, each.field) == (sought.object, sought.field)}
    return sought, [str(value) for (value,) in rows if value not in asked]


def _look_up(org: Org, spec: ExportSpec, sought: Sought, values: Sequence[str]) -> list[FoundRecord]:
    only_active = sought.object == "User"
    keys = [[value] if len(sought.fields) == 1 else orjson.loads(value) for value in values]
    more_fields = ["IsActive"] if only_active else []
    try:
        answers = find_matches(org, sought.object, list(sought.fields), "and", keys, more_fields=more_fields)
    except RequestRefused as error:
        raise ExportMisconfigured(f"export {spec.name!r}: find {sought.object} by {sought.field}: {error}") from None
    found = []
    for value, answer in zip(values, answers, strict=True):
        ids = [record.id for record in answer.records if not only_active or record.fields.get("IsActive")]
        found.append(FoundRecord(sought.object, sought.field, value, ids[0] if len(ids) == 1 else None))
    return found
