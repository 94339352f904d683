"""How a range of one object is landed: by REST or in bulk, in halves where that is too much, by Id where halves are.

A query that is too long is asked in groups of columns (`wide`). A cursor lives for two days, and a day's calls may be
few: where it has died, the range is read by Id, which no pause can spoil.

REST or bulk: whichever spends fewer API calls (salesforce/downloads/costs.py). Rows so wide that
REST pages hold fewer of them shift it: `rest_rows` is there for that.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sf_elt.salesforce import (
    CursorDied,
    Download,
    JobPatience,
    NotInBulk,
    Org,
    QueryTooLarge,
    QueryTooLong,
    count,
    download_bulk,
    download_by_id,
    download_rest,
    fits_rest,
    select,
    within,
)
from sf_elt.salesforce.downloads.costs import break_even
from sf_elt.salesforce.soql import all_of, compare
from sf_elt.streams.columns import StreamColumns
from sf_elt.streams.errors import SpecRefused
from sf_elt.streams.landing import Begun
from sf_elt.streams.progress import Progress
from sf_elt.streams.wide import is_wide, read_wide
from sf_elt.streams.windows import BEGINNING, WHOLE, ReadRange, StreamSpec

log = logging.getLogger(__name__)

Chosen = Literal["rest", "bulk"]

SHORTEST = timedelta(minutes=1)  # a mass update: what is too large in a minute is no smaller in a second

_EARLIER, _LATER, _BY_ID = "earlier", "later", "by-id"


@dataclass(frozen=True)
class Reading:
    """What one read asks the org for: these columns of the spec's object; only rows that fulfil `only` besides, and of
    them the `newest` so many.
    """

    org: Org
    spec: StreamSpec
    columns: StreamColumns
    progress: Progress
    only: str = ""
    newest: int | None = None

    @property
    def include_deleted(self) -> bool:
        return includes_deleted(self.spec)

    def where(self, span: ReadRange) -> str:
        cut = condition(self.spec, self.columns.timestamp_field, span)
        return all_of(cut, self.only) if self.only else cut

    def soql(self, span: ReadRange) -> str:
        """The query of a range, of any length: where it is longer than the org takes, its columns come in groups."""
        by = self.columns.timestamp_field if self.newest is not None else ""
        return select(
            self.columns.names,
            self.spec.object,
            self.where(span),
            order_by=by or None,
            newest_first=True,
            limit=self.newest,
            longest=None,
        )

    def asks_as(self, begun: Begun) -> bool:
        """Whether the read that was begun asked for the same, so that its pages are what this one would land."""
        return (begun.soql, begun.include_deleted) == (self.soql(begun.span), self.include_deleted)

    def beginning(self, span: ReadRange, counted: int | None, began: datetime) -> Begun:
        """The read of a range as it begins, to be kept in its landing folder."""
        return Begun(
            began=began,
            read_from=span.read_from,
            read_to=span.read_to,
            is_open=span.is_open,
            soql=self.soql(span),
            include_deleted=self.include_deleted,
            transport=self.transport(span, counted),
        )

    def count(self, span: ReadRange) -> int | None:
        """Rows of the range as the org counts them; None where there are too many for it to count in time."""
        try:
            return count(self.org, self.spec.object, self.where(span), include_deleted=self.include_deleted)
        except QueryTooLarge:
            return None

    def transport(self, span: ReadRange, counted: int | None) -> Chosen:
        """As the spec says, or whichever spends fewer calls; a query that is too long for an address goes by bulk."""
        if self.spec.transport == "bulk" or not fits_rest(self.soql(span)):
            return "bulk"
        most = break_even() if self.spec.rest_rows is None else self.spec.rest_rows
        is_large = counted is None or counted > most
        return "bulk" if self.spec.transport == "auto" and is_large else "rest"

    def download(self, span: ReadRange, folder: Path, transport: Chosen, counted: int | None) -> Download:
        """Lands a range, in parts where the org finds it too much at once. What has landed of it is gone on with.

        The `newest` rows of it come from one query: no part of the range would know how many the others have. Raises
        SpecRefused where that is too long for any.
        """
        if self.newest is not None:
            return self._newest(span, folder, transport, counted)
        if (folder / _BY_ID).is_dir():
            return self._by_id(span, folder / _BY_ID, counted)
        if (folder / _EARLIER).is_dir():
            return self._in_parts(span, folder, transport, counted)
        try:
            return self._at_once(span, folder, transport, counted)
        except QueryTooLarge:
            return self._in_parts(span, folder, transport, counted)

    def _at_once(self, span: ReadRange, folder: Path, transport: Chosen, counted: int | None) -> Download:
        soql = self.soql(span)
        if transport == "rest":
            try:
                return self._by_rest(span, folder, counted)
            except QueryTooLong:
                return self._at_once(span, folder, "bulk", counted)
        if is_wide(soql):
            return read_wide(self, span, folder, counted)
        try:
            return self._in_bulk(soql, folder, counted)
        except NotInBulk:
            if not fits_rest(soql):
                return read_wide(self, span, folder, counted, by="rest")
            return self._by_rest(span, folder, counted)

    def _newest(self, span: ReadRange, folder: Path, transport: Chosen, counted: int | None) -> Download:
        soql = self.soql(span)
        if is_wide(soql):
            raise SpecRefused(
                f"{self.spec.stream}: a query of all its {len(self.columns.names):,} fields is too long to be limited: "
                "say which `fields`, or leave out the limit"
            )
        if transport == "bulk":
            with suppress(NotInBulk):
                return self._in_bulk(soql, folder, counted)
        return download_rest(
            self.org, soql, folder, include_deleted=self.include_deleted, on_page=self._on_page(counted)
        )

    def _in_parts(self, span: ReadRange, folder: Path, transport: Chosen, counted: int | None) -> Download:
        """Both halves of the range; a short one, or one that is not cut by time, page by page in the order of Ids."""
        if self.columns.timestamp_field == WHOLE or span.read_to - span.read_from <= SHORTEST:
            return self._by_id(span, folder / _BY_ID, counted)
        earlier, later = span.halves()
        (folder / _EARLIER).mkdir(exist_ok=True)
        (folder / _LATER).mkdir(exist_ok=True)
        first = self.download(earlier, folder / _EARLIER, transport, counted)
        second = self.download(later, folder / _LATER, transport, counted)
        return Download(
            first.transport,
            first.files + second.files,
            first.reported + second.reported,
            column_groups=max(first.column_groups, second.column_groups),
            rows_read_again=first.rows_read_again + second.rows_read_again,
        )

    def _by_rest(self, span: ReadRange, folder: Path, counted: int | None) -> Download:
        on_page = self._on_page(counted)
        try:
            return download_rest(
                self.org, self.soql(span), folder, include_deleted=self.include_deleted, on_page=on_page
            )
        except CursorDied as error:
            log.info("%s is read on in the order of Ids: %s", self.spec.stream, error)
            return self._by_id(span, folder / _BY_ID, counted)

    def _by_id(self, span: ReadRange, folder: Path, counted: int | None) -> Download:
        folder.mkdir(exist_ok=True)
        if not fits_rest(self.soql(span)):
            return read_wide(self, span, folder, counted, by="rest")
        return download_by_id(
            self.org,
            self.columns.names,
            self.spec.object,
            self.where(span),
            folder,
            include_deleted=self.include_deleted,
            on_page=self._on_page(counted),
        )

    def _in_bulk(self, soql: str, folder: Path, counted: int | None) -> Download:
        return download_bulk(
            self.org,
            soql,
            folder,
            include_deleted=self.include_deleted,
            patience=JobPatience(longest=self.spec.job_patience, page_rows=self.spec.page_rows),
            on_page=lambda rows, total: self.progress(f"{self.spec.stream}: reading", rows, total),
            expected=counted,
        )

    def _on_page(self, counted: int | None) -> Callable[[int], None]:
        return lambda pages: self.progress(f"{self.spec.stream}: reading page {pages}", 0, counted)


def includes_deleted(spec: StreamSpec) -> bool:
    return spec.deletes == "track"


def condition(spec: StreamSpec, timestamp_field: str, span: ReadRange) -> str:
    """Which rows are in the range: all of an object that is read whole; from the beginning on, whatever is older too.

    A field that people fill in may hold 1900-01-01 for what nobody knows.
    """
    if timestamp_field == WHOLE:
        return ""
    if spec.since is None and span.read_from <= BEGINNING:
        return compare(timestamp_field, "<", span.read_to)
    return within(timestamp_field, span.read_from, span.read_to)
