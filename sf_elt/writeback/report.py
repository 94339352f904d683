"""What one run of an export did, as numbers."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ExportReport:
    """What one run of an export did. Counts are records."""

    export: str
    plan_id: str | None
    """None where the allowance of API calls was spent before there was a plan."""
    planned: int = 0
    succeeded: int = 0
    """Planned records that the org holds as wanted: sent and confirmed, or found to hold it already."""
    failed: int = 0
    """Planned records that the org refused; `sync_log` has its words for each."""
    set_aside: int = 0
    """Records that were not sent: bad values, deleted, converted, not imported."""
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
    seconds: float = 0.0
