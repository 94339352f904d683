"""Numbers as text: those with decimals as Java writes a double, in CSV and XML; whole ones as clients send them.

A double from ten million on, and below a thousandth, is `1.6147805824397E13` and `5.0E-4` (recorded:
forcedotcom/cli#3367, forcedotcom/dataloader#161; Salesforce's own article 000385889 says that it is meant so). JSON
says the same numbers in full, which no JSON parser can tell apart.
"""

import math
from decimal import Decimal

LEAST_LARGE, LEAST_PLAIN = 1e7, 1e-3
MOST_DIGITS = 18


def whole_number(text: str) -> int | None:
    """The number that digits alone say; None for any other text, and for more digits than a count has."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


def double_text(value: float) -> str:
    if value == 0 or LEAST_PLAIN <= abs(value) < LEAST_LARGE or not math.isfinite(value):
        return repr(value)
    decimal = Decimal(repr(value)).normalize()
    sign, digits, _ = decimal.as_tuple()
    first, *others = map(str, digits)
    return f"{'-' * sign}{first}.{''.join(others) or '0'}E{decimal.adjusted()}"


def double_text_sql(expression: str) -> str:
    """SQL of the same, of a SQL expression of type DOUBLE. Numbers in between, which most are, cost no more."""
    text = f"CAST({expression} AS VARCHAR)"
    large = f"rtrim(regexp_replace({text}, '^(-?\\d)(\\d*)\\.', '\\1.\\2'), '0')"
    small = f"regexp_replace({text}, '^(-?)0\\.000(\\d)', '\\1\\2.')"
    with_exponent = f"regexp_replace({text}, 'e[+]?(-?)0*', 'E\\1')"
    return (
        f"CASE WHEN {expression} = 0 OR abs({expression}) >= {LEAST_PLAIN} AND abs({expression}) < {LEAST_LARGE} "
        f"THEN {text} "
        f"WHEN contains({text}, 'e') THEN regexp_replace({with_exponent}, '^(-?\\d)E', '\\1.0E') "
        f"WHEN abs({expression}) < 1 THEN regexp_replace({small}, '\\.$', '.0') || 'E-4' "
        f"ELSE regexp_replace({large}, '\\.$', '.0') || 'E' || (strpos(ltrim({text}, '-'), '.') - 2) END"
    )
