"""Personal data made fit to be shown: to somebody who looks at a sample and need not know who it is.

mask("email", "ada@example.com")                 # a***@e***.com
mask("salesforce_lead_name", "Ada Lovelace")     # A. L.
mask("salesforce_lead_phone", "+44 20 7946 42")  # …42
mask("salesforce_lead_status", "Working")        # Working
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from itertools import pairwise

NOTHING = "(empty)"
SHORT = 3
"""Of a text as short as this, its first character would tell too much."""

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_PHONES = frozenset({"phone", "mobile", "fax", "telephone"})
_NAMES = frozenset({"name", "firstname", "lastname", "middlename", "fullname", "company", "surname"})
_PERSONAL = frozenset(
    {"birthdate", "birthday", "birth", "latitude", "longitude", "gender", "genderidentity", "pronouns"}
)
_PLAIN_TEXTS = frozenset(
    {
        "audience", "audiences", "category", "country", "department", "fiscal", "industry",
        "interests", "ownership", "quarter", "rating", "reason", "scores", "segment", "source", "stage", "state",
        "status", "topic", "topics", "type",
    }
)  # fmt: skip
_PLAIN_ENDINGS = ("_stage_name", "_forecast_category_name", "_country_code", "_state_code", "_record_type")


def mask(field: str, value: object, *, identifies: bool = False) -> str:
    """The value of a user field or a Salesforce field as it may be shown.

    Numbers, dates and yes or no are shown, and so are texts of fields whose names say that they hold one of a few words
    (status, industry, country, …). Of an email address the first letters of both its parts stay, of a phone number the
    last two digits, of a name the initials, of any other text the first character and the length. `identifies` says
    that a field's values stand for one person each, such as a cookie: then it is never shown, whatever its name.
    """
    if value is None or value == "" or value == []:
        return NOTHING
    if isinstance(value, (list, tuple, set)):
        return _listed(mask(field, each, identifies=identifies) for each in value)
    if isinstance(value, dict):
        return _listed(f"{key}: {mask(field, each)}" for key, each in value.items())
    words = _words(field)
    if isinstance(value, (bool, int, float, date, datetime)):
        return "…" if words & _PERSONAL or identifies else _as_text(value)
    text = str(value)
    if _ADDRESS.search(text):
        return _ADDRESS.sub(lambda found: _address(found[0]), text) if _ADDRESS.fullmatch(text) else _hidden(text)
    if words & _PHONES:
        digits = re.sub(r"\D", "", text)
        return f"…{digits[-2:]}" if len(digits) > SHORT else _hidden("")
    if not identifies and (words & _PLAIN_TEXTS or field.casefold().endswith(_PLAIN_ENDINGS)):
        return text
    if words & _NAMES and not identifies:
        return " ".join(f"{each[0]}." for each in text.split())
    return _hidden(text)


def _address(text: str) -> str:
    """`a***@e***.com`: the first letters, and the top-level domain."""
    mailbox, _, domain = text.rpartition("@")
    name, dot, top = domain.rpartition(".")
    return f"{mailbox[:1]}***@{(name or top)[:1]}***{dot}{top if name else ''}"


def _hidden(text: str) -> str:
    first = text[0] if len(text) > SHORT else ""
    return f"{first}… (length {len(text):,})" if text else "…"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def _words(field: str) -> frozenset[str]:
    """The words of a field's name, snake_case or CamelCase, and each with the next one: first, name, firstname."""
    parts = [each.casefold() for each in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", field.removesuffix("__c"))]
    return frozenset([*parts, *(one + other for one, other in pairwise(parts))])
