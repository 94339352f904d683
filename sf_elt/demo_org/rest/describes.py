"""GET /sobjects and what is below it about objects rather than records."""
# ruff: noqa: S608 (names come from the schema and are quoted, values are parameters)

from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.describe import RecordTypeInfo, describe_global, describe_object, object_summary
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.requests import schema_of, version_of
from sf_elt.demo_org.rest.requests import object_of, reply
from sf_elt.demo_org.store import table


def all_objects(request: Request) -> Response:
    """GET /sobjects: the global describe."""
    return reply(describe_global(schema_of(request), version_of(request)))


def summary(request: Request) -> Response:
    """GET /sobjects/Lead: the object without its fields; the demo org remembers no recent items."""
    return reply({"objectDescribe": object_summary(object_of(request), version_of(request)), "recentItems": []})


def one_object(request: Request) -> Response:
    """GET /sobjects/Lead/describe."""
    org, object_type = org_of(request), object_of(request)
    record_types = _record_types(org, object_type.name)
    return reply(describe_object(schema_of(request), object_type, version_of(request), record_types))


def _record_types(org: Org, object_name: str) -> list[RecordTypeInfo]:
    with org.store.reading() as connection:
        rows = connection.execute(
            f'SELECT "Id", "Name", "DeveloperName", "IsActive" FROM {table("RecordType")} '
            'WHERE "SobjectType" = ? ORDER BY "Id"',
            [object_name],
        ).fetchall()
    return [RecordTypeInfo(*row) for row in rows]
