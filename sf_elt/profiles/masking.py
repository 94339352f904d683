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
HIDDEN = "…"
"""What is shown of a value of which nothing may be."""

SHORT = 3
"""Of a text as short as this, its first character would tell too much."""

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_PHONES = frozenset({"phone", "mobile", "fax", "telephone"})
_NAMES = frozenset({"name", "firstname", "lastname", "middlename", "fullname", "company", "surname"})
_PERSONAL = frozenset(
    {"birthdate", "birthday", "birth", "latitude", "longitude", "gender", "genderidentity", "pronouns"}
)
_SECRETS = frozenset(
    {"apikey", "auth", "authorization", "credential", "credentials", "password", "passwd", "secret", "token", "tokens"}
)
_NUMBERED = frozenset({"id", "ids", "uid", "uuid", "userid", "customerid", "ssn", "passport", "iban", "vat"})
LARGE = 1e9
"""A whole number from here on is more likely to stand for somebody than to count something."""

LONGEST_WORD = 40
"""A longer text of a field that should hold one of a few words was written by somebody about somebody."""

_PLAIN_TEXTS = frozenset(
    {
        "affinities", "audience", "audiences", "category", "country", "department", "fiscal", "industry",
        "interests", "ownership", "quarter", "rating", "reason", "scores", "segment", "source", "stage", "state",
        "status", "topic", "topics", "type",
    }
)  # fmt: skip
_PLAIN_ENDINGS = ("_stage_name", "_forecast_category_name", "_country_code", "_state_code", "_record_type")


def mask(field: str, value: object, *, identifies: bool = False) -> str:
    """The value of a user field or a Salesforce field as it may be shown.

    Numbers, dates and yes or no are shown unless the number is an Id, a phone or longer than amounts are, and so are
    short texts of fields whose names say that they hold one of a few words (status, industry, country, …). Of an email
    address the first letters of both its parts stay, of a phone number the last two digits, of a name the initials, of
    any other text the first character and the length, of a password or token nothing. `identifies` says that a field's
    values stand for one person each, such as a cookie: then it is never shown, whatever its name.
    """
    if value is None or value == "" or value == []:
        return NOTHING
    words = _words(field)
    if words & _SECRETS:
        return HIDDEN
    if isinstance(value, (list, tuple, set)):
        return _listed(mask(field, each, identifies=identifies) for each in value)
    if isinstance(value, dict):
        plain = bool(words & _PLAIN_TEXTS) and not identifies
        return _listed(f"{_key(str(key), plain)}: {mask(field, each)}" for key, each in value.items())
    if isinstance(value, (bool, int, float, date, datetime)):
        return HIDDEN if words & _PERSONAL or identifies or _stands_for_somebody(words, value) else as_text(value)
    text = str(value)
    if _ADDRESS.search(text):
        return _ADDRESS.sub(lambda found: _address(found[0]), text) if _ADDRESS.fullmatch(text) else _hidden(text)
    if words & _PHONES:
        digits = re.sub(r"\D", "", text)
        return f"…{digits[-2:]}" if len(digits) > SHORT else HIDDEN
    if not identifies and (words & _PLAIN_TEXTS or field.casefold().endswith(_PLAIN_ENDINGS)):
        return text if _is_one_of_few_words(text) else _hidden(text)
    if words & _NAMES and not identifies:
        return " ".join(f"{each[0]}." for each in text.split())
    return _hidden(text)


def _stands_for_somebody(words: frozenset[str], value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return bool(words & (_NUMBERED | _PHONES)) or (abs(value) >= LARGE and float(value).is_integer())


def _is_one_of_few_words(text: str) -> bool:
    return len(text) <= LONGEST_WORD and sum(map(str.isdigit, text)) < 7


def _key(text: str, plain: bool) -> str:
    """A key of a map, which is a value where a map counts values: shown where the field holds one of a few words."""
    return text if plain and not _ADDRESS.search(text) else _hidden(text)


def _address(text: str) -> str:
    """`a***@e***.com`: the first letters, and the top-level domain."""
    mailbox, _, domain = text.rpartition("@")
    name, dot, top = domain.rpartition(".")
    return f"{mailbox[:1]}***@{(name or top)[:1]}***{dot}{top if name else ''}"


def _hidden(text: str) -> str:
    first = text[0] if len(text) > SHORT else ""
    return f"{first}… (length {len(text):,})" if text else HIDDEN


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values)


def as_text(value: object) -> str:
    """A value as it is, for what holds nothing of a person."""
    if value is None:
        return NOTHING
    if isinstance(value, (list, tuple)):
        return _listed(map(as_text, value)) or NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def _words(field: str) -> frozenset[str]:
    """The words of a field's name, snake_case or CamelCase, and each with the next one: first, name, firstname."""
    parts = [each.casefold() for each in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", field.removesuffix("__c"))]
    return frozenset([*parts, *(one + other for one, other in pairwise(parts))])
