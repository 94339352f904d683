"""What clients say of a custom field or object, as the Metadata API names it: JSON and XML arrive as the same shapes.

Members that the demo org gives no meaning to, such as trackHistory, are kept and read back.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

FieldKind = Literal[
    "AutoNumber", "Checkbox", "Currency", "Date", "DateTime", "Email", "EncryptedText", "Html", "Location",
    "LongTextArea", "Lookup", "MasterDetail", "MultiselectPicklist", "Number", "Percent", "Phone", "Picklist",
    "Summary", "Text", "TextArea", "Time", "Url",
]  # fmt: skip


_MEMBER = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


def as_list(value: object) -> object:
    """One element of XML may be a list of one."""
    return value if isinstance(value, list) or value is None else [value]


class Part(BaseModel):
    """A component, or a part of one, with its members as the API names them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")

    @model_validator(mode="after")
    def _kept_members_have_names(self) -> Self:
        _check_names(self.model_extra)
        return self


def _check_names(value: object) -> None:
    """Raises ValueError for a member that no element of XML can be called by."""
    if isinstance(value, list):
        for each in value:
            _check_names(each)
    elif isinstance(value, dict):
        for name, member in value.items():
            if not _MEMBER.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a member")
            _check_names(member)


class PicklistValue(Part):
    """One value; `full_name` is what records hold."""

    full_name: str = Field(min_length=1, max_length=255)
    label: str | None = None
    default: bool = False
    is_active: bool | None = None


class ValueSetDefinition(Part):
    sorted: bool = False
    value: Annotated[list[PicklistValue] | None, BeforeValidator(as_list)] = None


class ValueSet(Part):
    restricted: bool = False
    controlling_field: str | None = None
    value_set_name: str | None = None
    value_set_definition: ValueSetDefinition | None = None


class OldPicklist(Part):
    """How values were given before API version 38."""

    restricted_picklist: bool = False
    controlling_field: str | None = None
    picklist_values: Annotated[list[PicklistValue] | None, BeforeValidator(as_list)] = None


class FieldDefinition(Part):
    """A custom field, or the name field of a custom object."""

    type: FieldKind | None = None
    label: str | None = None
    inline_help_text: str | None = None
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    visible_lines: int | None = None
    required: bool | None = None
    unique: bool | None = None
    external_id: bool | None = None
    default_value: str | bool | float | None = None
    value_set: ValueSet | None = None
    picklist: OldPicklist | None = None
    reference_to: str | None = None
    relationship_name: str | None = None
    delete_constraint: Literal["Cascade", "Restrict", "SetNull"] | None = None
    reparentable_master_detail: bool | None = None
    display_format: str | None = None
    starting_number: int | None = None
    formula: str | None = None
    formula_treat_blanks_as: Literal["BlankAsBlank", "BlankAsZero"] | None = None
    summary_foreign_key: str | None = None
    summarized_field: str | None = None
    summary_operation: Literal["count", "sum", "min", "max"] | None = None
    summary_filter_items: Annotated[list[object] | None, BeforeValidator(as_list)] = None


class NamedField(FieldDefinition):
    """A field inside its object's definition."""

    full_name: str


class ObjectDefinition(Part):
    """A custom object; with `fields` also those that are made along."""

    label: str | None = None
    plural_label: str | None = None
    name_field: FieldDefinition | None = None
    deployment_status: Literal["Deployed", "InDevelopment"] | None = None
    sharing_model: str | None = None
    fields: Annotated[list[NamedField] | None, BeforeValidator(as_list)] = None
