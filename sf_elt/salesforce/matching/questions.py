"""Many values in few calls: queries of up to 2,000 values each, five of them in one call."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sf_elt.salesforce.asking import MOST_QUERIES, ask, querying
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.describe import FieldDescribe
from sf_elt.salesforce.downloads.rest import fits_rest
from sf_elt.salesforce.errors import QueryTooLarge, QueryTooLong
from sf_elt.salesforce.records import Record, records_of_reply
from sf_elt.salesforce.soql import MAX_SOQL, Value, all_of, among, literal, select

MOST_ROWS = 2000  # of values in one query: their records fit into one reply where each has one

Row = tuple[Value, ...]


@dataclass(frozen=True)
class Question:
    """Rows of values, one for each of some fields: which records have one of them in each of these fields?"""

    fields: tuple[FieldDescribe, ...]
    rows: Sequence[Row]

    @property
    def where(self) -> str:
        columns = zip(*self.rows, strict=True)
        lists = (dict.fromkeys(column) for column in columns)
        return all_of(*(among(field.name, values) for field, values in zip(self.fields, lists, strict=True)))

    @property
    def halves(self) -> "tuple[Question, Question]":
        middle = len(self.rows) // 2
        return Question(self.fields, self.rows[:middle]), Question(self.fields, self.rows[middle:])


def in_questions(
    object_name: str, names: Sequence[str], fields: tuple[FieldDescribe, ...], rows: Iterable[Row]
) -> Iterator[Question]:
    """The rows in as few questions as the org takes, by their number and by the length of their queries."""
    room = MAX_SOQL - len(select(names, object_name, all_of(*(among(field.name, ()) for field in fields))))
    taken: list[Row] = []
    left = room
    for row in rows:
        needed = sum(len(literal(value)) + 2 for value in row)
        if taken and (len(taken) == MOST_ROWS or needed > left):
            yield Question(fields, taken)
            taken, left = [], room
        taken.append(row)
        left -= needed
    if taken:
        yield Question(fields, taken)


def answers(
    org: Org, object_name: str, names: Sequence[str], questions: Iterable[Question]
) -> Iterator[tuple[Question, list[Record]]]:
    """Questions with their records, five a call; records beyond 2,000 of a question are further calls.

    What is too much for the org comes in smaller questions. Raises what the org refuses otherwise.
    """
    waiting = deque(questions)
    while waiting:
        now = [waiting.popleft() for _ in range(min(MOST_QUERIES, len(waiting)))]
        if not org.takes_composites:
            now = [part for each in now for part in _for_addresses(object_name, names, each)]
        queries = {
            f"query{number}": querying(select(names, object_name, each.where)) for number, each in enumerate(now)
        }
        for question, reply in zip(now, ask(org, queries).values(), strict=True):
            if isinstance(reply.refused, QueryTooLarge | QueryTooLong) and len(question.rows) > 1:
                waiting.extend(question.halves)
            elif reply.refused is not None:
                raise reply.refused
            else:
                yield question, list(records_of_reply(org, reply.body))


def _for_addresses(object_name: str, names: Sequence[str], question: Question) -> Iterator[Question]:
    """The question in parts that fit into addresses, for an org that takes no composite requests."""
    if len(question.rows) == 1 or fits_rest(select(names, object_name, question.where)):
        yield question
        return
    for half in question.halves:
        yield from _for_addresses(object_name, names, half)
