"""Person Accounts: people who are an account and a contact in one, in an org that has the feature.

    schema = with_person_accounts(load_schema())    # for good, as in Salesforce
    has_person_accounts(schema)
    contact_fields(schema)                          # {"LastName": "LastName", "PersonEmail": "Email", …}

An account with a record type for persons has a contact of its own, `PersonContactId`, and shows what that one says:
standard fields as `PersonEmail` and the like, custom ones as `Score__pc`. Formulas of contacts are not among them.

Sources: Salesforce Help, "Considerations for Using Person Accounts"; SOAP API Developer Guide, "Person Account Record
Types"; the fields as recorded from an org with the feature (v59).
"""

from dataclasses import replace

from sf_elt.demo_org.schema import Field, Schema
from sf_elt.demo_org.schema_change import with_field, without_field

SHARED = ("Phone", "Fax", "OwnerId", "CurrencyIsoCode")
"""Fields of every account that a person's contact says too, under the same names."""
NAME_PARTS = ("LastName", "FirstName", "Salutation")
_STANDARD = (
    "MailingAddress", "OtherAddress", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone", "Email", "Title",
    "Department", "AssistantName", "LeadSource", "Birthdate", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall",
    "LastCURequestDate", "LastCUUpdateDate", "EmailBouncedReason", "EmailBouncedDate",
)  # fmt: skip
_LABELS = {"MobilePhone": "Mobile", "AssistantName": "Assistant"}
_LENGTHS = {"Title": 80}
"""What an account says otherwise than its contact."""


def has_person_accounts(schema: Schema) -> bool:
    account = schema.object("Account")
    return account is not None and account.has("IsPersonAccount")


def with_person_accounts(schema: Schema) -> Schema:
    """The schema of an org that has the feature."""
    contact = schema.require("Contact")
    name = _field(schema, "Account", "Name")
    added = [replace(name, required=False)]  # an account has a name or a last name: saving sees to it
    added += [
        replace(_field(schema, "Contact", each), required=False, extra_type="switchablepersonname")
        for each in NAME_PARTS
    ]
    added.append(Field("IsPersonAccount", "boolean", "Is Person Account", write="never"))
    of_contact = Field("PersonContactId", "reference", "Contact ID", length=18, to=("Contact",), write="never")
    added.append(replace(of_contact, relationship="PersonContact"))
    added += [_standard(each) for each in contact.fields if each.name in _STANDARD or each.compound in _STANDARD]
    for each in added:
        schema = with_field(schema, "Account", each)
    company = replace(_field(schema, "Lead", "Company"), required=False)  # a lead without one becomes a person account
    schema = with_field(schema, "Lead", company)
    schema = with_field(schema, "Contact", Field("IsPersonAccount", "boolean", "Is Person Account", write="never"))
    schema = with_field(schema, "RecordType", Field("IsPersonType", "boolean", "Is Person Type", write="create"))
    return with_custom_fields(schema)


def with_custom_fields(schema: Schema) -> Schema:
    """The schema with the custom fields that contacts have by now on accounts, too; where the feature is off, as it is.

    They are no external ids there, and unique among contacts.
    """
    if not has_person_accounts(schema):
        return schema
    shown = {
        each.name.removesuffix("__c") + "__pc": each
        for each in schema.require("Contact").stored_fields
        if each.custom and not each.calculated and each.compound is None
    }
    for name, field in shown.items():
        changed = replace(
            field, name=name, external_id=False, unique=False, id_lookup=False, children=None, cascade=False,
            restricts=False, definition=None, relationship=field.relationship and field.relationship[:-1] + "pr",
        )  # fmt: skip
        schema = with_field(schema, "Account", changed)
    for field in schema.require("Account").fields:
        if field.of_person_contact and field.name not in shown:
            schema = without_field(schema, "Account", field.name)
    return schema


def contact_fields(schema: Schema) -> dict[str, str]:
    """What an account says of its person by the names of its stored fields: the contact's field of each."""
    account, contact = schema.require("Account"), schema.require("Contact")
    names = {name: name for name in (*NAME_PARTS, *SHARED)}
    for each in account.stored_fields:
        if each.of_person_contact:
            names[each.name] = contact_field(each)
        elif each.name.startswith("Person") and contact.has(name := each.name.removeprefix("Person")):
            names[each.name] = name
    return names


def contact_field(field: Field) -> str:
    """The contact's field that a custom one of a person's account shows."""
    return field.name.removesuffix("__pc") + "__c"


def _standard(field: Field) -> Field:
    compound = field.compound and f"Person{field.compound}"
    return replace(
        field, name=f"Person{field.name}", compound=compound, id_lookup=False,
        label=_LABELS.get(field.name, field.label), length=_LENGTHS.get(field.name, field.length),
    )  # fmt: skip


def _field(schema: Schema, object_name: str, name: str) -> Field:
    found = schema.require(object_name).field(name)
    if found is None:
        raise KeyError(f"{object_name}.{name}")
    return found
