"""What one run of an export did, as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass(frozen=True)
class Waiting:
    """A plan that is sent once a person has approved it."""

    plan_id: str
    export: str
    by_operation: Mapping[str, int]
    """How many records it would create, update, delete."""
    because: str
    planned_at: datetime
    """UTC."""

    def __str__(self) -> str:
        counts = ", ".join(f"{number:,} to {operation}" for operation, number in sorted(self.by_operation.items()))
        of_plan = f"{self.export} --approve {self.plan_id}"
        return (
            f"plan {self.plan_id} of {self.planned_at:%Y-%m-%d %H:%M} UTC waits for approval ({counts}): "
            f"{self.because}. Nothing was sent. Approve it with `sf-elt export send {of_plan}`, or in the launchpad "
            f"with approve: {self.plan_id}; end it with `sf-elt export reject {self.export} {self.plan_id}`"
        )


@dataclass(frozen=True)
class ExportReport:
    """What one run of an export did. Counts are records."""

    export: str
    plan_id: str | None
    """None where there was no plan: the export is switched off, or the allowance of API calls was spent before."""
    planned: int = 0
    succeeded: int = 0
    """Planned records that the org holds as wanted: sent and confirmed, or found to hold it already."""
    by_operation: Mapping[str, int] = field(default_factory=dict)
    """Of those: created, updated, deleted (by `create`, `update`, …), without what the org held already."""
    failed: int = 0
    """Planned records that the org refused; `sync_log` has its words for each."""
    set_aside: int = 0
    """Records that were not sent: bad values, deleted, converted, not imported."""
    without_record: int = 0
    """Subjects that the org has no record of, and for which none is created."""
    unchanged: int = 0
    refused_before: int = 0
    """Records that the org refused for good with this very payload: they wait until it changes."""
    confirmed_by_lookup: int = 0
    """Records that an earlier run left in doubt and the org turned out to hold."""
    waiting: int = 0
    """Planned records without an outcome, because the allowance was spent first."""
    api_calls: int = 0
    paused_until: datetime | None = None
    """When the allowance lets the rest go (UTC); None where nothing waits."""
    paused_because: str = ""
    """Whose allowance is spent, the export's or the org's, in a sentence."""
    awaits: Waiting | None = None
    """The plan that waits for approval, where nothing was sent because of it."""
    switched_off: bool = False
    """The export is switched off: nothing was planned or sent."""
    undoes: str | None = None
    """Where this was an undo: the run whose writes it took back."""
    seconds: float = 0.0

    def followed_by(self, more: "ExportReport") -> "ExportReport":
        """Both as one: what each did together, and what the second one left."""
        both = self.together_with(more)
        return replace(
            more,
            planned=both.planned,
            succeeded=both.succeeded,
            by_operation=both.by_operation,
            failed=both.failed,
            set_aside=max(self.set_aside, more.set_aside),
            confirmed_by_lookup=both.confirmed_by_lookup,
            waiting=both.waiting,
            api_calls=both.api_calls,
        )

    def together_with(self, part: "ExportReport") -> "ExportReport":
        """This one, with what was done for it in a plan of other records."""
        operations = sorted(self.by_operation.keys() | part.by_operation.keys())
        return replace(
            self,
            planned=self.planned + part.planned,
            succeeded=self.succeeded + part.succeeded,
            by_operation={each: self.by_operation.get(each, 0) + part.by_operation.get(each, 0) for each in operations},
            failed=self.failed + part.failed,
            set_aside=self.set_aside + part.set_aside,
            unchanged=self.unchanged + part.unchanged,
            confirmed_by_lookup=self.confirmed_by_lookup + part.confirmed_by_lookup,
            waiting=self.waiting + part.waiting,
            api_calls=self.api_calls + part.api_calls,
            paused_until=part.paused_until,
            paused_because=part.paused_because,
        )
