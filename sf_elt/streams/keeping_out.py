"""Erased people are kept out of what arrives, and by the same rules taken out of what stands.

A row is the erased person's own, and kept out as a whole, where

- its Id, or event_id, is one that was erased;
- a field that says whose it is names them: ConvertedContactId, MasterRecordId, PersonContactId, the Email of a lead or
  a contact, and what else the mapping calls an identifier. One that is neither an address nor a record's Id, such as a
  cookie, counts only where the row has no address of somebody else;
- it is of an object whose records are about a person (an activity, a membership, a case, a custom object), and one of
  its fields holds just their Id or address.

In any other row, of a company, a deal or somebody else, each text that names them is emptied.
"""

from collections.abc import Iterable, Mapping

from sf_elt.warehouse import quote, quote_text
from sf_elt.warehouse.erased import Erased

OWN_ID = ("Id", "event_id")

PEOPLE = ("003", "00Q")
"""What Ids of contacts and leads begin with (Salesforce Help: Standard Field Record ID Prefix Decoder)."""

OF_MANY = ("001", "005", "006", "00D", "00G", "00O", "00e", "012", "01t", "02i", "0Q0", "701", "800", "801")
"""The same of objects that belong to a company or to many: accounts, users, opportunities, orgs, groups, reports,
profiles, record types, products, assets, quotes, campaigns, contracts, orders."""

AT = "'@'"
_SAYS_WHOSE = ("ConvertedContactId", "MasterRecordId")
_WORD = r"""[^\s"',;:{}\[\]]+"""
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
        kept = f"CASE WHEN _suspect AND {names_them[name]} THEN NULL ELSE {name} END" if name in names_them else name
        cells.append(f"CASE WHEN NOT _own THEN {kept} END AS {name}")
    listed = ",\n    ".join(cells)
    return f"SELECT\n    {listed}\nFROM (\n{judged(rows, stream, types, erased)}\n)"


def judged(rows: str, stream: str, types: Mapping[str, str], erased: Erased) -> str:
    """The query `rows` with two columns more: `_suspect`, quick, and true of few rows but those to look at; `_own`."""
    own = _own(stream, types, erased)
    return (
        f"SELECT *, CASE WHEN _suspect THEN {own} ELSE false END AS _own\n"  # noqa: S608 - quoted
        f"FROM (SELECT *, {_suspect(stream, types, erased)} AS _suspect FROM (\n{rows}\n))"
    )


def names_erased(stream: str, types: Mapping[str, str], erased: Erased) -> dict[str, str]:
    """Quoted column → the condition under which its cell names an erased person, of all that can."""
    values = erased.values.get(stream, ())
    return {
        quote(name): f"(list_bool_or(list_transform(said_in({text}), LAMBDA each: is_erased(each))) IS TRUE"
        + (f" OR is_erased({_value(stream, name)}))" if name in values else ")")
        for name, text in _texts(types).items()
        if name not in OWN_ID
    }


def mentions_erased(stream: str, text: str, erased: Erased) -> str:
    """The condition under which a text that could not be read as a row names an erased person: SQL over SQL."""
    said = [f"said_in({text})"]
    for name in erased.values.get(stream, ()):
        place = quote_text(f"{stream}.{name}")
        words = f"regexp_extract_all({text}, {quote_text(_WORD)})"
        said.append(f"list_transform({words}, LAMBDA word: said_value({place}, word))")
    return f"(list_bool_or(list_transform(flatten([{', '.join(said)}]), LAMBDA each: is_erased(each))) IS TRUE)"


def _texts(types: Mapping[str, str]) -> dict[str, str]:
    """Column → its text, of the columns that can hold one."""
    return {
        name: quote(name) if sql_type == "VARCHAR" else f"CAST({quote(name)} AS VARCHAR)"
        for name, sql_type in types.items()
        if not (name.startswith("_") or (sql_type.startswith(_NO_TEXT) and not sql_type.endswith("]")))
    }


def _suspect(stream: str, types: Mapping[str, str], erased: Erased) -> str:
    said = [f"said_in({text})" for text in _texts(types).values()]
    said += [f"[{_value(stream, name)}]" for name in erased.values.get(stream, ()) if name in types]
    every = f"flatten([{', '.join(said)}])"
    return f"coalesce(list_bool_or(list_transform({every}, LAMBDA each: may_be_erased(each))), false)"


def _own(stream: str, types: Mapping[str, str], erased: Erased) -> str:
    """Whether a row is an erased person's own."""
    fields = [each for each in erased.identifying.get(stream, ()) if each.field in types]
    emails = [quote(each.field) for each in fields if each.kind == "email"]
    says_whose = [f"is_erased(said_record({quote(each.field)}))" for each in fields if each.kind == "record"]
    says_whose += [f"is_erased(said_email({name}))" for name in emails]
    values = _any(f"is_erased({_value(stream, each.field)})" for each in fields if each.kind == "value")
    says_whose.append(f"({values} AND NOT {_any(f'contains({name}, {AT})' for name in emails)})")
    if "Id" not in types:
        return _any([*(f"is_erased({_value(stream, name)})" for name in OWN_ID if name in types), *says_whose])
    says_whose += [f"is_erased(said_record({quote(name)}))" for name in _SAYS_WHOSE if name in types]
    by_id = [f"is_erased({_value(stream, 'Id')})", 'is_erased(said_record("Id"))']
    by_id += ['is_erased(said_record("PersonContactId"))'] if "PersonContactId" in types else []
    of_person = ['is_erased(said_email("Email"))'] if "Email" in types else []
    names_just_them = [
        f"is_erased(said_{kind}({text}))" for text in _texts(types).values() for kind in ("record", "email")
    ]
    return _any(
        [
            *by_id,
            f'(left("Id", 3) NOT IN {OF_MANY} AND {_any(says_whose)})',
            f'(left("Id", 3) IN {PEOPLE} AND {_any(of_person)})',
            f'(left("Id", 3) NOT IN {OF_MANY + PEOPLE} AND {_any(names_just_them)})',
        ]
    )


def _any(conditions: Iterable[str]) -> str:
    """SQL that is true where one of them is, and never null."""
    return "(" + (" OR ".join(f"coalesce({condition}, false)" for condition in conditions) or "false") + ")"


def _value(stream: str, name: str) -> str:
    return f"said_value({quote_text(f'{stream}.{name}')}, {quote(name)})"
