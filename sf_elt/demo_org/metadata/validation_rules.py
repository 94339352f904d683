"""Validation rules: formulas that no record of an object may fulfil when it is saved."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from sf_elt.demo_org.metadata.change import no_such, object_of_field
from sf_elt.demo_org.metadata.component_ids import rule_id
from sf_elt.demo_org.metadata.formula import FormulaRefused, translate_condition
from sf_elt.demo_org.metadata.refusal import MetadataRefused
from sf_elt.demo_org.org import Org
from sf_elt.demo_org.schema import ObjectType, Schema, ValidationRule
from sf_elt.demo_org.schema_change import with_object

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_LONGEST_NAME = 40


class RuleDefinition(BaseModel):
    """A validation rule as the Metadata API names it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    active: bool = False
    description: str | None = None
    error_condition_formula: str | None = None
    error_display_field: str | None = None
    error_message: str | None = None


def rule_ids(org: Org) -> Mapping[str, str]:
    """The Id of each rule by its full name, such as `Lead.Needs_Email`."""
    return {f"{each.name}.{rule.name}": rule_id(each, rule) for each in org.schema.objects for rule in each.rules}


def rule_definition(rule: ValidationRule) -> dict[str, object]:
    """What the Metadata API says of a rule."""
    definition = RuleDefinition(
        active=rule.active,
        description=rule.description,
        error_condition_formula=rule.formula,
        error_display_field=rule.field,
        error_message=rule.message,
    )
    return definition.model_dump(by_alias=True, exclude_none=True)


def read_rule(org: Org, full_name: str) -> Mapping[str, object]:
    return rule_definition(_rule(org.schema, full_name)[1])


def create_rule(org: Org, full_name: str, members: Mapping[str, object], _user_id: str) -> None:
    def change(schema: Schema) -> Schema:
        object_type, name = object_of_field(schema, full_name)
        if name.lower() in (rule.name.lower() for rule in object_type.rules):
            message = f"There is already a validation rule named {name} on {object_type.label}."
            raise MetadataRefused("DUPLICATE_DEVELOPER_NAME", message, "ValidationName")
        made = _made(object_type, name, RuleDefinition.model_validate(members))
        return with_object(schema, replace(object_type, rules=(*object_type.rules, made)))

    org.store.change_schema(change)


def update_rule(org: Org, full_name: str, members: Mapping[str, object], _user_id: str) -> None:
    definition = RuleDefinition.model_validate(members)
    org.store.change_schema(_replacing(full_name, lambda owner, rule: (_made(owner, rule.name, definition),)))


def delete_rule(org: Org, full_name: str, _user_id: str) -> None:
    org.store.change_schema(_replacing(full_name, lambda owner, rule: ()))


def _replacing(
    full_name: str, new: Callable[[ObjectType, ValidationRule], tuple[ValidationRule, ...]]
) -> Callable[[Schema], Schema]:
    """A change of the schema that puts what `new` gives in the place of a rule."""

    def change(schema: Schema) -> Schema:
        object_type, standing = _rule(schema, full_name)
        rules = [
            each for rule in object_type.rules for each in (new(object_type, rule) if rule is standing else (rule,))
        ]
        return with_object(schema, replace(object_type, rules=tuple(rules)))

    return change


def _made(object_type: ObjectType, name: str, definition: RuleDefinition) -> ValidationRule:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise MetadataRefused("INVALID_FIELD", f"Invalid rule name: {name}", "ValidationName")
    if not definition.error_condition_formula or not definition.error_message:
        lacking = "ErrorMessage" if definition.error_condition_formula else "ErrorConditionFormula"
        raise MetadataRefused("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{lacking}]", lacking)
    field = object_type.field(definition.error_display_field) if definition.error_display_field else None
    if definition.error_display_field and field is None:
        message = f"Field {definition.error_display_field} does not exist. Check spelling."
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message, "ErrorDisplayField")
    try:
        sql = translate_condition(definition.error_condition_formula, object_type)
    except FormulaRefused as refused:
        message = f"Formula: {refused}"
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message, "ErrorConditionFormula") from refused
    return ValidationRule(
        name,
        definition.error_condition_formula,
        sql,
        definition.error_message,
        field.name if field else None,
        definition.active,
        definition.description,
    )


def _rule(schema: Schema, full_name: str) -> tuple[ObjectType, ValidationRule]:
    object_name, _, name = full_name.partition(".")
    object_type = schema.object(object_name)
    for rule in object_type.rules if object_type else ():
        if object_type is not None and rule.name.lower() == name.lower():
            return object_type, rule
    raise no_such("ValidationRule", full_name)
