"""GET /query, /queryAll and nextRecordsUrl.

A result is read once, as of one moment, and paged from what was read: records that change meanwhile do not move
between pages. DuckDB makes the JSON of each record; a page only strings them together. Children beyond a page's size
become a result of their own, with a nextRecordsUrl in their parent.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.errors import OrgError, SoqlError
from sf_elt.demo_org.faults.inside import inside
from sf_elt.demo_org.ids import id_at
from sf_elt.demo_org.metadata.catalog import IN_DATA, TOOLING, Catalog, open_json
from sf_elt.demo_org.numbers import whole_number
from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import schema_of, user_of, version_of
from sf_elt.demo_org.rest.columns import column_metadata
from sf_elt.demo_org.rest.explain import explain
from sf_elt.demo_org.rest.requests import reply
from sf_elt.demo_org.rest.time_limit import time_limit
from sf_elt.demo_org.rest.viewed import remember_views
from sf_elt.demo_org.schema import Schema
from sf_elt.demo_org.soql import compile_query, json_statement, parse
from sf_elt.demo_org.soql.ast import Query
from sf_elt.demo_org.store import Store

SMALLEST_PAGE, LARGEST_PAGE = 200, 2_000
MOST_WITH_OFFSET = 2_000
"""Records of a query with an OFFSET, even of 0, whatever its LIMIT says (recorded: the totalSize too)."""
CURSOR_LIFETIME = timedelta(days=2)
KEPT_BYTES = 512 * 1024 * 1024
"""How large unfinished results may be together; the one longest unread gives way: its locator dies.

Their number has no limit, as in Salesforce since version 56.0.
"""

_CURSOR_PREFIX = "01g"
_UNFINISHED = '"done":false'
"""In a record's JSON: it has more children than fit a page. No value can look so, as quotes in values are escaped."""


@dataclass(frozen=True)
class _Result:
    """All records of a query, as JSON texts, for the user who asked; `nested` where they may have children."""

    user_id: str
    query: Query
    records: pa.ChunkedArray
    page_size: int
    read_at: datetime
    nested: bool = False

    def page(self, start: int) -> list[str]:
        texts: list[str] = self.records.slice(start, self.page_size).to_pylist()
        return texts


class Queries:
    """Answers queries and keeps the results that are not read to their end."""

    def __init__(self) -> None:
        self._results: OrderedDict[str, _Result] = OrderedDict()
        self._made = self._kept_bytes = 0
        self._catalog = Catalog()
        self._lock = threading.Lock()

    def query(self, request: Request) -> Response:
        """The first page of the records that are not deleted."""
        return self._first_page(request, include_deleted=False)

    def query_all(self, request: Request) -> Response:
        """The first page of all records, deleted ones included."""
        return self._first_page(request, include_deleted=True)

    def more(self, request: Request) -> Response:
        """The page that a nextRecordsUrl leads to, for who asked for the first one and still may."""
        cursor, _, offset = request.path_params["locator"].rpartition("-")
        result = self._kept(cursor, user_of(request), org_of(request).clock())
        start = whole_number(offset)
        if result is None or start is None or start > len(result.records):
            raise OrgError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        schema, _ = self._source(request, result.query)
        compile_query(result.query, schema, result.read_at, user_id=result.user_id)  # refuses what is hidden by now
        return self._reply(request, result, start, cursor)

    def _first_page(self, request: Request, *, include_deleted: bool) -> Response:
        org = org_of(request)
        now = org.now_for(user_of(request))
        explained = request.query_params.get("explain")
        if explained:
            with org.store.reading() as connection, time_limit(connection):
                return reply(explain(connection, explained, schema_of(request), now, user_of(request)))
        soql = request.query_params.get("q")
        if soql is None:
            raise OrgError(400, "MALFORMED_QUERY", "A query string has to be specified")
        if not soql.strip():
            raise SoqlError("MALFORMED_QUERY", "SOQL statements cannot be empty or null")
        query = parse(soql)
        schema, store = self._source(request, query)
        compiled = compile_query(query, schema, now, include_deleted=include_deleted, user_id=user_of(request))
        if request.query_params.get("columns") == "true":
            return reply(column_metadata(compiled))
        with store.reading() as connection, time_limit(connection):
            if compiled.is_count:
                row = connection.execute(compiled.count_sql, compiled.parameters).fetchone()
                return reply({"totalSize": row[0] if row else 0, "done": True, "records": []})
            page_size = _page_size(request)
            statement = json_statement(compiled, version_of(request), page_size)
            records = connection.sql(statement, params=compiled.parameters).to_arrow_table().column(0)
        if compiled.query.offset is not None:
            records = records.slice(0, MOST_WITH_OFFSET)
        if compiled.aggregated and len(records) > page_size:
            message = (
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            )
            raise SoqlError("EXCEEDED_ID_LIMIT", message)
        if store is not org.store:
            records = _opened(records)
        elif query.purpose:
            remember_views(org.store, compiled, records)
        result = _Result(user_of(request), query, records, page_size, org.clock(), nested=compiled.has_children)
        return self._reply(request, result, 0, None)

    def _source(self, request: Request, query: Query) -> tuple[Schema, Store]:
        """What is queried: the org's records, or what the org is made of, for those who may see that."""
        org = org_of(request)
        if query.object_name.lower() in IN_DATA and org.access.may(user_of(request), "ViewSetup"):
            return TOOLING, self._catalog.of(org.schema)
        return schema_of(request), org.store

    def _reply(self, request: Request, result: _Result, start: int, cursor: str | None) -> Response:
        page = result.page(start)
        request.state.rows = len(page)
        total, end = len(result.records), start + len(page)
        content: dict[str, object] = {"totalSize": total, "done": end >= total}
        if end < total:
            content["nextRecordsUrl"] = _address(request, cursor or self._keep(result), end)
        records: list[object] = [orjson.Fragment(text) for text in page]
        if result.nested:
            records = [self._record(request, result, text) for text in page]
        return reply({**content, "records": records})

    def _record(self, request: Request, result: _Result, text: str) -> object:
        """A record as it is sent, its children cut to a page's size where they are more."""
        if _UNFINISHED not in text:
            return orjson.Fragment(text)
        record = orjson.loads(text)
        self._cut_children(request, result, record)
        return record

    def _cut_children(self, request: Request, result: _Result, record: dict[str, object]) -> None:
        for children in record.values():
            if not isinstance(children, dict) or not isinstance(children.get("records"), list):
                continue
            if not children["done"]:
                texts = pa.chunked_array([[orjson.dumps(each).decode() for each in children["records"]]])
                kept = _Result(result.user_id, result.query, texts, result.page_size, result.read_at, nested=True)
                children["records"] = children["records"][: result.page_size]
                children["nextRecordsUrl"] = _address(request, self._keep(kept), result.page_size)
            for child in children["records"]:
                self._cut_children(request, result, child)

    def _kept(self, cursor: str, user_id: str, now: datetime) -> _Result | None:
        with self._lock:
            result = self._results.get(cursor)
            if result is None or result.user_id != user_id or now - result.read_at > CURSOR_LIFETIME:
                return None
            self._results.move_to_end(cursor)
            return result

    def _keep(self, result: _Result) -> str:
        with self._lock:
            self._made += 1
            cursor = id_at(_CURSOR_PREFIX, self._made)
            self._results[cursor] = result
            self._kept_bytes += result.records.nbytes
            while self._kept_bytes > KEPT_BYTES and len(self._results) > 1:
                _, dropped = self._results.popitem(last=False)
                self._kept_bytes -= dropped.records.nbytes
        return cursor


def _opened(records: pa.ChunkedArray) -> pa.ChunkedArray:
    """Records of what the org is made of, with the values that are kept as texts."""
    opened = [orjson.loads(text) for text in records.to_pylist()]
    for record in opened:
        open_json(record)
    return pa.chunked_array([[orjson.dumps(record).decode() for record in opened]], pa.string())


def _address(request: Request, cursor: str, start: int) -> str:
    return f"/services/data/v{version_of(request)}/query/{cursor}-{start}"


def _page_size(request: Request) -> int:
    """What `Sforce-Query-Options: batchSize=500` wishes for, within Salesforce's bounds; a planned fault makes less."""
    planned = inside().page_size
    if planned is not None:
        return planned
    for option in request.headers.get("sforce-query-options", "").split(","):
        name, _, value = option.partition("=")
        wished = whole_number(value.strip())
        if name.strip().lower() == "batchsize" and wished is not None:
            return min(max(wished, SMALLEST_PAGE), LARGEST_PAGE)
    return LARGEST_PAGE
