"""Records of other objects that an export's fields refer to: an owner by the email, an account by its name."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb
import orjson

from sf_elt.salesforce import ObjectDescribe, Org, RequestRefused
from sf_elt.salesforce.matching import find_matches
from sf_elt.warehouse import Warehouse, naive
from sf_elt.writeback.errors import ExportMisconfigured
from sf_elt.writeback.field_sources import Constant
from sf_elt.writeback.held import chunks
from sf_elt.writeback.sought import MEMBER, MEMBER_STATUS, Sought, sought_by
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.targets import sought_statuses
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
    for of_finds in (True, False):
        for sought, values in _pending(warehouse, spec, described, found, of_finds=of_finds, now=now, among=among):
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
    found: Sequence[FoundRecord],
    *,
    of_finds: bool,
    now: datetime,
    among: Sequence[str] | None,
) -> list[tuple[Sought, list[str]]]:
    """What is looked for, with the values that subjects in the source have and of which nothing is known.

    `of_finds`: by {find: …}; else what follows from that, the status of a campaign's member.
    """
    if not (spec.references() if of_finds else described.name == MEMBER):
        return []
    with warehouse.read() as connection:
        types = prepare(connection, spec, described, now=now, found=found, among=among)
        finds = [sought_by(source, types) for source in spec.references()]
        wanted = finds if of_finds else sought_statuses(spec, described, types)
        constants = {sought_by(source, types) for source in spec.references() if isinstance(source.equals, Constant)}
        return [
            (each, _unknown(connection, each, among, now - ANSWER_STANDS, asks_again=each in constants))
            for each in dict.fromkeys(wanted)
        ]


def _unknown(
    connection: duckdb.DuckDBPyConnection,
    sought: Sought,
    among: Sequence[str] | None,
    since: datetime,
    *,
    asks_again: bool,
) -> list[str]:
    """The values of which nothing is known since then; `asks_again`: also those of which there was no record."""
    rows = connection.execute(
        f"""
        SELECT DISTINCT {sought.key} AS value
        FROM subject_rows AS subject
        WHERE
            subject._in_source AND value <> ''
            AND ($among::VARCHAR[] IS NULL OR list_contains($among::VARCHAR[], subject._subject_id))
            AND value NOT IN (
                SELECT value FROM writeback.found_records
                WHERE
                    object = $object AND field = $field AND found_at >= $since::TIMESTAMP
                    AND (record_id IS NOT NULL OR NOT $asks_again)
            )
        ORDER BY value
        """,  # noqa: S608 - the names are quoted
        {
            "among": None if among is None else list(among),
            "object": sought.object,
            "field": sought.field,
            "since": naive(since),
            "asks_again": asks_again,
        },
    ).fetchall()
    return [str(value) for (value,) in rows]


def _look_up(org: Org, spec: ExportSpec, sought: Sought, values: Sequence[str]) -> list[FoundRecord]:
    only_active = sought.object == "User"
    keys = [value.split("\n", len(sought.fields) - 1) for value in values]
    more_fields = ["IsActive"] if only_active else []
    try:
        answers = find_matches(org, sought.object, list(sought.fields), "and", keys, more_fields=more_fields)
    except RequestRefused as error:
        raise ExportMisconfigured(f"export {spec.name!r}: find {sought.object} by {sought.field}: {error}") from None
    found = []
    for value, answer in zip(values, answers, strict=True):
        ids = [record.id for record in answer.records if not only_active or record.fields.get("IsActive")]
        found.append(FoundRecord(sought.object, sought.field, value, ids[0] if len(ids) == 1 else None))
    return [*found, *_other_statuses(org, sought, found)]


def _other_statuses(org: Org, sought: Sought, found: Sequence[FoundRecord]) -> list[FoundRecord]:
    """All statuses of campaigns that lack one which was looked for: for the message that says which they have."""
    if sought.object != MEMBER_STATUS:
        return []
    campaign, label = sought.fields
    lacking = list(dict.fromkeys(each.value.partition("\n")[0] for each in found if each.record_id is None))
    answers = find_matches(org, sought.object, [campaign], "or", [(each,) for each in lacking], more_fields=[label])
    known = {each.value for each in found}
    return [
        FoundRecord(sought.object, sought.field, value, record.id)
        for of_campaign, answer in zip(lacking, answers, strict=True)
        for record in answer.records
        if (value := f"{of_campaign}\n{record.fields[label]}") not in known
    ]
