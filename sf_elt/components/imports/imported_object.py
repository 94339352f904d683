"""One object of a SalesforceImport: what is read of it, and into which stream."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal, Self

import dagster as dg
from pydantic import Field, field_validator, model_validator

from sf_elt.components.attributes import Attributes, as_written
from sf_elt.components.imports.stream_names import stream_of
from sf_elt.streams.windows import NO_TIMESTAMP

LONGEST_NAME = 63


Moment = Annotated[datetime, dg.Resolver(as_written, model_field_type=str | datetime | date)]
"""A day or a time as the YAML has it; `checked_moment` reads it."""


class ImportedObject(Attributes):
    """One object of the org and the stream that it becomes."""

    object: str = Field(
        pattern=r"^[A-Za-z]\w*$",
        description="API name of the Salesforce object, standard or custom: Lead, Subscription__c, ….",
    )
    stream: str = Field(
        default="",
        pattern=r"^[a-z][a-z0-9_]*$",
        description="Name of the stream, its table and asset. Default: after the object, salesforce_leads for Lead.",
    )
    description: str = Field(default="", description="What a row of this stream is, for people who find it in the UI.")
    fields: list[str] | Literal["all", "standard"] | None = Field(
        default=None,
        description="Exactly these fields, or 'all' that the user may read, or 'standard', the documented ones.",
    )
    additional_fields: list[str] = Field(
        default_factory=list, description="Fields in addition to `fields`; also of a parent, as in RecordType.Name."
    )
    exclude_fields: list[str] = Field(default_factory=list, description="Fields that are never read.")
    timestamp_field: str | None = Field(
        default=None,
        description="The time by which records are read; 'none': all of them. Default: SystemModstamp or next best.",
    )
    since: Moment | None = Field(
        default=None,
        description="Records whose timestamp is older are left out: a day, or a time with its zone. Default: none are.",
    )

    @field_validator("timestamp_field")
    @classmethod
    def _read_timestamp_field(cls, value: str | None) -> str | None:
        return NO_TIMESTAMP if value is not None and value.casefold() == NO_TIMESTAMP else value

    @field_validator("since", mode="before")
    @classmethod
    def _read_since(cls, value: str | date | None) -> datetime | None:
        return None if value is None else checked_moment(value)

    @model_validator(mode="after")
    def _require_timestamp(self) -> Self:
        if self.timestamp_field == NO_TIMESTAMP and self.since is not None:
            raise ValueError("timestamp_field none reads the object whole: there is no time to hold `since` against")
        return self

    @model_validator(mode="after")
    def _name_stream(self) -> Self:
        if not self.stream:
            self.stream = stream_of(self.object)
        if len(self.stream) > LONGEST_NAME:
            raise ValueError(f"{self.stream!r} is too long for a stream: give `stream` a name of your own")
        return self

    @property
    def is_lead(self) -> bool:
        return self.object.casefold() == "lead"


def checked_moment(value: str | date) -> datetime:
    """A day, which begins at midnight UTC, or a time; one without a zone is UTC. Raises ValueError."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(at, datetime):
            at = datetime(at.year, at.month, at.day)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # the latter where UTC has no year for it
        raise ValueError(
            f"{value!r} is no day and no time; accepted are, say, '2026-01-31' and '2026-01-31T08:00:00+01:00'"
        ) from None
