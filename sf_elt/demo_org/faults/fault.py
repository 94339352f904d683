"""What a fault is: which requests it meets, when, and the one thing that it does to them."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import unquote_plus

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from sf_elt.demo_org.faults.presets import PRESETS
from sf_elt.demo_org.ids import normalise

ACTIONS = (
    "reply", "refuse", "drop", "delay", "trickle", "shorten", "alter", "end_session", "lock_rows", "late_commit",
    "hold_job", "end_job", "page_size", "repeat_rows", "change_schema",
)  # fmt: skip
LATEST_COMMIT = 31_536_000  # seconds: a year of the org's clock

Value = TypeVar("Value", str, str | None)
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110 and ISO 8859-1


def _can_be_sent(name: str, value: str | None = None) -> str:
    """The name of a header. Raises ValueError where it, or the value, cannot stand in an answer."""
    if name.lower() == "content-length":
        raise ValueError('Content-Length is always that of the answer; "drop": "body" ends a body before its length')
    if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value or ""):
        raise ValueError(f"not a header: {name}: {value}")
    return name


def _all_can_be_sent(headers: dict[str, Value]) -> dict[str, Value]:
    return {_can_be_sent(name, value): value for name, value in headers.items()}


AnswerHeaders = Annotated[dict[str, str], AfterValidator(_all_can_be_sent)]


class Part(BaseModel):
    """A part of a fault: members that it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class Reply(Part):
    """The answer given instead of the real one: JSON, or text where `body` is a string."""

    status: int = Field(ge=200, le=599)
    body: JsonValue = None
    headers: AnswerHeaders = {}


class Refusal(Part):
    """An error in the words of the API that was called: JSON for REST, a fault for SOAP, XML for Bulk v1.

    With `over_rows` only a query that finds more rows is refused: what is asked for is too large.
    """

    status: int = Field(ge=400, le=599)
    code: str
    message: str
    headers: AnswerHeaders = {}
    over_rows: int | None = Field(default=None, ge=0)


class Shortening(Part):
    """How much of the answer is left of one that ends cleanly too early: so many bytes or lines, or half of it."""

    to_bytes: int | None = Field(default=None, ge=0)
    to_lines: int | None = Field(default=None, ge=0)


class Alteration(Part):
    """What is changed of the real answer.

    `headers` and `members` (of a JSON object) are set, or removed where null; `add` adds a number to the JSON members
    and headers of those names.
    """

    status: int | None = Field(default=None, ge=200, le=599)
    headers: Annotated[dict[str, str | None], AfterValidator(_all_can_be_sent)] = {}
    members: dict[str, JsonValue] = {}
    add: dict[str, int] = {}


class JobEnding(Part):
    """A job that ends early. `after_rows` of them are saved by an ingest job; with `over_rows` only if it has more."""

    state: Literal["Failed", "Aborted"] = "Failed"
    message: str = "InternalServerError : An unexpected error occurred. Retry the job"
    after_rows: int = Field(default=0, ge=0)
    over_rows: int | None = Field(default=None, ge=0)

    def meets(self, total: int) -> bool:
        """Whether a job of so many rows is one of those that it ends."""
        return self.over_rows is None or total > self.over_rows


@dataclass(frozen=True)
class Asked:
    """The parts of a request that a fault may look at. `headers` are in lower case; no `body` = not read (yet)."""

    method: str
    path: str
    query_string: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None

    @cached_property
    def query(self) -> str:
        return unquote_plus(self.query_string)


class Fault(Part):
    """One planned fault. All patterns are regular expressions; `preset` fills in what is not given."""

    preset: str | None = None
    path: str
    method: str = ".*"
    query: str | None = None
    headers: dict[str, str] = {}
    body: str | None = None
    after: int = Field(default=0, ge=0)
    times: int | None = Field(default=1, ge=1)

    reply: Reply | None = None
    refuse: Refusal | None = None
    drop: Literal["before", "upload", "after", "body"] | None = None
    drop_after_bytes: int | None = Field(default=None, ge=0)
    delay: float | None = Field(default=None, gt=0, le=600)
    trickle: int | None = Field(default=None, ge=1)
    trickle_after: float = Field(default=0, ge=0, le=600)
    shorten: Shortening | None = None
    alter: Alteration | None = None
    end_session: bool = False
    lock_rows: list[str] | None = Field(default=None, min_length=1)
    late_commit: bool | Annotated[float, Field(gt=0, le=LATEST_COMMIT)] = False
    hold_job: bool = False
    end_job: JobEnding | None = None
    page_size: int | None = Field(default=None, ge=1)
    repeat_rows: int | None = Field(default=None, ge=1)
    change_schema: dict[str, JsonValue] | list[JsonValue] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, given: object) -> object:
        if not isinstance(given, dict) or given.get("preset") is None:
            return given
        preset = PRESETS.get(str(given["preset"]))
        if preset is None:
            raise ValueError(f"no such preset: {given['preset']}; there are {', '.join(PRESETS)}")
        return {"path": preset.path, **{name: _merged(part, given.get(name)) for name, part in preset.does.items()}} | {
            name: part for name, part in given.items() if name not in preset.does
        }

    @field_validator("path", "method", "query", "body")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        return None if pattern is None else _checked(pattern)

    @field_validator("headers")
    @classmethod
    def _all_compile(cls, patterns: dict[str, str]) -> dict[str, str]:
        return {name.lower(): _checked(pattern) for name, pattern in patterns.items()}

    @field_validator("lock_rows")
    @classmethod
    def _are_ids(cls, given: list[str] | None) -> list[str] | None:
        if given is None:
            return None
        ids = [each if each == "*" else normalise(each) for each in given]
        if None in ids:
            raise ValueError('lock_rows takes record Ids, or "*" for every record')
        return [each for each in ids if each is not None]

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        given = [name for name in ACTIONS if getattr(self, name) not in (None, False)]
        if len(given) != 1:
            raise ValueError(f"a fault does exactly one of: {', '.join(ACTIONS)}")
        if self.drop_after_bytes is not None and self.drop != "body":
            raise ValueError('drop_after_bytes goes with "drop": "body"')
        if self.trickle_after and self.trickle is None:
            raise ValueError("trickle_after goes with trickle")
        return self

    @property
    def name(self) -> str:
        """What the record of calls says of it: its preset's name, or what it does."""
        return self.preset or self.action

    @property
    def action(self) -> str:
        """The name of the one thing that it does."""
        return next(name for name in ACTIONS if getattr(self, name) not in (None, False))

    def meets(self, asked: Asked) -> bool:
        """Whether the request is one of those that it is for; a body that was not read meets every pattern."""
        return (
            re.fullmatch(self.method, asked.method) is not None
            and re.search(self.path, asked.path) is not None
            and (self.query is None or re.search(self.query, asked.query) is not None)
            and all(self._meets_header(asked, name, pattern) for name, pattern in self.headers.items())
            and (self.body is None or asked.body is None or re.search(self.body, asked.body) is not None)
        )

    def _meets_header(self, asked: Asked, name: str, pattern: str) -> bool:
        return any(each == name and re.search(pattern, value) is not None for each, value in asked.headers)


def _merged(preset: object, given: object) -> object:
    """What a plan gives goes before the preset's, member by member."""
    if isinstance(preset, dict) and isinstance(given, dict):
        return {**preset, **given}
    return preset if given is None else given


def _checked(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern
