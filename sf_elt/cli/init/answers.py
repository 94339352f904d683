"""What `sf-elt init` asks: the answers, by their names in a file of answers, and what each may be."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sf_elt.components.imports.imported_object import ImportedObject
from sf_elt.components.salesforce_connection import SalesforceConnection
from sf_elt.insight import Audience
from sf_elt.insight.audiences import NAME as AUDIENCE_NAME

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

NAME = r"^[a-z][a-z0-9_]*$"
API_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
_LETTERS = {
    NAME: "it takes lower-case letters, digits and _, and begins with a letter",
    API_NAME: "it takes letters, digits and _, and begins with a letter, as in Audiences__c",
    AUDIENCE_NAME: "it takes plain letters, digits, spaces, _ and -, at most 80, and begins with a letter or a digit",
}
CALLS = 5_000
EXPORT_CALLS = 2_000
RESERVE = 1_000


def _no_literal(name: str) -> str:
    if name in ("None", "True", "False"):
        raise ValueError(f"{name} is no API name")
    return name


def _no_template(text: str) -> str:
    if re.search(r"\{[{%#]", text):
        raise ValueError("{{, {% and {# begin a template: write it into the YAML itself")
    return text


Plain = Annotated[str, AfterValidator(_no_template)]
Name = Annotated[str, Field(pattern=NAME, max_length=60)]
ApiName = Annotated[str, Field(pattern=API_NAME, max_length=80), AfterValidator(_no_literal)]


class AnswersRefused(ValueError):
    """A file of answers cannot be read, or says what is not accepted."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OfConnection(_Said):
    """How the org is reached. Secrets are no answers: `sf-elt login` asks for them, or they are in the environment."""

    name: Name = Field(default="salesforce", description="What imports and exports call it.")
    label: Plain = Field(default="", description="What people call it.")
    description: Plain = Field(default="", description="What it is for.")
    org: str = Field(default="production", description="production, sandbox, or https://NAME.my.salesforce.com.")
    env_prefix: str = Field(default="", description="What its environment variables start with. Default: by its name.")
    org_reserve: int = Field(default=RESERVE, ge=0, description="How many of the org's daily calls are left to others.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        self.component()  # holds them to its patterns
        return self

    @property
    def prefix(self) -> str:
        """What the names of its environment variables start with."""
        return self.env_prefix or f"{self.name.upper()}_"

    def component(self) -> SalesforceConnection:
        """What the YAML makes of it."""
        return SalesforceConnection(name=self.name, org=self.org, env_prefix=self.prefix, org_reserve=self.org_reserve)


class OfImport(_Said):
    """What is read. An object is its API name, as it stands, or the attributes that an import's `objects` take."""

    name: Name = Field(default="salesforce", description="The import's name.")
    frequency: str = Field(default="hourly", description="How often: '5 minutes' to '12 hours', daily, weekly, cron.")
    max_daily_api_calls: int = Field(default=CALLS, ge=3, description="Most API calls in any 24 hours.")
    objects: tuple[ImportedObject, ...] = Field(min_length=1, description="The objects.")

    @field_validator("objects", mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            return value
        return [{"object": each} if isinstance(each, str) else each for each in value]


class OfExport(_Said):
    """What is written into the records of one object."""

    object: ApiName = Field(description="API name of the object.")
    name: Name = Field(default="", validate_default=False, description="The export's name. Default: by its object.")
    match: str = Field(default="", description="User field with the Ids of a profile's records.")
    matchers: dict[ApiName, str] = Field(
        default_factory=dict, description="In place of match: Salesforce field → user field that it must equal."
    )
    audiences: tuple[str, ...] = Field(default=(), description="The audiences that it names. Default: all.")
    audiences_field: ApiName | None = Field(default=None, description="The field that gets their names.")
    scores_field: ApiName | None = Field(default=None, description="The field that gets the scores.")
    enabled: bool = Field(default=True, description="Whether it is switched on.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.audiences_field or self.scores_field):
            raise ValueError(f"the export into {self.object} writes nothing: give audiences_field or scores_field")
        if bool(self.match) == bool(self.matchers):
            raise ValueError(f"the export into {self.object} finds its records either by match or by matchers")
        return self


class Answers(_Said):
    """All answers. `audiences` are all that there are; exports that are not named stay as they are."""

    connection: OfConnection
    imports: OfImport
    audiences: tuple[Audience, ...] = ()
    exports: tuple[OfExport, ...] = ()

    def as_yaml(self) -> str:
        """The file of answers that gives these."""
        told = self.model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(told, sort_keys=False, allow_unicode=True)


def read_told(file: Path) -> Mapping[str, object]:
    """What a YAML or JSON file of answers says, by name. Raises AnswersRefused."""
    try:
        told = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AnswersRefused(f"{file}: {error}") from None
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise AnswersRefused(f"{file}: it holds no answers by name, such as `connection: {{name: salesforce}}`")
    return told


def in_words(fault: "ErrorDetails") -> str:
    """What one fault says to a person: of a name, which letters it may have."""
    allowed = _LETTERS.get(str(fault.get("ctx", {}).get("pattern")))
    return f"{fault['input']!r} is no name here: {allowed}" if allowed else fault["msg"].removeprefix("Value error, ")


def refused(error: ValidationError, part: str = "") -> AnswersRefused:
    """Every fault, by its place in the answers, or in a part of them."""
    above = [part] if part else []
    return AnswersRefused(
        "\n".join(f"{'.'.join(map(str, [*above, *each['loc']]))}: {in_words(each)}" for each in error.errors())
    )
