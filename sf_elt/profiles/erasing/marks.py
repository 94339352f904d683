"""What tells a person apart among the rows of streams: addresses, records, and what other fields of the mapping say.

An address counts anywhere, a record where it is one of a person. Anything else, such as a cookie or a customer number,
counts in the fields that the mapping reads it from: as the mapping makes it and as the person's own rows write it, so
that of `upper(customer)` a `c-17` is known too, and of `concat(country, customer)` a `DE` beside a `17`. A phone counts
in each way of writing that is read as the same one.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

import duckdb
import phonenumbers
import pyarrow as pa
from phonenumbers import PhoneNumberFormat

from sf_elt.profiles.mapping.expressions import SOURCE, columns_of, parse_expression
from sf_elt.profiles.mapping.phones import e164, read_phones
from sf_elt.profiles.mapping.rules import FieldRule
from sf_elt.profiles.mapping.terms import Term
from sf_elt.profiles.mapping.values import row_value
from sf_elt.profiles.reading.rows import MappedStream, records_of, tried
from sf_elt.profiles.sql import statement, store
from sf_elt.streams.keeping_out import OF_MANY, PEOPLE
from sf_elt.streams.source_names import source_fields
from sf_elt.warehouse import quote, quote_text
from sf_elt.warehouse.erased import IdentifyingField, Kind, Mark, together


def identifying_fields(streams: Sequence[MappedStream]) -> set[IdentifyingField]:
    """The columns of streams that the mapping's identifiers are read from, by the names that the streams have."""
    fields = set()
    for rule, term in chain.from_iterable(map(_identifiers, streams)):
        for column in term.columns:
            name = _own_name(rule.stream, column)
            fields.add(IdentifyingField(rule.stream, name, _kind(rule)))
            if _is_rewritten(rule, term):
                fields.add(IdentifyingField(rule.stream, name, "value"))
        if len(term.columns) > 1:
            fields.add(IdentifyingField(rule.stream, _together(rule, term), "columns"))
    return fields


def marks_of(
    connection: duckdb.DuckDBPyConnection,
    mapping: Sequence[FieldRule],
    streams: Sequence[MappedStream],
    identifiers: Collection[tuple[str, str]],
    rows: Collection[tuple[str, str]],
) -> list[Mark]:
    """Of identifiers as (kind, value), and of the rows as (stream, record id) that carry them."""
    return [
        *_marks_of_identifiers(identifiers, mapping, streams),
        *_marks_of_records(rows),
        *_marks_as_written(connection, set(identifiers), streams, rows),
    ]


def identifiers_read(connection: duckdb.DuckDBPyConnection, stream: MappedStream) -> Iterator[tuple[FieldRule, Term]]:
    """The rules of the stream's identifiers, each with what it reads; the phones of its rows are read on the way."""
    for rule, term in _identifiers(stream):
        if rule.clean == "phone":
            read_phones(connection, [(rule.region, f"CAST({term.sql} AS VARCHAR)", stream.source.table)])
        yield rule, term


def says_erased(mapping: Sequence[FieldRule], kind: str, value: str) -> str:
    """SQL for whether a cleaned value of the identifier is an erased person's; the connection has told them apart."""
    rules = [rule for rule in mapping if rule.identifier and rule.user_field == kind]
    match _kind(rules[0]):
        case "email":
            return f"is_erased(said_email({value}))"
        case "record":
            return f"is_erased(said_record({value}))"
    names = {(rule.stream, _own_name(rule.stream, column)) for rule in rules for column in _columns_read(rule)}
    places = [quote_text(f"{stream}.{name}") for stream, name in sorted(names)]
    return "(" + " OR ".join(f"is_erased(said_value({place}, {value}))" for place in places) + ")"


def kind_by_looks(value: str) -> Kind | None:
    """What a value is that no rule of the mapping says more of: an address, a lead's or contact's Id, or neither."""
    if re.fullmatch(r"[^\s@]+@[^\s@]+", value):
        return "email"
    if re.fullmatch(r"[0-9A-Za-z]{15}([0-9A-Za-z]{3})?", value) and value.startswith(PEOPLE):
        return "record"
    return None


def _identifiers(stream: MappedStream) -> Iterator[tuple[FieldRule, Term]]:
    for rule, terms in zip(stream.rules, stream.terms, strict=True):
        if rule.identifier:
            yield from ((rule, term) for term in terms)


def _marks_of_identifiers(
    identifiers: Collection[tuple[str, str]], mapping: Sequence[FieldRule], streams: Sequence[MappedStream]
) -> Iterator[Mark]:
    """One whose kind the mapping has no more is told by what it looks like."""
    kinds = {rule.user_field: _kind(rule) for rule in mapping if rule.identifier}
    for kind, value in identifiers:
        match kinds.get(kind) or kind_by_looks(value):
            case "email":
                yield Mark("email", value)
            case "record" if not value.startswith(OF_MANY):
                yield Mark("record", value)
            case "value" | "phone":
                yield from _marks_of_value(kind, value, streams)


def _marks_of_records(rows: Collection[tuple[str, str]]) -> list[Mark]:
    return [
        Mark("record", record_id) if record_id.startswith(PEOPLE) else Mark("value", record_id, stream, "Id")
        for stream, record_id in rows
        if not _is_group(record_id)
    ]


def _is_group(record_id: str) -> bool:
    """Whether it stands for events that are alike, and for no record."""
    return record_id.startswith("{")


def _marks_as_written(
    connection: duckdb.DuckDBPyConnection,
    identifiers: Collection[tuple[str, str]],
    streams: Sequence[MappedStream],
    rows: Collection[tuple[str, str]],
) -> Iterator[Mark]:
    """What the rows write where the mapping makes another text of it: alike, it gives the same again."""
    names = {"stream": [stream for stream, _ in rows], "record_id": [record_id for _, record_id in rows]}
    store(connection, "own_rows", {name: pa.array(texts, pa.string()) for name, texts in names.items()})
    with tried(connection):
        for stream in streams:
            own = records_of(stream, "own_rows")
            for rule, term in identifiers_read(connection, own):
                if not term.columns or not _is_rewritten(rule, term):
                    continue
                texts = [f"CAST({quote(column)} AS VARCHAR)" for column in term.columns]
                is_one = len(texts) == 1
                asked = statement(
                    "as_written",
                    written=texts[0] if is_one else f"to_json([{', '.join(texts)}])::VARCHAR",
                    value=row_value(rule, [term]).sql,
                    rows=own.source.table,
                )
                for written, values in connection.execute(asked).fetchall():
                    said = values if isinstance(values, list) else [values]
                    if any((rule.user_field, str(each)) in identifiers for each in said):
                        yield Mark("value" if is_one else "columns", written, rule.stream, _together(rule, term))


def _kind(rule: FieldRule) -> Kind:
    kinds: Mapping[str, Kind] = {"email": "email", "id18": "record", "phone": "phone"}
    return kinds.get(rule.clean, "value")


def _is_rewritten(rule: FieldRule, term: Term) -> bool:
    """Whether an identifier can be another text than what its column says, beyond what digests leave out themselves."""
    return bool(term.failed) or _kind(rule) == "phone"


def _marks_of_value(kind: str, value: str, streams: Sequence[MappedStream]) -> Iterator[Mark]:
    for rule, term in chain.from_iterable(map(_identifiers, streams)):
        if rule.user_field == kind:
            for column in term.columns:
                name = _own_name(rule.stream, column)
                yield Mark("value", value, rule.stream, name)
                if _kind(rule) == "phone":
                    yield from (Mark("phone", each, rule.stream, name) for each in _spellings(value, rule.region))


_ABROAD = ("00", "011", "0011", "010", "810")
"""What is dialled for a + in most countries (ITU-T E.164, national numbering plans)."""


def _spellings(phone: str, region: str | None) -> set[str]:
    """The ways to write a phone in E.164, as digits with or without a +, that are read as it in the region."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return set()
    written = {phone, phone[1:], *(f"{prefix}{phone[1:]}" for prefix in _ABROAD)}
    written.add(phonenumbers.national_significant_number(number))
    written.add(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    digits = {re.sub("[^0-9+]", "", each) for each in written}
    return {each for each in digits if e164(each, region) == phone}


def _own_name(stream: str, column: str) -> str:
    """The name that the stream itself has for a column of its documented view."""
    return _OWN_NAMES.get((stream, column), column)


_OWN_NAMES = {(each.stream, each.source_field): each.salesforce_field for each in source_fields()}


def _together(rule: FieldRule, term: Term) -> str:
    """The field that a mark of the term is of, be it one column or several."""
    names = [_own_name(rule.stream, column) for column in term.columns]
    return names[0] if len(names) == 1 else together(names)


def _columns_read(rule: FieldRule) -> tuple[str, ...]:
    return rule.columns or columns_of(parse_expression(rule.source, None, SOURCE).tree)
