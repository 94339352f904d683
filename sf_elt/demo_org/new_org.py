"""The records that every org has from its first day: queues, the values of status fields, the standard price book.

    for object_name, rows in first_records(user_id, at):  # rows as the store loads them
        store.load(object_name, rows)
    queue_ids()                                           # {"Inbound Leads": "00G…", "Support": "00G…"}

Their Ids are the same in every org, so that records may name them before they are loaded. Profiles and permission sets
are in `access`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import pyarrow as pa

from sf_elt.demo_org.ids import id_at
from sf_elt.demo_org.saving.convert import CONVERTED_STATUSES
from sf_elt.demo_org.saving.derive import STAGES
from sf_elt.demo_org.schema import load_schema

LEAD_QUEUE, CASE_QUEUE = "Inbound Leads", "Support"

Values = dict[str, object]

ORGANIZATION: Values = {
    "Name": "Demo Org",
    "OrganizationType": "Developer Edition",
    "InstanceName": "DEMO1",
    "LanguageLocaleKey": "en_US",
    "TimeZoneSidKey": "America/Los_Angeles",
    "DefaultLocaleSidKey": "en_US",
    "FiscalYearStartMonth": 1,
    "DefaultAccountAccess": "Edit",
    "DefaultContactAccess": "ControlledByParent",
    "DefaultOpportunityAccess": "Edit",
    "DefaultLeadAccess": "ReadEditTransfer",
    "DefaultCaseAccess": "ReadEditTransfer",
}
"""The organization itself, besides its Id and audit fields."""

_CLOSED = ("Closed", "Completed")


def queue_ids() -> dict[str, str]:
    """The Id of each queue by its name: a Group that may own leads or cases."""
    return _ids("Group", (LEAD_QUEUE, CASE_QUEUE))


def first_records(user_id: str, at: datetime) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each setup object, made by that user at a moment (UTC, whole seconds)."""
    moment = at.replace(tzinfo=None)
    audit: Values = {
        "CreatedDate": moment,
        "CreatedById": user_id,
        "LastModifiedDate": moment,
        "LastModifiedById": user_id,
        "SystemModstamp": moment,
    }
    for object_name, rows in _rows(user_id).items():
        yield object_name, pa.Table.from_pylist([row | audit for row in rows])


def _rows(user_id: str) -> dict[str, list[Values]]:
    return {
        "Group": [_queue(name, user_id) for name in queue_ids()],
        "QueueSobject": [
            {"Id": _id("QueueSobject", 1), "QueueId": queue_ids()[LEAD_QUEUE], "SobjectType": "Lead"},
            {"Id": _id("QueueSobject", 2), "QueueId": queue_ids()[CASE_QUEUE], "SobjectType": "Case"},
        ],
        "LeadStatus": _statuses("LeadStatus", "Lead", 1, "IsConverted", CONVERTED_STATUSES),
        "CaseStatus": _statuses("CaseStatus", "Case", 101, "IsClosed", _CLOSED),
        "TaskStatus": _statuses("TaskStatus", "Task", 201, "IsClosed", _CLOSED),
        "OpportunityStage": [_stage(name, number) for number, name in enumerate(STAGES, 301)],
        "Pricebook2": [
            {"Id": _id("Pricebook2", 1), "Name": "Standard Price Book", "IsActive": True, "IsStandard": True}
        ],
    }


def _queue(name: str, user_id: str) -> Values:
    return {
        "Id": queue_ids()[name],
        "Name": name,
        "DeveloperName": name.replace(" ", "_"),
        "Type": "Queue",
        "OwnerId": user_id,
    }


def _statuses(object_name: str, of: str, first: int, flag: str, flagged: Sequence[str]) -> list[Values]:
    """A row for each value of an object's Status."""
    status = load_schema().require(of).field("Status")
    if status is None:
        raise KeyError(f"{of}.Status")
    return [
        {
            "Id": _id(object_name, first + place),
            "MasterLabel": value,
            "ApiName": value,
            "SortOrder": place + 1,
            "IsDefault": value == status.default,
            flag: value in flagged,
        }
        for place, value in enumerate(status.picklist)
    ]


def _stage(name: str, number: int) -> Values:
    probability, category = STAGES[name]
    return {
        "Id": _id("OpportunityStage", number),
        "MasterLabel": name,
        "ApiName": name,
        "IsActive": True,
        "SortOrder": number - 300,
        "IsClosed": name.startswith("Closed"),
        "IsWon": name == "Closed Won",
        "ForecastCategory": category,
        "ForecastCategoryName": category,
        "DefaultProbability": probability,
    }


def _ids(object_name: str, names: Sequence[str]) -> dict[str, str]:
    return {name: _id(object_name, number) for number, name in enumerate(names, 1)}


def _id(object_name: str, number: int) -> str:
    return id_at(load_schema().require(object_name).key_prefix, number)
