"""What became of each record that somebody wanted saved."""

from dataclasses import dataclass
from typing import Literal

Operation = Literal["insert", "update", "upsert", "delete", "hardDelete", "undelete"]


@dataclass(frozen=True)
class SaveOptions:
    """How a client wants a batch saved, as it says in headers and parameters.

    `allow_duplicates`: save what a duplicate rule only warns of. `update_only`: an upsert makes no new records.
    """

    allow_duplicates: bool = False
    update_only: bool = False


@dataclass(frozen=True)
class DuplicateMatch:
    """What a duplicate rule found: its name, whether the caller may insist, and the records that are much the same."""

    object_name: str
    rule: str
    matching_rule: str
    allow_save: bool
    message: str
    record_ids: tuple[str, ...]


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
