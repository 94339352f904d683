"""Writing over SOAP: create, update, upsert, delete, undelete. Up to 200 records a call, of one or several objects."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool

from sf_elt.demo_org.rest.refusals import duplicate_result
from sf_elt.demo_org.saving import Operation, SaveError, SaveOptions, SaveOutcome, save_by_id, save_mixed
from sf_elt.demo_org.soap.envelope import SoapFault, children, texts
from sf_elt.demo_org.soap.operation import Asked
from sf_elt.demo_org.soap.records import read_record, with_sobjects
from sf_elt.demo_org.soap.xml import XmlValue

MOST_RECORDS = 200


async def create(asked: Asked) -> XmlValue:
    return [result(asked, each) for each in await _save_records(asked, "insert")]


async def update(asked: Asked) -> XmlValue:
    return [result(asked, each) for each in await _save_records(asked, "update")]


async def upsert(asked: Asked) -> XmlValue:
    """Outcomes say what was created."""
    key = asked.argument("externalIDFieldName")
    return [{"created": each.created, **result(asked, each)} for each in await _save_records(asked, "upsert", key)]


async def delete(asked: Asked) -> XmlValue:
    return await _by_id(asked, "delete")


async def undelete(asked: Asked) -> XmlValue:
    return await _by_id(asked, "undelete")


def result(asked: Asked, outcome: SaveOutcome) -> dict[str, XmlValue]:
    """One outcome as SaveResult, DeleteResult or UndeleteResult."""
    return {
        "errors": errors(asked, outcome.errors),
        "id": outcome.id if outcome.success else None,
        "success": outcome.success,
    }


def errors(asked: Asked, found: Sequence[SaveError]) -> list[XmlValue]:
    return [_error(asked, each) for each in found]


def _error(asked: Asked, error: SaveError) -> dict[str, XmlValue]:
    """One error; what a duplicate rule found goes along with it."""
    told: dict[str, XmlValue] = {"fields": error.fields, "message": error.message, "statusCode": error.status_code}
    if error.duplicates is None:
        return told
    duplicates = duplicate_result(error.duplicates, asked.version)
    return {"@xsi:type": "DuplicateError", **told, "duplicateResult": with_sobjects(asked.schema, duplicates)}


def check_count(asked: Asked, given: Sequence[object], most: int = MOST_RECORDS) -> None:
    """Refuses a call with more records than it takes, and notes how many there are."""
    if len(given) > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise SoapFault("EXCEEDED_ID_LIMIT", message)
    asked.request.state.rows = len(given)


def says_true(asked: Asked, header: str, member: str) -> bool:
    """Whether a SOAP header such as AllOrNoneHeader says true."""
    return (asked.call.header(header, member) or "").strip().lower() in ("true", "1")


def options_of(asked: Asked) -> SaveOptions:
    """How the caller wants records saved."""
    return SaveOptions(
        allow_duplicates=says_true(asked, "DuplicateRuleHeader", "allowSave"),
        duplicate_details=says_true(asked, "DuplicateRuleHeader", "includeRecordDetails"),
    )


async def _save_records(asked: Asked, operation: Operation, key: str | None = None) -> list[SaveOutcome]:
    given = [read_record(each) for each in children(asked.arguments, "sObjects")]
    check_count(asked, given)
    records = [(asked.object_type(kind).name, record) for kind, record in given]
    return await run_in_threadpool(
        save_mixed,
        asked.org.store,
        asked.user_id,
        operation,
        records,
        external_id_field=key,
        all_or_none=says_true(asked, "AllOrNoneHeader", "allOrNone"),
        schema=asked.schema,
        options=options_of(asked),
    )


async def _by_id(asked: Asked, operation: Operation) -> XmlValue:
    """Records of any objects by their Ids; what is no Id is refused in its place. beatbox writes `id` for `ids`."""
    given = texts(asked.arguments, "ids") or texts(asked.arguments, "id")
    check_count(asked, given)
    outcomes = await run_in_threadpool(
        save_by_id,
        asked.org.store,
        asked.user_id,
        operation,
        given,
        all_or_none=says_true(asked, "AllOrNoneHeader", "allOrNone"),
        schema=asked.schema,
    )
    return [result(asked, each) for each in outcomes]
