"""What is missing, made. What became of it is not believed but looked for: an answer that was lost is no failure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import AllowanceSpent, AuthenticationFailed, OrgUnavailable, RequestRefused
from sf_elt.salesforce.setup.custom_fields import exists, make_field
from sf_elt.salesforce.setup.instructions import field_steps, layout_steps
from sf_elt.salesforce.setup.page_layouts import PageLayout, read_layouts, with_fields, write_layouts
from sf_elt.salesforce.setup.planning import KINDS, Change, Item, Kind, Plan, arranged, beyond, planned
from sf_elt.salesforce.setup.standing import Standing, field_permissions, is_assigned, look, own_set_id
from sf_elt.salesforce.setup.wanted import (
    PERMISSION_SET,
    PERMISSION_SET_DESCRIPTION,
    PERMISSION_SET_LABEL,
    Wanted,
    WantedField,
)
from sf_elt.salesforce.write import MAX_RECORDS, Record, SaveResult, create_records, update_records

ATTEMPTS = 3

_Missing = Callable[[], Mapping[Change, Record]]


def carry_out(org: Org, wanted: Wanted) -> Plan:
    """Makes what is missing and looks at all of it again; what could not be made is an item that says why.

    Where the org's calls are spent, or it does not answer any more, the rest waits for the next time. Raises
    AllowanceSpent, OrgUnavailable, AuthenticationFailed before anything was made.
    """
    standing = look(org, wanted)
    before = planned(standing, wanted)
    if not before.changes:
        return before
    work = _Work(org, wanted, standing)
    try:
        for kind in KINDS:
            if kind not in beyond(standing):
                work.stage([each for each in before.changes if each.kind == kind])
        found = look(org, wanted)
    except (AllowanceSpent, AuthenticationFailed, OrgUnavailable) as error:
        stopped = f"it was not found out whether this is made: {error}"
        return _told(before, {each: work.said(each) or _waits(each, stopped) for each in before.changes}, wanted)
    after = planned(found, wanted)
    left = {*after.changes, *work.refused_out_of_sight(found)}
    return _told(
        after, {each: _refused(work, each) if each in left else _made(each) for each in before.changes}, wanted
    )


def _told(plan: Plan, told: Mapping[Change, Item], wanted: Wanted) -> Plan:
    """The plan with what became of its changes; what was made is not said a second time as standing."""
    made = {(item.subject, item.what): item for item in told.values()}
    rest = [each for each in plan.items if each.verdict != "to make" and (each.subject, each.what) not in made]
    return Plan(arranged([*told.values(), *rest], wanted))


def _with_fields(changes: Sequence[Change]) -> list[tuple[Change, WantedField]]:
    return [(change, change.field) for change in changes if change.field is not None]


def _made(change: Change) -> Item:
    return replace(change.item, verdict="made")


def _waits(change: Change, why: str) -> Item:
    return replace(change.item, verdict="waits", todo=f"Not made: {why}. Run it again.")


def _refused(work: "_Work", change: Change) -> Item:
    why = work.refused.get(change)
    if why is None:
        lacks = change.kind in beyond(work.standing)
        needs = "this login lacks the permission" if lacks else "what it needs was refused"
        return replace(change.item, verdict="waits", todo=f"Not tried: {needs}. Run it again after that.")
    return replace(change.item, verdict="refused", todo=f"The org refuses it: {why.rstrip('.')}.{_by_hand(change)}")


def _by_hand(change: Change) -> str:
    if change.kind == "field" and change.field:
        return f" By hand: {field_steps(change.field)}."
    if change.kind == "layout" and change.field:
        layout = PageLayout(change.layout)
        return f" By hand: {layout_steps(layout.object_name, change.field.label, layout.name)}"
    return ""


@dataclass
class _Work:
    """The changes one after the other, and what the org said of each."""

    org: Org
    wanted: Wanted
    standing: Standing
    made: set[Change] = field(default_factory=set)
    refused: dict[Change, str] = field(default_factory=dict)

    def said(self, change: Change) -> Item | None:
        """What became of it as far as the org has answered."""
        if change in self.refused:
            return _refused(self, change)
        return _made(change) if change in self.made else None

    def refused_out_of_sight(self, found: Standing) -> set[Change]:
        """What was refused on layouts that cannot be read any more: they do not tell what is missing."""
        readable = {each.full_name for each in found.pages.layouts or () if not each.why_not}
        return {each for each in self.refused if each.kind == "layout" and each.layout not in readable}

    def stage(self, changes: Sequence[Change]) -> None:
        """Changes of one kind; those that need what could not be made are left."""
        if not changes:
            return
        stages: Mapping[Kind, Callable[[Sequence[Change]], None]] = {
            "field": self._fields,
            "permission set": self._set,
            "edit": self._edit,
            "assignment": self._assignment,
            "read": self._read,
            "layout": self._layouts,
        }
        without = {each.field for each in self.refused if each.kind == "field"}
        stages[changes[0].kind]([each for each in changes if each.field is None or each.field not in without])

    def _fields(self, changes: Sequence[Change]) -> None:
        for change, wanted in _with_fields(changes):
            try:
                self._field(wanted)
            except RequestRefused as error:
                self.refused[change] = str(error)
            else:
                self.made.add(change)

    def _field(self, wanted: WantedField) -> None:
        """Sends it until it is there: before each repetition it is looked for."""
        for left in reversed(range(ATTEMPTS)):
            try:
                make_field(self.org, wanted)
                return
            except OrgUnavailable:
                if exists(self.org, wanted):
                    return
                if not left:
                    raise
            except RequestRefused as error:
                if error.code == "DUPLICATE_DEVELOPER_NAME" and exists(self.org, wanted):
                    return
                raise

    def _set(self, changes: Sequence[Change]) -> None:
        values = {"Name": PERMISSION_SET, "Label": PERMISSION_SET_LABEL, "Description": PERMISSION_SET_DESCRIPTION}
        self._records("PermissionSet", changes, lambda: {} if own_set_id(self.org) else {changes[0]: values})

    def _edit(self, changes: Sequence[Change]) -> None:
        set_id = own_set_id(self.org)
        if set_id is not None:
            self._records("FieldPermissions", changes, lambda: self._ungranted(changes, set_id))

    def _read(self, changes: Sequence[Change]) -> None:
        self._records("FieldPermissions", changes, lambda: self._ungranted(changes))

    def _ungranted(self, changes: Sequence[Change], set_id: str = "") -> dict[Change, Record]:
        """The records that would grant what is not granted yet; one that stands and grants less has its Id."""
        standing, missing = field_permissions(self.org, self.wanted), dict[Change, Record]()
        for change, wanted in _with_fields(changes):
            parent, edit = change.set_id or set_id, change.kind == "edit"
            granted = standing.get((parent, change.subject.lower()))
            if granted is None:
                subject = {"ParentId": parent, "SobjectType": wanted.object_name, "Field": change.subject}
                missing[change] = {**subject, "PermissionsRead": True, "PermissionsEdit": edit}
            elif edit and not granted.edit:
                missing[change] = {"Id": granted.id, "PermissionsRead": True, "PermissionsEdit": True}
        return missing

    def _assignment(self, changes: Sequence[Change]) -> None:
        set_id, user = own_set_id(self.org), self.standing.user
        if set_id is None or user is None:
            return
        wanted = {change: {"PermissionSetId": set_id, "AssigneeId": user.id} for change in changes}
        self._records(
            "PermissionSetAssignment", changes, lambda: {} if is_assigned(self.org, set_id, user.id) else wanted
        )

    def _layouts(self, changes: Sequence[Change]) -> None:
        """Reads each layout right before it is written: what somebody has changed since the plan stays."""
        for left in reversed(range(ATTEMPTS)):
            try:
                read = read_layouts(self.org, sorted({each.layout for each in changes}))
            except RequestRefused as error:
                self.refused |= dict.fromkeys(changes, str(error))
                return
            found = {each.full_name: each for each in read}
            waiting: dict[str, dict[str, Change]] = {}
            for change, wanted in _with_fields(changes):
                if change.layout not in found:
                    self.refused[change] = "the page layout has been deleted meanwhile"
                elif found[change.layout].why_not:
                    self.refused[change] = found[change.layout].why_not
                elif wanted.name.lower() not in found[change.layout].fields:
                    waiting.setdefault(change.layout, {})[wanted.name] = change
            try:
                results = write_layouts(
                    self.org, {name: with_fields(found[name], missing) for name, missing in waiting.items()}
                )
            except OrgUnavailable:
                if not left:
                    raise
                continue
            for name, result in results.items():
                for change in waiting[name].values():
                    self._note(change, result)
            return

    def _records(self, object_name: str, changes: Sequence[Change], missing: _Missing) -> None:
        """Saves the records that are missing. Where an answer was lost it is asked anew which still are."""
        for left in reversed(range(ATTEMPTS)):
            waiting = missing()
            self.made |= set(changes) - waiting.keys()
            try:
                self._save(object_name, waiting)
                return
            except OrgUnavailable:
                if not left:
                    raise

    def _save(self, object_name: str, records: Mapping[Change, Record]) -> None:
        for save, some in (
            (create_records, {change: record for change, record in records.items() if "Id" not in record}),
            (update_records, {change: record for change, record in records.items() if "Id" in record}),
        ):
            changes = list(some)
            for start in range(0, len(changes), MAX_RECORDS):
                together = changes[start : start + MAX_RECORDS]
                try:
                    results = save(self.org, object_name, [some[each] for each in together])
                except RequestRefused as error:
                    self.refused |= dict.fromkeys(together, str(error))
                    continue
                for change, result in zip(together, results, strict=True):
                    self._note(change, result)

    def _note(self, change: Change, result: SaveResult) -> None:
        if result.success:
            self.made.add(change)
        else:
            self.refused[change] = f"{result.code} {result.message}"
