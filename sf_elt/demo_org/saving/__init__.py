"""Saving records: validated by what describe says, a batch in one transaction, every record with its own outcome.

    outcomes = save(store, user_id, "Lead", "update", [{"Id": "00Q…", "Title": "CTO"}])
    outcomes[0].success, outcomes[0].errors          # in the order of the records

A bad record fails alone (or all fail, with `all_or_none`). What makes the whole request bad, such as an unknown
object or an external id field that is none, raises `sf_elt.demo_org.errors.OrgError`.
"""

from sf_elt.demo_org.saving.outcome import DuplicateMatch, Operation, SaveError, SaveOptions, SaveOutcome
from sf_elt.demo_org.saving.save import save, save_mixed

__all__ = ["DuplicateMatch", "Operation", "SaveError", "SaveOptions", "SaveOutcome", "save", "save_mixed"]
