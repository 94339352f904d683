"""Rows of any query as Python values, page by page: what is not asked for is not fetched, and nothing is kept."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import orjson
from pydantic import BaseModel, Field, TypeAdapter

from sf_elt.salesforce.asking import ask
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.downloads.rest import fits_rest
from sf_elt.salesforce.errors import OrgUnavailable, RequestRefused
from sf_elt.salesforce.replies import Row, not_in_reply, require_an_end, require_shallow, total_of, understood_as

_COUNT = re.compile(r"\s*SELECT\s+(COUNT\s*\(\s*\))\s+FROM\b", re.IGNORECASE)


@dataclass(frozen=True)
class Record(Mapping[str, object]):
    """One row, by the names that were asked for, in that order: `record["Email"]`, `record["Account.Name"]`.

    A related record is a Record in its place, or None where there is none, and then so is all that is asked of it.
    Children are a tuple of Records; an address or a geolocation is a dict. Texts, numbers, booleans and None are as
    the org sends them: dates and times are text.
    """

    object_name: str  # AggregateResult for a row of a query with GROUP BY
    fields: Mapping[str, object]
    address: str = ""  # where the record is, below the org's host

    def __getitem__(self, name: str) -> object:
        if name in self.fields:
            return self.fields[name]
        first, dot, rest = name.partition(".")
        known = self._known(first)
        if known not in self.fields:
            raise not_in_reply(name)
        related = self.fields[known]
        if not dot or related is None:
            return related
        if isinstance(related, Mapping):
            return related[rest]
        raise not_in_reply(name)

    def _known(self, name: str) -> str:
        """The name as the org writes it: as in SOQL, letter case does not matter."""
        return next((known for known in self.fields if known.lower() == name.lower()), name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    @property
    def id(self) -> str:
        """The record's Id, of 18 characters, also where it was not asked for. Raises NotInReply for a row of groups."""
        found = self.fields.get("Id") or self.address.rpartition("/")[2]
        if not found:
            raise not_in_reply("Id")
        return str(found)


@dataclass(frozen=True)
class Page:
    """One reply to a query: its rows, and how many rows the query has in all."""

    total: int
    records: tuple[Record, ...]


def query_pages(org: Org, soql: str, *, include_deleted: bool = False) -> Iterator[Page]:
    """The replies to a query, each asked for when it is wanted: one API call each, up to 2,000 rows.

    Takes whatever SOQL the org takes. `SELECT COUNT() FROM …` has one row with the one value `COUNT()`. Children that
    need more than one reply are read to their end. Raises RequestRefused and its kinds with the org's own words.
    """
    reply = _asked(org, {"q": soql}, include_deleted=include_deleted)
    counted = _COUNT.match(soql)
    if counted is not None:
        yield Page(1, (Record("AggregateResult", {"COUNT()": total_of(reply)}),))
        return
    for page in _pages(org, reply):
        yield Page(total_of(page), tuple(_records(org, page)))


def query(org: Org, soql: str, *, include_deleted: bool = False) -> Iterator[Record]:
    """All rows of a query, one after the other, over as many pages as there are. As `query_pages`."""
    for page in query_pages(org, soql, include_deleted=include_deleted):
        yield from page.records


def query_records(org: Org, soql: str, *, include_deleted: bool = False) -> list[Row]:
    """All rows of a small query as dicts, a related row as a dict in its place."""
    return [_as_dict(record) for record in query(org, soql, include_deleted=include_deleted)]


def query_columns(org: Org, soql: str) -> list[str]:
    """The names under which a query's rows have their values, in its order: `Id`, `Account.Name`, `expr0`, `Contacts`.

    One API call, as Salesforce's own command line asks it (`query?columns=true`): rows themselves do not say it, since
    a related record that is missing hides what was asked of it.
    """
    if _COUNT.match(soql):
        return ["COUNT()"]
    reply = _asked(org, {"columns": "true", "q": soql}, include_deleted=False)
    columns: list[_Column] = understood_as(_COLUMNS, reply.get("columnMetadata") or [], "columns of a query")
    return list(_column_names(columns))


def records_of_reply(org: Org, first: object, depth: int = 0) -> Iterator[Record]:
    """All rows of a query whose first reply, as JSON, is there already; `depth` records lead to it."""
    for page in _pages(org, _object(first)):
        yield from _records(org, page, depth)


def _as_dict(record: Record) -> Row:
    return Row((name, _as_dict(value) if isinstance(value, Record) else value) for name, value in record.fields.items())


class _Column(BaseModel):
    name: str = Field(alias="columnName")
    aggregate: bool | None = None
    joined: "list[_Column] | None" = Field(default=None, alias="joinColumns")


_COLUMNS = TypeAdapter(list[_Column])


def _column_names(columns: Sequence[_Column], above: str = "") -> Iterator[str]:
    for column in columns:
        name = f"{above}{column.name}"
        if column.joined and not column.aggregate:  # children are an aggregate, and one value
            yield from _column_names(column.joined, f"{name}.")
        else:
            yield name


def _asked(org: Org, parameters: Mapping[str, str], *, include_deleted: bool) -> dict[str, object]:
    """The reply to a query. One too long for an address travels in the body of a composite request: one call, too."""
    resource = "queryAll" if include_deleted else "query"
    if fits_rest(parameters["q"]):
        return _reply(org.session.get(org.url(f"{resource}/"), params=dict(parameters)).content)
    in_address = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    reply = ask(org, {"asked": f"{resource}/?{in_address}"})["asked"]
    if reply.refused is not None:
        raise reply.refused
    return _object(reply.body)


def _reply(body: bytes) -> dict[str, object]:
    try:
        return _object(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise RequestRefused(f"the org's reply to a query is no JSON: {error}") from error


def _object(reply: object) -> dict[str, object]:
    if not isinstance(reply, dict):
        raise RequestRefused("the org's reply to a query is no JSON object")
    return reply


def _records(org: Org, reply: Mapping[str, object], depth: int = 0) -> Iterator[Record]:
    rows = reply.get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RequestRefused("the org's reply to a query has no records")
    return (record_of(org, row, depth=depth) for row in rows)


def record_of(org: Org, row: object, object_name: str = "", *, depth: int = 0) -> Record:
    """A row as the org sends it, as a Record; children that need more replies are read to their end.

    `depth` records lead to it. Raises OrgUnavailable for what is no JSON object, and where these are too many.
    """
    if not isinstance(row, dict):
        raise OrgUnavailable("the org's reply has no JSON object in place of a record. Run it again")
    require_shallow(depth)
    attributes = row.get("attributes")
    said = attributes if isinstance(attributes, dict) else {}
    fields = {name: _value(org, value, depth + 1) for name, value in row.items() if name != "attributes"}
    return Record(str(said.get("type") or object_name), fields, str(said.get("url") or ""))


def _value(org: Org, value: object, depth: int) -> object:
    if not isinstance(value, dict):
        return value
    if "attributes" in value:
        return record_of(org, value, depth=depth)
    return tuple(records_of_reply(org, value, depth)) if "records" in value else value


def _pages(org: Org, first: dict[str, object]) -> Iterator[dict[str, object]]:
    """The reply and those that follow it, each asked for when it is wanted."""
    page, asked, empty, rows = first, set[str](), 0, first.get("totalSize")
    while True:
        yield page
        following = page.get("nextRecordsUrl")
        if not following:
            return
        if not isinstance(following, str):
            raise RequestRefused("the org's reply to a query has a nextRecordsUrl that is no address")
        if following in asked:
            raise RequestRefused("the org's reply to a query leads in a circle: its next page was read before")
        empty = 0 if page.get("records") else empty + 1
        require_an_end(empty, "query")
        asked.add(following)
        if isinstance(rows, int) and len(asked) > rows:  # one page has a row at least
            raise RequestRefused(f"a query of {rows:,} rows has more pages than that; run it again")
        page = _reply(org.session.get(org.url(str(following))).content)
