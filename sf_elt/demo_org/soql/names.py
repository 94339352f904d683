"""Finds the fields that a query's paths mean, over its parents, and remembers the joins that lead to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sf_elt.demo_org.errors import SoqlError
from sf_elt.demo_org.schema import Field, ObjectType
from sf_elt.demo_org.soql.ast import ParentAliases, Path, Query
from sf_elt.demo_org.soql.columns import Column, Record
from sf_elt.demo_org.soql.context import Context
from sf_elt.demo_org.soql.polymorphic import NAME, names_of
from sf_elt.demo_org.store import table

MAX_PARENTS = 5


@dataclass
class Names:
    """The names of one query: of the object it reads (`base`) and of that object's parents."""

    context: Context
    query: Query
    base: Record
    joins: list[str] = field(default_factory=list)
    _parents: dict[tuple[str, str], Record] = field(default_factory=dict)

    def check_aliases(self) -> None:
        """Raises SoqlError INVALID_FIELD where `FROM Contact c, c.Account a` names no parent."""
        aliases = self.query.parent_aliases
        for place, (_, parent) in enumerate(aliases):
            record = self.base
            relationships = self._without_alias(parent, aliases[:place])
            if len(relationships) > MAX_PARENTS:
                raise self._refusal(parent, _too_far(relationships))
            for relationship in relationships:
                record = self._parent(parent, record, relationship)

    def field_at(self, path: Path) -> Column:
        """The field at the end of a path. Raises SoqlError INVALID_FIELD."""
        *relationships, name = self._without_alias(path, self.query.parent_aliases)
        if len(relationships) > MAX_PARENTS:
            raise self._refusal(path, _too_far((*relationships, name)))
        records: tuple[Record, ...] = (self.base,)
        for relationship in relationships:
            records = (*records, self._parent(path, records[-1], relationship))
        found = records[-1].object_type.field(name)
        if found is None:
            raise self._refusal(path, _no_such_column(name, records[-1].object_type))
        return Column(records, found)

    def reference_at(self, path: Path) -> Field:
        """The base record's reference of that relationship name. Raises SoqlError INVALID_FIELD."""
        names = self._without_alias(path, self.query.parent_aliases)
        reference = self.base.object_type.reference(names[0])
        if reference is None or len(names) > 1:
            raise self._refusal(path, _no_such_relationship(str(path)))
        return reference

    def join(self, object_type: ObjectType, child: Record, reference: Field) -> Record:
        """Joins the records of one object behind a reference."""
        source = self.context.source("parent")
        parent = Record(object_type, source, reference.relationship or "")
        on = f'{source}."Id" = {child.expression(reference)}'
        self.joins.append(f"LEFT JOIN {table(object_type.name)} AS {source} ON {on}")
        return parent

    def join_name(self, child: Record, reference: Field) -> Record | None:
        """Joins the Names behind a reference to several objects; None where the org shows none of them."""
        targets = [each for name in reference.to if (each := self.context.schema.object(name))]
        if not targets:
            return None
        source = self.context.source("parent")
        on = f'{source}."Id" = {child.expression(reference)}'
        self.joins.append(f"LEFT JOIN {names_of(targets)} AS {source} ON {on}")
        return Record(NAME, source, reference.relationship or "", is_name=True)

    def _without_alias(self, path: Path, aliases: ParentAliases) -> tuple[str, ...]:
        """Drops a leading alias or object name: `SELECT l.Id FROM Lead l`; opens the alias of a parent."""
        first, own = path.names[0].lower(), self.base.object_type
        for place, (alias, parent) in enumerate(aliases):
            if first == alias and len(path.names) > 1:
                return (*self._without_alias(parent, aliases[:place]), *path.names[1:])
        names = {own.name.lower(), self.query.object_name.lower(), (self.query.alias or own.name).lower()}
        if len(path.names) > 1 and first in names and own.reference(first) is None:
            return path.names[1:]
        return path.names

    def _parent(self, path: Path, child: Record, relationship: str) -> Record:
        """The record that a relationship leads to, joined on first use."""
        reference = child.object_type.reference(relationship)
        if reference is None or reference.relationship is None:
            raise self._refusal(path, _no_such_relationship(relationship))
        key = (child.source, reference.relationship)
        if key not in self._parents:
            parent: Record | None = None
            if len(reference.to) > 1:
                parent = self.join_name(child, reference)
            elif object_type := self.context.schema.object(reference.to[0]):
                parent = self.join(object_type, child, reference)
            if parent is None:
                raise self._refusal(path, _no_such_relationship(relationship))
            self._parents[key] = parent
        return self._parents[key]

    def _refusal(self, path: Path, message: str) -> SoqlError:
        return self.context.refusal(path, "INVALID_FIELD", message)


def _too_far(names: Sequence[str]) -> str:
    return f"A maximum of five levels of relationships is allowed in a field path: {'.'.join(names)}"


def _no_such_column(name: str, owner: ObjectType) -> str:
    return (
        f"No such column '{name}' on entity '{owner.name}'. If you are attempting to use a custom field, be sure to "
        "append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
        "appropriate names."
    )


def _no_such_relationship(name: str) -> str:
    return (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, "
        "be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe "
        "call for the appropriate names."
    )
