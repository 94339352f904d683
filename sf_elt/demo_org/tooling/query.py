"""GET /tooling/query and its nextRecordsUrl: SOQL over the org's components."""

import threading
from collections import OrderedDict

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.faults.inside import inside
from sf_elt.demo_org.ids import id_at
from sf_elt.demo_org.metadata.catalog import TOOLING, WHOLE, Catalog, open_json
from sf_elt.demo_org.numbers import whole_number
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import user_of, version_of
from sf_elt.demo_org.rest.columns import column_metadata
from sf_elt.demo_org.rest.requests import reply
from sf_elt.demo_org.rest.time_limit import time_limit
from sf_elt.demo_org.soql import Compiled, compile_query, json_statement

PAGE = 2_000
KEPT_RESULTS = 50
_CURSOR_PREFIX = "01g"

Records = list[dict[str, object]]


class ToolingQueries:
    """Answers queries and keeps the results that are not read to their end, the latest of them."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._results: OrderedDict[str, tuple[str, str, Records]] = OrderedDict()
        self._made = 0

    def query(self, request: Request) -> Response:
        """The first page. Raises OrgError where the query is wrong, or asks for whole definitions of several."""
        org = org_of(request)
        soql = request.query_params.get("q")
        if not soql:
            raise OrgError(400, "MALFORMED_QUERY", "A query string has to be specified")
        compiled = compile_query(soql, TOOLING, org.now_for(user_of(request)), user_id=user_of(request))
        if not org.access.may(user_of(request), "ViewSetup"):
            message = f"sObject type '{compiled.object_type.name}' is not supported."
            raise OrgError(400, "INVALID_TYPE", message)
        if request.query_params.get("columns") == "true":
            return reply(column_metadata(compiled))
        total, records = read(self._catalog, request, compiled)
        if any(each.field.name in WHOLE for each in compiled.columns) and len(records) > 1:
            message = (
                "When retrieving results with Metadata or FullName fields, the query qualifications must specify no "
                f"more than one row for retrieval. Result size: {len(records)}"
            )
            raise OrgError(400, "MALFORMED_QUERY", message)
        return self._page(request, compiled.object_type.name, records, 0, total, None)

    def more(self, request: Request) -> Response:
        """The page that a nextRecordsUrl leads to, for the user who asked for the first one."""
        cursor, _, offset = request.path_params["locator"].rpartition("-")
        with self._lock:
            user_id, name, records = self._results.get(cursor, ("", "", []))
        start = whole_number(offset)
        if start is None or user_id != user_of(request) or start > len(records):
            raise OrgError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(request, name, records, start, len(records), cursor)

    def _page(
        self, request: Request, name: str, records: Records, start: int, total: int, cursor: str | None
    ) -> Response:
        page = records[start : start + (inside().page_size or PAGE)]
        request.state.rows = len(page)
        end = start + len(page)
        content: dict[str, object] = {"size": len(page), "totalSize": total, "done": end >= len(records)}
        if end < len(records):
            cursor = cursor or self._keep(user_of(request), name, records)
            address = f"/services/data/v{version_of(request)}/tooling/query/{cursor}-{end}"
            content |= {"nextRecordsUrl": address, "queryLocator": f"{cursor}-{end}"}
        else:
            content["queryLocator"] = None
        return reply({**content, "entityTypeName": name, "records": page})

    def _keep(self, user_id: str, name: str, records: Records) -> str:
        with self._lock:
            self._made += 1
            cursor = id_at(_CURSOR_PREFIX, self._made)
            self._results[cursor] = (user_id, name, records)
            if len(self._results) > KEPT_RESULTS:
                self._results.popitem(last=False)
        return cursor


def read(catalog: Catalog, request: Request, compiled: Compiled) -> tuple[int, Records]:
    """How many rows a query has, and the rows; none where it only counts."""
    with catalog.of(org_of(request).schema).reading() as connection, time_limit(connection):
        if compiled.is_count:
            [(count,)] = connection.execute(compiled.count_sql, compiled.parameters).fetchall()
            return count, []
        statement = json_statement(compiled, f"{version_of(request)}/tooling")
        rows = connection.execute(statement, compiled.parameters).fetchall()
    records = [orjson.loads(text) for (text,) in rows]
    for record in records:
        open_json(record)
    return len(records), records
