"""What the org has of what is wanted, and who may do what, in about ten calls. Nothing is changed here."""

from collections.abc import Mapping
from dataclasses import dataclass

from sf_elt.salesforce.asking import Reply, ask, describe_together, querying
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.describe import ObjectDescribe
from sf_elt.salesforce.errors import RequestRefused
from sf_elt.salesforce.permissions import UserCondition, this_user
from sf_elt.salesforce.records import query_records
from sf_elt.salesforce.setup.custom_fields import find_fields, seen_fields
from sf_elt.salesforce.setup.layouts import Pages, look_at_pages
from sf_elt.salesforce.setup.wanted import PERMISSION_SET, FieldDefinition, Wanted
from sf_elt.salesforce.soql import all_of, among, among_found, compare, select

CHANGES_LAYOUTS = "CustomizeApplication"
SYSTEM_PERMISSIONS = (
    "ViewSetup", "CustomizeApplication", "ManageUsers", "ManageProfilesPermissionsets", "AssignPermissionSets",
)  # fmt: skip


@dataclass(frozen=True)
class User:
    """The integration user. `sets` are the Ids of all permission sets that hold for them, the profile's own too.

    `is_login`: whether it is the user who looks.
    """

    id: str
    username: str
    active: bool
    is_login: bool
    sets: frozenset[str]


@dataclass(frozen=True)
class FieldPermission:
    """What one permission set grants on one field; `id` is the record's that says so."""

    id: str
    edit: bool


@dataclass(frozen=True)
class Standing:
    """What there is.

    `may`: system permissions of the login's user, None where they may not know. `objects`: those that the login sees,
    as it sees them.
    `fields`: definitions by full name in lower case; `knows_fields`: whether one that is not among them does not exist;
    otherwise it may be hidden. `user` is None where there is none of that name. `own_set`: the Id of our permission
    set. `permissions`: by the set's Id and the field's full name in lower case. `readers`: profiles by the Id of
    the set that each owns, with the objects that they read. `pages`: the objects' page layouts.
    """

    login_name: str
    may: frozenset[str] | None
    objects: Mapping[str, ObjectDescribe]
    fields: Mapping[str, FieldDefinition]
    knows_fields: bool
    user: User | None
    own_set: str | None
    permissions: Mapping[tuple[str, str], FieldPermission]
    readers: Mapping[str, tuple[str, frozenset[str]]]
    pages: Pages

    def may_edit(self, full_name: str) -> bool:
        """Whether any permission set of the integration user grants edit on the field."""
        return self.user is not None and any(
            permission.edit and held in self.user.sets and field == full_name.lower()
            for (held, field), permission in self.permissions.items()
        )


def look(org: Org, wanted: Wanted) -> Standing:
    """Asks the org. Raises what stops all questions: AllowanceSpent, OrgUnavailable, AuthenticationFailed."""
    org.described.clear()  # of before the last change
    describe_together(org, ["PermissionSet", *wanted.objects])
    objects = {name: org.described[name] for name in wanted.objects if name in org.described}
    replies = ask(org, _questions(org, wanted))
    may = _system_permissions(replies)
    found = find_fields(org, wanted.fields, objects) if may is None or "ViewSetup" in may else None
    seen = seen_fields(org, wanted.fields, objects)
    sets = replies["own_set"].records
    return Standing(
        login_name=org.transport.login.username or "the user of the access token",
        may=may,
        objects=objects,
        fields=seen | (found or {}),
        knows_fields=found is not None,
        user=_user(replies, is_login=wanted.user.casefold() in ("", (org.transport.login.username or "").casefold())),
        own_set=str(sets[0]["Id"]) if sets else None,
        permissions=field_permissions(org, wanted),
        readers=_readers(org, wanted) if wanted.visible_to_all else {},
        pages=look_at_pages(org, sorted(objects), change=_may_arrange(wanted, may)),
    )


def _may_arrange(wanted: Wanted, may: frozenset[str] | None) -> bool:
    """Whether page layouts are to be changed, and nothing is known that forbids it."""
    return wanted.layouts != () and (may is None or {"ViewSetup", CHANGES_LAYOUTS} <= may)


def own_set_id(org: Org) -> str | None:
    """The Id of our permission set, where there is one."""
    found = query_records(org, _own_set())
    return str(found[0]["Id"]) if found else None


def field_permissions(org: Org, wanted: Wanted) -> dict[tuple[str, str], FieldPermission]:
    """Who may edit or read the fields: by permission set and field in lower case. None where the user may not know."""
    where = all_of(among("SobjectType", wanted.objects), among("Field", wanted.full_names))
    soql = select(["Id", "ParentId", "Field", "PermissionsEdit"], "FieldPermissions", where)
    try:
        records = query_records(org, soql)
    except RequestRefused:
        return {}
    return {
        (str(each["ParentId"]), str(each["Field"]).lower()): FieldPermission(
            str(each["Id"]), each["PermissionsEdit"] is True
        )
        for each in records
    }


def is_assigned(org: Org, set_id: str, user_id: str) -> bool:
    """Whether the user has the permission set."""
    where = all_of(compare("PermissionSetId", "=", set_id), compare("AssigneeId", "=", user_id))
    return bool(query_records(org, select(["Id"], "PermissionSetAssignment", where)))


def _questions(org: Org, wanted: Wanted) -> dict[str, str]:
    mine = this_user(org)
    user = UserCondition(username=wanted.user) if wanted.user else mine
    columns = [f"Permissions{each}" for each in SYSTEM_PERMISSIONS]
    described = org.described.get("PermissionSet")
    known = ["Id", *(name for name in columns if described is None or name in described.by_name)]
    return {
        "may_by_set": querying(select(known, "PermissionSet", among_found("Id", _assigned(mine)))),
        "may_by_profile": querying(select(known, "PermissionSet", among_found("ProfileId", _profile(mine)))),
        "user": querying(select(["Id", "Username", "IsActive"], "User", user("Username", "Id"))),
        "sets": querying(_assigned(user)),
        "profile_set": querying(select(["Id"], "PermissionSet", among_found("ProfileId", _profile(user)))),
        "own_set": querying(_own_set()),
    }


def _assigned(user: UserCondition) -> str:
    return select(["PermissionSetId"], "PermissionSetAssignment", user("Assignee.Username", "AssigneeId"))


def _profile(user: UserCondition) -> str:
    return select(["ProfileId"], "User", user("Username", "Id"))


def _own_set() -> str:
    named = all_of(compare("Name", "=", PERMISSION_SET), compare("NamespacePrefix", "=", None))
    return select(["Id"], "PermissionSet", named)


def _system_permissions(replies: Mapping[str, Reply]) -> frozenset[str] | None:
    """None where the org refuses to tell, or shows nothing, which cannot be: every user has a profile."""
    asked = (replies["may_by_set"], replies["may_by_profile"])
    sets = [record for reply in asked for record in reply.records]
    if any(reply.refused is not None for reply in asked) or not sets:
        return None
    return frozenset(each for each in SYSTEM_PERMISSIONS for held in sets if held.get(f"Permissions{each}") is True)


def _user(replies: Mapping[str, Reply], *, is_login: bool) -> User | None:
    found = replies["user"].records
    if not found:
        return None
    sets = {str(each["PermissionSetId"]) for each in replies["sets"].records}
    sets |= {str(each["Id"]) for each in replies["profile_set"].records}
    [user] = found
    return User(str(user["Id"]), str(user["Username"]), user["IsActive"] is True, is_login, frozenset(sets))


def _readers(org: Org, wanted: Wanted) -> dict[str, tuple[str, frozenset[str]]]:
    """The profiles whose users read the objects: to the others a field of theirs means nothing."""
    reads = all_of(
        among("SobjectType", wanted.objects),
        compare("PermissionsRead", "=", True),
        compare("Parent.IsOwnedByProfile", "=", True),
    )
    soql = select(["ParentId", "SobjectType", "Parent.Profile.Name"], "ObjectPermissions", reads)
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for each in query_records(org, soql):
        set_id, (_, objects) = str(each["ParentId"]), found.get(str(each["ParentId"]), ("", frozenset[str]()))
        found[set_id] = (_profile_name(each), objects | {str(each["SobjectType"])})
    return found


def _profile_name(record: Mapping[str, object]) -> str:
    parent = record.get("Parent")
    profile = parent.get("Profile") if isinstance(parent, Mapping) else None
    return str(profile["Name"]) if isinstance(profile, Mapping) else "a profile"
