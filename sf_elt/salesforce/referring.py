"""Which records others refer to: whether somebody would miss something if they were deleted."""

import logging
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from sf_elt.salesforce.asking import MOST_QUERIES, ask, querying
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.describe import ChildRelationship, ObjectDescribe, object_list
from sf_elt.salesforce.downloads.rest import fits_rest
from sf_elt.salesforce.errors import QueryTooLarge, QueryTooLong, RequestRefused
from sf_elt.salesforce.records import Record, query, records_of_reply
from sf_elt.salesforce.soql import all_of, among, compare, select, select_with_children

log = logging.getLogger(__name__)

MOST_CHILDREN = 20  # subqueries of one query (SOQL and SOSL Reference, "Relationship Query Limitations")
MOST_RECORDS = 2000  # of one query: they fit into one reply

# What the org keeps beside each record by itself, or makes together with it: nobody's work.
_KEPT = re.compile(r"(Share|History|Feed|ChangeEvent|CleanInfo|Tag)$")
_MADE_ALONG = frozenset(
    {
        "CampaignMemberStatus", "DuplicateRecordItem", "EntitySubscription", "EventRelation", "EventWhoRelation",
        "FlowRecordRelation", "RecordAction", "TaskRelation", "TaskWhoRelation",
    }
)  # fmt: skip
_NOBODY: Mapping[str, Collection[str]] = MappingProxyType({})


def objects_referring(
    org: Org, described: ObjectDescribe, ids: Sequence[str], *, but: Mapping[str, Collection[str]] = _NOBODY
) -> dict[str, tuple[str, ...]]:
    """The objects of which living records refer to these records, by Id; a record that none refers to is not there.

    `but`: Ids by object that do not count, since they go as well. Looked at is every child relationship that the
    describe names and whose object this user can query, but for what the org keeps of any record by itself. One call
    asks for a hundred relationships of 2,000 records; one more, once a session, which objects can be queried.

    Raises what `records.query` raises.
    """
    if not ids:
        return {}
    children = [child for child in _children(org, described) if child.childSObject not in but]
    found: dict[str, set[str]] = {}
    for child, record_id in _first_children(org, _questions(described, children, ids)):
        found.setdefault(record_id, set()).add(child.childSObject)
    for child in _children(org, described):
        if child.childSObject in but:
            for record_id in _parents(org, described, child, ids, but[child.childSObject]):
                found.setdefault(record_id, set()).add(child.childSObject)
    return {record_id: tuple(sorted(objects)) for record_id, objects in found.items()}


def _children(org: Org, described: ObjectDescribe) -> list[ChildRelationship]:
    queryable = {each.name for each in object_list(org) if each.queryable}
    return [
        child
        for child in described.childRelationships
        if child.relationshipName
        and child.childSObject in queryable
        and child.childSObject not in _MADE_ALONG
        and not _KEPT.search(child.childSObject)
    ]


def _condition(described: ObjectDescribe, child: ChildRelationship) -> str:
    """Which of the children count: a contact has a relation to its own account, a person account is a contact too."""
    if child.childSObject == "AccountContactRelation":
        return compare("IsDirect", "=", False)
    if child.childSObject == "Contact" and "IsPersonAccount" in described.by_name:
        return compare("IsPersonAccount", "=", False)
    return ""


@dataclass(frozen=True)
class _Question:
    """Which of these records have which of these children?"""

    described: ObjectDescribe
    children: Sequence[ChildRelationship]
    ids: Sequence[str]

    @property
    def soql(self) -> str:
        told = [(str(child.relationshipName), _condition(self.described, child)) for child in self.children]
        return select_with_children(told, self.described.name, among("Id", self.ids))

    @property
    def of_fewer_records(self) -> "list[_Question]":
        middle = len(self.ids) // 2
        return [replace(self, ids=self.ids[:middle]), replace(self, ids=self.ids[middle:])]

    @property
    def of_fewer_children(self) -> "list[_Question]":
        middle = len(self.children) // 2
        return [replace(self, children=self.children[:middle]), replace(self, children=self.children[middle:])]


def _questions(
    described: ObjectDescribe, children: Sequence[ChildRelationship], ids: Sequence[str]
) -> Iterator[_Question]:
    for place in range(0, len(children), MOST_CHILDREN):
        for start in range(0, len(ids), MOST_RECORDS):
            yield _Question(described, children[place : place + MOST_CHILDREN], ids[start : start + MOST_RECORDS])


def _first_children(org: Org, questions: Iterator[_Question]) -> Iterator[tuple[ChildRelationship, str]]:
    """Each relationship with the Ids of the records that have any child in it.

    A relationship that the org will not query for this user after all is left out; all of them cannot be.
    """
    waiting = deque(questions)
    refused: RequestRefused | None = None
    is_answered = not waiting
    while waiting:
        now = [waiting.popleft() for _ in range(min(MOST_QUERIES, len(waiting)))]
        if not org.takes_composites and (long := [each for each in now if _is_long(each)]):
            waiting.extend(part for each in long for part in each.of_fewer_records)
            now = [each for each in now if not _is_long(each)]
        replies = ask(org, {f"query{number}": querying(each.soql) for number, each in enumerate(now)})
        for question, reply in zip(now, replies.values(), strict=True):
            if reply.refused is None:
                is_answered = True
                yield from _having(question, records_of_reply(org, reply.body))
            elif isinstance(reply.refused, QueryTooLarge | QueryTooLong) and len(question.ids) > 1:
                waiting.extend(question.of_fewer_records)
            elif len(question.children) > 1:
                waiting.extend(question.of_fewer_children)
            else:
                refused = reply.refused
                log.info("%s of %s: %s", question.children[0].relationshipName, question.described.name, refused)
    if refused is not None and not is_answered:
        raise refused


def _is_long(question: _Question) -> bool:
    return len(question.ids) > 1 and not fits_rest(question.soql)


def _having(question: _Question, records: Iterator[Record]) -> Iterator[tuple[ChildRelationship, str]]:
    for record in records:
        for child in question.children:
            if record[str(child.relationshipName)]:
                yield child, record.id


def _parents(
    org: Org, described: ObjectDescribe, child: ChildRelationship, ids: Sequence[str], but: Collection[str]
) -> Iterator[str]:
    """The records to which children refer that are not among those."""
    for start in range(0, len(ids), MOST_RECORDS):
        where = all_of(among(child.field, ids[start : start + MOST_RECORDS]), _condition(described, child))
        for record in query(org, select(["Id", child.field], child.childSObject, where)):
            if record.id not in but:
                yield str(record[child.field])
