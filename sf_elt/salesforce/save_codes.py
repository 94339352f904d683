"""What the status codes mean with which an org refuses a record: the one place to ask what to do about each.

Codes are those of the SOAP API Developer Guide ("StatusCode"), which REST and the Bulk API share.
"""

from enum import StrEnum


class Meaning(StrEnum):
    """What a refusal asks of whoever sent the record."""

    RETRY = "retry"
    """It passes by itself: the same record can be saved when it is sent again."""

    PAYLOAD = "payload"
    """The record needs other values; it is refused until somebody changes them, or a rule of the org."""

    DUPLICATE = "duplicate"
    """Another record holds a value that must be unique, or a duplicate rule finds one that is much the same."""

    AMBIGUOUS = "ambiguous"
    """Several records match: nothing is written until either side changes."""

    GONE = "gone"
    """The record, or one that it refers to, is not there, or not for this user."""

    CONVERTED = "converted"
    """The lead has become a contact, which is to be written in its place."""

    SETUP = "setup"
    """An administrator has to act: a field or an object is missing, is read-only, or not this user's to write."""

    UNKNOWN = "unknown"
    """Not listed here: not sent again by itself."""


NO_REASON = "UNKNOWN"
"""Our code for a refusal without one that could be read."""

MALFORMED = "JSON_PARSER_ERROR"
"""One value cannot be read as its field's type. By REST it refuses the whole call, of which nothing is written."""

_MEANINGS: dict[str, Meaning] = {
    **dict.fromkeys(
        (
            "UNABLE_TO_LOCK_ROW",
            "SERVER_UNAVAILABLE",
            "API_CURRENTLY_DISABLED",
            "UNKNOWN_EXCEPTION",
            "QUERY_TIMEOUT",
            "REQUEST_RUNNING_TOO_LONG",
            "REQUEST_LIMIT_EXCEEDED",
            "CONCURRENT_REQUESTS_LIMIT_EXCEEDED",
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",  # of a record that was good, beside one that was not
        ),
        Meaning.RETRY,
    ),
    **dict.fromkeys(
        (
            "REQUIRED_FIELD_MISSING",
            "MISSING_ARGUMENT",
            "INVALID_EMAIL_ADDRESS",
            "STRING_TOO_LONG",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "FIELD_INTEGRITY_EXCEPTION",
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "FIELD_FILTER_VALIDATION_EXCEPTION",
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",  # a trigger or a flow of the org has failed
            "CANNOT_EXECUTE_FLOW_TRIGGER",
            "INACTIVE_OWNER_OR_USER",
            "MALFORMED_ID",
            "INVALID_STATUS",
            "CIRCULAR_DEPENDENCY",
            "ENTITY_IS_LOCKED",  # by an approval process
            "DELETE_FAILED",  # other records need it
            "UNDELETE_FAILED",
            MALFORMED,
        ),
        Meaning.PAYLOAD,
    ),
    **dict.fromkeys(("DUPLICATE_VALUE", "DUPLICATES_DETECTED"), Meaning.DUPLICATE),
    "DUPLICATE_EXTERNAL_ID": Meaning.AMBIGUOUS,  # what an upsert of one record says with status 300
    **dict.fromkeys(("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"), Meaning.GONE),
    "CANNOT_UPDATE_CONVERTED_LEAD": Meaning.CONVERTED,
    **dict.fromkeys(
        (
            "INVALID_FIELD",
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "INVALID_TYPE",
            "INVALID_TYPE_FOR_OPERATION",
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            "CANNOT_MODIFY_MANAGED_OBJECT",
            "STORAGE_LIMIT_EXCEEDED",
        ),
        Meaning.SETUP,
    ),
}


def meaning_of(code: str | None) -> Meaning:
    """What a status code of a record, or of a whole call, asks for."""
    return _MEANINGS.get(code or "", Meaning.UNKNOWN)
