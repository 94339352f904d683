"""What an administrator switches in an org that decides whether a save goes through: duplicate rules, locked records.

    store.rules.set_duplicate_rule("Lead", "alert")
    store.rules.lock(["00Q…"], times=2)           # the next two saves that need the record are refused
    store.rules.audit_fields_settable = True      # "Set Audit Fields upon Record Creation"

Nothing here is set in a new org. Kept in memory: an org that starts again starts without.
"""

import threading
from collections.abc import Iterable, Mapping
from typing import Literal

from sf_elt.demo_org.faults.inside import inside

DuplicateAction = Literal["off", "allow", "alert", "block"]
"""`allow` saves without a word, `alert` saves where the caller insists (`allowSave=true`), `block` never saves."""


class WriteRules:
    """The rules of one org. Safe to use from many threads."""

    def __init__(self) -> None:
        self.audit_fields_settable = False
        self._duplicates: dict[str, DuplicateAction] = {}
        self._locks: dict[str, int | None] = {}
        self._guard = threading.Lock()

    def duplicate_rule(self, object_name: str) -> DuplicateAction:
        """What happens to a duplicate of that object."""
        with self._guard:
            return self._duplicates.get(object_name, "off")

    def set_duplicate_rule(self, object_name: str, action: DuplicateAction) -> None:
        with self._guard:
            self._duplicates[object_name] = action

    def duplicate_rules(self) -> Mapping[str, DuplicateAction]:
        with self._guard:
            return dict(self._duplicates)

    def lock(self, record_ids: Iterable[str], times: int | None) -> None:
        """Locks the records (18 characters) against so many saves; None = until `unlock_all`."""
        with self._guard:
            self._locks.update(dict.fromkeys(record_ids, times))

    def unlock_all(self) -> None:
        with self._guard:
            self._locks.clear()

    def locked(self) -> Mapping[str, int | None]:
        """How many more saves each locked record refuses."""
        with self._guard:
            return dict(self._locks)

    @property
    def any_locked(self) -> bool:
        return bool(self._locks or inside().locked_rows)

    def meet_locks(self, record_ids: Iterable[str]) -> frozenset[str]:
        """Those of the records that are locked, by a planned fault too; each has then refused one save more."""
        planned = inside()
        with self._guard:
            met = frozenset(each for each in record_ids if each in self._locks or planned.locks(each))
            for record_id in met & self._locks.keys():
                left = self._locks[record_id]
                if left is not None and left <= 1:
                    del self._locks[record_id]
                elif left is not None:
                    self._locks[record_id] = left - 1
            return met
