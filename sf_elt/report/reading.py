"""The report's contents, read in one short read-only connection: all of it as of the same moment."""

from dataclasses import dataclass
from datetime import datetime

from sf_elt.insight import StandingAudience, standing_audiences
from sf_elt.report.asking import Asked, outdated_told
from sf_elt.report.behaviour import Scores, Topics, read_scores, read_topics
from sf_elt.report.exports import ExportStanding, read_exports
from sf_elt.report.health import Health, read_health
from sf_elt.report.overlaps import Overlaps, read_overlaps
from sf_elt.report.people import ImportedStream, People, read_imports, read_people
from sf_elt.warehouse import Warehouse


@dataclass(frozen=True)
class Report:
    """Everything that the page shows: aggregates, and no personal data. Times are in the time zone of `made_at`.

    What is None, or empty, has not been made yet.
    """

    made_at: datetime
    people: People | None
    imports: tuple[ImportedStream, ...]
    audiences: tuple[StandingAudience, ...]
    overlaps: Overlaps | None
    scores: Scores | None
    topics: Topics | None
    health: Health | None
    exports: tuple[ExportStanding, ...]


def read_report(warehouse: Warehouse, now: datetime) -> Report:
    """The report at `now`, an aware time, in whose time zone times are given.

    Raises WarehouseEmpty before anything has been written, and WarehouseOutdated where an earlier version of sf_elt
    wrote the warehouse last and lacks what the report reads.
    """
    with warehouse.read() as connection, outdated_told():
        asked = Asked(connection, now)
        people = read_people(asked)
        audiences = standing_audiences(connection, now=now) if people else ()
        return Report(
            made_at=now,
            people=people,
            imports=read_imports(asked),
            audiences=audiences,
            overlaps=read_overlaps(asked, audiences),
            scores=read_scores(asked),
            topics=read_topics(asked),
            health=read_health(asked) if people else None,
            exports=read_exports(asked),
        )
