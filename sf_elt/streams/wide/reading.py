"""Objects whose query is longer than Salesforce takes: read in groups of columns, joined by Id.

Each group is a query of its own, with Id, version and IsDeleted beside its columns; all bulk jobs are made before the
first is waited for. In between somebody may save a record, delete it, or take it out of the recycle bin. So a record is
taken from the groups only where every one has it in the same version, and that version was there before the first group
was asked for: `SystemModstamp` has whole seconds, and of two saves in one second it would not tell. The others are read
again by their Ids, whether they still are in the range or not, so that none is lost.
"""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel

from sf_elt.salesforce import Download, NotInBulk, begin_bulk
from sf_elt.salesforce.downloads.resuming import keep, kept
from sf_elt.streams.errors import SpecRefused
from sf_elt.streams.wide.groups import By, groups, narrow
from sf_elt.streams.wide.parts import Part, join_parts
from sf_elt.streams.wide.rereading import read_again
from sf_elt.streams.windows import ReadRange

if TYPE_CHECKING:
    from sf_elt.streams.reading import Reading

log = logging.getLogger(__name__)

CLOCKS_DIFFER = timedelta(seconds=10)  # the org's and ours, and the whole seconds of a version
VERSIONS = ("SystemModstamp", "LastModifiedDate")  # what every save moves


def read_wide(reading: "Reading", span: ReadRange, folder: Path, counted: int | None, by: By = "bulk") -> Download:
    """Lands a range in groups of columns and joins them; what was begun in the folder is gone on with.

    An object that is none for bulk jobs is read by REST, in groups that fit into an address.

    Raises what the groups' downloads raise; SpecRefused where the object has no field that every save moves, or one
    column alone is too long; Shortfall where a record does not come to rest.
    """
    if reading.columns.version_field not in VERSIONS:
        raise SpecRefused(
            f"{reading.spec.stream}: a query of all its columns is longer than the org takes. They cannot be read in "
            f"groups, for {reading.spec.object} has neither {' nor '.join(VERSIONS)} to tell whether these are of one "
            "version: name `fields`, or leave some out"
        )
    inside = folder / f"columns-{by}"
    inside.mkdir(exist_ok=True)
    plan = _Plan.of(inside, reading, span, by)
    try:
        parts = list(_landed(reading, plan, span, inside, counted, by))
    except NotInBulk:
        if by == "rest":
            raise
        return read_wide(reading, span, folder, counted, by="rest")
    return _joined(reading, plan, parts, inside, by)


class _Plan(BaseModel):
    """Which columns are asked together, and when (by the org's clock) the first of them were; kept in the folder."""

    soql: str
    began: datetime
    groups: list[list[str]]

    @classmethod
    def of(cls, folder: Path, reading: "Reading", span: ReadRange, by: By) -> Self:
        """The plan that was begun in the folder for the same query, or a new one."""
        file, soql = folder / "plan.json", reading.soql(span)
        begun = kept(file, cls)
        if begun is not None and begun.soql == soql:
            return begun
        shutil.rmtree(folder)  # nobody knows when that was asked for
        folder.mkdir()
        began = reading.org.transport.clock() - reading.org.behind
        plan = cls(soql=soql, began=began, groups=groups(reading, reading.columns.names, reading.where(span), by))
        keep(file, plan)
        return plan


def _landed(
    reading: "Reading", plan: _Plan, span: ReadRange, folder: Path, counted: int | None, by: By
) -> Iterator[Part]:
    """The groups, one after the other; their jobs are all made before, so that little happens between them."""
    parts = [replace(reading, columns=narrow(reading.columns, group)) for group in plan.groups]
    folders = [folder / f"{number:03d}" for number in range(len(parts))]
    for part, inside in zip(parts, folders, strict=True):
        inside.mkdir(exist_ok=True)
        if by == "bulk":
            begin_bulk(reading.org, part.soql(span), inside, include_deleted=reading.include_deleted)
    for part, inside in zip(parts, folders, strict=True):
        yield Part(part.columns, part.download(span, inside, by, counted))


def _joined(reading: "Reading", plan: _Plan, parts: list[Part], folder: Path, by: By) -> Download:
    stream, before = reading.spec.stream, plan.began - CLOCKS_DIFFER
    reading.progress(f"{stream}: joining {len(parts)} groups of columns", 0, parts[0].download.reported)
    joined = [join_parts(stream, reading.columns, parts, folder, "joined", saved_before=before)]
    ids = joined[0].left
    if ids:
        again = folder / "again"
        shutil.rmtree(again, ignore_errors=True)  # of an unfinished read: newer is asked now
        reading.progress(f"{stream}: reading {len(ids):,} records again", 0, len(ids))
        joined += read_again(reading, ids, again)
    rows = sum(each.rows for each in joined)
    gone = joined[0].rows + len(ids) - rows
    log.info("%s: %d groups of columns, %d records read again, %d gone", stream, len(parts), len(ids), gone)
    files = tuple(file for each in joined for file in each.files)
    return Download(by, files, rows, column_groups=len(parts), rows_read_again=len(ids))
