"""What one export writes where."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sf_elt.writeback.field_sources import FieldSource, Found, Total, found_in, named_in, totals_in

STREAMS = {
    "Lead": "salesforce_leads",
    "Contact": "salesforce_contacts",
    "Account": "salesforce_accounts",
    "Opportunity": "salesforce_opportunities",
}
TOP_TOPICS = "top_topics"
"""What a field's source may name besides user fields: the profile's topics of most interest."""

MOST_TRIGGERS = 75

Operation = Literal["create", "update", "upsert", "delete", "mirror"]
CREATING: frozenset[str] = frozenset({"create", "upsert", "mirror"})
UPDATING: frozenset[str] = frozenset({"update", "upsert", "mirror"})


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
    operation: Operation = Field(
        default="update",
        description="update: records that are there. create: only new ones. upsert: both. delete: the records that "
        "are found. mirror: upsert, and delete what this export has written once its person leaves.",
    )
    match: str = Field(
        default="",
        description="User field that holds the Ids of a profile's records: salesforce_lead_ids, salesforce_contact_ids."
        " Matchers are for those who have none.",
    )
    matchers: Mapping[str, FieldSource] = Field(
        default_factory=dict,
        description="Salesforce field → what it must equal: records are looked for by it before anything is written. "
        "A list of values (emails) is one search for each. New records get these values.",
    )
    matchers_operator: Literal["and", "or"] = Field(
        default="and", description="Whether a record must equal all matchers, or any."
    )
    external_id: str = Field(
        default="",
        description="The matcher that is an external id of the object: Salesforce itself then creates no second record "
        "of one value.",
    )
    stream: str = Field(
        default="",
        description="Imported stream of this object, which says which records are deleted or converted. "
        "Default: salesforce_leads, salesforce_contacts, salesforce_accounts or salesforce_opportunities.",
    )
    condition: str = Field(
        default="", description="Only profiles for which this is true: SQL over user fields and scores, as audiences."
    )
    events: str = Field(
        default="", description="Stream of events to write in place of profiles: one record for each event, or group."
    )
    where: str = Field(
        default="",
        description="Only events for which this is true: SQL over the stream's columns and the events' properties.",
    )
    key: str = Field(default="", description="Column that tells events apart; an event is written once.")
    group_by: str = Field(
        default="",
        description="One record for each value of this column or user field, or of several with commas between them; "
        "of other columns the latest value counts, or the sum.",
    )
    audiences: tuple[str, ...] = Field(default=(), description="Audiences to name in audiences_field. Default: all.")
    audiences_field: str | None = Field(
        default=None,
        description="Salesforce field that gets the names of the profile's audiences; text or multi-select.",
    )
    scores_field: str | None = Field(
        default=None, description="Salesforce text field that gets the scores: `frequency 80, intensity 12, …`."
    )
    affinity_field: str | None = Field(
        default=None, description="Salesforce text field that gets the profile's topics of most interest."
    )
    fields: Mapping[str, FieldSource] = Field(
        default_factory=dict,
        description="Salesforce field → user field whose value it gets, or top_topics: the topics of most interest; or "
        "{constant: …}, {template: …}, {find: …}, {record_type: …}, {sum: …}. No other field is touched.",
    )
    fields_on_create: Mapping[str, FieldSource] = Field(
        default_factory=dict, description="The same for fields that only new records get: an owner, a source."
    )
    fields_on_leave: Mapping[str, FieldSource] = Field(
        default_factory=dict,
        description="What fields get in place of the above once the person has left the audiences or the condition: a "
        "status. It goes with on_leave: update.",
    )
    trigger_fields: tuple[str, ...] = Field(
        default=(),
        max_length=MOST_TRIGGERS,
        description="User fields whose change sends a person, at most 75. Default: a change of any value written.",
    )
    only_members: bool = Field(
        default=False,
        description="Only profiles that are in one of the audiences or have left one; otherwise every profile "
        "that has a record.",
    )
    on_leave: Literal["update", "clear", "keep"] = Field(
        default="update",
        description="What becomes of a record whose person has left the audiences or the condition: its fields stay up "
        "to date, are cleared, or are left as they are. A mirror deletes it.",
    )
    policy: Literal["ours", "theirs", "newest"] = Field(
        default="newest",
        description="Whose value stands in a field that somebody has changed in the org since: the profile's, theirs, "
        "or that which has changed last.",
    )
    transport: Literal["auto", "bulk", "rest"] = Field(
        default="auto", description="auto: Bulk API 2.0 for 2,000 records and more, REST for fewer."
    )
    duplicates: Literal["refuse", "allow"] = Field(
        default="refuse",
        description="Whether records are saved that a duplicate rule of the org warns of; allow goes by REST only.",
    )
    approve_above_changed: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="A plan that writes a larger share of the export's records waits for approval. Default: none does.",
    )
    approve_above_deleted: float = Field(
        default=0.1, ge=0, le=1, description="The same for a plan that deletes a larger share of them."
    )
    max_daily_api_calls: int | None = Field(
        default=None, ge=0, description="Most API calls of this export over a rolling 24 hours. Default: no maximum."
    )
    org_reserve: int = Field(
        default=0, ge=0, description="How many of the org's own daily API calls to leave for others."
    )
    batch_size: int = Field(default=200, ge=1, le=200, description="Records per request, at most 200.")
    enabled: bool = Field(default=True, description="An export that is switched off plans and sends nothing.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for fault in self._faults():
            raise ValueError(f"export {self.name!r} {fault}")
        return self

    def _faults(self) -> Iterator[str]:
        counts = Counter(field.casefold() for field in self.salesforce_fields())
        if not counts and self.operation != "delete":
            yield "writes nothing: give audiences_field, scores_field, affinity_field or fields"
        if counts and self.operation == "delete":
            yield "deletes records: it writes no fields"
        twice = [field for field, times in counts.items() if times > 1]
        if twice:
            yield f"writes {', '.join(twice)} more than once: each field has one source"
        if not (self.match or self.matchers or self.operation == "create"):
            yield "does not say which records are meant: give match (Ids) or matchers"
        if self.external_id and [self.external_id] != list(self.matchers):
            yield f"has the external id {self.external_id}, which must be its only matcher"
        if self.external_id and self.operation not in CREATING:
            yield f"has an external id, which goes with create, upsert and mirror, not with {self.operation}"
        if self.match and not self.events and not self.stream and self.object not in STREAMS:
            yield f"needs to know in `stream` which imported stream holds the {self.object} records"
        made = [found.find for found in self.references() if found.create]
        if made and self.approve_above_changed is not None:
            yield f"makes {made[0]} records before it plans its own: approve_above_changed could not hold them back"
        yield from self._faults_of_source()

    def _faults_of_source(self) -> Iterator[str]:
        if self.events:
            of_profiles = {
                "condition": self.condition, "only_members": self.only_members, "audiences": self.audiences,
                "audiences_field": self.audiences_field, "scores_field": self.scores_field,
                "affinity_field": self.affinity_field,
            }  # fmt: skip
            if given := [name for name, value in of_profiles.items() if value]:
                yield f"writes events: {given[0]} goes with profiles"
            if bool(self.key) == bool(self.group_by):
                yield "writes events: give either key (one record for each event) or group_by"
        elif self.where or self.key:
            yield f"has no events: {'where' if self.where else 'key'} goes with them"
        if not self.group_by and (sums := self.totals()):
            yield f"sums up {sums[0].sum}: that goes with group_by"
        if self.fields_on_leave:
            if self.events or self.group_by:
                yield "writes events or groups, which never leave: fields_on_leave goes with profiles"
            if both := [field for field in self.fields_on_leave if field in self.fields_on_create]:
                yield f"writes {both[0]} once and on leave: put it into fields in place of fields_on_create"
            if self.on_leave != "update" or self.operation not in ("update", "upsert"):
                yield "has fields_on_leave: they go with on_leave: update, and with update or upsert"

    def sources(self) -> list[FieldSource]:
        """What is read for the fields, matchers included."""
        told = (self.fields, self.fields_on_create, self.fields_on_leave, self.matchers)
        return [source for of_fields in told for source in of_fields.values()]

    def salesforce_fields(self) -> Iterator[str]:
        """The Salesforce fields that this export writes, in the order of the spec; those of its matchers besides."""
        yield from self.fields
        yield from self.fields_on_create
        written = {name.casefold() for name in (*self.fields, *self.fields_on_create)}
        yield from (name for name in self.fields_on_leave if name.casefold() not in written)
        own = (self.audiences_field, self.scores_field, self.affinity_field)
        yield from (field for field in own if field is not None)

    def columns_read(self) -> set[str]:
        """The user fields, or columns of events, that the export reads."""
        named = {name for source in self.sources() for name in named_in(source)}
        return named | {name for name in (self.match, self.key) if name} | {*self.group_columns, *self.trigger_fields}

    def references(self) -> list[Found]:
        """The records of other objects that are looked for."""
        return [found for source in self.sources() for found in found_in(source)]

    def totals(self) -> list[Total]:
        """The sums over the rows of a group."""
        return [total for source in self.sources() for total in totals_in(source)]

    @property
    def group_columns(self) -> tuple[str, ...]:
        """The columns whose values make a group."""
        return tuple(name.strip() for name in self.group_by.split(",") if name.strip())

    @property
    def creates(self) -> bool:
        return self.operation in CREATING

    @property
    def records_stream(self) -> str:
        """The imported stream of this object, or '' where none is known."""
        return self.stream or STREAMS.get(self.object, "")
