"""The result pages of a query job: which there are, which have landed, and reading the others side by side.

From version 58 on, GET …/resultPages gives up to five addresses of pages at a time, and where to ask for more. It has
been seen in two shapes: `resultPages` with `resultUrl`, as it is documented ("Get Parallel Results for a Query Job"),
and `resultChunks` with a `resultLink` that is relative (msrivastav13/node-sf-bulk2#35). An address is used as it comes,
since other page sizes would leave gaps between the pages.
"""

import filecmp
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from urllib.parse import quote, urlsplit

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.connection.halting import halted_by
from sf_elt.salesforce.downloads.pages import CHUNK, fetch_page, opened
from sf_elt.salesforce.downloads.resuming import BegunDownload
from sf_elt.salesforce.errors import RequestRefused
from sf_elt.salesforce.replies import require_an_end

FIRST_VERSION_SIDE_BY_SIDE = 58.0
MOST_DIGITS = 13  # of a number of rows
FEWEST_ROWS, MOST_ROWS = 100_000, 250_000  # of a page where nobody says how many


_Note = Callable[[], None]
"""What a thread brings: how to note it."""


class NotSideBySide(Exception):
    """The org does not say where the pages are."""


class Landed(BaseModel):
    """A page whose file is there, whole: `rows` as the org counts them, and whether it has any."""

    file: str
    rows: int
    is_empty: bool = False
    size: int = 0  # bytes of the file


class JobPages(BegunDownload):
    """A query job and its pages, as they are kept in the landing folder. Pages land in any order."""

    job_id: str
    records: int | None = None  # None until the job is complete
    page_rows: int = FEWEST_ROWS
    is_side_by_side: bool = False
    addresses: list[str] = Field(default_factory=list)  # of the pages that are known so far, in their order
    more: str | None = None  # where to ask for the addresses of further pages
    landed: dict[int, Landed] = Field(default_factory=dict)

    @property
    def counted(self) -> int:
        """Rows that have landed."""
        return sum(page.rows for page in self.landed.values())

    @property
    def misses_rows(self) -> bool:
        return self.records is not None and self.counted < self.records

    def plan(self, page_rows: int | None, at_once: int) -> None:
        """Where to begin with the pages of the complete job: nothing is known of them yet, and none has landed.

        A page is an API call, and so are five addresses of pages. So pages are as large as they may be, and equal: at
        most `page_rows`; without it a hundred thousand rows, up to a quarter of a million where more than `at_once`
        such pages would be needed. Rows that fit into one page need no addresses.
        """
        records = self.records or 0
        most = page_rows or min(max(FEWEST_ROWS, -(-records // at_once)), MOST_ROWS)
        pages = -(-records // most)
        self.page_rows = -(-records // pages) if pages > 1 else most
        self.is_side_by_side = at_once > 1 and pages > 1 and float(self.api_version) >= FIRST_VERSION_SIDE_BY_SIDE
        self.landed = {}
        size = f"maxRecords={self.page_rows}"
        if self.is_side_by_side:
            self.addresses, self.more = [], f"{self._job}/resultPages?{size}"
        else:
            self.addresses, self.more = [f"{self._job}/results?{size}"] if self.records != 0 else [], None

    def note_page(self, number: int, page: Landed, locator: str | None) -> None:
        """A page has landed. One after the other, its `locator` leads to the next; the last page has none.

        Raises RequestRefused where the pages have no end: they lead in a circle, or are more than the rows, or empty.
        """
        self.landed[number] = page
        what = f"query job {self.job_id}"
        if page.is_empty:
            require_an_end(sum(each.is_empty for each in self.landed.values()), what)
        if locator is not None and not self.is_side_by_side:
            if self.records is not None and len(self.addresses) > self.records:
                raise RequestRefused(f"{what}: its {self.records:,} rows come in more pages than that; run it again")
            following = f"locator={quote(locator, safe='')}&maxRecords={self.page_rows}"
            address = f"{self._job}/results?{following}"
            if address in self.addresses:
                raise RequestRefused(f"{what}: its pages lead in a circle; run it again")
            self.addresses.append(address)

    def note_addresses(self, reply: bytes) -> None:
        """Takes what GET …/resultPages answered. Raises NotSideBySide where that makes no sense."""
        try:
            said = _ResultPages.model_validate_json(reply)
        except ValidationError as error:
            raise NotSideBySide("the addresses of its pages come in an unknown form") from error
        found = [self._from_root(page.link) for page in said.pages]
        following = None if said.done or said.following in (None, "null") else said.following
        if (following is None) != said.done or not found or set(found) & set(self.addresses):
            raise NotSideBySide("the addresses of its pages do not go on where the last ones ended")
        if self.records is not None and len(self.addresses) > self.records:
            raise NotSideBySide("it has more addresses of pages than rows")
        self.addresses += found
        self.more = self._from_root(following) if following is not None else None

    def files(self, folder: Path) -> tuple[Path, ...]:
        """The files of the pages, in the order of the pages."""
        return tuple(folder / self.landed[number].file for number in sorted(self.landed))

    def missing(self, folder: Path) -> list[int]:
        """The pages whose addresses are known and whose files are not there."""
        there = {number for number, page in self.landed.items() if (folder / page.file).exists()}
        return [number for number in range(len(self.addresses)) if number not in there]

    def remove_pages(self, folder: Path) -> None:
        for file in self.files(folder):
            file.unlink(missing_ok=True)
        self.landed = {}

    @property
    def _job(self) -> str:
        return f"/services/data/v{self.api_version}/jobs/query/{self.job_id}"

    def _from_root(self, link: str) -> str:
        parts = urlsplit(link)
        is_whole = parts.path.startswith("/services/")
        path = parts.path if is_whole else f"/services/data/v{self.api_version}/{parts.path.lstrip('/')}"
        return f"{path}?{parts.query}" if parts.query else path


class _ResultPage(BaseModel):
    link: str = Field(validation_alias=AliasChoices("resultUrl", "resultLink"))


class _ResultPages(BaseModel):
    pages: list[_ResultPage] = Field(validation_alias=AliasChoices("resultPages", "resultChunks"))
    following: str | None = Field(default=None, validation_alias=AliasChoices("nextRecordsUrl", "nextRecordUrl"))
    done: bool


def read_pages(
    org: Org,
    pages: JobPages,
    folder: Path,
    *,
    at_once: int,
    on_page: Callable[[int, int | None], None] | None = None,
) -> None:
    """Reads the pages that have not landed, up to `at_once` at a time, and writes down what has landed after each.

    The next addresses are asked for while pages are on their way. Where one page fails, those on their way still land.
    Raises NotSideBySide where the org does not say where the pages are: they can be read one after the other.
    """
    reading = _Reading(org, pages, folder, at_once, on_page)
    threads = ThreadPoolExecutor(at_once + 1, thread_name_prefix="pages")
    try:
        reading.run(threads)
    finally:
        reading.halt.set()  # where somebody stops the run, nobody waits for the rest of large pages
        threads.shutdown(wait=False, cancel_futures=True)


class _Reading:
    """Pages on their way. Threads fetch, and what they bring is noted in one place, by the thread that waits for it."""

    def __init__(
        self,
        org: Org,
        pages: JobPages,
        folder: Path,
        at_once: int,
        on_page: Callable[[int, int | None], None] | None,
    ) -> None:
        self.org, self.pages, self.folder, self.at_once, self.on_page = org, pages, folder, at_once, on_page
        self.halt = Event()
        self.waiting = pages.missing(folder)
        self.fetching: set[Future[_Note]] = set()
        self.finding: set[Future[_Note]] = set()  # one at most
        self.error: Exception | None = None

    def run(self, threads: ThreadPoolExecutor) -> None:
        while True:
            if self.error is None:
                self._start(threads)
            if not self.fetching | self.finding:
                break
            for future in wait(self.fetching | self.finding, return_when=FIRST_COMPLETED).done:
                self.fetching.discard(future)
                self.finding.discard(future)
                try:
                    self._take(future.result())
                except Exception as error:
                    self.error = self.error or error
        if self.error is not None:
            raise self.error

    def _start(self, threads: ThreadPoolExecutor) -> None:
        while self.waiting and len(self.fetching) < self.at_once:
            self.fetching.add(threads.submit(self._fetch, self.waiting.pop(0)))
        if self.pages.more is not None and not self.finding and len(self.waiting) < self.at_once:
            self.finding.add(threads.submit(self._find, self.pages.more))

    def _take(self, note: _Note) -> None:
        known = len(self.pages.addresses)
        note()
        self.waiting += range(known, len(self.pages.addresses))
        self.pages.keep(self.folder)
        if self.on_page is not None:
            self.on_page(self.pages.counted, self.pages.records)

    def _find(self, address: str) -> _Note:
        try:
            with halted_by(self.halt):
                reply = self.org.session.get(self.org.url(address), headers={"Accept": "application/json"}).content
        except RequestRefused as error:
            raise NotSideBySide(str(error)) from error
        return lambda: self.pages.note_addresses(reply)

    def _fetch(self, number: int) -> _Note:
        with halted_by(self.halt):
            page = fetch_page(
                self.org,
                self.pages.addresses[number],
                self.folder / f"bulk-{self.pages.job_id}-{number:06d}.csv",
                headers={"Accept": "text/csv"},
            )
        counted = page.headers.get("Sforce-NumberOfRecords", "")
        rows = int(counted) if counted.isascii() and counted.isdigit() and len(counted) < MOST_DIGITS else 0
        size = page.file.stat().st_size
        landed = Landed(file=page.file.name, rows=rows, is_empty=not _has_rows(page.file), size=size)
        said = page.headers.get("Sforce-Locator")
        locator = None if said in (None, "", "null") else said

        def note() -> None:
            self._require_another(number, landed)
            self.pages.note_page(number, landed, locator)

        return note

    def _require_another(self, number: int, page: Landed) -> None:
        """Raises RequestRefused for a page that has landed before: its rows would stand for those of another, and the
        number of rows be right all the same.
        """
        for known, other in self.pages.landed.items():
            is_alike = known != number and not page.is_empty and other.size == page.size
            if is_alike and filecmp.cmp(self.folder / other.file, self.folder / page.file, shallow=False):
                raise RequestRefused(
                    f"query job {self.pages.job_id}: its pages {known + 1} and {number + 1} are the same: does a proxy "
                    "repeat answers? Run it again"
                )


def _has_rows(file: Path) -> bool:
    """Whether anything stands below the header of a landed page; one whose first bytes do not end it counts as full."""
    with opened(file) as body:
        begin = body.read(CHUNK)
    _, line_end, below = begin.partition(b"\n")
    return bool(below) if line_end else len(begin) == CHUNK
