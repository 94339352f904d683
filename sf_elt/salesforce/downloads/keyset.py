"""Reading a query in the order of Ids, for rows that are too many at once and cannot be told apart by time."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.downloads.pages import Download
from sf_elt.salesforce.downloads.rest import PAGE_ROWS, download_rest, end_where_it_is, records_in
from sf_elt.salesforce.errors import CursorDied, RequestRefused
from sf_elt.salesforce.soql import all_of, compare, select

_CUT = "cut"
"""A file beside the pages of a part that ended before its time."""


def download_by_id(
    org: Org,
    fields: Sequence[str],
    object_name: str,
    where: str,
    folder: Path,
    *,
    include_deleted: bool,
    on_page: Callable[[int], None] | None = None,
) -> Download:
    """Reads what fulfils the condition by REST, 2,000 rows after the last Id at a time: one call each.

    `fields` must hold Id. A folder in which the same was begun earlier is gone on with. `on_page` is told how many
    parts have landed. Raises QueryTooLong where one part does not fit into an address.
    """
    parts: list[Download] = []
    last = ""
    while last or not parts:
        part_folder = folder / f"part-{len(parts):06d}"
        part_folder.mkdir(exist_ok=True)
        beyond = all_of(where, compare("Id", ">", last) if last else "")
        soql = select(fields, object_name, beyond, order_by="Id", limit=PAGE_ROWS)
        try:
            part = download_rest(org, soql, part_folder, include_deleted=include_deleted)
        except CursorDied:  # between the pages of one part: the next part begins where this one ended
            (part_folder / _CUT).touch()
            part = end_where_it_is(soql, part_folder, include_deleted=include_deleted)
        parts.append(part)
        if on_page is not None:
            on_page(len(parts))
        goes_on = part.reported >= PAGE_ROWS or (part_folder / _CUT).exists()
        last = _last_id(part.files[-1]) if goes_on else ""
    return Download("rest", tuple(file for part in parts for file in part.files), sum(part.reported for part in parts))


def _last_id(file: Path) -> str:
    records = records_in(file)
    if not records:
        raise RequestRefused(f"{file.name}: the page of a query that has more rows holds none")
    return str(records[-1]["Id"])
