"""What the org holds of the records that we write: read in few calls, and compared with what we want it to hold."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import orjson

from sf_elt.salesforce import FieldDescribe, ObjectDescribe, Org, UnknownField, retrieve
from sf_elt.salesforce.matching import find_matches

MOST_RECORDS = 2000  # of one call

Values = Mapping[str, object]
Item = TypeVar("Item")


def look_up(org: Org, object_name: str, fields: Sequence[str], record_ids: Sequence[str]) -> dict[str, Values]:
    """The org's values of `fields` by record id, in one call for 2,000 records, and for 10,000 where there are more.

    Deleted records are not there.
    """
    if not record_ids:
        return {}
    if len(record_ids) <= MOST_RECORDS:
        found = retrieve(org, object_name, record_ids, ["Id", *(field for field in fields if field != "Id")])
        return {str(record["Id"]): record for record in found}
    keys = [(record_id,) for record_id in record_ids]
    matches = find_matches(org, object_name, ["Id"], "or", keys, more_fields=fields)
    return {record.id: record.fields for match in matches for record in match.records}


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """`items` in pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def as_text(value: object) -> str | None:
    """A field's value as people and `previous_values` read it."""
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def differing_fields(describe: ObjectDescribe, payload: Values, held: Values | None) -> list[str]:
    """The fields of `payload` that the org does not hold as wanted; all of them where it does not hold the record."""
    if held is None:
        return list(payload)
    return [name for name, wanted in payload.items() if not _holds(describe, name, wanted, held)]


def _holds(describe: ObjectDescribe, name: str, wanted: object, held: Values) -> bool:
    try:
        field = describe.field(name)
    except UnknownField:  # the field has gone since it was sent
        return False
    return field.name in held and is_same(field, as_text(wanted), as_text(held[field.name]))


def is_same(field: FieldDescribe, wanted: str | None, held: str | None) -> bool:
    """Whether the org, asked to hold `wanted`, would answer `held`: it trims text, orders multi-select values, …"""
    wanted, held = _trimmed(wanted), _trimmed(held)
    if wanted == held or not (wanted and held):
        return wanted == held
    match field.type:
        case "int" | "double" | "currency" | "percent":
            return _are_numbers(wanted, held) and _rounds_to(float(wanted), float(held), field.scale)
        case "datetime":
            return _second(wanted) == _second(held)
        case "multipicklist":
            return set(wanted.split(";")) == set(held.split(";"))
        case "email":
            return wanted.casefold() == held.casefold()
        case "reference":
            return wanted[:15] == held[:15]
        case _:
            return False


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def _rounds_to(wanted: float, held: float, scale: int) -> bool:
    """Whether that is the number with so many decimals; a half may have been rounded either way."""
    return abs(wanted - held) <= 0.5 * 10.0**-scale + 1e-9 * abs(wanted)


def _are_numbers(*texts: str) -> bool:
    try:
        return all(float(text) is not None for text in texts)
    except ValueError:
        return False


def _second(text: str) -> datetime | str:
    """A datetime to the second in UTC, whichever way it is written; the text itself where it is none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):  # the latter where UTC has no year for it
        return text
