"""Upserts by an external id: whoever has it by now is known before anything is written, and no record is overwritten of
which it is not known what stood there.
"""

from collections.abc import Mapping, Sequence

import duckdb
import orjson

from sf_elt.salesforce import ObjectDescribe, Org
from sf_elt.salesforce.matching import find_matches
from sf_elt.writeback.held import as_text
from sf_elt.writeback.journal import PlannedRow
from sf_elt.writeback.spec import ExportSpec


def found_by_external_id(
    org: Org, spec: ExportSpec, described: ObjectDescribe, rows: Sequence[PlannedRow]
) -> dict[int, str]:
    """Which of the rows, planned as new, have a record by now: its Id by row number. One call for up to 10,000 values.

    A value that several records have is left to the org, which refuses it.
    """
    field = described.field(spec.external_id).name
    answers = find_matches(org, spec.object, [field], "or", [(as_text(row.payload.get(field)),) for row in rows])
    return {
        row.row_number: answer.records[0].id
        for row, answer in zip(rows, answers, strict=True)
        if answer.outcome == "one"
    }


def become_updates(
    connection: duckdb.DuckDBPyConnection, spec: ExportSpec, rows: Sequence[PlannedRow], found: Mapping[int, str]
) -> None:
    """Has the rows, which are of one plan, update the records that were found: without what only new ones get."""
    updated = {name.casefold() for name in spec.salesforce_fields()} - {
        name.casefold() for name in spec.fields_on_create
    }
    changed = [
        {
            "row_number": row.row_number,
            "record_id": found[row.row_number],
            "payload": orjson.dumps(
                {name: value for name, value in row.payload.items() if name.casefold() in updated}
            ).decode(),
        }
        for row in rows
    ]
    connection.execute(
        """
        UPDATE writeback.plan_rows AS rows
        SET operation = 'update', record_id = found.record_id, payload = found.payload, payload_md5 = md5(found.payload)
        FROM (
            SELECT unnest(from_json($found, '[{
                "row_number": "BIGINT", "record_id": "VARCHAR", "payload": "VARCHAR"
            }]'), max_depth := 2)
        ) AS found
        WHERE rows.plan_id = $plan_id AND rows.row_number = found.row_number AND rows.status = 'planned'
        """,
        {"found": orjson.dumps(changed).decode(), "plan_id": rows[0].plan_id},
    )
