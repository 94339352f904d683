"""The records of each key, where a key is a value, or none, for each matcher."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Literal

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.describe import FieldDescribe, describe
from sf_elt.salesforce.errors import OrgUnavailable
from sf_elt.salesforce.lookups.finding import resolved
from sf_elt.salesforce.matching.matchers import check_matchers
from sf_elt.salesforce.matching.questions import Row, answers, in_questions
from sf_elt.salesforce.matching.values import Comparable, can_hold, cast, comparable, loosened, trimmed
from sf_elt.salesforce.records import Record
from sf_elt.salesforce.soql import Value

log = logging.getLogger(__name__)

Operator = Literal["and", "or"]
Outcome = Literal["one", "none", "several", "incomplete", "unusable"]


@dataclass(frozen=True)
class Matches:
    """What the org holds for one key: its records, each once, in the order of their Ids; deleted ones are none.

    A key is `incomplete` where too few of its values were given to ask for it: one of several that must all match, or
    all of them. It is not asked for either where a value is `unusable`, which is why: it can be none of its field.
    """

    records: tuple[Record, ...] = ()
    incomplete: bool = False
    unusable: str = ""

    @property
    def outcome(self) -> Outcome:
        if self.unusable:
            return "unusable"
        if self.incomplete:
            return "incomplete"
        return "none" if not self.records else "one" if len(self.records) == 1 else "several"


def find_matches(
    org: Org,
    object_name: str,
    fields: Sequence[str],
    operator: Operator,
    keys: Sequence[Sequence[str | None]],
    *,
    more_fields: Sequence[str] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Matches]:
    """The records of each key, in the order of the keys: with `or` those that have any of its values, with `and` all.

    A key has one text for each of the fields, or None (or an empty text) where there is none. Texts are what DuckDB
    writes; they compare as in the org, and nothing in them is a wildcard. Records have their Id, the matchers and
    `more_fields`. One call asks for up to 10,000 values; `on_progress` is told how many were asked for, of how many.

    Raises UnknownObject, UnknownField, CannotMatch before any query, and ValueError for a key of another length.
    """
    described = describe(org, object_name)
    matchers = check_matchers(described, fields)
    names = resolved(org, described, ["Id", *(each.name for each in matchers), *more_fields])
    unasked: dict[int, Matches] = {}
    soughts = [_Sought((each,)) for each in matchers] if operator == "or" else [_Sought(matchers)]
    for place, key in enumerate(keys):
        found = _values(matchers, operator, key)
        if isinstance(found, Matches):
            unasked[place] = found
        elif operator == "and":
            soughts[0].seek(place, tuple(value for value in found if value is not None))
        else:
            for sought, value in zip(soughts, found, strict=True):
                if value is not None:
                    sought.seek(place, (value,))
    held = _ask(org, described.name, names, soughts, on_progress)
    return [unasked.get(place) or _matches(held.get(place, {})) for place in range(len(keys))]


@dataclass
class _Sought:
    """Values that are sought together, one in each of these fields, and the places of the keys that have them."""

    fields: tuple[FieldDescribe, ...]
    rows: dict[tuple[Comparable, ...], Row] = field(default_factory=dict)
    places: dict[tuple[Comparable, ...], list[int]] = field(default_factory=dict)

    def seek(self, place: int, row: Row) -> None:
        if not all(can_hold(field, value) for field, value in zip(self.fields, row, strict=True)):
            return
        compared = tuple(comparable(field, value) for field, value in zip(self.fields, row, strict=True))
        self.rows.setdefault(compared, row)
        self.places.setdefault(compared, []).append(place)

    def places_of(self, record: Record) -> Iterator[int]:
        """The keys that a record, found by these values, is of."""
        texts = (record[field.name] for field in self.fields)
        try:
            values = [cast(field, str(text)) for field, text in zip(self.fields, texts, strict=True)]
        except ValueError:  # which repeats the value
            raise OrgUnavailable(
                f"{record.object_name}: the org's reply has a value that can be none of "
                f"{' or '.join(field.name for field in self.fields)}. Run it again"
            ) from None
        for compared in product(*(self._sought_as(number, value) for number, value in enumerate(values))):
            yield from self.places.get(compared, ())

    def _sought_as(self, number: int, value: Value) -> Iterable[Comparable]:
        """The sought values of a field that the org calls equal to one that it has found.

        What is found is equal to one of them, if not by our rules of letter case, then by the org's.
        """
        own = comparable(self.fields[number], value)
        return (own,) if own in self._sought[number] else self._loosely[number].get(loosened(own), ())

    @cached_property
    def _sought(self) -> list[set[Comparable]]:
        """The sought values of each field."""
        return [{compared[number] for compared in self.places} for number in range(len(self.fields))]

    @cached_property
    def _loosely(self) -> list[dict[Comparable, list[Comparable]]]:
        """The same by what is left of them without accents and the like."""
        found: list[dict[Comparable, list[Comparable]]] = [{} for _ in self.fields]
        for of_field, values in zip(found, self._sought, strict=True):
            for value in values:
                of_field.setdefault(loosened(value), []).append(value)
        return found


def _values(matchers: Sequence[FieldDescribe], operator: Operator, key: Sequence[str | None]) -> Row | Matches:
    """The values of a key, None where it has none; or why it is not asked for."""
    given = [text is not None and trimmed(text) != "" for text in key]
    if len(given) != len(matchers):
        raise ValueError(f"a key of {len(given)} values for {len(matchers)} matchers")
    if not (all(given) if operator == "and" else any(given)):
        return Matches(incomplete=True)
    try:
        return tuple(
            cast(matcher, text) if text is not None and is_given else None
            for matcher, text, is_given in zip(matchers, key, given, strict=True)
        )
    except ValueError as error:
        return Matches(unusable=str(error))


def _ask(
    org: Org,
    object_name: str,
    names: Sequence[str],
    soughts: Sequence[_Sought],
    on_progress: Callable[[int, int], None] | None,
) -> Mapping[int, Mapping[str, Record]]:
    """The records of the keys at these places, by their Ids."""
    by_fields = {sought.fields: sought for sought in soughts}
    questions = [
        each for sought in soughts for each in in_questions(object_name, names, sought.fields, sought.rows.values())
    ]
    asked, of_all = 0, sum(len(question.rows) for question in questions)
    held: dict[int, dict[str, Record]] = {}
    unplaced = 0
    for question, records in answers(org, object_name, names, questions):
        sought = by_fields[question.fields]
        for record in records:
            places = list(sought.places_of(record))
            unplaced += not places and len(question.fields) == 1
            for place in places:
                held.setdefault(place, {})[record.id] = record
        asked += len(question.rows)
        if on_progress is not None:
            on_progress(asked, of_all)
    if unplaced:
        log.warning("%s: %d records have none of the values that they were found by", object_name, unplaced)
    return held


def _matches(records: Mapping[str, Record]) -> Matches:
    return Matches(tuple(records[an_id] for an_id in sorted(records)))
