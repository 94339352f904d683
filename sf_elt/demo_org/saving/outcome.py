"""What became of each record that somebody wanted saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Operation = Literal["insert", "update", "upsert", "delete", "hardDelete", "undelete"]


@dataclass(frozen=True)
class SaveOptions:
    """How a client wants a batch saved, as it says in headers and parameters.

    `allow_duplicates`: save what a duplicate rule only warns of; `duplicate_details`: tell more than the Ids of the
    records that it found. `update_only`: an upsert makes no new records.
    `from_json`: one value that its field cannot read, or one name that is no field, fails the whole request, as it does
    in Salesforce's JSON reader; in a CSV it fails its row.
    """

    allow_duplicates: bool = False
    duplicate_details: bool = False
    update_only: bool = False
    from_json: bool = False


@dataclass(frozen=True)
class DuplicateMatch:
    """What a duplicate rule found: its name, whether the caller may insist, and the records that are much the same.

    `records` holds their Ids, and what they say where the caller asked for details.
    """

    object_name: str
    rule: str
    matching_rule: str
    allow_save: bool
    message: str
    records: tuple[Mapping[str, str | None], ...]


@dataclass(frozen=True)
class SaveError:
    """Why a record was not saved, in Salesforce's code and words, and which fields it is about."""

    status_code: str
    message: str
    fields: tuple[str, ...] = ()
    duplicates: DuplicateMatch | None = None


@dataclass(frozen=True)
class SaveOutcome:
    """One record's outcome. `id` is its Id if it was saved or existed before; `created` says that it is new."""

    id: str | None
    success: bool
    created: bool
    errors: tuple[SaveError, ...] = ()


class Refused(Exception):
    """A record cannot be saved, for one or more reasons."""

    def __init__(self, *errors: SaveError) -> None:
        super().__init__("; ".join(f"{each.status_code}: {each.message}" for each in errors))
        self.errors = errors


def refused(status_code: str, message: str, *fields: str) -> Refused:
    """The refusal of a record for one reason."""
    return Refused(SaveError(status_code, message, fields))
