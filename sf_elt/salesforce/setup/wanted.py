"""The fields that exports need, as an administrator would define them, and which fields that stand would do as well."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

Purpose = Literal["audiences", "affinity", "scores", "external id"]

PERMISSION_SET = "sf_elt_exports"
PERMISSION_SET_LABEL = "sf_elt exports"
PERMISSION_SET_DESCRIPTION = "Edit on the fields that sf_elt writes, and nothing else. Made by sf-elt setup."
LONG_TEXT, VISIBLE_LINES = 32_768, 3
ID_LENGTH = 255

_ACTIVITY, _ACTIVITIES = "Activity", frozenset({"task", "event"})
_OWN_NAME = re.compile(r"(?=.{4,43}$)[A-Za-z](?:_?[A-Za-z0-9])*__c")
_DESCRIPTIONS: Mapping[Purpose, str] = {
    "audiences": "This person is a member of these audiences.",
    "affinity": "The top three kinds of content that this person prefers.",
    "scores": "How often, how lately and how intensely this person deals with us, each from 0 to 100.",
    "external id": "The Id under which sf_elt knows this record.",
}
_HELP = "sf_elt keeps this up to date: what is typed in here does not last."
_TEXT_TYPES = frozenset({"Text", "TextArea", "LongTextArea"})
_IDENTITY_TYPES = frozenset({"Text", "Email", "Number"})
_LENGTHS = {"TextArea": 255}  # of types whose definition does not say it
_WORDS = {
    "TextArea": "Text Area",
    "LongTextArea": "Text Area (Long)",
    "Html": "Text Area (Rich)",
    "MultiselectPicklist": "Picklist (Multi-Select)",
    "EncryptedText": "Text (Encrypted)",
}


def can_be_made(name: str) -> bool:
    """Whether it can be the name of a custom field that belongs to no package: `Audiences__c`."""
    return _OWN_NAME.fullmatch(name) is not None


class FieldDefinition(BaseModel):
    """A custom field that stands: the `Metadata` of the Tooling API's CustomField."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str | None = None
    length: int | None = None
    formula: str | None = None
    externalId: bool | None = None  # noqa: N815 - Salesforce's own name
    unique: bool | None = None

    @property
    def in_words(self) -> str:
        """The type as Setup calls it, with its length and what it is marked as."""
        if self.formula is not None:
            return "Formula"
        words = _WORDS.get(self.type or "", self.type or "a type that the org does not say")
        length = f", {self.length:,} characters" if self.length else ""
        marks = "".join(mark for mark, held in ((", External ID", self.externalId), (", unique", self.unique)) if held)
        return f"{words}{length}{marks}"


@dataclass(frozen=True)
class WantedField:
    """A custom field of an object, by its API name. `least`: characters that what is written into it can have.

    `written_by` are the exports that write it, by name.
    """

    object_name: str
    name: str
    purpose: Purpose
    least: int = 0
    written_by: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.object_name}.{self.name}"

    @property
    def made_on(self) -> str:
        """The object that it is a custom field of in Setup: tasks and events have those of Activity, both the same."""
        return _ACTIVITY if self.object_name.lower() in _ACTIVITIES else self.object_name

    @property
    def developer_name(self) -> str:
        return self.name.removesuffix("__c")

    @property
    def label(self) -> str:
        """Sf_Elt_Id__c → Sf Elt Id."""
        return self.developer_name.replace("_", " ")

    @property
    def description(self) -> str:
        by = f" (exports: {', '.join(self.written_by)})" if self.written_by else ""
        return f"{_DESCRIPTIONS[self.purpose]} Written by sf_elt{by}."

    @property
    def type_in_words(self) -> str:
        """The type that it is made with, as Setup calls it."""
        if self.purpose == "external id":
            return f"Text, {ID_LENGTH} characters, External ID, unique (case-insensitive)"
        return f"Text Area (Long), {LONG_TEXT:,} characters, {VISIBLE_LINES} visible lines"

    @property
    def metadata(self) -> dict[str, object]:
        """The definition that it is made with ("CustomField", Metadata API Developer Guide)."""
        named = {"label": self.label, "description": self.description, "inlineHelpText": _HELP}
        if self.purpose == "external id":
            identity = {"externalId": True, "unique": True, "caseSensitive": False}
            return {"type": "Text", "length": ID_LENGTH, **identity, **named}
        return {"type": "LongTextArea", "length": LONG_TEXT, "visibleLines": VISIBLE_LINES, **named}

    def why_unfit(self, found: FieldDefinition) -> str | None:
        """Why a field that stands under this name cannot hold what is written; None where it can."""
        length = found.length or _LENGTHS.get(found.type or "", 0)
        if found.formula is not None:
            return "it is a formula, which the org computes"
        if self.purpose == "external id":
            return self._why_no_identity(found)
        if found.type == "MultiselectPicklist" and self.purpose != "scores":
            return None
        if found.type not in _TEXT_TYPES:
            return f"it is of type {found.in_words}, not a text"
        if length < self.least:
            return f"it holds {length:,} characters, and what is written can have {self.least:,}"
        return None

    def _why_no_identity(self, found: FieldDefinition) -> str | None:
        if found.type not in _IDENTITY_TYPES:
            return f"it is of type {found.in_words}, not Text"
        lacking = [word for word, held in (("External ID", found.externalId), ("unique", found.unique)) if not held]
        return f"it is not marked {' and '.join(lacking)}" if lacking else None


@dataclass(frozen=True)
class Wanted:
    """All that is wanted of an org.

    `user`: the user name of the integration user, who gets edit; empty for the user of the login. `visible_to_all`:
    whether everybody whose profile reads the object may read the fields. `layouts`: the page layouts that get the
    fields, by name; None for all of the objects, empty for none. `duplicate_rule`: whether it is to be said how a
    matching rule and a duplicate rule are made.
    """

    fields: tuple[WantedField, ...]
    user: str = ""
    visible_to_all: bool = False
    layouts: tuple[str, ...] | None = None
    duplicate_rule: bool = False

    @property
    def objects(self) -> tuple[str, ...]:
        """The objects, each once."""
        return tuple(dict.fromkeys(field.object_name for field in self.fields))

    @property
    def full_names(self) -> tuple[str, ...]:
        return tuple(field.full_name for field in self.fields)
