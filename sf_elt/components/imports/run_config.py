"""What somebody may tell a single run of an import in the Launchpad, and what that makes of its partitions."""

from dataclasses import dataclass
from datetime import datetime

import dagster as dg
from pydantic import Field

from sf_elt.components.imports.imported_object import checked_moment
from sf_elt.components.partitions import Span
from sf_elt.streams.adhoc import Wanted

EXAMPLE = "'2026-01-31' or '2026-01-31T08:00:00+01:00'"


class ImportConfig(dg.Config):
    """What one run of an import does beyond the usual. As it stands it changes nothing."""

    since: str = Field(
        default="",
        description=f"Read what was saved at this time or later, in place of the first partition's start: {EXAMPLE}. "
        "A day begins at midnight, a time without a zone is UTC. Default: the partitions'.",
    )
    until: str = Field(
        default="",
        description=f"Read what was saved before this time, in place of the last partition's end: {EXAMPLE}. "
        "Default: the partitions', or now.",
    )
    fields: list[str] = Field(
        default=[],  # no factory: the Launchpad shows plain defaults only
        description="Read only these fields, by their API names, of records that the stream has; all other fields stay "
        "as they are. The window counts as unread, as before. Default: all fields of the import.",
    )
    limit: int = Field(
        default=0,
        description="Read at most so many records, those saved last, for a look at them. The window counts as unread, "
        "as before. 0 is all of the window.",
    )
    dry_run: bool = Field(
        default=False,
        description="Only count: how many records would be read, by which query, for how many API calls. Nothing is "
        "written; the count itself takes a call or two.",
    )
    accept_many: bool = Field(
        default=False,
        description="Believe it, also where more records of an object that is read whole vanished than deletions do.",
    )


@dataclass(frozen=True)
class Asked:
    """A run's configuration as it is meant: what of the window, and from when to when."""

    wanted: Wanted
    span: Span
    is_dry_run: bool
    makes_partitions: bool
    accept_many: bool


def asked_for(config: ImportConfig, partitions: Span, earliest: datetime | None, now: datetime) -> Asked:
    """What the run is to read of its partitions' span; nothing that is older than `earliest`.

    Only a read of all fields and rows that covers the partitions, as far as they have come, makes them. Raises
    ValueError for what cannot be meant.
    """
    since, until = _moment("since", config.since), _moment("until", config.until)
    span = Span(partitions.start if since is None else since, partitions.end if until is None else until)
    if earliest is not None:
        span = Span(max(span.start, earliest), span.end)
    if (since or until) and span.is_empty:
        raise ValueError(
            f"nothing lies from {_said(span.start)} to {_said(span.end)}. The run's partitions are "
            f"{_said(partitions.start)} to {_said(partitions.end)}: start the latest one, or set both since and until"
        )
    if config.limit < 0:
        raise ValueError(f"limit: {config.limit} records are none; accepted is 1 or more, and 0 for all")
    bounds = tuple(name for name, value in (("since", since), ("until", until)) if value is not None)
    wanted = Wanted(tuple(dict.fromkeys(config.fields)), config.limit or None, bounds)
    covers = span.start <= partitions.start and span.end >= min(partitions.end, now)
    return Asked(wanted, span, config.dry_run, covers and wanted.is_whole and not config.dry_run, config.accept_many)


def _moment(name: str, value: str) -> datetime | None:
    try:
        return checked_moment(value) if value else None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
