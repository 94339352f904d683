"""One org's answers to who sees what, kept until something that they depend on is saved."""

import threading
from dataclasses import dataclass

from sf_elt.demo_org.access.grants import Grants, read_grants
from sf_elt.demo_org.access.masks import Mask, Masks
from sf_elt.demo_org.access.view import view
from sf_elt.demo_org.schema import Schema
from sf_elt.demo_org.store import Store

_DECIDING = ("User", "PermissionSet", "PermissionSetAssignment", "ObjectPermissions", "FieldPermissions")
"""The objects whose records decide."""


@dataclass(frozen=True)
class _Known:
    """What a user sees, and what that was worked out from."""

    saves: tuple[int | None, ...]
    schema: Schema
    masks: tuple[Mask, ...]
    grants: Grants
    seen: Schema


class Access:
    """Safe to use from many threads; a dozen comparisons where nothing has changed since the same user asked."""

    def __init__(self, store: Store) -> None:
        self.masks = Masks()
        self._store = store
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def schema_for(self, user_id: str) -> Schema:
        """The schema as the user sees it: the same object until something changes."""
        return self._up_to_date(user_id).seen

    def may(self, user_id: str, permission: str) -> bool:
        """Whether the user has a permission that is about no single object, such as `CustomizeApplication`."""
        return permission in self._up_to_date(user_id).grants.permissions

    def _up_to_date(self, user_id: str) -> _Known:
        saves = tuple(map(self._store.saves.get, _DECIDING))
        schema, masks = self._store.schema, self.masks.all()
        known = self._known.get(user_id)
        if known and known.saves == saves and known.schema is schema and known.masks is masks:
            return known
        with self._lock:
            with self._store.reading() as connection:
                grants = read_grants(connection, user_id)
            of_user = tuple(each for each in masks if each.user_id in (None, user_id))
            if known and known.grants == grants and known.schema is schema and known.masks is masks:
                seen = known.seen
            else:
                seen = view(schema, grants, of_user)
            self._known[user_id] = found = _Known(saves, schema, masks, grants, seen)
            return found
