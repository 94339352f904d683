"""An integration user who may do no more than a permission set says, as orgs should have it.

login = restricted_login(details, objects=["Lead"], fields={"Lead": ["Email"]})
"""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from simple_salesforce import Salesforce

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Login
from sf_elt_tests.orgs import client

LABEL = "sf_elt import"


def restricted_login(
    details: Details,
    *,
    objects: Sequence[str] | Mapping[str, Sequence[str]] = (),
    fields: Mapping[str, Sequence[str]] | None = None,
    permissions: Sequence[str] = (),
    edited: Mapping[str, Sequence[str]] | None = None,
) -> Login:
    """A user of the profile Minimum Access with a permission set: Read on objects and fields, system permissions.

    Where `objects` says which rights there are on each, these; `edited` are fields with Edit.
    """
    admin, name = client(details), f"user{uuid4().hex[:12]}"
    profile = admin.query("SELECT Id FROM Profile WHERE Name = 'Minimum Access - Salesforce'")["records"][0]["Id"]
    user = _new(
        admin, "User", Username=f"{name}@example.com", LastName="Import", Email="import@example.com", Alias="import",
        IsActive=True, ProfileId=profile, TimeZoneSidKey="GMT", LocaleSidKey="en_US", LanguageLocaleKey="en_US",
        EmailEncodingKey="UTF-8",
    )  # fmt: skip
    granted = {f"Permissions{each}": True for each in permissions}
    held = _new(admin, "PermissionSet", Name=name, Label=LABEL, **granted)
    _new(admin, "PermissionSetAssignment", PermissionSetId=held, AssigneeId=user)
    for each in objects:
        rights = objects[each] if isinstance(objects, Mapping) else ["Read"]
        _new(
            admin, "ObjectPermissions", ParentId=held, SobjectType=each,
            **{f"Permissions{right}": True for right in rights},
        )  # fmt: skip
    for granted_fields, may_edit in ((fields, False), (edited, True)):
        for each, names in (granted_fields or {}).items():
            for field in names:
                _new(
                    admin, "FieldPermissions", ParentId=held, SobjectType=each, Field=f"{each}.{field}",
                    PermissionsRead=True, PermissionsEdit=may_edit,
                )  # fmt: skip
    return Login(
        instance_url=details.instance_url,
        login_url=details.instance_url,
        username=f"{name}@example.com",
        password=details.password,
        security_token=details.security_token,
    )


def _new(admin: Salesforce, object_name: str, **values: object) -> str:
    created: str = getattr(admin, object_name).create(values)["id"]
    return created
