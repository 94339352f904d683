"""Saving records: validated by what describe says, a batch in one transaction, every record with its own outcome.

    outcomes = save(store, user_id, "Lead", "update", [{"Id": "00Q…", "Title": "CTO"}])
    outcomes[0].success, outcomes[0].errors          # in the order of the records

A bad record fails alone (or all fail, with `all_or_none`). What makes the whole request bad, such as an unknown
object or an external id field that is none, raises `sf_elt.demo_org.errors.OrgError`.

- save.py      a batch from what the client sent to its outcomes: rows.py reads it (cells.py values, parents.py
               references by external id), checks.py, references.py, duplicates.py and delete.py refuse, batch.py
               writes, derive.py brings along what follows
- places.py, event_times.py  what one record says in several fields: an address's codes and names, when an event is
- member_statuses.py  the statuses that a campaign has for its members
- person_accounts.py  people who are account and contact in one
- merge.py, convert.py, recycle.py: merging records, converting leads, the recycle bin
- returning.py  what goes along into the recycle bin and out of it
- by_id.py     deleting and bringing back records of any objects
- lookup.py    finding records by Id or value
"""

from sf_elt.demo_org.saving.by_id import save_by_id
from sf_elt.demo_org.saving.convert import ConvertedLead, LeadConversion, convert_leads
from sf_elt.demo_org.saving.merge import Merge, MergeOutcome, merge
from sf_elt.demo_org.saving.outcome import DuplicateMatch, Operation, SaveError, SaveOptions, SaveOutcome
from sf_elt.demo_org.saving.recycle import empty_recycle_bin, purge_recycle_bin, undelete_records
from sf_elt.demo_org.saving.save import save, save_mixed

__all__ = [
    "ConvertedLead",
    "DuplicateMatch",
    "LeadConversion",
    "Merge",
    "MergeOutcome",
    "Operation",
    "SaveError",
    "SaveOptions",
    "SaveOutcome",
    "convert_leads",
    "empty_recycle_bin",
    "merge",
    "purge_recycle_bin",
    "save",
    "save_by_id",
    "save_mixed",
    "undelete_records",
]
