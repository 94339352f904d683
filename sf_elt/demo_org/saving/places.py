"""Countries and states: an address says each by name and by code, and a save that gives one gets the other.

As in an org with State and Country/Territory Picklists, where a country that is not in the list is refused, and a state
that is not in its country's. The org knows the states of the countries in `states.csv`; those of others are free text.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import Field, ObjectType

_Parts = tuple[str, str, str, str]


@dataclass(frozen=True)
class _Names:
    """A list of places: the code of each name and each code (in lower case), the name of each code."""

    code_of: Mapping[str, str]
    name_of: Mapping[str, str]


def partners_of(object_type: ObjectType, names: Iterable[str]) -> set[str]:
    """The other fields that say where an address is, of those addresses of which the names say a part."""
    given = set(names)
    return {
        each
        for address in _addresses(object_type)
        for parts in [_parts(address)]
        if given & set(parts)
        for each in parts
        if object_type.has(each)
    }


def fill_places(object_type: ObjectType, rows: Sequence[Row]) -> None:
    """Gives every address both names and codes; refuses countries and states that are in no list."""
    addresses = [parts for each in _addresses(object_type) if object_type.has((parts := _parts(each))[1])]
    for row in rows:
        for parts in addresses:
            if not row.errors and not row.cells.keys().isdisjoint(parts):
                _fill(object_type, row, parts)


def _fill(object_type: ObjectType, row: Row, parts: _Parts) -> None:
    country, country_code, state, state_code = parts
    _pair(object_type, row, country, country_code, _countries(), "country")
    if not row.errors and (state in row.cells or state_code in row.cells):
        where = row.cells.get(country_code, row.existing.get(country_code))
        names = _states().get(where) if isinstance(where, str) else None
        if names is not None:
            _pair(object_type, row, state, state_code, names, "state")


def _pair(object_type: ObjectType, row: Row, name_field: str, code_field: str, known: _Names, kind: str) -> None:
    """Sets name and code from whichever the row gives; the code is the one that counts."""
    given = row.cells[code_field] if row.cells.get(code_field) else row.cells.get(name_field)
    if name_field not in row.cells and code_field not in row.cells:
        return
    if given is None:
        row.cells[name_field] = row.cells[code_field] = None
        return
    code = known.code_of.get(str(given).lower())
    if code is None:
        said_by = object_type.field(code_field if row.cells.get(code_field) else name_field)
        label = said_by.label if said_by else name_field
        which = "a country/territory from the list of valid countries" if kind == "country" else _FROM_STATES
        message = (
            f"There's a problem with this {kind}, even though it may appear correct. Please select {which}.: {label}"
        )
        row.refuse("FIELD_INTEGRITY_EXCEPTION", message, said_by.name if said_by else name_field)
        return
    row.cells[code_field], row.cells[name_field] = code, known.name_of[code]


_FROM_STATES = "a state from the list of valid states"


def _addresses(object_type: ObjectType) -> Iterator[Field]:
    return (each for each in object_type.fields if each.type == "address")


def _parts(address: Field) -> _Parts:
    """The fields of an address's country, country code, state and state code."""
    prefix = address.name.removesuffix("Address")
    return f"{prefix}Country", f"{prefix}CountryCode", f"{prefix}State", f"{prefix}StateCode"


@cache
def _countries() -> _Names:
    return _names(_read("countries.csv"))


@cache
def _states() -> Mapping[str, _Names]:
    """The states of each country that has some in the list, by its code."""
    rows = _read("states.csv")
    return {code: _names([row for row in rows if row["country"] == code]) for code in {row["country"] for row in rows}}


def _names(rows: Sequence[Mapping[str, str]]) -> _Names:
    name_of = {row["code"]: row["name"] for row in rows}
    by_name = {name.lower(): code for code, name in name_of.items()}
    return _Names(by_name | {code.lower(): code for code in name_of}, name_of)


def _read(name: str) -> list[dict[str, str]]:
    text = files("sf_elt.demo_org.saving").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
