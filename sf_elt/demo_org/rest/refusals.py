"""How REST words a record that was not saved: one error of a collection, or the whole reply of a single record.

A duplicate rule's finding goes along. Up to API version 57 its name is misspelt, as recorded from orgs at v51 and v56
and allowed for by public clients; later recordings spell it right.
"""

from collections.abc import Mapping

from pydantic import JsonValue
from starlette.requests import Request

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.requests import version_of
from sf_elt.demo_org.saving import DuplicateMatch, SaveError, SaveOutcome

LAST_MISSPELT = 57


class RecordRefused(OrgError):
    """A single record was not saved; the body says what a duplicate rule found, if one did."""

    def __init__(self, error: SaveError, duplicates: dict[str, object]) -> None:
        super().__init__(400, error.status_code, error.message, None if duplicates else error.fields)
        self._duplicates = duplicates

    def body(self) -> list[dict[str, object]]:
        [error] = super().body()
        return [{**self._duplicates, **error}]


def record_refused(request: Request, error: SaveError) -> RecordRefused:
    """The refusal of the one record of a request."""
    return RecordRefused(error, _duplicates(request, error))


def errors_of(request: Request, outcome: SaveOutcome) -> list[dict[str, object]]:
    """The errors of one record, as Collections and Tree send them."""
    return [
        {
            "statusCode": each.status_code,
            "message": each.message,
            "fields": list(each.fields),
            **_duplicates(request, each),
        }
        for each in outcome.errors
    ]


def duplicate_result(match: DuplicateMatch, version: str) -> dict[str, JsonValue]:
    """What a duplicate rule found, as DuplicateResult."""
    return {
        "allowSave": match.allow_save,
        "duplicateRule": match.rule,
        "duplicateRuleEntityType": match.object_name,
        "errorMessage": match.message,
        "matchResults": [
            {
                "entityType": match.object_name,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "matchRecords": [_match_record(match.object_name, each, version) for each in match.records],
                "rule": match.matching_rule,
                "size": len(match.records),
                "success": True,
            }
        ],
    }


def _duplicates(request: Request, error: SaveError) -> dict[str, object]:
    """The member that tells of duplicates, or nothing."""
    match = error.duplicates
    if match is None:
        return {}
    version = version_of(request)
    name = "duplicateResut" if float(version) <= LAST_MISSPELT else "duplicateResult"
    return {name: duplicate_result(match, version)}


def _match_record(object_name: str, record: Mapping[str, str | None], version: str) -> dict[str, JsonValue]:
    address = f"/services/data/v{version}/sobjects/{object_name}/{record['Id']}"
    return {
        "additionalInformation": [],
        "fieldDiffs": [],
        "matchConfidence": 100.0,
        "record": {"attributes": {"type": object_name, "url": address}, **record},
    }
