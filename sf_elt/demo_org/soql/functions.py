"""SOQL's functions: what each makes of its arguments, as a column of its own type.

Sources: Salesforce's SOQL reference, "Aggregate Functions", "Date Functions", "toLabel()", "FORMAT ()",
"Querying Currency Fields in Multi-Currency Orgs", "Location-Based SOQL Queries". Days are UTC's but for
convertTimezone() and FORMAT(), whose are the user's, and the fiscal year is the calendar's.
"""

from collections.abc import Callable
from decimal import Decimal
from zoneinfo import ZoneInfo

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.schema import Field
from sf_elt.demo_org.soql.ast import Call, Operand, Path, Text
from sf_elt.demo_org.soql.columns import NUMBERS, Column
from sf_elt.demo_org.soql.currencies import CORPORATE_CURRENCY, conversion_rate
from sf_elt.demo_org.soql.names import Names
from sf_elt.demo_org.values import text_literal

AGGREGATES = ("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX")

_DATE_FUNCTIONS = {
    "CALENDAR_MONTH": "month({})",
    "CALENDAR_QUARTER": "quarter({})",
    "CALENDAR_YEAR": "year({})",
    "DAY_IN_MONTH": "day({})",
    "DAY_IN_WEEK": "(dayofweek({}) + 1)",
    "DAY_IN_YEAR": "dayofyear({})",
    "DAY_ONLY": "CAST({} AS DATE)",
    "FISCAL_MONTH": "month({})",
    "FISCAL_QUARTER": "quarter({})",
    "FISCAL_YEAR": "year({})",
    "HOUR_IN_DAY": "hour({})",
    "WEEK_IN_MONTH": "((day({}) - 1) // 7 + 1)",
    "WEEK_IN_YEAR": "((dayofyear({}) - 1) // 7 + 1)",
}
_OF_DATETIMES = ("DAY_ONLY", "HOUR_IN_DAY")
_LABELLED = ("picklist", "multipicklist", "combobox")
_EARTH_RADIUS = {"mi": 3958.7558, "km": 6371.0088}


def operand_column(names: Names, operand: Operand) -> Column:
    """The field, or what the function makes of one. Raises SoqlError INVALID_FIELD, MALFORMED_QUERY."""
    if isinstance(operand, Path):
        return names.field_at(operand)
    function = _FUNCTIONS.get(operand.name)
    if function is None:
        raise _unexpected(names, operand)
    return function(names, operand)


def _aggregate(names: Names, call: Call) -> Column:
    path = _path(names, call)
    column = names.field_at(path)
    field, function = column.field, call.name
    if not (field.type in NUMBERS if function in ("SUM", "AVG") else field.aggregatable):
        raise SoqlError("MALFORMED_QUERY", f"field {path} does not support aggregate operator {function}")
    amount = _in_corporate_currency(names, column) if field.type == "currency" else column.sql
    match function:
        case "COUNT":
            return column.made(f"count({column.sql})", "int", name=str(call), aggregate=True)
        case "COUNT_DISTINCT":
            return column.made(f"count(DISTINCT {column.comparable})", "int", name=str(call), aggregate=True)
        case "SUM" if field.type == "int":
            return column.made(f"CAST(sum({amount}) AS BIGINT)", "int", name=str(call), aggregate=True)
        case "SUM" | "AVG":
            return column.made(f"{function.lower()}({amount})", "double", name=str(call), aggregate=True)
        case _:
            return column.made(f"{function.lower()}({amount})", field.type, name=str(call), aggregate=True)


def _grouping(names: Names, call: Call) -> Column:
    column = operand_column(names, _operand(names, call))
    return column.made(f"grouping({column.comparable})", "int", name=str(call), aggregate=True)


def _date_function(names: Names, call: Call) -> Column:
    argument = _operand(names, call)
    if isinstance(argument, Call) and argument.name == "CONVERTTIMEZONE":
        column = _in_time_zone(names, argument)
    elif isinstance(argument, Call):
        raise _unexpected(names, argument)
    else:
        column = names.field_at(argument)
    if column.field.type not in (("datetime",) if call.name in _OF_DATETIMES else ("date", "datetime")):
        message = f"field {argument} does not support date function {call.name}"
        raise names.context.refusal(call, "INVALID_FIELD", message)
    sql = _DATE_FUNCTIONS[call.name].format(column.sql)
    return column.made(sql, "date" if call.name == "DAY_ONLY" else "int", name=str(call))


def _in_time_zone(names: Names, call: Call) -> Column:
    """convertTimezone(): the moment as clocks of the user's time zone show it."""
    path = _path(names, call)
    column = names.field_at(path)
    if column.field.type != "datetime":
        message = f"field {path} does not support date function {call.name}"
        raise names.context.refusal(call, "INVALID_FIELD", message)
    return column.made(_local(names, column.sql), "datetime")


def _local(names: Names, moment: str) -> str:
    zone = names.context.now.tzinfo
    if not isinstance(zone, ZoneInfo) or zone.key == "UTC":
        return moment
    return f"timezone({text_literal(zone.key)}, timezone('UTC', {moment}))"


def _to_label(names: Names, call: Call) -> Column:
    """Labels are the values themselves in this org, which speaks one language; record types' names have them too."""
    path = _path(names, call)
    column = names.field_at(path)
    named_type = column.field.name_field and column.record.object_type.name == "RecordType"
    if column.field.type not in _LABELLED and not named_type:
        raise names.context.refusal(call, "INVALID_FIELD", f"field {path} does not support toLabel")
    return column


def _convert_currency(names: Names, call: Call) -> Column:
    path = _path(names, call)
    column = names.field_at(path)
    if column.field.type != "currency":
        message = f"field {path} does not support convertCurrency"
        raise names.context.refusal(call, "INVALID_FIELD", message)
    return column.made(_in_corporate_currency(names, column), "currency")


def _format(names: Names, call: Call) -> Column:
    """Numbers, dates and amounts as the user's locale (en_US) writes them."""
    column = operand_column(names, _operand(names, call))
    sql, field = column.sql, column.field
    match field.type:
        case "datetime":
            sql = f"strftime({_local(names, sql)}, '%-m/%-d/%Y, %-I:%M %p')"
        case "date":
            sql = f"strftime({sql}, '%-m/%-d/%Y')"
        case "int":
            sql = f"format('{{:,}}', {sql})"
        case "double" | "percent":
            sql = f"format('{{:,.{field.scale}f}}', {sql})"
        case "currency":
            sql = f"{_currency_code(names, column, call)} || ' ' || format('{{:,.2f}}', {sql})"
        case _:
            raise names.context.refusal(call, "INVALID_FIELD", f"field {field.name} does not support FORMAT")
    return column.made(sql, "string")


def _currency_code(names: Names, column: Column, call: Call) -> str:
    currency = column.record.object_type.field("CurrencyIsoCode")
    [argument] = call.arguments
    if currency is not None and isinstance(argument, Path):
        return column.record.expression(currency)
    return CORPORATE_CURRENCY


def _distance(names: Names, call: Call) -> Column:
    """The great-circle distance between an address and a place, or between two addresses."""
    match call.arguments:
        case [Path() as here, (Path() | Call()) as there, Text(unit)] if unit.lower() in _EARTH_RADIUS:
            latitude, longitude = _place(names, here)
            other_latitude, other_longitude = _place(names, there)
        case _:
            raise _unexpected(names, call)
    half = (
        f"pow(sin(radians({other_latitude} - {latitude}) / 2), 2) + cos(radians({latitude})) "
        f"* cos(radians({other_latitude})) * pow(sin(radians({other_longitude} - {longitude}) / 2), 2)"
    )
    sql = f"({2 * _EARTH_RADIUS[unit.lower()]} * asin(sqrt(least(1, {half}))))"
    return Column((names.base,), Field(str(call), "double", "Distance"), sql)


def _place(names: Names, where: Path | Call) -> tuple[str, str]:
    """The SQL of latitude and longitude."""
    if isinstance(where, Call):
        match where.name, where.arguments:
            case "GEOLOCATION", [Decimal() as latitude, Decimal() as longitude]:
                parameter = names.context.parameter
                return f"CAST({parameter(float(latitude))} AS DOUBLE)", f"CAST({parameter(float(longitude))} AS DOUBLE)"
        raise _unexpected(names, where)
    column = names.field_at(where)
    if not column.field.is_compound:
        message = f"field {where} does not support DISTANCE"
        raise names.context.refusal(where, "INVALID_FIELD", message)
    fields = [column.record.object_type.part(column.field, part) for part in ("Latitude", "Longitude")]
    north, east = (column.record.expression(each) for each in fields if each is not None)
    return north, east


def _in_corporate_currency(names: Names, column: Column) -> str:
    """An amount in the currency of the user, who has the org's; an object without currencies is in it already."""
    currency = column.record.object_type.field("CurrencyIsoCode")
    if currency is None:
        return column.sql
    return f"({column.sql} / {conversion_rate(column.record.expression(currency))})"


def _operand(names: Names, call: Call) -> Operand:
    match call.arguments:
        case [(Path() | Call()) as argument]:
            return argument
    raise _unexpected(names, call, ")" if not call.arguments else "(")


def _path(names: Names, call: Call) -> Path:
    argument = _operand(names, call)
    if isinstance(argument, Call):
        raise _unexpected(names, argument)
    return argument


def _unexpected(names: Names, call: Call, found: str = "(") -> SoqlError:
    at = Path((found,), call.line, call.column + len(call.function) + (found == ")") - 1)  # see parse.py: from 0
    return names.context.refusal(at, "MALFORMED_QUERY", f"unexpected token: '{found}'")


_FUNCTIONS: dict[str, Callable[[Names, Call], Column]] = {
    **dict.fromkeys(AGGREGATES, _aggregate),
    **dict.fromkeys(_DATE_FUNCTIONS, _date_function),
    "GROUPING": _grouping,
    "TOLABEL": _to_label,
    "CONVERTCURRENCY": _convert_currency,
    "FORMAT": _format,
    "DISTANCE": _distance,
}
