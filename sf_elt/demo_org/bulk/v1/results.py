"""The result files of a batch, in the job's format: one verdict for each record, or the rows of a query."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import orjson

from sf_elt.demo_org.bulk.apply import error_text
from sf_elt.demo_org.bulk.dialect import Dialect
from sf_elt.demo_org.bulk.results import write_rows
from sf_elt.demo_org.bulk.v1.answers import NAMESPACE, text
from sf_elt.demo_org.bulk.v1.jobs import ContentType
from sf_elt.demo_org.numbers import double_text
from sf_elt.demo_org.saving import SaveOutcome
from sf_elt.demo_org.soql import Compiled, csv_statement, json_statement

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_QUERY_RESULT = f'{_HEAD}<queryResult xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
_AT_ONCE = 10_000


def write_verdicts(file: Path, content_type: ContentType, outcomes: Sequence[SaveOutcome]) -> None:
    """What became of each record, in the order in which they were sent."""
    if content_type == "CSV":
        rows = ((each.id or "", _flag(each.success), _flag(each.created), error_text(each)) for each in outcomes)
        Dialect().write(file, ("Id", "Success", "Created", "Error"), rows)
    elif content_type == "JSON":
        file.write_bytes(orjson.dumps([_json_verdict(each) for each in outcomes]))
    else:
        inside = "".join(f"<result>{_xml_verdict(each)}</result>" for each in outcomes)
        file.write_text(f'{_HEAD}<results xmlns="{NAMESPACE}">{inside}</results>', encoding="utf-8")


def write_records(
    connection: duckdb.DuckDBPyConnection, compiled: Compiled, version: str, file: Path, content_type: ContentType
) -> int:
    """Runs a query into the file and says how many records it gave. Raises SoqlError for what bulk does not query."""
    statement = csv_statement(compiled)
    if content_type == "CSV":
        rows = write_rows(connection, statement, compiled.parameters, file, Dialect())
        if not rows.total:
            file.write_text("Records not found for this query", encoding="utf-8")
        return rows.total
    cursor = connection.execute(json_statement(compiled, version), compiled.parameters)
    show: Callable[[dict[str, object]], str]
    if content_type == "JSON":
        before, between, after, show = "[", ",", "]", _with_epochs(compiled)
    else:
        before, between, after, show = _QUERY_RESULT, "", "</queryResult>", _xml_record
    written = 0
    with file.open("w", encoding="utf-8") as stream:
        stream.write(before)
        while found := cursor.fetchmany(_AT_ONCE):
            stream.write(between if written else "")
            stream.write(between.join(show(orjson.loads(record)) for (record,) in found))
            written += len(found)
        stream.write(after)
    return written


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _json_verdict(outcome: SaveOutcome) -> dict[str, object]:
    errors = [
        {
            "message": each.message,
            "fields": list(each.fields),
            "statusCode": each.status_code,
            "extendedErrorDetails": None,
        }
        for each in outcome.errors
    ]
    return {"success": outcome.success, "created": outcome.created, "id": outcome.id, "errors": errors}


def _xml_verdict(outcome: SaveOutcome) -> str:
    errors = "".join(
        "<errors>"
        + "".join(f"<fields>{text(name)}</fields>" for name in each.fields)
        + f"<message>{text(each.message)}</message><statusCode>{each.status_code}</statusCode></errors>"
        for each in outcome.errors
    )
    record_id = f"<id>{outcome.id}</id>" if outcome.id else ""
    return f"{errors}{record_id}<success>{_flag(outcome.success)}</success><created>{_flag(outcome.created)}</created>"


def _with_epochs(compiled: Compiled) -> Callable[[dict[str, object]], str]:
    """Gives a record as JSON in which datetimes are milliseconds since 1970, as this API alone writes them."""
    paths = [tuple(each.name.split(".")) for each in compiled.columns if each.field.type == "datetime"]

    def show(record: dict[str, object]) -> str:
        for *parents, name in paths:
            holder: object = record
            for parent in parents:
                holder = holder.get(parent) if isinstance(holder, dict) else None
            if isinstance(holder, dict) and isinstance(shown := holder.get(name), str):
                holder[name] = int(datetime.fromisoformat(shown).timestamp() * 1000)
        return orjson.dumps(record).decode()

    return show


def _xml_record(record: dict[str, object]) -> str:
    return f'<records xsi:type="sObject">{_xml_members(record)}</records>'


def _xml_members(record: Mapping[str, object]) -> str:
    """A record's type, its Id (twice, as Salesforce has it), then its fields; parents are records themselves."""
    attributes = record.get("attributes")
    kind = attributes["type"] if isinstance(attributes, Mapping) else ""
    url = str(attributes["url"]) if isinstance(attributes, Mapping) and "url" in attributes else ""
    record_id = record.get("Id", url.rpartition("/")[2])
    members = [f"<type>{kind}</type><Id>{record_id}</Id>"]
    for name, value in record.items():
        if name == "attributes":
            continue
        if value is None:
            members.append(f'<{name} xsi:nil="true"/>')
        elif isinstance(value, Mapping):
            members.append(f'<{name} xsi:type="sObject">{_xml_members(value)}</{name}>')
        else:
            members.append(f"<{name}>{text(_shown(value))}</{name}>")
    return "".join(members)


def _shown(value: object) -> object:
    """Datetimes end in Z, and numbers with decimals are written as Java does."""
    if isinstance(value, float):
        return double_text(value)
    return value.removesuffix("+0000") + "Z" if isinstance(value, str) and value.endswith(".000+0000") else value
