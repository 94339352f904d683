"""What the API does not do, or an administrator would rather do by hand, in the words of Setup.

Page layouts: REST reads them and does not write them (Tooling API, "Layout": GET); the Metadata API writes them, not to
every user, and some are not accepted as they were read (jetstreamapp/jetstream#919). Those are left to people.
Duplicate and matching rules: an active one changes what happens to everybody's saves.
"""

from collections.abc import Mapping

from sf_elt.salesforce.setup.wanted import WantedField

_COMPARED: Mapping[str, tuple[str, str]] = {
    "Lead": ("Email, Exact", "; Add Rule: Compare With: Contact, Matching Rule: Standard Contact Matching Rule"),
    "Contact": ("Email, Exact", "; Add Rule: Compare With: Lead, Matching Rule: Standard Lead Matching Rule"),
    "Account": ("Name, Exact; Website, Exact; Filter Logic 1 OR 2", ""),
}
"""Standard objects with such rules: what makes two records of them one, and with what else they are compared."""


def field_steps(field: WantedField) -> str:
    """How to make the field by hand."""
    return (
        f"Setup › Object Manager › {field.made_on} › Fields & Relationships › New: {field.type_in_words}; "
        f"Field Label: {field.label}; Field Name: {field.developer_name}; Description: {field.description}"
    )


def conflict_steps(field: WantedField) -> str:
    """What to do about a field that stands and cannot hold what is written."""
    elsewhere = f"in the export {', '.join(field.written_by)}" if field.written_by else "to --external-id"
    return (
        f"Nothing that stands is changed. Setup › Object Manager › {field.made_on} › Fields & Relationships › "
        f"{field.name} › Edit: make it {field.type_in_words}. Or give another field {elsewhere}."
    )


def layout_steps(object_name: str, labels: str, layout: str = "each layout") -> str:
    """How to put fields on a page layout, or on all of them."""
    return (
        f"Setup › Object Manager › {object_name} › Page Layouts › {layout}: drag {labels} from the palette into a "
        "section, Save."
    )


def duplicate_rule_steps(object_name: str) -> tuple[str, ...]:
    """How to have the org tell a new record from one that is there: for people, and for programs.

    Accounts, contacts, leads and custom objects have such rules, others have none (Salesforce Help, "Duplicate Rules").
    """
    if object_name not in _COMPARED and not object_name.endswith("__c"):
        return (
            f"Salesforce has no duplicate rules for {object_name}: an external id, which is unique, tells the records "
            "of exports apart (--external-id).",
        )
    rule = f"sf_elt {object_name}"
    criteria, others = _COMPARED.get(object_name, ("Name, Exact", ""))
    compared = f"Compare With: {object_name}, Matching Rule: {rule}{others}"
    return (
        f"Look first: Setup › Duplicate Rules. Where a rule for {object_name} is active (Salesforce has standard ones "
        "for leads, contacts and accounts), nothing is to make.",
        f"Setup › Matching Rules › New Rule: {object_name}; Rule Name: {rule}; Matching Criteria: {criteria}; Match "
        "Blank Fields: not ticked. Save, Activate, and wait until its status is Active.",
        f"Setup › Duplicate Rules › New Rule › {object_name}; Rule Name: {rule}; Record-Level Security: Bypass sharing "
        f"rules; Action On Create: Allow, with Alert and Report; Action On Edit: Allow, with Report; {compared}. Save, "
        "Activate.",
        "What such a rule refuses an export is in writeback.sync_log under DUPLICATES_DETECTED.",
    )
