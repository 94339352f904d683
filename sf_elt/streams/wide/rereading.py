"""Records by their Ids, whatever has become of them: every one whole, as it is at one moment.

A living record's own fields come in one call (`retrieve`), which is one moment for all of them; fields of related
records by queries. What is deleted is no record to `retrieve`, and is saved no more: it is read by queries alone.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from sf_elt.salesforce import Download, retrieve
from sf_elt.salesforce.ids import in_groups
from sf_elt.salesforce.retrieve import MOST_RECORDS
from sf_elt.salesforce.soql import among
from sf_elt.streams.errors import Shortfall
from sf_elt.streams.wide.groups import ANY, groups, narrow, narrowed
from sf_elt.streams.wide.parts import Joined, Part, join_parts

if TYPE_CHECKING:
    from sf_elt.streams.reading import Reading

ROUNDS = 5
IDS_AT_ONCE = 100  # of a query that travels in an address
VALUES_AT_ONCE = 200_000  # of one call that retrieves records


def read_again(reading: "Reading", ids: Sequence[str], folder: Path) -> Iterator[Joined]:
    """The records of these Ids as they are now; those that are gone from the recycle bin too are left out.

    One that is saved between the queries is asked for again, in `ROUNDS` rounds. After them its own fields are of one
    moment and those of related records of another, as they may be anyway. Raises Shortfall where a record is deleted
    and restored all the time.
    """
    left = list(ids)
    for number in range(ROUNDS):
        inside = folder / f"{number:03d}"
        inside.mkdir(parents=True)
        living, missing = _living(reading, left, inside, same_version=number + 1 < ROUNDS)
        yield living
        left = living.left
        if missing and reading.include_deleted and reading.columns.has_deleted:
            deleted = _deleted(reading, missing, inside)
            yield deleted
            left += deleted.left
        if not left:
            return
    raise Shortfall(
        f"{reading.spec.stream}: {len(left)} records were deleted or restored whenever they were read, {left[0]} among "
        "them. Nothing was moved; run the window again."
    )


def _living(reading: "Reading", ids: list[str], folder: Path, *, same_version: bool) -> tuple[Joined, list[str]]:
    """The living ones, and the Ids of the others."""
    columns = reading.columns
    own = narrow(columns, [name for name in columns.names if "." not in name])
    files, found = [], list[str]()
    for number, chunk in enumerate(in_groups(ids, min(MOST_RECORDS, max(1, VALUES_AT_ONCE // len(own.names))))):
        records = retrieve(reading.org, reading.spec.object, chunk, own.names)
        file = folder / f"own-{number:06d}.json"
        file.write_bytes(orjson.dumps({"records": records}))
        files.append(file)
        found += [str(record["Id"]) for record in records]
    if not found:
        return Joined((), 0, []), ids
    related = [name for name in columns.names if "." in name]
    parts = [Part(own, Download("rest", tuple(files), len(found)))]
    if related:
        parts += _queried(reading, related, found, folder / "related")
    joined = join_parts(reading.spec.stream, columns, parts, folder, "living", same_version=same_version)
    return joined, sorted(set(ids).difference(found))


def _deleted(reading: "Reading", ids: list[str], folder: Path) -> Joined:
    """The deleted ones; `left` are those that are not, or not in all of the queries. Others are gone."""
    parts = _queried(reading, reading.columns.names, ids, folder / "deleted")
    return join_parts(reading.spec.stream, reading.columns, parts, folder, "deleted", only_deleted=True)


def _queried(reading: "Reading", names: Sequence[str], ids: list[str], folder: Path) -> list[Part]:
    """The records by REST, in groups of columns; all groups of some Ids before the next Ids."""
    found = groups(reading, names, among("Id", ids[:IDS_AT_ONCE]), "rest")
    landed: list[list[Download]] = [[] for _ in found]
    for number, chunk in enumerate(in_groups(ids, IDS_AT_ONCE)):
        for place, group in enumerate(found):
            inside = folder / f"{number:06d}" / f"{place:03d}"
            inside.mkdir(parents=True)
            landed[place].append(narrowed(reading, group, among("Id", chunk)).download(ANY, inside, "rest", len(chunk)))
    return [
        Part(narrow(reading.columns, group), _together(downloads))
        for group, downloads in zip(found, landed, strict=True)
    ]


def _together(downloads: Sequence[Download]) -> Download:
    files = tuple(file for each in downloads for file in each.files)
    return Download("rest", files, sum(each.reported for each in downloads))
