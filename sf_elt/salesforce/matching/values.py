"""A text as the value that a field takes, and when two values are the same to the org."""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal

from sf_elt.salesforce.describe import FieldDescribe
from sf_elt.salesforce.ids import record_id
from sf_elt.salesforce.matching.matchers import IDS, NUMBERS, TEXTS
from sf_elt.salesforce.soql import Value

Comparable = str | float | bool | date | datetime

_TRIMMED = "".join(map(chr, range(33)))  # what Salesforce takes from both ends of a text before it keeps it

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATE_AT_MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T]00:00(?::00(?:\.0+)?)?)?", re.ASCII)

# What Salesforce keeps ("Primitive Data Types", "Field Types", Object Reference): one value beyond it would have the
# org refuse the whole query.
_YEARS = range(1700, 4001)
_LARGEST_INT = 2**31 - 1
_DIGITS = 18  # of a number, before its point and behind it


def trimmed(text: str) -> str:
    """The text as Salesforce would keep it: an empty one is no value."""
    return text.strip(_TRIMMED)


def cast(field: FieldDescribe, text: str) -> Value:
    """The text, as DuckDB writes a value, as the value that the field is compared with; Ids of 18 characters.

    A datetime without a time zone is in UTC. Raises ValueError: `cannot match *date* field CloseDate to *string*
    'soon'`.
    """
    given = trimmed(text)
    try:
        return _cast(field.type, given)
    except ValueError:
        raise ValueError(f"cannot match *{field.type}* field {field.name} to *{_kind(given)}* {given!r}") from None


def comparable(field: FieldDescribe, value: Value) -> Comparable:
    """What is equal for two values that the org calls equal: text without its letter case, unless it is kept."""
    match value:
        case str():
            return value if field.caseSensitive or field.type in IDS else value.lower()
        case bool():
            return value
        case int() | float() | Decimal():
            return float(value)
        case datetime():
            return value.replace(microsecond=value.microsecond // 1000 * 1000)
        case date():
            return value
    raise ValueError(f"{field.name} is compared with nothing")


def loosened(value: Comparable) -> Comparable:
    """Text also without accents, widths and forms of letters, of which databases judge differently."""
    if not isinstance(value, str):
        return value
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", value).casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def can_hold(field: FieldDescribe, value: Value) -> bool:
    """Whether a record can have that value: no text that is longer than its field."""
    return not isinstance(value, str) or field.type in IDS or not 0 < field.length < len(value)


def _cast(kind: str, text: str) -> Value:
    if kind in TEXTS:
        return text
    if kind in IDS:
        return record_id(text)
    if kind in NUMBERS:
        return _integer(text) if kind == "int" else _decimal(text)
    match kind:
        case "boolean" if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case "date":
            return _date(text)
        case "datetime":
            return _datetime(text)
    raise ValueError(kind)


def _integer(text: str) -> int:
    number = _decimal(text)
    if number != int(number) or abs(number) > _LARGEST_INT:
        raise ValueError(text)
    return int(number)


def _decimal(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    number = Decimal(text)
    if abs(number) >= 10**_DIGITS or (number and round(number, _DIGITS) == 0):
        raise ValueError(text)
    return number


def _date(text: str) -> date:
    found = _DATE_AT_MIDNIGHT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return _within_years(date.fromisoformat(found[1]))


def _datetime(text: str) -> datetime:
    if not _DATE.match(text):
        raise ValueError(text)
    at = datetime.fromisoformat(text)
    _within_years(at.date())  # first: another zone would have no year for the first and last of Python's
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    _within_years(at.date())
    return at


def _within_years(day: date) -> date:
    if day.year not in _YEARS:
        raise ValueError(str(day))
    return day


def _kind(text: str) -> str:
    """What the text looks like, in the words of messages to people."""
    if _NUMBER.fullmatch(text):
        return "number"
    if text.lower() in ("true", "false"):
        return "boolean"
    if _DATE.match(text):
        return "date" if _DATE.fullmatch(text) else "datetime"
    return "string"
