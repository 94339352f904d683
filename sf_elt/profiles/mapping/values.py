"""What a rule makes of a row of its stream: SQL for its value, cleaned and of the user field's type.

A value that cannot be read (a date that is none, a phone that nobody can call) is set aside: null, and counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sf_elt.profiles.mapping.rules import SQL_TYPES, FieldRule, type_of
from sf_elt.profiles.mapping.terms import Term
from sf_elt.warehouse import quote_text

_WIDE_INTEGERS = frozenset({"HUGEINT", "UHUGEINT", "UBIGINT"})


@dataclass(frozen=True)
class RowValue:
    """SQL for a row's value, and for whether the row says something that could not be read: empty where it cannot."""

    sql: str
    set_aside: str


def row_value(rule: FieldRule, terms: Sequence[Term]) -> RowValue:
    """What the rule makes of what it reads: of several terms the first that is not null."""
    read = [_read(rule, term) for term in terms]
    value = read[0][0] if len(read) == 1 else f"coalesce({', '.join(sql for sql, _ in read)})"
    reasons = [term.failed for term in terms if term.failed]
    if said := [reason for _, reason in read if reason]:
        reasons.append(f"({value}) IS NULL AND ({' OR '.join(said)})")
    return RowValue(value, " OR ".join(reasons))


def cleaned(rule: FieldRule, text: str) -> str:
    """SQL that cleans the text as the rule says.

    An identifier that is no phone stays as it is, so that the guard which refuses it can show it.
    """
    if rule.clean == "phone":
        number = f"read_phone({text}, {quote_text(rule.region or '')})"
        return f"coalesce({number}, strip_space({text}))" if rule.identifier else number
    return text if rule.clean == "none" else f"clean_{rule.clean}({text})"


def is_list(rule: FieldRule, terms: Sequence[Term]) -> bool:
    """Whether the rule's value of a row is a list."""
    return rule.merge != "count" and type_of(terms[0].sql_type) == "[]string"


def _read(rule: FieldRule, term: Term) -> tuple[str, str]:
    """SQL for the value, and for whether there is anything to read; empty where that is always readable."""
    if rule.merge == "count":
        return term.sql, ""
    kind = type_of(term.sql_type)
    if kind == "[]string":
        values = term.sql if rule.clean == "none" else f"[{cleaned(rule, 'each')} FOR each IN {term.sql}]"
        return (f"list_distinct({values})" if rule.merge == "valuecount" else values), ""
    if rule.type in ("string", "[]string") or rule.merge == "valuecount":
        text = f"CAST({term.sql} AS VARCHAR)"
        return cleaned(rule, text), _is_said(text) if rule.clean == "phone" and not rule.identifier else ""
    if read := _READ.get((kind, rule.type)):
        return read(term.sql), _is_said(f"CAST({term.sql} AS VARCHAR)")
    if term.sql_type in _WIDE_INTEGERS:
        return f"TRY_CAST({term.sql} AS {SQL_TYPES[rule.type]})", f"{term.sql} IS NOT NULL"
    return f"CAST({term.sql} AS {SQL_TYPES[rule.type]})", ""


_READ: Mapping[tuple[str, str], Callable[[str], str]] = {
    ("string", "date"): lambda value: f"read_date(CAST({value} AS VARCHAR))",
    ("int", "date"): lambda value: f"read_epoch_ms({value})",
    ("string", "map"): lambda value: f"read_map(CAST({value} AS VARCHAR))",
    ("map", "map"): lambda value: f"read_map(CAST(to_json({value}) AS VARCHAR))",
}
"""(Kind of the source, type of the user field) → SQL that reads the one as the other, null where it cannot."""


def _is_said(text: str) -> str:
    return f"strip_space({text}) <> ''"
