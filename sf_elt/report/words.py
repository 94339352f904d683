"""What names and codes of the warehouse mean, in a marketer's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sf_elt.counting import count

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Meaning:
    """What a rule or a code says. `is_usual` ones need nobody to do anything."""

    title: str
    says: str
    is_usual: bool = False


_RULES: Mapping[str, Meaning] = {
    "role mailbox": Meaning(
        "Shared mailboxes", "Addresses such as info@ or sales@ belong to a role, not to one person.", is_usual=True
    ),
    "max_per_kind": Meaning(
        "Too many for one person",
        "One profile would have held more of these than one person has: often a shared device or address.",
    ),
    "blank": Meaning("Empty", "There is nothing in it to recognize anybody by.", is_usual=True),
    "malformed": Meaning("Not well formed", "It is no email address, phone number or Id: a typing error, perhaps."),
    "never joins": Meaning("Never joins", "Your configuration says that this value is no one's own.", is_usual=True),
    "manual unlink": Meaning("Kept apart by hand", "Somebody has said that these are two people.", is_usual=True),
}

_CODES: Mapping[str, Meaning] = {
    "LEAD_CONVERTED": Meaning(
        "Converted leads", "Salesforce lets nobody change a converted lead; its contact is written.", is_usual=True
    ),
    "RECORD_DELETED": Meaning("Deleted in Salesforce", "There is nothing left to write to.", is_usual=True),
    "RECORD_OF_ANOTHER_PROFILE": Meaning(
        "Belongs to another profile", "Two profiles have this record; the older one writes it.", is_usual=True
    ),
    "RECORD_NOT_IMPORTED": Meaning(
        "Not imported", "The record is not among the imported ones: the next import may bring it."
    ),
    "AMBIGUOUS": Meaning(
        "Several records fit",
        "Nothing is written to either: merge them in Salesforce, or find records by something else.",
    ),
    "CONTACT_EXISTS": Meaning(
        "A contact already", "No lead is made beside a contact with the same address.", is_usual=True
    ),
    "CREATED_FOR_ANOTHER_PROFILE": Meaning(
        "Made for another profile", "Two profiles have the same values; one record is made for both.", is_usual=True
    ),
    "MATCH_VALUE_UNUSABLE": Meaning(
        "Nothing to look for", "The value that records are found by is not one that the field in Salesforce can hold."
    ),
    "INVALID_MEMBER_STATUS": Meaning(
        "No such status", "Add the status to the campaign in Salesforce: its members have statuses of their own."
    ),
    "CHOICE_WITH_SEMICOLON": Meaning(
        "A choice with a semicolon", "In a multi-select picklist it would become two: rename it."
    ),
    "SEVERAL_IDS": Meaning("Several records to refer to", "The field in Salesforce refers to one record only."),
    "UNDONE": Meaning("Taken back", "An undo took it back; it goes again when its value changes.", is_usual=True),
    "CHANGED_BY_OTHERS": Meaning(
        "Somebody else's by now", "It was changed in Salesforce since, and stays as it is.", is_usual=True
    ),
    "STRING_TOO_LONG": Meaning("Too long for the field", "Make the field in Salesforce longer, or send less."),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": Meaning(
        "Of the wrong type", "The field in Salesforce holds another type of value than what is sent."
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": Meaning(
        "Number out of range", "The field in Salesforce has fewer digits than the number."
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Meaning(
        "Not in the picklist", "Add the value to the picklist in Salesforce, or make the picklist unrestricted."
    ),
    "REQUIRED_FIELD_MISSING": Meaning(
        "Required, and empty", "They go once there is a value: a record to refer to, say, or a name."
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Meaning(
        "A validation rule said no", "An administrator can exempt the integration user from the rule."
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": Meaning(
        "No permission", "The integration user may not edit these records: sf-elt check says what to grant."
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Meaning(
        "An automation failed", "A flow or trigger in Salesforce failed on these records."
    ),
    "DUPLICATES_DETECTED": Meaning("A duplicate rule said no", "Salesforce holds a record that is nearly the same."),
    "ENTITY_IS_DELETED": Meaning("Deleted in Salesforce", "There is nothing left to write to.", is_usual=True),
    "UNABLE_TO_LOCK_ROW": Meaning(
        "In use at that moment", "Somebody else was saving the record. The next run tries again.", is_usual=True
    ),
}

_STATUSES: Mapping[str, str] = {
    "waiting for approval": "waits for approval",
    "done": "done",
    "paused": "paused",
    "sending": "broke off, or still sending",
    "planned": "not begun",
}


def rule(name: str) -> Meaning:
    """What a rule that refuses links means."""
    return _RULES.get(name, Meaning(plain(name), ""))


def code(name: str) -> Meaning:
    """What the reason means for which a record was not written."""
    return _CODES.get(name, Meaning("Refused by Salesforce", f"Its code: {name or 'none'}."))


def status(name: str) -> str:
    """What became of the latest run of an export."""
    return _STATUSES.get(name, name)


def plain(name: str) -> str:
    """`salesforce_lead_ids` as people write it: `Salesforce lead ids`."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def percent(share: float) -> str:
    """`20.2%`; what is there is never `0.0%`, and what is not all of it never `100.0%`."""
    if 0 < share < 0.001:
        return "<0.1%"
    return ">99.9%" if 0.9995 <= share < 1 else f"{share:.1%}"


def signed_percent(share: float) -> str:
    """`+12.0%`, `−3.1%`."""
    return f"{'+' if share > 0 else MINUS}{percent(abs(share))}"


def moment(at: datetime) -> str:
    """`22 November 2026, 06:17 UTC`."""
    return f"{at.day} {at:%B %Y, %H:%M} {zone(at)}"


def day(at: datetime) -> str:
    """`22 Nov`."""
    return f"{at.day} {at:%b}"


def zone(at: datetime) -> str:
    """The zone's own name, or its distance from UTC where it has none: `CET`, `UTC+03:00`."""
    name = at.tzname() or ""
    return name if name[:1].isalpha() else f"UTC{at.isoformat()[-6:]}"


def duration(length: timedelta) -> str:
    """`5 minutes`, `3 hours`, `12 days`: the largest unit of which there is more than one and a half."""
    seconds = length.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 1.5 * size or (unit != "day" and seconds >= size):
            return count(round(seconds / size), unit)
    return "less than a minute"


def every(length: timedelta) -> str:
    """`every hour`, `every 12 days`; what comes more often than that, `every minute`."""
    return f"every {duration(max(length, timedelta(minutes=1))).removeprefix('1 ')}"


def ago(length: timedelta) -> str:
    """`3 hours ago`."""
    return f"{duration(length)} ago"
