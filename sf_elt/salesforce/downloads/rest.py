"""A query by REST: its pages as landing files, one after the other."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import orjson
from pydantic import Field

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.downloads.pages import Download, fetch_page, opened
from sf_elt.salesforce.downloads.resuming import BegunDownload
from sf_elt.salesforce.errors import CursorDied, QueryTooLong, RequestRefused
from sf_elt.salesforce.replies import require_an_end, total_of

log = logging.getLogger(__name__)

PAGE_ROWS = 2000  # what REST gives at most in one reply
MAX_REST_QUERY = 12_000  # bytes, percent-encoded: the org takes 16,384 for the request line and all headers together

# The beginning of every reply, up to the records; white space differs with X-PrettyPrint.
_HEAD = re.compile(
    rb'^\s*\{\s*"totalSize"\s*:\s*(?P<total>\d+)\s*,\s*"done"\s*:\s*(?P<done>true|false)\s*,'
    rb'(?:\s*"nextRecordsUrl"\s*:\s*"(?P<next>[^"\\]+)"\s*,)?\s*"records"\s*:\s*\[\s*(?P<record>\{)?'
)
_HEAD_BYTES = 2048


class _State(BegunDownload):
    pages: list[str] = Field(default_factory=list)  # the files that have landed, in order
    reported: int | None = None
    following: str | None = ""  # empty for the first page, None after the last
    asked: set[str] = Field(default_factory=set)  # the addresses that were `following` before
    empty: int = 0  # pages without rows, the last ones that have come


def fits_rest(soql: str) -> bool:
    """Whether the query can travel in an address: the org refuses a longer request line with headers."""
    return len(urlencode({"q": soql})) <= MAX_REST_QUERY


def download_rest(
    org: Org, soql: str, folder: Path, *, include_deleted: bool, on_page: Callable[[int], None] | None = None
) -> Download:
    """Reads a query page by page into JSON files, byte for byte as they come.

    A folder in which the same query was begun earlier is gone on with, while the org keeps its cursor (two days). The
    reported count is the `totalSize` of the first reply. `on_page` is told how many files have landed. Its pages come
    one after the other: a cursor leads from each to the next. Raises QueryTooLong where only a bulk job takes it,
    CursorDied where the cursor leads nowhere any more; `end_where_it_is` then gives what has landed.
    """
    if not fits_rest(soql):
        raise QueryTooLong(f"a query of {len(soql):,} characters does not fit into an address: use a bulk job")
    begun = _State.in_folder(folder, soql, include_deleted)
    if begun is not None:
        try:
            return _go_on(org, begun, folder, on_page)
        except CursorDied:
            raise
        except RequestRefused as error:
            log.info("a query cannot be gone on with, it begins again: %s", error)
    state = _State(soql=soql, include_deleted=include_deleted, api_version=org.api_version)
    return _go_on(org, state, folder, on_page)


def end_where_it_is(soql: str, folder: Path, *, include_deleted: bool) -> Download:
    """The pages that have landed of a query whose cursor has died, with their own number of rows: no more will come."""
    state = _State.in_folder(folder, soql, include_deleted)
    if state is None:
        raise RequestRefused(f"nothing has landed in {folder.name}; run it again")
    state.following, state.reported = None, sum(len(records_in(folder / page)) for page in state.pages)
    state.keep(folder)
    return Download("rest", tuple(folder / page for page in state.pages), state.reported)


def records_in(file: Path) -> list[dict[str, object]]:
    """The records of a landed page."""
    with opened(file) as body:
        records: list[dict[str, object]] = orjson.loads(body.read())["records"]
    return records


def _go_on(org: Org, state: _State, folder: Path, on_page: Callable[[int], None] | None) -> Download:
    """Reads the pages that have not landed yet."""
    while state.following is not None:
        try:
            page = fetch_page(
                org,
                state.following or ("queryAll/" if state.include_deleted else "query/"),
                folder / f"rest-{len(state.pages):06d}.json",
                params={} if state.following else {"q": state.soql},
                headers={"Sforce-Query-Options": f"batchSize={PAGE_ROWS}"},
                by_rest=True,
            )
        except RequestRefused as error:
            if error.code != "INVALID_QUERY_LOCATOR":
                raise
            raise CursorDied(f"{error}; run it again", code=error.code, status=error.status) from error
        total, state.following, has_rows = _what_follows(page.file)
        state.reported = total if state.reported is None else state.reported
        if state.following in state.asked:  # asking on would spend the day's calls on one page
            raise RequestRefused("the pages of a query lead in a circle: does a proxy repeat one of them? Run it again")
        state.asked.add(state.following or "")
        state.empty = 0 if has_rows else state.empty + 1
        require_an_end(state.empty, "query")
        if len(state.pages) > state.reported:  # one page has a row at least
            raise RequestRefused(f"a query of {state.reported:,} rows has more pages than that; run it again")
        state.pages.append(page.file.name)
        state.keep(folder)
        if on_page is not None:
            on_page(len(state.pages))
    return Download("rest", tuple(folder / page for page in state.pages), state.reported or 0)


def _what_follows(file: Path) -> tuple[int, str | None, bool]:
    """(totalSize, address of the next page, whether it has rows) of a landed page, from its first bytes if they say so.

    Raises RequestRefused for what is no reply to a query.
    """
    with opened(file) as body:
        head = _HEAD.match(body.read(_HEAD_BYTES))
    if head is not None:
        following = head["next"].decode() if head["next"] else None
        if head["done"] == b"true" or following:
            return total_of({"totalSize": int(head["total"])}), following, head["record"] is not None
    with opened(file) as body:
        try:
            reply = orjson.loads(body.read())
        except orjson.JSONDecodeError as error:
            raise RequestRefused(
                f"{file.name}: the org's reply to a query is no JSON, or has broken off; run it again ({error})"
            ) from error
    total, following = total_of(reply), reply.get("nextRecordsUrl")
    if following is not None and not isinstance(following, str):
        raise RequestRefused(f"{file.name}: the org's reply to a query has a nextRecordsUrl that is no address")
    return total, following, bool(reply.get("records"))
