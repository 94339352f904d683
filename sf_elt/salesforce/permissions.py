"""What the integration user may not see, and what an administrator would grant.

An object or field that describe leaves out does not exist, or is hidden from this user. Which of the two, the org tells
users with "View Setup and Configuration": FieldDefinition lists what exists, PermissionSet and ObjectPermissions what
was granted (Object Reference, "Special Access Rules"). An ordinary user is refused, or shown only what they see anyway;
then nothing is claimed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel

from sf_elt.salesforce.asking import Reply, ask, querying
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import RequestRefused, SalesforceError, UnknownField, UnknownObject
from sf_elt.salesforce.replies import understood
from sf_elt.salesforce.soql import all_of, among, among_found, compare, select

Why = Literal["hidden", "absent", "unknown"]
Right = Literal["Read", "Edit", "Delete", "View All"]

# The parts of an address have no field-level security, and no row in FieldDefinition, of their own.
_PART = re.compile(r"(Street|City|State|StateCode|PostalCode|Country|CountryCode|Latitude|Longitude|GeocodeAccuracy)$")
_GRANTED = (
    "Id", "Label", "Profile.Name", "PermissionsViewSetup", "PermissionsViewAllData", "PermissionsModifyAllData",
)  # fmt: skip
OBJECTS_A_PAGE = 3  # FieldDefinition gives 2,000 rows and no second page


@dataclass(frozen=True)
class Rights:
    """What was granted to the user, as far as the org tells it to them.

    `profile` and `sets` are labels; `permissions` are those of the user as a whole, such as ViewAllData; `views_all`
    says of objects, in lower case, whether the user has "View All Records"; what is not in it has no such permission.
    None: this user may not know. `fields` are all that exist, by object in lower case; an object that does not exist
    has none, one that this user may not know of is not there.
    """

    profile: str | None = None
    sets: tuple[str, ...] = ()
    permissions: frozenset[str] | None = None
    views_all: Mapping[str, bool] | None = None
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def why_not_seen(self, object_name: str, field_name: str | None = None) -> Why:
        """Whether an object, or a field, that describe does not show is hidden, does not exist, or cannot be told."""
        existing = self.fields.get(object_name.lower())
        if existing is None:
            return "unknown"
        if field_name is None:
            return "hidden" if existing else "absent"
        return "hidden" if self.secured(object_name, field_name) is not None else "absent"

    def secured(self, object_name: str, field_name: str) -> str | None:
        """The field that security is set for, which is the address of a part of one; None where there is none."""
        existing = {name.lower(): name for name in self.fields.get(object_name.lower(), ())}
        address = _PART.sub("Address", field_name)
        return existing.get(address.lower()) or existing.get(field_name.lower())

    def hidden_fields(self, object_name: str, seen: Iterable[str]) -> list[str]:
        """Custom fields that exist and are not among those seen. (Standard ones can be missing for other reasons.)"""
        existing = self.fields.get(object_name.lower(), frozenset())
        shown = {name.lower() for name in seen}
        return sorted(name for name in existing if name.endswith("__c") and name.lower() not in shown)

    def sees_all_records(self, object_name: str) -> bool | None:
        """Whether sharing can hide records of the object from this user; None where that cannot be told."""
        if self.permissions is not None and self.permissions & {"ViewAllData", "ModifyAllData"}:
            return True
        return None if self.views_all is None else self.views_all.get(object_name.lower(), True)

    @property
    def place(self) -> str:
        """Where in Setup the grants belong: the user's own permission set, where one is known."""
        return f"Setup › Permission Sets › {self.sets[0] if self.sets else '(one of the integration user)'}"


def rights(org: Org, objects: Sequence[str]) -> Rights:
    """What the user was granted on these objects, in one API call; one more for a login by access token alone."""
    user = this_user(org)
    mine = select(["PermissionSetId"], "PermissionSetAssignment", user("Assignee.Username", "AssigneeId"))
    profile = select(["ProfileId"], "User", user("Username", "Id"))
    views_all = all_of(compare("PermissionsViewAllRecords", "=", True), among("SobjectType", objects))
    of_objects = [tuple(objects[at : at + OBJECTS_A_PAGE]) for at in range(0, len(objects), OBJECTS_A_PAGE)]
    fields = {f"fields{number}": _fields_of(some) for number, some in enumerate(of_objects)}
    replies = ask(
        org,
        {
            "assigned": querying(select(_GRANTED, "PermissionSet", among_found("Id", mine))),
            "profile": querying(select(_GRANTED, "PermissionSet", among_found("ProfileId", profile))),
            "views_all": querying(select(["SobjectType", "ParentId"], "ObjectPermissions", views_all)),
            **fields,
        },
    )
    return _rights(replies, dict(zip(of_objects, (replies[name] for name in fields), strict=True)))


def why(org: Org, object_name: str, field_name: str | None = None, *, known: Rights | None = None) -> str:
    """A sentence on what describe does not show: that it is hidden and what to grant, or that it does not exist.

    It asks for the user's rights unless they are known; where that fails, it says that it cannot tell.
    """
    if known is None:
        try:
            known = rights(org, [object_name])
        except (SalesforceError, ValueError):  # the error that is being explained says more than this one
            known = Rights()
    return sentence(known, object_name, field_name)


def sentence(known: Rights, object_name: str, field_name: str | None = None) -> str:
    """The same out of rights that are known."""
    said, grant = fact(known, object_name, field_name), how_to_grant(known, object_name, field_name)
    match known.why_not_seen(object_name, field_name):
        case "hidden":
            return f"{said}: grant {grant}."
        case "absent":
            return f"{said}."
        case "unknown":
            return f"{said}; if it exists, grant {grant}."


def fact(known: Rights, object_name: str, field_name: str | None = None) -> str:
    """The first half of the sentence: what is known of what describe does not show."""
    what = object_name if field_name is None else f"{object_name}.{field_name}"
    match known.why_not_seen(object_name, field_name):
        case "hidden":
            return f"The integration user cannot read {what}"
        case "absent":
            return f"The org has no {what}"
        case "unknown":
            return f"{what} does not exist, or is hidden from the integration user"


def how_to_grant(known: Rights, object_name: str, field_name: str | None = None, right: Right = "Read") -> str:
    """The way through Setup to the box that an administrator ticks."""
    settings = f"{known.place} › Object Settings › {object_name}"
    if field_name is None:
        return f"{settings} › Object Permissions: {right}"
    named = known.secured(object_name, field_name) or field_name
    return f"{settings} › Field Permissions: {named}: {right} Access"


def explained(org: Org, object_name: str, error: RequestRefused) -> RequestRefused:
    """The error about an unknown object or field with what an administrator can do about it; any other as it is.

    One API call, so only for work that fails anyway.
    """
    if isinstance(error, UnknownObject):
        said = why(org, object_name)
    elif isinstance(error, UnknownField) and error.fields:
        said = why(org, *owner_of(org, object_name, error.fields[0]))
    else:
        return error
    return type(error)(f"{str(error).rstrip('.')}. {said}", code=error.code, status=error.status, fields=error.fields)


@contextmanager
def explaining(org: Org, object_name: str) -> Iterator[None]:
    """What the org refuses in the block is raised as `explained`; it is described anew, as it may have changed."""
    try:
        yield
    except RequestRefused as error:
        told = explained(org, object_name, error)
        org.described.clear()
        raise told from error.__cause__


def owner_of(org: Org, object_name: str, field_name: str) -> tuple[str, str]:
    """The object that a field belongs to, and its name there: Owner.Title of a lead is Title of User."""
    relationship, dot, related = field_name.partition(".")
    described = org.described.get(object_name)
    if not dot or described is None:
        return object_name, field_name
    reference = described.relationships.get(relationship)
    parents = reference.referenceTo if reference is not None else ()
    seen = [parent for parent in parents if parent in org.described]
    likeliest = sorted(seen or parents, key=lambda parent: parent != "User")  # an owner is a queue or, mostly, a user
    return (likeliest or [object_name])[0], related


def _fields_of(objects: Sequence[str]) -> str:
    object_name = "EntityDefinition.QualifiedApiName"
    return querying(select([object_name, "QualifiedApiName"], "FieldDefinition", among(object_name, objects)))


def this_user(org: Org) -> "UserCondition":
    """The user of the login. One API call where the login is an access token alone."""
    login = org.transport.login
    if login.username and not login.access_token:
        return UserCondition(username=login.username)
    reply = understood(_Root, org.session.get(org.url("")).content, "resources of the API")
    return UserCondition(user_id=reply.identity.rpartition("/")[2])


class _Root(BaseModel):
    identity: str = ""


@dataclass(frozen=True)
class UserCondition:
    """How queries name the user: by user name, or by Id where a session is all that is known."""

    username: str = ""
    user_id: str = ""

    def __call__(self, username_field: str, id_field: str) -> str:
        if self.username:
            return compare(username_field, "=", self.username)
        return compare(id_field, "=", self.user_id)


def _rights(replies: Mapping[str, Reply], fields: Mapping[tuple[str, ...], Reply]) -> Rights:
    sets = [*replies["assigned"].records, *replies["profile"].records]
    is_told = replies["assigned"].refused is None and replies["profile"].refused is None and bool(sets)
    held = {
        name.removeprefix("Permissions")
        for each in sets
        for name, value in each.items()
        if name.startswith("Permissions") and value is True
    }
    knows = is_told and "ViewSetup" in held
    by_profile = [label for each in sets if (label := _related(each, "Profile", "Name"))]
    return Rights(
        profile=by_profile[0] if by_profile else None,
        sets=tuple(str(each["Label"]) for each in sets if not _related(each, "Profile", "Name")),
        permissions=frozenset(held) if is_told else None,
        views_all=_views_all(replies["views_all"], {str(each["Id"]) for each in sets}) if knows else None,
        fields=_fields(fields) if knows else {},
    )


def _views_all(reply: Reply, sets: set[str]) -> Mapping[str, bool] | None:
    """Of each object that anybody sees all records of (administrators do), whether one of these sets says so."""
    if reply.refused is not None or not reply.is_whole:
        return None
    found = dict.fromkeys((str(each["SobjectType"]).lower() for each in reply.records), False)
    return found | {str(each["SobjectType"]).lower(): True for each in reply.records if str(each["ParentId"]) in sets}


def _fields(replies: Mapping[tuple[str, ...], Reply]) -> Mapping[str, frozenset[str]]:
    """Field names by object in lower case; none for objects that were refused, or whose fields do not fit one page."""
    found: dict[str, set[str]] = {}
    for objects, reply in replies.items():
        if reply.refused is not None or not reply.is_whole:
            continue
        found |= {name.lower(): set() for name in objects}
        for each in reply.records:
            object_name = _related(each, "EntityDefinition", "QualifiedApiName") or ""
            found.setdefault(object_name.lower(), set()).add(str(each["QualifiedApiName"]))
    return {name: frozenset(fields) for name, fields in found.items()}


def _related(record: Mapping[str, object], relationship: str, name: str) -> str | None:
    related = record.get(relationship)
    value = related.get(name) if isinstance(related, dict) else None
    return None if value is None else str(value)
