"""What is wanted held against what stands: what would be made, what is there already, what is in the way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sf_elt.counting import count
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.describe import ObjectDescribe
from sf_elt.salesforce.names import did_you_mean
from sf_elt.salesforce.setup.instructions import (
    conflict_steps,
    duplicate_rule_steps,
    field_steps,
    layout_steps,
)
from sf_elt.salesforce.setup.page_layouts import PageLayout
from sf_elt.salesforce.setup.standing import Standing, look
from sf_elt.salesforce.setup.wanted import PERMISSION_SET_LABEL, Wanted, WantedField

Verdict = Literal["stands", "to make", "made", "refused", "waits", "in the way", "by hand"]
Kind = Literal["field", "permission set", "edit", "assignment", "read", "layout"]

_SETS = ("ManageProfilesPermissionsets", "Manage Profiles and Permission Sets (or Manage Users)")
_PERMISSIONS: Mapping[Kind, tuple[str, str]] = {
    "field": ("CustomizeApplication", "Customize Application"),
    "permission set": _SETS,
    "edit": _SETS,
    "assignment": ("AssignPermissionSets", "Assign Permission Sets (or Manage Users)"),
    "read": _SETS,
}
"""Kind of change → the system permission that it takes, and its label in Setup. Layouts that this login may not change
keep nothing from working: they are left to people.
"""
_LAYOUTS = "Customize Application, Modify Metadata Through Metadata API Functions"
_USER_MANAGEMENT = frozenset({"ManageProfilesPermissionsets", "AssignPermissionSets"})
"""What Manage Users brings along."""
KINDS: tuple[Kind, ...] = (*_PERMISSIONS, "layout")
"""In the order in which each finds what it needs."""


@dataclass(frozen=True)
class Item:
    """One thing: of what, which, how it is, in words, and what an administrator would do about it.

    "in the way" is not changed by us and keeps an export from working; "waits" was not tried because of something
    else; "by hand" is what the API does not do, and keeps nothing from working.
    """

    subject: str
    what: str
    verdict: Verdict
    says: str
    todo: str = ""


@dataclass(frozen=True)
class Change:
    """Something to make. `field` is set where it is about one.

    `set_id` is the permission set that gets `read`, `layout` the full name of the page layout that gets the field.
    """

    kind: Kind
    subject: str
    says: str
    field: WantedField | None = None
    set_id: str = ""
    layout: str = ""

    @property
    def item(self) -> Item:
        return Item(self.subject, self.kind, "to make", self.says)


@dataclass(frozen=True)
class Plan:
    """Everything, in the order in which it would be made; `changes` are what is to make."""

    items: tuple[Item, ...]
    changes: tuple[Change, ...] = field(default=(), repr=False)

    @property
    def passed(self) -> bool:
        """Whether nothing is in the way, refused or left waiting."""
        return all(each.verdict not in ("in the way", "refused", "waits") for each in self.items)

    def count(self, verdict: Verdict) -> int:
        return sum(each.verdict == verdict for each in self.items)


def plan(org: Org, wanted: Wanted) -> Plan:
    """What would be made; nothing is changed. Raises AllowanceSpent, OrgUnavailable, AuthenticationFailed."""
    return planned(look(org, wanted), wanted)


def planned(standing: Standing, wanted: Wanted) -> Plan:
    """The same of what was found."""
    changes = tuple(_changes(standing, wanted))
    items = [
        *_lacking(standing, changes),
        *_about_objects(standing, wanted),
        *_about_fields(standing, wanted),
        *_about_user(standing, wanted),
        *_about_readers(standing, wanted),
        *(each.item for each in changes),
        *_about_layouts(standing, wanted),
        *_about_duplicates(standing, wanted),
    ]
    return Plan(arranged(items, wanted), changes)


def arranged(items: Sequence[Item], wanted: Wanted) -> tuple[Item, ...]:
    """What is about one thing together: the login's permissions, then the fields, then everything else."""
    logins = [each.subject for each in items if each.what == "permission"]
    subjects = dict.fromkeys([*logins, *wanted.full_names, *(each.subject for each in items)])
    order = {subject: place for place, subject in enumerate(subjects)}
    return tuple(sorted(items, key=lambda each: (order[each.subject], each.what != "permission")))


def _changes(standing: Standing, wanted: Wanted) -> Iterator[Change]:
    """In the order in which each finds what it needs. Nothing for a field that is in the way."""
    usable = [each for each in wanted.fields if _is_usable(standing, each)]
    for each in usable:
        if each.full_name.lower() not in standing.fields:
            yield Change("field", each.full_name, f"{each.label}: {each.type_in_words}", each)
    user = standing.user
    if user is not None and user.active:
        ungranted = [each for each in usable if not standing.may_edit(each.full_name)]
        if ungranted:
            yield from _grants(standing, ungranted, user.username)
    for set_id, (profile, objects) in sorted(standing.readers.items(), key=lambda each: each[1]):
        for each in usable:
            if each.object_name in objects and (set_id, each.full_name.lower()) not in standing.permissions:
                yield Change("read", each.full_name, f"read for the profile {profile}", each, set_id)
    for layout in _chosen_layouts(standing, wanted):
        for each in _missing_on(layout, usable) if not layout.why_not else ():
            yield Change("layout", each.full_name, f"on the page layout {layout.name}", each, layout=layout.full_name)


def _grants(standing: Standing, fields: Iterable[WantedField], username: str) -> Iterator[Change]:
    if standing.own_set is None:
        yield Change("permission set", PERMISSION_SET_LABEL, "with nothing but edit on these fields")
    for each in fields:
        granted = standing.permissions.get((standing.own_set or "", each.full_name.lower()))
        if granted is None or not granted.edit:
            yield Change("edit", each.full_name, f"edit through the permission set {PERMISSION_SET_LABEL}", each)
    if standing.user is not None and standing.own_set not in standing.user.sets:
        yield Change("assignment", username, f"the permission set {PERMISSION_SET_LABEL} is assigned")


def _is_usable(standing: Standing, wanted: WantedField) -> bool:
    if wanted.object_name not in standing.objects:
        return False
    found = standing.fields.get(wanted.full_name.lower())
    return wanted.made_on == wanted.object_name if found is None else wanted.why_unfit(found) is None


def beyond(standing: Standing) -> frozenset[Kind]:
    """The kinds of changes for which the login's user lacks a system permission, as far as that is known."""
    if not standing.knows_fields:
        return frozenset(_PERMISSIONS)
    if standing.may is None:
        return frozenset()
    held = standing.may | (_USER_MANAGEMENT if "ManageUsers" in standing.may else frozenset())
    return frozenset(kind for kind, (permission, _) in _PERMISSIONS.items() if permission not in held)


def _lacking(standing: Standing, changes: Iterable[Change]) -> Iterator[Item]:
    """System permissions that the login's user has not, of those that the changes take."""
    kinds = {each.kind for each in changes}
    subject = standing.login_name
    if not standing.knows_fields:
        says = "this user may not know whether a field that it does not see exists: nothing can be made"
        yield Item(subject, "permission", "in the way", says, _grant("Customize Application, Manage Users"))
    elif standing.may is None and kinds:
        says = "this user may not know which system permissions it has: what it may not make, the org refuses"
        yield Item(subject, "permission", "by hand", says, _grant("View Setup and Configuration"))
    else:
        lacking = [_PERMISSIONS[kind][1] for kind in _PERMISSIONS if kind in kinds & beyond(standing)]
        for label in dict.fromkeys(lacking):
            made = [kind for kind in _PERMISSIONS if kind in kinds and _PERMISSIONS[kind][1] == label]
            says = f"this user cannot make: {', '.join(made)}"
            yield Item(subject, "permission", "in the way", says, _grant(label))


def _grant(permission: str) -> str:
    return f"Log in as an administrator, or grant System Permissions: {permission}."


def _about_objects(standing: Standing, wanted: Wanted) -> Iterator[Item]:
    for each in wanted.objects:
        if each not in standing.objects:
            says = f"the org has no object {each}, or this login may not see it"
            yield Item(each, "object", "in the way", says, "Correct its name in the export, or grant Read on it.")


def _about_fields(standing: Standing, wanted: Wanted) -> Iterator[Item]:
    for each in wanted.fields:
        found = standing.fields.get(each.full_name.lower())
        if found is None:
            if each.made_on != each.object_name and each.object_name in standing.objects:
                says = f"custom fields of {each.object_name} are made on {each.made_on}, for tasks and events together"
                yield Item(each.full_name, "field", "in the way", says, f"{field_steps(each)}.")
            continue
        why = each.why_unfit(found)
        if why is not None:
            yield Item(each.full_name, "field", "in the way", f"the field stands, but {why}", conflict_steps(each))
            continue
        yield Item(each.full_name, "field", "stands", found.in_words)
        user = standing.user
        if user is None or not standing.may_edit(each.full_name):
            continue
        if user.is_login and not _is_updateable(standing.objects[each.object_name], each.name):
            says = f"{user.username} may edit the field, and not the records of {each.object_name}"
            grant = f"Setup › Permission Sets › one of theirs › Object Settings › {each.object_name}: Edit"
            yield Item(each.full_name, "edit", "in the way", says, grant)
        else:
            yield Item(each.full_name, "edit", "stands", f"{user.username} may edit it")


def _is_updateable(described: ObjectDescribe, name: str) -> bool:
    return any(field.updateable and field.name.lower() == name.lower() for field in described.fields)


def _about_user(standing: Standing, wanted: Wanted) -> Iterator[Item]:
    user = standing.user
    if user is None:
        name = wanted.user or standing.login_name
        says = "the org has no user of this name, or this login may not see it: nobody is granted edit"
        yield Item(name, "user", "in the way", says, "Name the user that exports log in as: --user.")
    elif not user.active:
        says = "this user is not active: nothing is granted"
        yield Item(user.username, "user", "in the way", says, "Setup › Users › the user › Edit: Active.")
    elif standing.own_set in user.sets:
        yield Item(user.username, "assignment", "stands", f"has the permission set {PERMISSION_SET_LABEL}")


def _about_readers(standing: Standing, wanted: Wanted) -> Iterator[Item]:
    """One item for a field that all of them read already."""
    for each in wanted.fields:
        name = each.full_name.lower()
        sets = [set_id for set_id, (_, objects) in standing.readers.items() if each.object_name in objects]
        if sets and name in standing.fields and all((set_id, name) in standing.permissions for set_id in sets):
            says = f"readers of {each.object_name} may read it: {count(len(sets), 'profile')}"
            yield Item(each.full_name, "read", "stands", says)


def _about_layouts(standing: Standing, wanted: Wanted) -> Iterator[Item]:
    """Fields that stand on every layout already, and layouts that people have to see to."""
    usable = [each for each in wanted.fields if _is_usable(standing, each)]
    if standing.pages.layouts is None:
        yield from _layouts_by_hand(standing, wanted, usable)
        return
    layouts = _chosen_layouts(standing, wanted)
    for each in usable:
        of_object = [layout for layout in layouts if _is_of(layout, each)]
        if of_object and not any(_missing_on(layout, [each]) for layout in of_object):
            yield Item(each.full_name, "layout", "stands", f"on {count(len(of_object), 'page layout')}")
    for layout in layouts:
        missing = _missing_on(layout, usable)
        if layout.why_not and missing:
            labels = ", ".join(each.label for each in missing)
            says = f"not on the page layout {layout.name}: {layout.why_not}"
            yield Item(
                layout.object_name, "layout", "by hand", says, layout_steps(layout.object_name, labels, layout.name)
            )
    names = [each.name for each in standing.pages.layouts]
    for name in wanted.layouts or ():
        if name.casefold() not in (each.casefold() for each in names):
            says = f"{', '.join(wanted.objects)}: no page layout has this name{did_you_mean(name, names)}"
            todo = f"Name one that there is: {', '.join(names)}."
            yield Item(name, "layout", "in the way", says, todo)


def _layouts_by_hand(standing: Standing, wanted: Wanted, usable: Sequence[WantedField]) -> Iterator[Item]:
    """Fields that this user's own layouts do not show, by object: more is not known, and nothing can be changed."""
    for object_name in wanted.objects:
        shown = standing.pages.shown.get(object_name, frozenset())
        absent = [each for each in usable if each.object_name == object_name and each.name.lower() not in shown]
        if absent:
            labels = ", ".join(each.label for each in absent)
            says = f"not on the page layouts, as far as this login sees them: {labels}"
            todo = layout_steps(object_name, labels)
            if wanted.layouts != ():
                says += f" ({standing.pages.refused})" if standing.pages.refused else ""
                todo += f"\nOr let it be done here. {_grant(_LAYOUTS)}"
            yield Item(object_name, "layout", "by hand", says, todo)


def _chosen_layouts(standing: Standing, wanted: Wanted) -> list[PageLayout]:
    """The layouts that shall show the fields."""
    names = None if wanted.layouts is None else [each.casefold() for each in wanted.layouts]
    return [each for each in standing.pages.layouts or () if names is None or each.name.casefold() in names]


def _missing_on(layout: PageLayout, fields: Iterable[WantedField]) -> list[WantedField]:
    """The fields of its object that it does not show."""
    return [each for each in fields if _is_of(layout, each) and each.name.lower() not in layout.fields]


def _is_of(layout: PageLayout, field: WantedField) -> bool:
    return layout.object_name.casefold() == field.object_name.casefold()


def _about_duplicates(standing: Standing, wanted: Wanted) -> Iterator[Item]:
    for object_name in wanted.objects if wanted.duplicate_rule else ():
        if object_name in standing.objects:
            says = f"whoever adds a {standing.objects[object_name].label} that is there already should be told"
            yield Item(object_name, "duplicate rule", "by hand", says, "\n".join(duplicate_rule_steps(object_name)))
