"""GET /search (SOSL) and /parameterizedSearch: `{"searchRecords": […]}`, records of all kinds of objects in a row."""

from dataclasses import replace

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sf_elt.demo_org.org import org_of
from sf_elt.demo_org.requests import schema_of, user_of, version_of
from sf_elt.demo_org.rest.requests import json_of, read_body, reply
from sf_elt.demo_org.rest.time_limit import time_limit
from sf_elt.demo_org.soql import compile_query, json_statement
from sf_elt.demo_org.sosl import Search, parse_search, queries_of
from sf_elt.demo_org.sosl.parse import MAX_RECORDS, SCOPES, malformed_search, returning


class SearchedObject(BaseModel):
    """One of `sobjects`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    fields: list[str] | None = None
    where: str | None = None
    order_by: str | None = Field(None, alias="orderBy")
    limit: int | None = Field(None, ge=1, le=MAX_RECORDS)


class ParameterizedSearch(BaseModel):
    """What /parameterizedSearch takes, as JSON or in its address; `fields` are for objects that name none."""

    model_config = ConfigDict(extra="forbid")

    q: str
    sobjects: list[SearchedObject] = []
    fields: list[str] = ["Id"]
    scope: str = Field("ALL", alias="in")
    default_limit: int = Field(MAX_RECORDS, alias="defaultLimit", ge=1, le=MAX_RECORDS)
    overall_limit: int = Field(MAX_RECORDS, alias="overallLimit", ge=1, le=MAX_RECORDS)

    def search(self) -> Search:
        """The same as SOSL would say it. Raises OrgError MALFORMED_SEARCH."""
        if self.scope.upper() not in SCOPES:
            raise malformed_search(f"unexpected token: '{self.scope}'")
        objects = []
        for each in self.sobjects:
            body = ", ".join(each.fields or self.fields)
            body += f" WHERE {each.where}" if each.where else ""
            body += f" ORDER BY {each.order_by}" if each.order_by else ""
            objects.append(returning(each.name, f"{body} LIMIT {each.limit or self.default_limit}"))
        return Search(self.q, self.scope.upper(), tuple(objects), self.overall_limit)


def search(request: Request) -> Response:
    """GET /search?q=FIND {…}."""
    sosl = request.query_params.get("q")
    if not sosl:
        raise malformed_search("A search string has to be specified")
    return _found(request, parse_search(sosl))


def search_by_address(request: Request) -> Response:
    """GET /parameterizedSearch?q=Ada&sobject=Lead&Lead.fields=Id,Name&Lead.limit=5."""
    given: dict[str, object] = {}
    objects: dict[str, dict[str, object]] = {
        name: {"name": name} for names in request.query_params.getlist("sobject") for name in names.split(",")
    }
    for key, value in request.query_params.multi_items():
        name, _, option = key.rpartition(".")
        wanted: object = value.split(",") if option == "fields" else value
        if name:
            objects.setdefault(name, {"name": name})[option] = wanted
        elif key != "sobject":
            given[key] = wanted
    wanted = read_body(ParameterizedSearch, given | {"sobjects": list(objects.values())})
    return _found(request, wanted.search())


async def search_by_body(request: Request) -> Response:
    """POST /parameterizedSearch with the same as JSON."""
    wanted = read_body(ParameterizedSearch, await json_of(request))
    return await run_in_threadpool(lambda: _found(request, wanted.search()))


def _found(request: Request, wanted: Search) -> Response:
    org, schema, records = org_of(request), schema_of(request), list[orjson.Fragment]()
    for query in queries_of(wanted, schema):
        left = wanted.limit - len(records)
        if left <= 0:
            break
        bounded = replace(query, limit=left if query.limit is None else min(query.limit, left))
        compiled = compile_query(bounded, schema, org.now_for(user_of(request)), user_id=user_of(request))
        with org.store.reading() as connection, time_limit(connection):
            statement = json_statement(compiled, version_of(request))
            rows = connection.execute(statement, compiled.parameters).fetchall()
        records += [orjson.Fragment(text) for (text,) in rows]
    request.state.rows = len(records)
    return reply({"searchRecords": records})
