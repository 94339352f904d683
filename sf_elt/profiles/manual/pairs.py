"""The lists of links and unlinks held against the mapping and the rows: cleaned, checked, joined, or waiting."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import duckdb
import pyarrow as pa

from sf_elt.profiles.erasing.marks import says_erased
from sf_elt.profiles.identity.guards import Guards, refusing_rules, set_up_guards
from sf_elt.profiles.manual.lists import Identifier, ManualLists, Pair, contradictions
from sf_elt.profiles.mapping.phones import e164
from sf_elt.profiles.mapping.rules import FieldRule, identifier_kinds
from sf_elt.profiles.mapping.values import cleaned
from sf_elt.profiles.sql import statement, store
from sf_elt.salesforce import did_you_mean
from sf_elt.warehouse import quote_text
from sf_elt.warehouse.erased import who_is_erased

MANUAL_LINKS = "manual links"
"""What stands in the place of a stream where a link was made by hand; no stream can have that name."""


def check_manual(lists: ManualLists, mapping: Sequence[FieldRule], guards: Guards) -> list[str]:
    """One sentence for each fault of the lists, with its place and without values; none where there is none.

    Faults: a kind that is no identifier of the mapping (which is a sound one), a malformed value, a link of a value
    that never joins rows, a pair of an identifier with itself, and a pair that is linked and kept apart.
    """
    kinds = identifier_kinds(mapping)
    unknown = [
        f"{pair.place}: `{kind}` is no identifier of the mapping{did_you_mean(kind, kinds)}"
        for pair in (*lists.links, *lists.unlinks)
        for kind in dict.fromkeys(each.kind for each in pair.both)
        if kind not in kinds
    ]
    if unknown or not lists:
        return unknown
    with duckdb.connect() as connection:
        connection.execute(statement("clean"))
        set_up_guards(connection, mapping, guards)
        links = _cleaned(connection, lists.links, mapping, guards)
        unlinks = _cleaned(connection, lists.unlinks, mapping, guards)
    faults = [
        *(fault for pair, rules in links for fault in _faults(pair, rules, _FAULTS)),
        *(fault for pair, rules in unlinks for fault in _faults(pair, rules, _NO_VALUE)),
    ]
    return faults or contradictions(ManualLists([pair for pair, _ in links], [pair for pair, _ in unlinks]))


def list_pairs(
    connection: duckdb.DuckDBPyConnection, lists: ManualLists, mapping: Sequence[FieldRule], guards: Guards
) -> None:
    """Makes the temporary table listed_pairs of lists without faults, each pair once. The guards are set up.

    Pairs that name an erased person stay in their list and come into no table.
    """
    every = sorted(
        {
            (min(pair.both), max(pair.both), apart)
            for apart, listed in ((False, lists.links), (True, lists.unlinks))
            for pair, _ in _cleaned(connection, listed, mapping, guards)
        }
    )
    erased = _erased(connection, mapping, {each for one, other, _ in every for each in (one, other)})
    pairs = [pair for pair in every if erased.isdisjoint(pair[:2])]
    columns = {
        "number": pa.array(range(len(pairs)), pa.int64()),
        "record_id": pa.array([_record_id(one, other) for one, other, _ in pairs], pa.string()),
        "kind": pa.array([one.kind for one, _, _ in pairs], pa.string()),
        "value": pa.array([one.value for one, _, _ in pairs], pa.string()),
        "other_kind": pa.array([other.kind for _, other, _ in pairs], pa.string()),
        "other_value": pa.array([other.value for _, other, _ in pairs], pa.string()),
        "apart": pa.array([apart for _, _, apart in pairs], pa.bool_()),
    }
    store(connection, "arriving_pairs", columns)
    connection.execute(statement("listed_pairs"))


def join_pairs(connection: duckdb.DuckDBPyConnection, *, stream_number: int, offset: int) -> None:
    """Puts the links by hand among the occurrences, as records from `offset` on, but those that wait for a row."""
    connection.execute(statement("pending_pairs"))
    connection.execute(statement("manual_occurrences"), {"stream_number": stream_number, "offset": offset})


def kept_apart(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Key → keys of the identifiers that it is kept apart from, each pair both ways."""
    apart = defaultdict(set)
    for key, other in connection.execute(
        "SELECT key::VARCHAR, other_key::VARCHAR FROM listed_pairs WHERE apart"
    ).fetchall():
        apart[key].add(other)
        apart[other].add(key)
    return dict(apart)


def identifier_names(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Key → kind and value, of the identifiers that are kept apart from others."""
    rows = connection.execute(
        """
        SELECT key::VARCHAR, concat(kind, ' ', value) FROM listed_pairs WHERE apart
        UNION
        SELECT other_key::VARCHAR, concat(other_kind, ' ', other_value) FROM listed_pairs WHERE apart
        """
    ).fetchall()
    return dict(rows)


def _erased(
    connection: duckdb.DuckDBPyConnection, mapping: Sequence[FieldRule], listed: Collection[Identifier]
) -> set[Identifier]:
    """Those of erased people."""
    if not listed or not who_is_erased(connection):
        return set()
    identifiers = sorted(listed)
    store(
        connection,
        "listed",
        {
            "kind": pa.array([each.kind for each in identifiers], pa.string()),
            "value": pa.array([each.value for each in identifiers], pa.string()),
        },
    )
    said = "\n        ".join(
        f"WHEN {quote_text(kind)} THEN {says_erased(mapping, kind, 'value')}" for kind in identifier_kinds(mapping)
    )
    return {Identifier(*row) for row in connection.execute(statement("listed_erased", said=said)).fetchall()}


def _record_id(one: Identifier, other: Identifier) -> str:
    return json.dumps([{one.kind: one.value}, {other.kind: other.value}], ensure_ascii=False)


_NO_VALUE = {"blank": "is blank", "malformed": "is malformed"}
_FAULTS = {
    **_NO_VALUE,
    "role mailbox": "is the mailbox of a role, which joins no rows",
    "never joins": "is one that the guards let join no rows",
}


def _faults(pair: Pair, rules: Sequence[str | None], serious: Mapping[str, str]) -> Iterator[str]:
    for each, rule in zip(pair.both, rules, strict=True):
        if rule and rule in serious:
            yield f"{pair.place}: a value of `{each.kind}` {serious[rule]}"
    if pair.one == pair.other:
        yield f"{pair.place}: names one identifier twice"


def _cleaned(
    connection: duckdb.DuckDBPyConnection, pairs: Sequence[Pair], mapping: Sequence[FieldRule], guards: Guards
) -> list[tuple[Pair, list[str | None]]]:
    """The pairs with values cleaned as those of rows are, and for both values the guard that refuses it."""
    rules = {rule.user_field: rule for rule in mapping if rule.identifier}
    listed = [each for pair in pairs for each in pair.both]
    phones = [e164(each.value, rules[each.kind].region) for each in listed if rules[each.kind].clean == "phone"]
    _know_phones(connection, [phone for phone in phones if phone])
    store(
        connection,
        "listed",
        {
            "number": pa.array(range(len(listed)), pa.int64()),
            "kind": pa.array([each.kind for each in listed], pa.string()),
            "value": pa.array([_read(each.value, rules[each.kind]) for each in listed], pa.string()),
        },
    )
    how = "\n            ".join(f"WHEN {quote_text(kind)} THEN {_as_cleaned(rule)}" for kind, rule in rules.items())
    found = connection.execute(
        statement("listed_values", cleaned=how, rule=refusing_rules("coalesce(cleaned.value, '')", mapping, guards))
    ).fetchall()
    return [
        (
            Pair(Identifier(pair.one.kind, value or ""), Identifier(pair.other.kind, other_value or ""), pair.place),
            [rule, other_rule],
        )
        for pair, (value, rule), (other_value, other_rule) in zip(pairs, found[::2], found[1::2], strict=True)
    ]


def _know_phones(connection: duckdb.DuckDBPyConnection, phones: Sequence[str]) -> None:
    """Puts these among the phones that are well formed; their region is none that a rule can have."""
    store(connection, "listed_phones", {"e164": pa.array(phones, pa.string())})
    connection.execute("INSERT INTO phone_numbers SELECT 'by hand', e164, e164 FROM listed_phones")


def _read(value: str, rule: FieldRule) -> str:
    """The value, a phone in E.164: those of rows are read all at once, which a few need not be."""
    return e164(value, rule.region) or value if rule.clean == "phone" else value


def _as_cleaned(rule: FieldRule) -> str:
    return "strip_space(value)" if rule.clean == "phone" else cleaned(rule, "value")
