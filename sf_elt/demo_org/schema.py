"""What objects the demo org has and what each of their fields allows: the facts that describe, SOQL and saving obey.

    schema = load_schema()
    lead = schema.object("lead")            # names are case-insensitive, as in Salesforce
    lead.field("EMAIL").type                # "email"

The facts live in `objects/*.yaml`, one file an object, and `declared.py` reads them; `objects/_shared.yaml` holds what
several have in common.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Literal

from pydantic import ConfigDict, with_config

from sf_elt.demo_org.ids import DIGITS

FieldType = Literal[
    "id", "string", "textarea", "picklist", "multipicklist", "combobox", "email", "phone", "url", "reference",
    "boolean", "int", "double", "currency", "percent", "date", "datetime", "time", "address", "location", "base64",
    "anyType",
]  # fmt: skip
Write = Literal["always", "create", "update", "never"]

USER = "@user"
"""A default: the Id of whoever saves the record."""
OWN_ID = "@id"
"""A default: the record's own Id."""
STAGE = "@stage"
"""A default: what goes with an opportunity's stage."""
PRICE_BOOK = "@price book"
"""A default: the price book of an opportunity's products, of which there are none here, so nothing."""
SYSTEM = "@system"
"""A default: who saved it and when, kept by the store."""

_SHORT_TEXT = 255
ID_COUNT = " + ".join(f"(strpos('{DIGITS}', substr(Id, {15 - place}, 1)) - 1) * {62**place}" for place in range(5))
"""SQL: which record of its object this is, as its Id says; automatic numbers follow it."""
_OPEN_TO_ALL = ("CurrencyIsoCode", "OwnerId", "RecordTypeId")
_COMPOUND = ("address", "location")
_NOT_GROUPABLE = (
    "datetime", "double", "currency", "percent", "multipicklist", "combobox", "base64", "anyType", *_COMPOUND,
)  # fmt: skip
_NOT_AGGREGATABLE = ("boolean", "multipicklist", "base64", "anyType", *_COMPOUND)
_NOT_SORTABLE = ("multipicklist", "base64", "anyType", *_COMPOUND)


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class RollUp:
    """What a parent's field sums up: the children `of` that object which refer to it `by` that field.

    `sum`, `min` and `max` are taken over the children's `field`; `where` (SQL over the child's columns) says which
    children count. Deleted ones never do.
    """

    of: str
    by: str
    summary: Literal["count", "sum", "min", "max"]
    field: str | None = None
    where: str = "true"


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class ParentValue:
    """What a formula reads of another record: `sql` over the columns of the record that the reference `by` leads to."""

    by: str
    sql: str


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Field:
    """One field of an object. `sql` computes it from the record's other fields; `formula` is how Salesforce says it.

    Where a computed field may be written, saving says so in the fields that it follows from (`saving/event_times.py`).

    A field with `roll_up` or `parent` reads other records: `calculated.py` keeps its column up to date.
    `compound` names the address, name or fiscal period that this one is a part of. `children` is the name under which
    the record referred to sees those that refer to it (`Contacts`, `Subscriptions__r`). With `cascade`, the record goes
    when the one it refers to is deleted; with `restricts`, it keeps that one from being deleted. `extra_type` is
    describe's extraTypeInfo, `help` its inlineHelpText. A field that is not `countable` is never aggregated, whatever
    its type; `byte_length` is given where it does not follow from length and type.
    """

    name: str
    type: FieldType
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    required: bool = False
    write: Write = "always"
    filterable: bool = True
    restricted: bool = False
    external_id: bool = False
    unique: bool = False
    id_lookup: bool = False
    name_field: bool = False
    auto_number: bool = False
    extra_type: str | None = None
    help: str | None = None
    byte_length: int = 0
    countable: bool = True
    secured: bool | None = None
    default: str | bool | float | None = None
    picklist: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    cascade: bool = False
    restricts: bool = False
    compound: str | None = None
    formula: str | None = None
    sql: str | None = None
    roll_up: RollUp | None = None
    parent: ParentValue | None = None
    definition: str | None = None
    """What the Metadata API was told of the field when it was made, as JSON."""

    @property
    def custom(self) -> bool:
        return self.name.endswith(("__c", "__s", "__pc"))

    @property
    def of_person_contact(self) -> bool:
        """A custom field of contacts as a person's account shows it."""
        return self.name.endswith("__pc")

    @property
    def is_compound(self) -> bool:
        """Whether it only repeats other fields, as an address or a location does: it has no column of its own."""
        return self.type in _COMPOUND

    @property
    def computed(self) -> bool:
        """Nobody stores it: an address repeats its parts, a formula follows other fields."""
        return self.sql is not None or self.is_compound

    @property
    def calculated(self) -> bool:
        """A formula or roll-up summary: it follows other fields and nobody writes it."""
        return self.formula is not None or self.roll_up is not None

    @property
    def createable(self) -> bool:
        return not self.is_compound and not self.calculated and self.write in ("always", "create")

    @property
    def updateable(self) -> bool:
        return not self.is_compound and not self.calculated and self.write in ("always", "update")

    @property
    def groupable(self) -> bool:
        """Whether SOQL may GROUP BY it."""
        text_formula = self.formula is not None and self.type == "string"
        return self.type not in _NOT_GROUPABLE and not self.long_text and not self.auto_number and not text_formula

    @property
    def sortable(self) -> bool:
        """Whether SOQL may ORDER BY it."""
        return self.filterable and self.type not in _NOT_SORTABLE and not self.long_text

    @property
    def aggregatable(self) -> bool:
        """Whether SOQL may count it; MIN, MAX, SUM and AVG also ask for a type that they fit."""
        return self.countable and self.type not in _NOT_AGGREGATABLE and not self.long_text

    @property
    def defaulted(self) -> bool:
        """Whether a new record gets a value of its own (describe calls it defaultedOnCreate)."""
        return self.type in ("id", "boolean") or self.default is not None or self.auto_number

    @property
    def nillable(self) -> bool:
        return not self.required and not self.auto_number and self.type not in ("id", "boolean")

    @property
    def permissionable(self) -> bool:
        """Whether permission sets may give and take access to it; `secured` says so where the rule does not hold."""
        if self.secured is not None:
            return self.secured
        if self.default == SYSTEM or self.name in _OPEN_TO_ALL or self.name_field or self.compound == "Name":
            return False
        if self.custom or self.is_compound:
            return not self.required
        return self.createable and self.updateable if self.type == "boolean" else self.createable and self.nillable

    @property
    def long_text(self) -> bool:
        return self.type == "textarea" and self.length > _SHORT_TEXT


@dataclass(frozen=True)
class ValidationRule:
    """What a record of an object must not be: a formula that holds for it, as `sql`, refuses it with the message.

    The message stands at a field, or at the top of the page where `field` is None.
    """

    name: str
    formula: str
    sql: str
    message: str
    field: str | None = None
    active: bool = True
    description: str | None = None


@dataclass(frozen=True)
class PageLayout:
    """How a page of an object is arranged: `definition` is what the Metadata API says of it, as JSON."""

    name: str
    definition: str


@dataclass(frozen=True)
class ObjectType:
    """One object (standard, or custom where its name ends in `__c`) and its fields in describe's order.

    `feeds` and `recent` are describe's feedEnabled and mruEnabled; `scopes` are the scopes beyond `everything`;
    describes keep the key prefix to themselves where `prefix_told` is false.
    `layouts` are its pages where somebody has arranged them (`page_layouts`).
    `tracked` are the fields whose changes are kept in the object's history, `history_of` names whose history this is.
    """

    name: str
    label: str
    plural: str
    key_prefix: str
    fields: tuple[Field, ...]
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    replicateable: bool = True
    searchable: bool = True
    layoutable: bool = True
    triggerable: bool = True
    recent: bool = True
    feeds: bool = False
    deep_cloneable: bool = False
    prefix_told: bool = True
    scopes: tuple[str, ...] = ()
    rules: tuple[ValidationRule, ...] = ()
    layouts: tuple[PageLayout, ...] = ()
    tracked: tuple[str, ...] = ()
    history_of: str | None = None
    definition: str | None = None
    """What the Metadata API was told of the object when it was made, as JSON."""

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {each.name.lower(): each for each in self.fields}

    @cached_property
    def _by_relationship(self) -> dict[str, Field]:
        return {each.relationship.lower(): each for each in self.fields if each.relationship and each.to}

    @cached_property
    def stored_fields(self) -> tuple[Field, ...]:
        """The fields that have a column of their own."""
        return tuple(each for each in self.fields if not each.computed)

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def field(self, name: str) -> Field | None:
        """The field of that name in any letter case, or None."""
        return self._by_name.get(name.lower())

    def part(self, compound: Field, name: str) -> Field | None:
        """The part of an address or location that is called `Street`, `Latitude` …, or None."""
        if compound.type == "location":
            return self.field(f"{compound.name.removesuffix('__c')}__{name}__s")
        return self.field(compound.name.removesuffix("Address") + name)

    def reference(self, relationship: str) -> Field | None:
        """The reference field behind a relationship name such as `Account` or `Account__r`, or None."""
        return self._by_relationship.get(relationship.lower())

    def has(self, name: str) -> bool:
        return name.lower() in self._by_name

    @property
    def told_prefix(self) -> str | None:
        """The key prefix as describes tell it: histories and values of two picklists have one untold (recorded)."""
        return self.key_prefix if self.prefix_told and self.history_of is None else None

    @property
    def stamp(self) -> str:
        """The field that says when a record was last saved; what is never changed has its CreatedDate alone."""
        return "SystemModstamp" if self.has("SystemModstamp") else "CreatedDate"

    @cached_property
    def name_field(self) -> Field | None:
        return next((each for each in self.fields if each.name_field), None)


@dataclass(frozen=True)
class Children:
    """The records of an object that refer to a parent by a field; `name` is None where the parent has no name for them.

    SOQL's `(SELECT … FROM Contacts)` under Account means the Children named `Contacts` of Account.
    """

    object_type: ObjectType
    field: Field

    @property
    def name(self) -> str | None:
        return self.field.children


@dataclass(frozen=True)
class Schema:
    """All objects of the org, by name."""

    objects: tuple[ObjectType, ...]
    _by_name: Mapping[str, ObjectType] = field(init=False, repr=False)
    _by_prefix: Mapping[str, ObjectType] = field(init=False, repr=False)
    _histories: Mapping[str, ObjectType] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {each.name.lower(): each for each in self.objects})
        object.__setattr__(self, "_by_prefix", {each.key_prefix: each for each in self.objects if not each.history_of})
        object.__setattr__(self, "_histories", {each.history_of: each for each in self.objects if each.history_of})

    def object(self, name: str) -> ObjectType | None:
        """The object of that name in any letter case, or None."""
        return self._by_name.get(name.lower())

    def require(self, name: str) -> ObjectType:
        """The object of that name. Raises KeyError: for names that come from this code, not from a client."""
        return self._by_name[name.lower()]

    def object_of_id(self, record_id: str) -> ObjectType | None:
        """The object whose records have Ids like this one, or None; the rows of all histories have the same prefix."""
        return self._by_prefix.get(record_id[:3])

    def history_of(self, object_name: str) -> ObjectType | None:
        """The object that keeps the changes of another one's tracked fields, or None."""
        return self._histories.get(object_name)

    @cached_property
    def _children(self) -> Mapping[str, tuple[Children, ...]]:
        found: dict[str, list[Children]] = {}
        for child in self.objects:
            for reference in child.fields:
                for parent in reference.to:
                    found.setdefault(parent.lower(), []).append(Children(child, reference))
        return {parent: tuple(children) for parent, children in found.items()}

    def children_of(self, object_name: str) -> tuple[Children, ...]:
        """All who may refer to records of the object, in the order of their objects' names."""
        return self._children.get(object_name.lower(), ())

    def children_named(self, object_name: str, relationship: str) -> Children | None:
        """The children that the object knows by that name (`Contacts`, in any letter case), or None."""
        wanted = relationship.lower()
        return next((each for each in self.children_of(object_name) if (each.name or "").lower() == wanted), None)


@cache
def load_schema() -> Schema:
    """The demo org's objects. Raises pydantic.ValidationError where a YAML file is not as it should be."""
    from sf_elt.demo_org.declared import declared_objects  # which reads them into the classes of this module

    return Schema(declared_objects())
