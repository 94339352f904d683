"""Records by Id, by e-mail address, or all of an object; and the names of fields as people give them."""

import re
from collections.abc import Iterable, Iterator, Sequence

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.describe import FieldDescribe, ObjectDescribe, describe, object_list, object_names
from sf_elt.salesforce.errors import RequestRefused, UnknownField, UnknownObject
from sf_elt.salesforce.ids import record_id
from sf_elt.salesforce.names import did_you_mean
from sf_elt.salesforce.records import Page, Record, query, query_pages, record_of
from sf_elt.salesforce.replies import parsed
from sf_elt.salesforce.soql import among_found, any_of, compare, name, select

PEOPLE = ("User", "Contact", "Lead")
"""The objects whose records are people."""

# The same in every org (Salesforce Help, "Standard Field Record ID Prefix Decoder"): these need no call to find out.
_PREFIXES = {
    "001": "Account", "003": "Contact", "005": "User", "006": "Opportunity", "00Q": "Lead", "00T": "Task",
    "00U": "Event", "00v": "CampaignMember", "500": "Case", "701": "Campaign",
}  # fmt: skip

# Objects that have a Name in every org, of which that need not be asked.
_NAMED = frozenset({"Account", "Campaign", "Contact", "Group", "Lead", "Opportunity", "RecordType", "User"})

# How the org says which name it does not know.
_NO_OBJECT = re.compile(r"sObject type '(\w+)' is not supported")
_NO_FIELD = re.compile(r"No such column '(\w+)' on entity '(\w+)'")

# What a person knows a record by, in this order, of what its object has.
_MAIN = ("Email", "Phone", "Company", "Account.Name", "Title", "Status", "StageName", "Type", "Amount", "IsActive")


def find(org: Org, an_id: str, fields: Sequence[str] = (), *, object_name: str | None = None) -> Record | None:
    """The record with this Id, of 15 or 18 characters; None where there is none, or this user may not see it.

    Its object is the one whose Ids begin with these three characters, unless it is named. Without `fields` the record
    has all that this user can read. Deleted records are not found. Raises NotAnId, UnknownObject, UnknownField.
    """
    wanted = record_id(an_id)
    its_object = describe(org, object_name).name if object_name else object_of(org, wanted)
    if fields:
        described = describe(org, its_object)
        names = resolved(org, described, fields)
        return next(query(org, select(names, described.name, compare("Id", "=", wanted))), None)
    try:
        reply = org.session.get(org.url(f"sobjects/{its_object}/{wanted}"))
    except RequestRefused as error:
        if error.code in ("NOT_FOUND", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"):
            return None
        raise
    return record_of(org, parsed(reply.content, its_object), its_object)


def find_by_email(org: Org, object_name: str, email: str, fields: Sequence[str] = ()) -> list[Record]:
    """All records of an object that have this e-mail address, in any letter case, in the order of their Ids.

    The address is that in `Email`, or in any e-mail field of an object without `Email`. Accounts are found by their
    contacts' addresses, opportunities by their contact roles', members of campaigns by the contact's or lead's. Without
    `fields` the records have all that this user can read.
    Raises ValueError for an empty address, UnknownObject, UnknownField where the object leads to no address.
    """
    address = email.strip()
    if not address:
        raise ValueError("an empty e-mail address would find every record without one")
    described = describe(org, object_name)
    names = resolved(org, described, fields) if fields else readable_fields(described)
    found = query(org, select(names, described.name, _has_email(described, address)))
    return sorted(found, key=lambda record: record.id)


def fetch(
    org: Org,
    object_name: str,
    fields: Sequence[str] = (),
    *,
    where: str = "",
    limit: int | None = None,
    include_deleted: bool = False,
) -> Iterator[Record]:
    """All records of an object, or the first `limit` of them; a page of up to 2,000 is one API call, made when needed.

    `where` is a SOQL condition, whose values `sf_elt.salesforce.literal` writes. Without `fields` the records have all
    that this user can read, but compound fields and files. Names are checked before this returns.
    """
    pages = fetch_pages(org, object_name, fields, where=where, limit=limit, include_deleted=include_deleted)
    return (record for page in pages for record in page.records)


def fetch_pages(
    org: Org,
    object_name: str,
    fields: Sequence[str] = (),
    *,
    where: str = "",
    limit: int | None = None,
    include_deleted: bool = False,
) -> Iterator[Page]:
    """As `fetch`, page by page; each page says how many records there are in all."""
    described = describe(org, object_name)
    names = resolved(org, described, fields) if fields else readable_fields(described)
    return query_pages(org, select(names, described.name, where, limit=limit), include_deleted=include_deleted)


def object_of(org: Org, an_id: str) -> str:
    """The name of the object whose Ids begin as this one. Raises NotAnId, UnknownObject where none or several do."""
    prefix = record_id(an_id)[:3]
    if prefix in _PREFIXES:
        return _PREFIXES[prefix]
    found = [each.name for each in object_list(org) if each.keyPrefix == prefix]
    if len(found) == 1:
        return found[0]
    several = f"Ids of {' and '.join(found)} begin with {prefix!r}: say which is meant"
    raise UnknownObject(several if found else f"no object that this user sees has Ids that begin with {prefix!r}")


def readable_fields(described: ObjectDescribe) -> list[str]:
    """All fields but compound ones, which repeat their components, and files."""
    return [field.name for field in described.fields if field.is_readable_in_bulk]


def main_fields(described: ObjectDescribe) -> list[str]:
    """The few by which a person knows a record: Id, name, and what the object has of address, phone, status, owner."""
    named = [field.name for field in described.fields if field.nameField]
    known = [each for each in _MAIN if each in described.by_name or each.partition(".")[0] in described.relationships]
    owner = ["Owner.Name"] if "Owner" in described.relationships else []
    return list(dict.fromkeys(["Id", *named, *known, *owner]))


def resolved(org: Org, described: ObjectDescribe, fields: Iterable[str]) -> list[str]:
    """The fields by their right names, each once. Raises UnknownField with the nearest name.

    A related record's fields but its name cost one describe of its object. Those of a reference to several kinds of
    object (`What`, `Owner`) are for the org to judge.
    """
    return list(dict.fromkeys(_resolved(org, described, field.strip()) for field in fields))


def meant(org: Org, error: RequestRefused) -> str:
    """`` (did you mean Lead?)`` for a query that the org refused because of a name, where something is near it."""
    said = _NO_OBJECT.search(str(error))
    if said is not None:
        return did_you_mean(said[1], object_names(org))
    said = _NO_FIELD.search(str(error))
    return did_you_mean(said[1], describe(org, said[2]).by_name) if said is not None else ""


def _resolved(org: Org, described: ObjectDescribe, field_name: str) -> str:
    first, dot, rest = field_name.partition(".")
    if not dot:
        return described.field(first).name
    reference = _reference(described, first)
    if rest.lower() == "name" and _NAMED.issuperset(reference.referenceTo):
        return f"{reference.relationshipName}.Name"
    if len(reference.referenceTo) != 1:
        try:
            return f"{reference.relationshipName}.{name(rest)}"
        except ValueError as error:
            raise UnknownField(f"{described.name}.{first} has no field {rest!r}", fields=(field_name,)) from error
    return f"{reference.relationshipName}.{_resolved(org, describe(org, reference.referenceTo[0]), rest)}"


def _reference(described: ObjectDescribe, relationship: str) -> FieldDescribe:
    by_folded = {known.lower(): field for known, field in described.relationships.items()}
    if relationship.lower() not in by_folded:
        raise UnknownField(
            f"{described.name} leads to no record by the name {relationship!r}"
            f"{did_you_mean(relationship, described.relationships)}",
            code="INVALID_FIELD",
            fields=(relationship,),
        )
    return by_folded[relationship.lower()]


def _has_email(described: ObjectDescribe, address: str) -> str:
    addresses = [field.name for field in described.fields if field.type == "email" and field.filterable]
    if "Email" in addresses:
        addresses = ["Email"]
    if addresses:
        return any_of(*(compare(field, "=", address) for field in addresses))
    match described.name:  # objects without an address of their own, whose records lead to people
        case "Account":
            return among_found("Id", select(["AccountId"], "Contact", compare("Email", "=", address)))
        case "Opportunity":
            roles = compare("Contact.Email", "=", address)
            return among_found("Id", select(["OpportunityId"], "OpportunityContactRole", roles))
        case "CampaignMember":
            return any_of(compare("Contact.Email", "=", address), compare("Lead.Email", "=", address))
    raise UnknownField(f"{described.name} has no e-mail field that can be searched", code="INVALID_FIELD")
