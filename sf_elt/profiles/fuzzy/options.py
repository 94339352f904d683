"""What is compared to find fuzzy links, and what is wrong with it, found before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from sf_elt.profiles.mapping.faults import faults_of_mapping
from sf_elt.profiles.mapping.rules import Clean, FieldRule
from sf_elt.salesforce import did_you_mean

Kind = Literal["name", "email", "phone", "company", "postal_code", "exact"]

INSTALL = ".venv/bin/pip install --constraint constraints.txt splink"
"""What installs it in the project's folder: there the project itself is known by no name that pip could look for."""

LEAST_KEPT = 0.5
"""Pairs less probable than this are not kept, whatever the threshold."""

_PREFIX = "compared_"
_CLEAN: Mapping[Kind, Clean] = {"email": "email", "phone": "phone"}


class ComparedField(BaseModel):
    """One fact that two records of one person have in common, however it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str = Field(
        pattern="^[a-z][a-z0-9_]*$",
        description="What it is called where a link is explained: lower case, digits and underscores.",
    )
    kind: Kind = Field(
        alias="as",
        description="How it is compared: name, email, phone, company and postal_code know typing errors and ways of "
        "writing; exact is equal or not.",
    )
    sources: dict[str, str] = Field(
        alias="from",
        min_length=1,
        description="Stream → its column or SQL expression, as in a line of the mapping.",
    )
    region: str | None = Field(
        default=None, description="For phones: where those are that are written without +, as in US."
    )

    @property
    def user_field(self) -> str:
        """The user field that lines of a mapping would fill with it."""
        return f"{_PREFIX}{self.name}"


class FuzzyLinks(BaseModel):
    """Links between records that share no identifier and probably are one person, as Splink finds them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    compare: tuple[ComparedField, ...] = Field(min_length=2, description="The facts that are compared, at least two.")
    threshold: float = Field(
        default=0.95,
        ge=LEAST_KEPT,
        le=1.0,
        description="From which probability on a pair is a link. It can be moved without computing pairs anew.",
    )
    block_on: tuple[tuple[str, ...], ...] = Field(
        default=(),
        description="Names of fields that must be equal for two records to be compared at all, each list one way to "
        "be compared. Without: equal email, equal phone, or two equal ones of the others, one of them a name.",
    )
    max_pairs: PositiveInt = Field(
        default=20_000_000,
        description="More pairs than that are not compared. Without block_on, two equal ones of names, companies and "
        "postal codes are left out where they make more, which the asset tells; otherwise the run refuses.",
    )
    seed: int = Field(default=1, description="Of the random sample by which chance agreement is measured.")

    @property
    def ways(self) -> tuple[tuple[str, ...], ...]:
        """The lists of fields of which one must be equal for two records to be compared."""
        return self.block_on or _derived_ways(self.compare)

    @property
    def streams(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(stream for field in self.compare for stream in field.sources))

    def rules(self) -> list[FieldRule]:
        """What is read of the streams, as lines of a mapping."""
        return [
            FieldRule(
                stream=stream,
                source=source,
                to=field.user_field,
                type="string",
                clean=_CLEAN.get(field.kind, "none"),
                region=field.region,
            )
            for field in self.compare
            for stream, source in field.sources.items()
        ]

    def with_region(self, region: str | None) -> "FuzzyLinks":
        """The same with this region for phones where a field names none."""
        compare = tuple(
            field.model_copy(update={"region": region}) if field.kind == "phone" and field.region is None else field
            for field in self.compare
        )
        return self.model_copy(update={"compare": compare})


@dataclass(frozen=True)
class FuzzyFault:
    """One fault of the options, and where it stands in them."""

    text: str
    path: tuple[str | int, ...]


def splink_missing() -> str | None:
    """What is missing to find fuzzy links, in one sentence; None where nothing is."""
    if find_spec("splink") is None:
        return f"fuzzy links are found by Splink, which is not installed: {INSTALL}"
    return None


def check_fuzzy(
    fuzzy: FuzzyLinks,
    mapping: Sequence[FieldRule],
    available: Mapping[str, Mapping[str, str]],
    *,
    complete: bool = True,
) -> list[FuzzyFault]:
    """The faults of the options, for a sound mapping; `available` and `complete` as in faults_of_mapping."""
    names = [field.name for field in fuzzy.compare]
    faults = [
        FuzzyFault(f"field `{name}` is there twice", ("compare", index, "name"))
        for index, name in enumerate(names)
        if name in names[:index]
    ]
    faults += [
        FuzzyFault(f"`{name}` is no field of compare{did_you_mean(name, names)}", ("block_on", index))
        for index, way in enumerate(fuzzy.block_on)
        for name in way
        if name not in names
    ]
    faults += [
        FuzzyFault("an empty list would compare every record with every other", ("block_on", index))
        for index, way in enumerate(fuzzy.block_on)
        if not way
    ]
    faults += [
        FuzzyFault("`region` is for phones", ("compare", index, "region"))
        for index, field in enumerate(fuzzy.compare)
        if field.region is not None and field.kind != "phone"
    ]
    if not faults and not fuzzy.ways:
        text = "without a name, an email and a phone nothing says which records to compare: name some in block_on"
        faults.append(FuzzyFault(text, ("compare",)))
    identified = {rule.stream for rule in mapping if rule.identifier}
    faults += [
        FuzzyFault(f"{stream}: the mapping has no identifier of it, so nothing could be linked", ("compare", index))
        for index, field in enumerate(fuzzy.compare)
        for stream in field.sources
        if stream not in identified
    ]
    return faults or _faults_of_sources(fuzzy, available, complete)


def _faults_of_sources(
    fuzzy: FuzzyLinks, available: Mapping[str, Mapping[str, str]], complete: bool
) -> list[FuzzyFault]:
    """What the mapping would say of lines that read the same, but that none of them is an identifier."""
    places = [index for index, field in enumerate(fuzzy.compare) for _ in field.sources]
    return [
        FuzzyFault(
            fault.text.replace(_PREFIX, "", 1),
            ("compare", places[fault.index], "region" if fault.attribute == "region" else "from"),
        )
        for fault in faults_of_mapping(fuzzy.rules(), available, complete=complete)
        if fault.index is not None
    ]


def _derived_ways(fields: Sequence[ComparedField]) -> tuple[tuple[str, ...], ...]:
    """An equal email or phone; two equal ones of names, companies and postal codes, one of them a name."""
    alone = [(field.name,) for field in fields if field.kind in ("email", "phone")]
    others = [field for field in fields if field.kind in ("name", "company", "postal_code")]
    pairs = [
        (one.name, other.name)
        for index, one in enumerate(others)
        for other in others[index + 1 :]
        if "name" in (one.kind, other.kind)
    ]
    return (*alone, *pairs)
