"""Small queries as Python values, and REST pages as landing files."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import orjson

from sf_elt.salesforce.connect import Org
from sf_elt.salesforce.download import Download, Page, fetch_page, opened
from sf_elt.salesforce.errors import RequestRefused
from sf_elt.salesforce.soql import select_count

PAGE_ROWS = 2000  # what REST gives at most in one reply

# The beginning of every reply, up to the records; white space differs with X-PrettyPrint.
_HEAD = re.compile(
    rb'^\s*\{\s*"totalSize"\s*:\s*(?P<total>\d+)\s*,\s*"done"\s*:\s*(?P<done>true|false)\s*,'
    rb'(?:\s*"nextRecordsUrl"\s*:\s*"(?P<next>[^"\\]+)"\s*,)?\s*"records"\s*:'
)
_HEAD_BYTES = 2048


def count(org: Org, object_name: str, where: str = "", *, include_deleted: bool = False) -> int:
    """Rows that fulfil the condition, in one call."""
    return int(org.client.query(select_count(object_name, where), include_deleted=include_deleted)["totalSize"])


def query_records(org: Org, soql: str, *, include_deleted: bool = False) -> list[dict[str, object]]:
    """All rows of a small query as dicts, a related row as a dict in its place; without Salesforce's `attributes`."""
    return [_plain(record) for record in _records(org, soql, include_deleted=include_deleted)]


def download_rest(
    org: Org, soql: str, folder: Path, *, include_deleted: bool, on_page: Callable[[int], None] | None = None
) -> Download:
    """Reads a query page by page into JSON files, byte for byte as they come.

    The reported count is the `totalSize` of the first reply. `on_page` is told how many files have landed.
    """
    pages: list[Page] = []
    reported: int | None = None
    path: str | None = "queryAll/" if include_deleted else "query/"
    parameters: dict[str, str] = {"q": soql}
    while path is not None:
        page = fetch_page(
            org,
            path,
            folder / f"rest-{len(pages):06d}.json",
            params=parameters,
            headers={"Sforce-Query-Options": f"batchSize={PAGE_ROWS}"},
        )
        total, path = _what_follows(page.file)
        reported = total if reported is None else reported
        parameters = {}
        pages.append(page)
        if on_page is not None:
            on_page(len(pages))
    return Download("rest", tuple(page.file for page in pages), reported or 0)


def _records(org: Org, soql: str, *, include_deleted: bool) -> Iterable[dict[str, object]]:
    return org.client.query_all_iter(soql, include_deleted=include_deleted)


def _plain(record: dict[str, object]) -> dict[str, object]:
    return {
        key: _plain(value) if isinstance(value, dict) else value for key, value in record.items() if key != "attributes"
    }


def _what_follows(file: Path) -> tuple[int, str | None]:
    """(totalSize, address of the next page) of a landed page, from its first bytes where they say so."""
    with opened(file) as body:
        head = _HEAD.match(body.read(_HEAD_BYTES))
    if head is not None:
        following = head["next"].decode() if head["next"] else None
        if head["done"] == b"true" or following:
            return int(head["total"]), following
    with opened(file) as body:
        try:
            reply = orjson.loads(body.read())
        except orjson.JSONDecodeError as error:
            raise RequestRefused(f"{file.name}: the org's reply to a query is no JSON: {error}") from error
    if not isinstance(reply, dict) or "totalSize" not in reply:
        raise RequestRefused(f"{file.name}: the org's reply to a query has no totalSize")
    return int(reply["totalSize"]), reply.get("nextRecordsUrl")
