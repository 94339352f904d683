"""POST /composite/tree/Account: records with their children below them, all of them or none.

{"records": [{"attributes": {"type": "Account", "referenceId": "ref1"}, "Name": "Acme",
              "Contacts": {"records": [{"attributes": {"type": "Contact", "referenceId": "ref2"}, …}]}}]}
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import schema_of, user_of
from sf_elt.demo_org.rest.composite.subrequests import check_count
from sf_elt.demo_org.rest.refusals import errors_of
from sf_elt.demo_org.rest.requests import json_of, object_of, options_of, reply
from sf_elt.demo_org.saving import SaveOutcome, save
from sf_elt.demo_org.schema import ObjectType, Schema

MOST_RECORDS, MOST_TYPES, DEEPEST = 200, 5, 5


@dataclass
class Node:
    """One record of a tree: its own values, and the parent in whose field `by` its Id will be written."""

    reference_id: str
    object_type: ObjectType
    values: dict[str, object]
    parent: "Node | None" = None
    by: str = ""
    id: str | None = None


async def create(request: Request) -> Response:
    """POST /composite/tree/Account → 201 with the new Ids, or 400 with the errors of the records that have some."""
    body = await json_of(request)
    schema, root = schema_of(request), object_of(request)
    levels = list(_levels(schema, root, body.get("records")))
    nodes = [node for level in levels for node in level]
    _check_size(levels, nodes)
    twice = _given_twice(nodes)
    if twice:
        return _refused([(node, _DUPLICATE) for node in twice])
    failed = await run_in_threadpool(_save, request, schema, levels)
    request.state.rows = len(nodes)
    if failed:
        return _refused([(node, errors_of(request, outcome)) for node, outcome in failed])
    results = [{"referenceId": node.reference_id, "id": node.id} for node in nodes]
    return reply({"hasErrors": False, "results": results}, 201)


def _save(request: Request, schema: Schema, levels: Sequence[Sequence[Node]]) -> list[tuple[Node, SaveOutcome]]:
    """Saves level after level; at the first with failures, nothing is kept and those are returned."""
    store = org_of(request).store
    with store.transaction() as transaction:
        for level in levels:
            failed: list[tuple[Node, SaveOutcome]] = []
            for name in dict.fromkeys(node.object_type.name for node in level):
                nodes = [node for node in level if node.object_type.name == name]
                records = [_record(node) for node in nodes]
                options = options_of(request)
                outcomes = save(store, user_of(request), name, "insert", records, schema=schema, options=options)
                for node, outcome in zip(nodes, outcomes, strict=True):
                    node.id = outcome.id
                    if not outcome.success:
                        failed.append((node, outcome))
            if failed:
                transaction.failed = True
                return failed
    return []


def _record(node: Node) -> dict[str, object]:
    return node.values if node.parent is None else {**node.values, node.by: node.parent.id}


def _levels(schema: Schema, root: ObjectType, records: object) -> Iterator[list[Node]]:
    """The records level by level, parents first."""
    level = [_node(schema, record) for record in _list_of(records)]
    if any(node.object_type.name != root.name for node, _ in level):
        raise OrgError(400, "INVALID_INPUT", f"All root records of the request must be of type {root.name}")
    while level:
        yield [node for node, _ in level]
        level = [
            (child, below)
            for parent, children in level
            for relationship, given in children.items()
            for child, below in _children(schema, parent, relationship, given)
        ]


_Children = Mapping[str, object]


def _children(schema: Schema, parent: Node, relationship: str, given: object) -> Iterator[tuple[Node, _Children]]:
    found = schema.children_named(parent.object_type.name, relationship)
    if found is None:
        raise OrgError(
            400, "INVALID_FIELD", f"No such column '{relationship}' on sobject of type {parent.object_type.name}"
        )
    for record in _list_of(given):
        node, below = _node(schema, record)
        if node.object_type.name != found.object_type.name:
            message = f"The records of {relationship} must be of type {found.object_type.name}"
            raise OrgError(400, "INVALID_INPUT", message)
        node.parent, node.by = parent, found.field.name
        yield node, below


def _node(schema: Schema, record: object) -> tuple[Node, _Children]:
    """A record's own part, and what it says of its children by their relationship."""
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(record, dict) or not isinstance(attributes, dict):
        raise OrgError(400, "INVALID_INPUT", "Each record needs attributes with its type and referenceId")
    name, reference_id = attributes.get("type"), attributes.get("referenceId")
    object_type = schema.object(name) if isinstance(name, str) else None
    if object_type is None:
        raise OrgError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    if not isinstance(reference_id, str) or not reference_id[:1].isalnum():
        message = "Include a reference ID for each record in the request, a text that starts with a letter or number"
        raise OrgError(400, "INVALID_INPUT", message)
    children = {key: value for key, value in record.items() if isinstance(value, dict) and "records" in value}
    values = {key: value for key, value in record.items() if key != "attributes" and key not in children}
    return Node(reference_id, object_type, values), children


def _list_of(records: object) -> list[object]:
    found = records.get("records") if isinstance(records, dict) else records
    if not isinstance(found, list):
        raise OrgError(400, "INVALID_INPUT", "Include at least one record in the request")
    return found


def _check_size(levels: Sequence[Sequence[Node]], nodes: Sequence[Node]) -> None:
    types = {node.object_type.name for node in nodes}
    check_count(nodes, MOST_RECORDS, "records")
    check_count(levels, DEEPEST, "levels")
    check_count(types, MOST_TYPES, "types of objects")
    if not nodes:
        raise OrgError(400, "INVALID_INPUT", "Include at least one record in the request")


def _given_twice(nodes: Sequence[Node]) -> list[Node]:
    names = [node.reference_id for node in nodes]
    return [node for node in nodes if names.count(node.reference_id) > 1]


_DUPLICATE: list[dict[str, object]] = [
    {"statusCode": "INVALID_INPUT", "message": "Duplicate ReferenceId provided in the request.", "fields": []}
]


def _refused(failed: Sequence[tuple[Node, list[dict[str, object]]]]) -> Response:
    results = [{"referenceId": node.reference_id, "errors": errors} for node, errors in failed]
    return reply({"hasErrors": True, "results": results}, 400)
