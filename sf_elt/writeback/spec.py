"""What one export writes where."""

from collections import Counter
from collections.abc import Iterator
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

OPERATIONS = ("update",)
STREAMS = {
    "Lead": "salesforce_leads",
    "Contact": "salesforce_contacts",
    "Account": "salesforce_accounts",
    "Opportunity": "salesforce_opportunities",
}


def spender(export: str) -> str:
    """The name under which the API calls of an export are counted."""
    return f"export:{export}"


class ExportSpec(BaseModel):
    """One export: which records of which object, and which of their fields, from which facts about the profiles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        description="The export's name; what was sent is remembered under it.", pattern=r"^[a-z][a-z0-9_]*$"
    )
    object: str = Field(description="API name of the Salesforce object whose records are written: Lead, Contact, …")
    operation: str = Field(default="update", description="What happens to a record. There is: update.")
    match: str = Field(
        description="User field that holds the Ids of a profile's records: salesforce_lead_ids, salesforce_contact_ids."
    )
    stream: str = Field(
        default="",
        description="Imported stream of this object, which says which records are deleted or converted. "
        "Default: salesforce_leads, salesforce_contacts, salesforce_accounts or salesforce_opportunities.",
    )
    audiences: tuple[str, ...] = Field(default=(), description="Audiences to name in audiences_field. Default: all.")
    audiences_field: str | None = Field(
        default=None,
        description="Salesforce field that gets the names of the profile's audiences; text or multi-select.",
    )
    scores_field: str | None = Field(
        default=None, description="Salesforce text field that gets the scores: `frequency 80, intensity 12, …`."
    )
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="Salesforce field → user field whose value it gets, or top_topics: the topics of most interest. "
        "No other field is touched.",
    )
    only_members: bool = Field(
        default=False,
        description="Only profiles that are in one of the audiences or have left one; otherwise every profile "
        "that has a record.",
    )
    max_daily_api_calls: int | None = Field(
        default=None, ge=0, description="Most API calls of this export over a rolling 24 hours. Default: no maximum."
    )
    org_reserve: int = Field(
        default=0, ge=0, description="How many of the org's own daily API calls to leave for others."
    )
    batch_size: int = Field(default=200, ge=1, le=200, description="Records per request, at most 200.")

    @field_validator("operation")
    @classmethod
    def _only_what_exists(cls, operation: str) -> str:
        if operation not in OPERATIONS:
            raise ValueError(f"operation {operation!r} does not exist; there is: {', '.join(OPERATIONS)}")
        return operation

    @model_validator(mode="after")
    def _whole(self) -> Self:
        counts = Counter(field.casefold() for field in self.salesforce_fields())
        if not counts:
            raise ValueError(f"export {self.name!r} writes nothing: give audiences_field, scores_field or fields")
        twice = [field for field, times in counts.items() if times > 1]
        if twice:
            raise ValueError(
                f"export {self.name!r} writes {', '.join(twice)} more than once: each field has one source"
            )
        if not self.stream and self.object not in STREAMS:
            raise ValueError(
                f"export {self.name!r}: say in `stream` which imported stream holds the {self.object} records"
            )
        return self

    def salesforce_fields(self) -> Iterator[str]:
        """The Salesforce fields that this export writes, in the order of the spec."""
        yield from self.fields
        yield from (field for field in (self.audiences_field, self.scores_field) if field is not None)

    @property
    def records_stream(self) -> str:
        """The imported stream of this object."""
        return self.stream or STREAMS[self.object]
