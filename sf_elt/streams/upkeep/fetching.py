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
    begun = landing.begun
    if begun is not None:
        asked = (reading.soql(begun.span), reading.include_deleted)
        if asked == (begun.soql, begun.include_deleted):
            return begun
    begun = Begun(
        began=began,
        read_from=span.read_from,
        read_to=span.read_to,
        is_open=span.is_open,
        soql=reading.soql(span),
        include_deleted=reading.include_deleted,
        transport=reading.transport(span, rows),
    )
    landing.begin(begun)
    return begun


def fetch(reading: Reading, landing: Landing, begun: Begun, *, rows: int) -> Fetched:
    """Lands its pages. Raises SalesforceError; after AllowanceSpent the folder is kept."""
    return Fetched(reading.download(begun.span, landing.folder, begun.transport, rows), begun.began)
