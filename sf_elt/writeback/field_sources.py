"""Where the value of a Salesforce field comes from, as the YAML says it.

Title: title                                                     # a user field, a score or top_topics
LeadSource: {constant: Web}
Subject: {template: "Email: {subject}"}                          # what is missing is left empty
WhoId: {first: [salesforce_contact_ids, salesforce_lead_ids], required: true}    # of a list its first value
OwnerId: {find: User, by: Email, equals: owner_email}            # the record's Id, nothing where there is none
AccountId: {find: Account, by: Name, equals: company, create: {Name: company}}
CampaignId: {find: Campaign, by: Name, equals: {constant: Spring webinar}}
RecordTypeId: {record_type: Partner}                             # by its developer name
ActualCost: {sum: cost}                                          # over the rows of a group, with group_by
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

_TOKEN = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Source(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Waiting(_Source):
    """A source that may have no value: what is required waits until it has one."""

    required: bool = Field(
        default=False,
        description="Whether a record waits, set aside, until there is a value. Default: it goes without.",
    )


class Constant(_Source):
    """The same value for everybody."""

    constant: str | bool | int | float = Field(description="The value.")

    @field_validator("constant", mode="before")
    @classmethod
    def _as_written(cls, constant: object) -> object:
        """YAML reads 2026-01-31 as a date."""
        return constant.isoformat() if isinstance(constant, date) else constant


class Template(_Waiting):
    """A text with user fields in braces: `{first_name} {last_name}`. Empty where all of them are."""

    template: str = Field(description="The text.")

    @field_validator("template")
    @classmethod
    def _names_fields(cls, template: str) -> str:
        tokens = _TOKEN.findall(template)
        wrong = [token for token in tokens if not _NAME.fullmatch(token.strip())]
        if wrong:
            raise ValueError(f"template {template!r}: {{{wrong[0]}}} is not the name of a user field")
        if "{" in _TOKEN.sub("", template) or "}" in _TOKEN.sub("", template):
            raise ValueError(f"template {template!r}: a brace is not closed, or not opened")
        if not tokens:
            raise ValueError(f"template {template!r} names no user field: write {{constant: …}}")
        return template

    def parts(self) -> Iterator[tuple[str, str | None]]:
        """The template as (text, name of the user field that follows it); the last text has none."""
        at = 0
        for token in _TOKEN.finditer(self.template):
            yield self.template[at : token.start()], token[1].strip()
            at = token.end()
        yield self.template[at:], None


class RecordType(_Source):
    """The Id of a record type of the object."""

    record_type: str = Field(description="The record type's developer name.")


class Total(_Source):
    """A sum over the rows of a group."""

    sum: str = Field(description="The column that is summed.")


class First(_Waiting):
    """The first of several sources that has a value; of a list its first."""

    first: "tuple[FieldSource, ...]" = Field(min_length=1, description="User fields or other sources, in order.")


class Found(_Waiting):
    """The Id of another record, found by one of its fields. Where several have the value, or none, there is no Id."""

    find: str = Field(description="API name of its object: User, Account, Campaign, ….")
    by: str = Field(description="The field that says which: Email, Name, an external id. Salesforce must filter by it.")
    equals: str | Constant = Field(description="The user field that has its value, of a list the first; or a constant.")
    create: "Mapping[str, FieldSource]" = Field(
        default_factory=dict,
        description="Fields of a record that is created where there is none, for a record that is created itself.",
    )


def _kind(source: object) -> str | None:
    """Which of them the YAML means: a text, or by the first key."""
    if isinstance(source, str):
        return "field"
    named = source if isinstance(source, Mapping) else getattr(source, "model_fields_set", ())
    return next(
        (each for each in ("constant", "template", "first", "record_type", "sum", "find") if each in named), None
    )


FieldSource = Annotated[
    Annotated[str, Tag("field")]
    | Annotated[Constant, Tag("constant")]
    | Annotated[Template, Tag("template")]
    | Annotated[First, Tag("first")]
    | Annotated[RecordType, Tag("record_type")]
    | Annotated[Total, Tag("sum")]
    | Annotated[Found, Tag("find")],
    Discriminator(
        _kind,
        custom_error_type="field_source",
        custom_error_message="a value comes from a user field (its name), {constant: …}, {template: …}, {first: […]}, "
        "{find: …}, {record_type: …} or {sum: …}",
    ),
]


def named_in(source: FieldSource) -> Iterator[str]:
    """The user fields, or columns, that the source reads."""
    match source:
        case str():
            yield source
        case Template():
            yield from (name for _, name in source.parts() if name is not None)
        case Total():
            yield source.sum
        case First():
            for each in source.first:
                yield from named_in(each)
        case Found():
            yield from named_in(source.equals)
            for inner in source.create.values():
                yield from named_in(inner)
        case Constant() | RecordType():
            return


def found_in(source: FieldSource) -> Iterator[Found]:
    """The records that the source looks for."""
    match source:
        case Found():
            yield source
            for inner in source.create.values():
                yield from found_in(inner)
        case First():
            for each in source.first:
                yield from found_in(each)


def totals_in(source: FieldSource) -> Iterator[Total]:
    """The sums that the source asks for."""
    match source:
        case Total():
            yield source
        case First():
            for each in source.first:
                yield from totals_in(each)


def is_required(source: FieldSource) -> bool:
    """Whether a record waits where the source has no value."""
    return isinstance(source, _Waiting) and source.required


First.model_rebuild()
Found.model_rebuild()
