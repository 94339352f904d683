"""Reading over SOAP: query, queryAll, queryMore, search, retrieve, describe, getUpdated, getDeleted.

Each is the REST request of the same meaning; here is only what differs.
"""

import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from sf_elt.demo_org.soap.envelope import SoapFault, texts
from sf_elt.demo_org.soap.operation import Asked
from sf_elt.demo_org.soap.records import datetime_text, query_result, sobject
from sf_elt.demo_org.soap.writing import MOST_RECORDS
from sf_elt.demo_org.soap.xml import XmlValue

DEFAULT_BATCH = 500
MOST_DESCRIBED = 100

_PAGES = {"urlDetail": "uiDetailTemplate", "urlEdit": "uiEditTemplate", "urlNew": "uiNewRecord"}
_ONLY_REST = ("urls", "listviewable", "lookupLayoutable", "sobjectDescribeOption")
"""Members of a JSON describe that the SOAP API does not know."""
_NILLABLE = (
    "keyPrefix", "recordTypeId", "url", "urlDetail", "urlEdit", "urlNew", "defaultImplementation", "implementedBy",
    "implementsInterfaces", "networkScopeFieldName",
)  # fmt: skip
"""Members that the WSDL wants even where they are null; the others are left out then."""


async def query(asked: Asked) -> XmlValue:
    return await _first_page(asked, "query")


async def query_all(asked: Asked) -> XmlValue:
    """As query, deleted records included."""
    return await _first_page(asked, "queryAll")


async def query_more(asked: Asked) -> XmlValue:
    """The page that a queryLocator leads to."""
    return await _page(asked, f"/query/{quote(asked.argument('queryLocator'), safe='')}")


async def search(asked: Asked) -> XmlValue:
    """What SOSL finds, as SearchResult: records of several objects in a row."""
    found = await asked.rest("GET", f"/search?{urlencode({'q': asked.argument('searchString')})}")
    records = found.get("searchRecords") if isinstance(found, dict) else []
    return {
        "queryId": secrets.token_hex(6),
        "searchRecords": [{"record": sobject(asked.schema, each)} for each in records]
        if isinstance(records, list)
        else [],
    }


async def retrieve(asked: Asked) -> XmlValue:
    """Records by Id, in the order of the Ids; nil where one is missing."""
    object_type = asked.object_type(asked.argument("sObjectType"))
    fields: list[JsonValue] = [each.strip() for each in asked.argument("fieldList").split(",")]
    ids: list[JsonValue] = list(texts(asked.arguments, "ids"))
    found = await asked.rest("POST", f"/composite/sobjects/{object_type.name}", {"ids": ids, "fields": fields})
    return [sobject(asked.schema, each) for each in found] if isinstance(found, list) else []


async def describe_global(asked: Asked) -> XmlValue:
    found = await asked.rest("GET", "/sobjects")
    summaries = found.get("sobjects") if isinstance(found, dict) else []
    sobjects = [_described_object(each) for each in summaries] if isinstance(summaries, list) else []
    return {"encoding": "UTF-8", "maxBatchSize": MOST_RECORDS, "sobjects": sobjects}


async def describe_sobject(asked: Asked) -> XmlValue:
    return await _describe(asked, asked.argument("sObjectType"))


async def describe_sobjects(asked: Asked) -> XmlValue:
    names = texts(asked.arguments, "sObjectType")
    if len(names) > MOST_DESCRIBED:
        raise SoapFault("EXCEEDED_MAX_TYPES_LIMIT", f"describeSObjects takes {MOST_DESCRIBED} types at most")
    return [await _describe(asked, name) for name in names]


async def get_updated(asked: Asked) -> XmlValue:
    found = await _replicated(asked, "updated")
    return {"ids": found.get("ids"), "latestDateCovered": found.get("latestDateCovered")}


async def get_deleted(asked: Asked) -> XmlValue:
    found = await _replicated(asked, "deleted")
    return {name: found.get(name) for name in ("deletedRecords", "earliestDateAvailable", "latestDateCovered")}


async def get_server_timestamp(asked: Asked) -> XmlValue:
    return {"timestamp": asked.org.clock().strftime("%Y-%m-%dT%H:%M:%S.000Z")}


async def _first_page(asked: Asked, resource: str) -> XmlValue:
    return await _page(asked, f"/{resource}?{urlencode({'q': asked.argument('queryString')})}")


async def _page(asked: Asked, path: str) -> XmlValue:
    wanted = asked.call.header("QueryOptions", "batchSize") or str(DEFAULT_BATCH)
    reply = await asked.rest("GET", path, headers={"Sforce-Query-Options": f"batchSize={wanted}"})
    return query_result(asked.schema, reply if isinstance(reply, dict) else {})


async def _describe(asked: Asked, name: str) -> XmlValue:
    object_type = asked.object_type(name)
    found = await asked.rest("GET", f"/sobjects/{object_type.name}/describe")
    return _described_object({**found, **_pages(found)}) if isinstance(found, dict) else None


def _pages(found: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The addresses of an object's pages, nil where it has none: the SOAP API has them outside of `urls`."""
    urls = found.get("urls")
    known = urls if isinstance(urls, dict) else {}
    return {name: known.get(of_rest) for name, of_rest in _PAGES.items()}


async def _replicated(asked: Asked, kind: str) -> dict[str, XmlValue]:
    object_type = asked.object_type(asked.argument("sObjectType"))
    span = urlencode({"start": _instant(asked, "startDate"), "end": _instant(asked, "endDate")})
    found = await asked.rest("GET", f"/sobjects/{object_type.name}/{kind}/?{span}")
    return {name: _with_datetimes(member) for name, member in found.items()} if isinstance(found, dict) else {}


def _instant(asked: Asked, name: str) -> str:
    """A dateTime argument; one without a time zone, which XML Schema allows and beatbox sends, is UTC."""
    given = asked.argument(name)
    try:
        return f"{given}Z" if datetime.fromisoformat(given).tzinfo is None else given
    except ValueError:
        return given  # refused with the resource's own words


def _with_datetimes(value: JsonValue) -> XmlValue:
    if isinstance(value, list):
        return [_with_datetimes(each) for each in value]
    if isinstance(value, dict):
        return {name: _with_datetimes(member) for name, member in value.items()}
    return datetime_text(value) if isinstance(value, str) else value


def _described_object(found: JsonValue) -> XmlValue:
    """An object of a JSON describe, with what only the SOAP API says of it."""
    return _described({**found, "idEnabled": False}) if isinstance(found, dict) else None


def _described(value: JsonValue) -> XmlValue:
    """A JSON describe with its members in the order of the WSDL, which is that of the alphabet."""
    if isinstance(value, list):
        return [_described(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = (
        name for name, member in value.items() if name not in _ONLY_REST and (member is not None or name in _NILLABLE)
    )
    return {name: _described(value[name]) for name in sorted(kept)}
