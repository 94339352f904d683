"""One query into a landing folder; an unfinished one is gone on with."""

from dataclasses import dataclass
from datetime import datetime

from sf_elt.salesforce import Download
from sf_elt.streams.landing import Begun, Landing
from sf_elt.streams.reading import Reading
from sf_elt.streams.windows import ReadRange


@dataclass(frozen=True)
class Fetched:
    """What has landed, and when its query began: the rows are as old as that."""

    download: Download
    began: datetime


def begin(reading: Reading, landing: Landing, span: ReadRange, *, rows: int, began: datetime) -> Begun:
    """The unfinished read of the folder where it asks the same, or a new one of `span`; about `rows` are expected."""
    if landing.begun is not None and reading.asks_as(landing.begun):
        return landing.begun
    begun = reading.beginning(span, rows, began)
    landing.begin(begun)
    return begun


def fetch(reading: Reading, landing: Landing, begun: Begun, *, rows: int) -> Fetched:
    """Lands its pages. Raises SalesforceError; after AllowanceSpent the folder is kept."""
    return Fetched(reading.download(begun.span, landing.folder, begun.transport, rows), begun.began)
