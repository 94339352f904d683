"""From the values a client sends to the values a column holds, as each field's type and limits allow."""

import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TypeVar

from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.saving.outcome import Refused, refused
from sf_elt.demo_org.schema import Field

Cell = str | bool | int | float | date | datetime | None
"""What a column holds. Datetimes are naive UTC, in whole seconds."""

EARLIEST, LATEST = date(1700, 1, 1), date(4000, 12, 31)
_Day = TypeVar("_Day", date, datetime)

_BLANK = " \t\n\v\f\r"
"""What is trimmed off texts: no other space, such as U+00A0."""

Reader = Callable[[object], Cell]
"""Reads the values of one field. Raises Refused with Salesforce's code for what the field forbids."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_TIME = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,3}))?Z?", re.ASCII)
_EMAIL = re.compile(r"[^\s@,;:\"<>()\[\]\\]+@(?:[^\s@.,;:\"<>()\[\]\\]+\.)+[^\s@.,;:\"<>()\[\]\\]{2,}")


def cell(field: Field, value: object) -> Cell:
    """The value as the field's column holds it. Raises Refused with Salesforce's code for what the field forbids."""
    return reader_of(field)(value)


def reader_of(field: Field) -> Reader:
    """What reads the field's values: make it once for many. Null and empty text are null, false for a flag."""
    make = _MAKERS.get(field.type)
    if make is not None:
        return make(field)
    read = _READERS.get(field.type)
    if read is None:
        return _text_reader(field)
    empty = False if field.type == "boolean" else None

    def reader(value: object) -> Cell:
        return empty if value is None or value == "" else read(field, value)

    return reader


def _text_reader(field: Field) -> Callable[[object], str | None]:
    """Reads text, trimmed as Salesforce does (Apex Developer Guide, "Empty Strings and Trailing Whitespace").

    Most cells of most batches pass here, so it looks nothing up.
    """
    longest = field.length or sys.maxsize

    def text(value: object) -> str | None:
        if not isinstance(value, str):
            if value is None:
                return None
            value = _as_text(field, value)
        value = value.strip(_BLANK)
        if len(value) > longest:
            shown = value if len(value) <= 255 else value[:255] + "..."
            message = f"{field.label}: data value too large: {shown} (max length={longest})"
            raise refused("STRING_TOO_LONG", message, field.name)
        return value or None

    return text


def _as_text(field: Field, value: object) -> str:
    if not isinstance(value, bool | int | float):
        raise _wrong_type(field, value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _email_reader(field: Field) -> Reader:
    """Reads an address, which Salesforce keeps in lower case (IdeaExchange, "EmailAddress with capital letters")."""
    text_of = _text_reader(field)

    def email(value: object) -> str | None:
        text = text_of(value)
        if text is not None and not _EMAIL.fullmatch(text):
            raise refused("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", field.name)
        return text and text.lower()

    return email


def _picklist_reader(field: Field) -> Reader:
    """Reads one value or, for a multipicklist, several; in the picklist's own spelling, as letter case does not matter.

    Unrestricted picklists take any value. Several are kept in the order in which the picklist was made, whatever their
    order was (Salesforce Help, "Multi-Select Picklist Value Ordering Behavior"); values beside the list come last.
    """
    spellings = {each.lower(): each for each in field.picklist}
    places = {each: place for place, each in enumerate(field.picklist)}
    text_of = _text_reader(field)

    def allowed(text: str) -> str:
        spelling = spellings.get(text.lower())
        if spelling is None and field.restricted:
            message = f"{field.label}: bad value for restricted picklist field: {text}"
            raise refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, field.name)
        return spelling or text

    def one(value: object) -> str | None:
        text = text_of(value)
        return text if text is None else allowed(text)

    def several(value: object) -> str | None:
        text = text_of(value)
        if text is None:
            return None
        chosen = dict.fromkeys(allowed(each.strip()) for each in text.split(";") if each.strip())
        return ";".join(sorted(chosen, key=lambda each: places.get(each, len(places)))) or None

    return several if field.type == "multipicklist" else one


def _reference(field: Field, value: object) -> str:
    record_id = normalise(value) if isinstance(value, str) else None
    if record_id is None:
        raise refused("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", field.name)
    return record_id


def _boolean(field: Field, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _wrong_type(field, value)


def _number_reader(field: Field) -> Reader:
    """Reads a number, rounded half up to the field's decimals."""
    most = Decimal(10) ** ((field.precision or 18) - field.scale)
    step = Decimal(1).scaleb(-field.scale)

    def number(value: object) -> float | None:
        if value is None or value == "":
            return None
        found = _decimal(field, value)
        if abs(found) >= most:
            raise _out_of_range(field, value)
        return float(found.quantize(step, ROUND_HALF_UP)) + 0.0  # never -0.0

    return number


def _integer(field: Field, value: object) -> int:
    number = _decimal(field, value)
    if number != number.to_integral_value():
        raise _wrong_type(field, value)
    if abs(number) >= 10 ** (field.digits or 9):
        raise _out_of_range(field, value)
    return int(number)


def _decimal(field: Field, value: object) -> Decimal:
    if type(value) is int:
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, float | str):
        raise _wrong_type(field, value)
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        raise _wrong_type(field, value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _wrong_type(field, value) from None
    if not number.is_finite():
        raise _wrong_type(field, value)
    return number


def _date(field: Field, value: object) -> date:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        found = None
    if found is None:
        raise _wrong_type(field, value)
    return _within_calendar(field, found, found)


def _datetime(field: Field, value: object) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and _MOMENT.fullmatch(value) else None
        if found is not None and found.tzinfo is not None:
            found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise _wrong_type(field, value)
    return _within_calendar(field, found.replace(tzinfo=None, microsecond=0), found.date())


def _time(field: Field, value: object) -> str:
    """As the org keeps and shows it: `09:30:00.000Z`."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _wrong_type(field, value)
    return f"{match[1]}.{(match[2] or '').ljust(3, '0')}Z"


def _base64(field: Field, value: object) -> str:
    """The text of a binary field, without line breaks."""
    if not isinstance(value, str):
        raise _wrong_type(field, value)
    try:
        return b64encode(b64decode("".join(value.split()), validate=True)).decode()
    except ValueError as error:
        raise _wrong_type(field, "(not base64)") from error


def _within_calendar(field: Field, value: _Day, day: date) -> _Day:
    if not EARLIEST <= day <= LATEST:
        raise refused("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{field.label}: invalid date: {value}", field.name)
    return value


def _wrong_type(field: Field, value: object) -> Refused:
    message = f"{field.label}: value not of required type: {value}"
    return refused("INVALID_TYPE_ON_FIELD_IN_RECORD", message, field.name)


def _out_of_range(field: Field, value: object) -> Refused:
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return refused("NUMBER_OUTSIDE_VALID_RANGE", message, field.name)


_MAKERS: dict[str, Callable[[Field], Reader]] = {
    "email": _email_reader,
    "picklist": _picklist_reader,
    "multipicklist": _picklist_reader,
    "double": _number_reader,
    "currency": _number_reader,
    "percent": _number_reader,
}
_READERS: dict[str, Callable[[Field, object], Cell]] = {
    "reference": _reference,
    "id": _reference,
    "boolean": _boolean,
    "int": _integer,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "base64": _base64,
}
"""All other types are text."""
