"""Erased people are kept out of what arrives, and by the same rules taken out of what stands.

A row is the erased person's own, and kept out as a whole, where

- its Id, or event_id, is one that was erased;
- a field that says whose it is names them: ConvertedContactId, MasterRecordId, IndividualId, PersonContactId, the Email
  of a lead or a contact, and what else the mapping calls an identifier. One that is neither an address nor a record's
  Id, such as a cookie, counts only where the row has no address of somebody else;
- it is of an object whose records are about a person (an activity, a membership, a case, a custom object), and one of
  its fields holds just their Id or address;
- it is a person account with their address, or the user by whom they log in to a portal.

In any other row, of a company, a deal or somebody else, each text that names them is emptied.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sf_elt.streams.statements import statement
from sf_elt.warehouse import quote, quote_text
from sf_elt.warehouse.erased import Erased, IdentifyingField

OWN_ID = ("Id", "event_id")

PEOPLE = ("003", "00Q")
"""What Ids of contacts and leads begin with (Salesforce Help: Standard Field Record ID Prefix Decoder)."""

OF_MANY = ("001", "005", "006", "00D", "00G", "00O", "00e", "012", "01t", "02i", "0Q0", "701", "800", "801")
"""The same of objects that belong to a company or to many: accounts, users, opportunities, orgs, groups, reports,
profiles, record types, products, assets, quotes, campaigns, contracts, orders."""

ACCOUNT, USER = "001", "005"
"""Both are of many, but the account that is a person (with a PersonEmail) and the user that is a contact."""

AT = "'@'"
INDIVIDUAL = "IndividualId"
_SAYS_WHOSE = ("ConvertedContactId", "MasterRecordId", INDIVIDUAL)
_WORD = r"""[^\s"',;:{}\[\]]+"""
_PHONE = r"\+?[0-9(][0-9() ./-]{4,}[0-9]"
_NO_TEXT = (
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "DATE", "TIME", "TIMESTAMP", "BLOB",
)  # fmt: skip


def screened(rows: str, stream: str, types: Mapping[str, str], erased: Erased) -> str:
    """The query `rows`, of the columns `types`, without what names the erased: each of their own rows all null.

    An own row stays as one of nulls so that what arrived can be counted. The connection has told `erased` apart.
    """
    names_them = names_erased(stream, types, erased)
    cells = []
    for name in map(quote, types):
        kept = name
        if name in names_them:
            kept = f"CASE WHEN _named THEN CASE WHEN {names_them[name]} THEN NULL ELSE {name} END ELSE {name} END"
        cells.append(f"CASE WHEN _own THEN NULL ELSE {kept} END AS {name}")
    listed = ",\n    ".join(cells)
    return f"SELECT\n    {listed}\nFROM (\n{judged(rows, stream, types, erased)}\n)"


def judged(rows: str, stream: str, types: Mapping[str, str], erased: Erased) -> str:
    """The query `rows` with what of the erased each row says (_said), if anything (_named), and if it is _own."""
    return statement("judged.sql").format(
        rows=rows,
        suspect=suspects(stream, types, erased),
        said=_erased_of(stream, types, erased),
        own=_own(stream, types, erased),
    )


def suspects(stream: str, types: Mapping[str, str], erased: Erased) -> str:
    """The condition that rows which name an erased person fulfil, and by chance few others: quick."""
    return _any(
        [
            *(f"may_name_erased({text})" for text in _texts(types).values()),
            *(_any_of(said, "may_be_erased") for said in _values(stream, types, erased).values()),
        ]
    )


def names_erased(stream: str, types: Mapping[str, str], erased: Erased) -> dict[str, str]:
    """Quoted column → the condition under which its cell names an erased person, in rows as `judged` gives them."""
    names: dict[str, list[str]] = {
        name: [f"CASE WHEN may_name({text}) THEN list_has_any(said_in({text}), _said) END"]
        for name, text in _texts(types).items()
    }
    for columns, said in _values(stream, types, erased).items():
        for name in columns:
            names.setdefault(name, []).append(_said_any(said))
    return {quote(name): _any(conditions) for name, conditions in names.items() if name not in OWN_ID}


def mentions_erased(stream: str, text: str, erased: Erased) -> str:
    """The condition under which a text that could not be read as a row names an erased person.

    It has no columns that could say something together.
    """
    conditions = [f"names_erased({text})"]
    for each in erased.values.get(stream, ()):
        if each.kind == "columns":
            continue
        words = f"regexp_extract_all({text}, {quote_text(_PHONE if each.kind == 'phone' else _WORD)})"
        conditions.append(_any_of(f"list_transform({words}, LAMBDA word: {_says(each, 'word')})", "is_erased"))
    return _any(conditions)


def _texts(types: Mapping[str, str]) -> dict[str, str]:
    """Column → its text, of the columns that can hold one."""
    return {
        name: quote(name) if sql_type == "VARCHAR" else f"CAST({quote(name)} AS VARCHAR)"
        for name, sql_type in types.items()
        if not (name.startswith("_") or (sql_type.startswith(_NO_TEXT) and not sql_type.endswith("]")))
    }


def _values(stream: str, types: Mapping[str, str], erased: Erased) -> dict[tuple[str, ...], str]:
    """Columns → the list of what they say, of those of which values or phones are known, of one or of several."""
    known: defaultdict[tuple[str, ...], list[IdentifyingField]] = defaultdict(list)
    for each in erased.values.get(stream, ()):
        if types.keys() >= set(each.columns):
            known[each.columns].append(each)
    return {columns: _said_by(types, fields) for columns, fields in known.items()}


def _said_by(types: Mapping[str, str], fields: Sequence[IdentifyingField]) -> str:
    """The list of what the fields say, all of the same columns."""
    if fields[0].kind == "columns":
        texts = ", ".join(f"CAST({quote(name)} AS VARCHAR)" for name in fields[0].columns)
        return f"[said_together({quote_text(f'{fields[0].stream}.{fields[0].field}')}, [{texts}])]"
    (name,) = fields[0].columns
    sql_type = types[name]
    if sql_type.endswith("[]"):
        texts = f"CAST({quote(name)} AS VARCHAR[])"
        said = [f"list_transform({texts}, LAMBDA each: {_says(field, 'each')})" for field in fields]
        return f"flatten([{', '.join(said)}])"
    text = quote(name) if sql_type == "VARCHAR" else f"CAST({quote(name)} AS VARCHAR)"
    return f"[{', '.join(_says(field, text) for field in fields)}]"


def _says(field: IdentifyingField, text: str) -> str:
    """What the text says in the field."""
    how = "said_phone" if field.kind == "phone" else "said_value"
    return f"{how}({quote_text(f'{field.stream}.{field.field}')}, {text})"


def _erased_of(stream: str, types: Mapping[str, str], erased: Erased) -> str:
    """What of all that a row says was erased."""
    said = [f"CASE WHEN may_name({text}) THEN said_in({text}) ELSE [] END" for text in _texts(types).values()]
    said += _values(stream, types, erased).values()
    return f"list_filter(flatten([{', '.join(said)}]), LAMBDA each: is_erased(each))" if said else "[]::VARCHAR[]"


def _own(stream: str, types: Mapping[str, str], erased: Erased) -> str:
    """Whether a row is an erased person's own."""
    fields = [each for each in erased.identifying.get(stream, ()) if types.keys() >= set(each.columns)]
    emails = [quote(each.field) for each in fields if each.kind == "email"]
    says_whose = [_said(f"said_record({quote(each.field)})") for each in fields if each.kind == "record"]
    says_whose += [_said(f"said_email({name})") for name in emails]
    values = _any(_said_any(_said_by(types, [each])) for each in fields if each.kind in ("value", "phone", "columns"))
    says_whose.append(f"({values} AND NOT {_any(f'contains({name}, {AT})' for name in emails)})")
    if "Id" not in types:
        return _any([*(_said(_value(stream, name)) for name in OWN_ID if name in types), *says_whose])
    says_whose += [_said(f"said_record({quote(name)})") for name in _SAYS_WHOSE if name in types]
    by_id = [_said(_value(stream, "Id")), _said('said_record("Id")')]
    by_id += [_said('said_record("PersonContactId")')] if "PersonContactId" in types else []
    of_person = [_said('said_email("Email")')] if "Email" in types else []
    of_account = [_said('said_email("PersonEmail")')] if "PersonEmail" in types else []
    of_user = [_said('said_record("ContactId")')] if "ContactId" in types else []
    just_them = [_said(f"said_{kind}({text})") for text in _texts(types).values() for kind in ("record", "email")]
    return _any(
        [
            *by_id,
            f'(left("Id", 3) NOT IN {OF_MANY} AND {_any(says_whose)})',
            f'(left("Id", 3) IN {PEOPLE} AND {_any(of_person)})',
            f'(left("Id", 3) = {quote_text(ACCOUNT)} AND {_any(of_account)})',
            f'(left("Id", 3) = {quote_text(USER)} AND {_any(of_user)})',
            f'(left("Id", 3) NOT IN {OF_MANY + PEOPLE} AND {_any(just_them)})',
        ]
    )


def _said(what: str) -> str:
    return f"list_contains(_said, {what})"


def _said_any(said: str) -> str:
    return f"list_has_any(_said, {said})"


def _any_of(said: str, is_so: str) -> str:
    """Whether it is so of any of a list of what is said."""
    return f"list_bool_or(list_transform({said}, LAMBDA said: {is_so}(said)))"


def _any(conditions: Iterable[str]) -> str:
    """SQL that is true where one of them is, and never null."""
    return "(" + (" OR ".join(f"coalesce({condition}, false)" for condition in conditions) or "false") + ")"


def _value(stream: str, name: str) -> str:
    return f"said_value({quote_text(f'{stream}.{name}')}, {quote(name)})"
