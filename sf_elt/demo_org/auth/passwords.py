"""Whose password somebody may set or reset: their own, and everybody's where they manage users."""

from sf_elt.demo_org.auth.users import User
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.org import Org


def user_to_change(org: Org, caller_id: str, given: str) -> User:
    """The user of that Id. Raises OrgError where there is none, or their password is not the caller's to change."""
    user_id = normalise(given)
    if user_id != caller_id and not org.access.may(caller_id, "ManageUsers"):
        raise OrgError(403, "INSUFFICIENT_ACCESS", "insufficient access rights on object id")
    user = org.users.with_id(user_id) if user_id else None
    if user is None:
        raise OrgError(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    return user
