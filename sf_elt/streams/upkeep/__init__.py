"""Upkeep of a stream: what no window can bring, because the org moves no timestamp for it.

reconciling.py      records that are gone for good, and records that the stream lacks
judging.py          which days' Ids are worth a look
comparing.py        those Ids beside the stream's rows
reconciliations.py  what was found, as it is recorded
refreshing.py       formulas, roll-ups and related fields
fetching.py         how both land what they ask for, and go on after a pause
"""

from sf_elt.streams.upkeep.reconciliations import ReconcileReport
from sf_elt.streams.upkeep.reconciling import reconcile
from sf_elt.streams.upkeep.refreshing import RefreshReport, refresh_formulas

__all__ = ["ReconcileReport", "RefreshReport", "reconcile", "refresh_formulas"]
