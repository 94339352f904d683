"""From the Metadata API's definition of a custom field to the field, and back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from sf_elt.demo_org.metadata.definitions import FieldDefinition, FieldKind, PicklistValue
from sf_elt.demo_org.metadata.formula import FormulaRefused, translate
from sf_elt.demo_org.metadata.refusal import MetadataRefused, missing, not_supported
from sf_elt.demo_org.schema import ID_COUNT, Field, FieldType, ObjectType, RollUp, Schema

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_LONGEST_NAME = 43
_LITERAL_TEXT = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)')\s*""")
_NUMBER_IN_FORMAT = re.compile(r"\{(0+)\}")
_TEXT_LENGTHS = {"Text": (1, 255), "LongTextArea": (256, 131_072), "Html": (256, 131_072)}

_TYPES: Mapping[FieldKind, FieldType] = {
    "Checkbox": "boolean", "Currency": "currency", "Date": "date", "DateTime": "datetime", "Email": "email",
    "Html": "textarea", "LongTextArea": "textarea", "Lookup": "reference", "MasterDetail": "reference",
    "MultiselectPicklist": "multipicklist", "Number": "double", "Percent": "percent", "Phone": "phone",
    "Picklist": "picklist", "Summary": "double", "Text": "string", "TextArea": "textarea", "Url": "url",
    "AutoNumber": "string", "Location": "location", "Time": "time",
}  # fmt: skip
_KINDS: Mapping[FieldType, FieldKind] = {
    "boolean": "Checkbox", "currency": "Currency", "date": "Date", "datetime": "DateTime", "email": "Email",
    "reference": "Lookup", "multipicklist": "MultiselectPicklist", "double": "Number", "int": "Number",
    "location": "Location", "time": "Time", "percent": "Percent", "phone": "Phone",
    "picklist": "Picklist", "combobox": "Picklist", "string": "Text", "url": "Url",
}  # fmt: skip
_LENGTHS = {"TextArea": 255, "Email": 80, "Phone": 40, "Url": 255, "Picklist": 255, "MultiselectPicklist": 4099}
_REFERENCES = ("Lookup", "MasterDetail")


def check_name(name: str) -> None:
    """Raises MetadataRefused for what cannot be the name of a custom field or object."""
    if not name.endswith("__c"):
        message = f"The name of a custom component ends in __c: {name}"
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message, "FullName")
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        message = (
            "The Field Name field can only contain underscores and alphanumeric characters. It must be unique, begin "
            "with a letter, not include spaces, not end with an underscore, and not contain two "
            "consecutive underscores."
        )
        raise MetadataRefused("INVALID_FIELD", message, "DeveloperName")


def custom_field(schema: Schema, object_type: ObjectType, name: str, definition: FieldDefinition) -> Field:
    """The field that a definition means, as a field of that object. Raises MetadataRefused."""
    check_name(name)
    kind = definition.type
    if kind is None:
        raise MetadataRefused("REQUIRED_FIELD_MISSING", "Required fields are missing: [Type]", "Type")
    if not definition.label:
        raise MetadataRefused("REQUIRED_FIELD_MISSING", "Required fields are missing: [MasterLabel]", "MasterLabel")
    if kind not in _TYPES:
        raise not_supported(f"A CustomField of type {kind}")
    field = Field(
        name,
        _TYPES[kind],
        definition.label,
        length=_length(kind, definition),
        required=bool(definition.required),
        unique=bool(definition.unique),
        external_id=bool(definition.external_id),
        id_lookup=bool(definition.unique or definition.external_id),
        help=definition.inline_help_text or None,
        definition=definition.model_dump_json(by_alias=True, exclude_none=True),
    )
    field = _with_number(field, kind, definition)
    if definition.formula is not None:
        return _formula(object_type, field, definition)
    shape = _SHAPES.get(kind)
    return shape(schema, object_type, field, definition) if shape else _with_default(field, definition)


def is_component(field: Field) -> bool:
    """Whether the field can be made, changed and deleted by itself, as the parts of a location cannot."""
    return field.custom and field.compound is None and not field.of_person_contact


def definition_of(field: Field) -> dict[str, object]:
    """What the Metadata API says of a field: as it was told, or what can be told of one that came with the org."""
    if field.definition is not None:
        return FieldDefinition.model_validate_json(field.definition).model_dump(by_alias=True, exclude_none=True)
    kind: FieldKind | str = _KINDS.get(field.type, field.type)
    if field.type == "textarea":
        kind = "LongTextArea" if field.long_text else "TextArea"
    found: dict[str, object] = {"type": kind, "label": field.label, "required": field.required}
    if kind in ("Text", "LongTextArea"):
        found["length"] = field.length
    if kind in ("Number", "Currency", "Percent"):
        found |= {"precision": field.precision or 18, "scale": field.scale}
    if kind == "Location":
        found |= {"scale": 6, "displayLocationInDecimal": True}
    if kind in ("LongTextArea", "MultiselectPicklist"):
        found["visibleLines"] = 4
    if kind == "Checkbox":
        found["defaultValue"] = str(bool(field.default)).lower()
    if field.picklist:
        values = [{"fullName": each, "default": each == field.default, "label": each} for each in field.picklist]
        found["valueSet"] = {
            "restricted": field.restricted,
            "valueSetDefinition": {"sorted": False, "value": values},
        }
    if field.to:
        found |= {"referenceTo": field.to[0], "relationshipName": (field.children or "").removesuffix("__r")}
    if field.formula is not None:
        found["formula"] = field.formula
    if kind in ("Text", "Number", "Email"):
        found |= {"externalId": field.external_id, "unique": field.unique}
    return found


def _length(kind: FieldKind, definition: FieldDefinition) -> int:
    if kind == "AutoNumber":
        return 30
    if definition.formula is not None:
        return 1300 if kind == "Text" else 0
    if kind not in _TEXT_LENGTHS:
        return _LENGTHS.get(kind, 18 if kind in _REFERENCES else 0)
    if definition.length is None:
        raise missing("length", kind)
    if kind != "Text" and definition.visible_lines is None:
        raise missing("visibleLines", kind)
    least, most = _TEXT_LENGTHS[kind]
    if not least <= definition.length <= most:
        message = f"Length must be between {least} and {most}: {definition.length}"
        raise MetadataRefused("NUMBER_OUTSIDE_VALID_RANGE", message, "Length")
    return definition.length


def _with_number(field: Field, kind: FieldKind, definition: FieldDefinition) -> Field:
    if kind not in ("Number", "Currency", "Percent"):
        return field
    for attribute in ("precision", "scale"):
        if getattr(definition, attribute) is None and (attribute == "scale" or definition.formula is None):
            raise missing(attribute, kind)
    precision, scale = definition.precision or 18, definition.scale or 0
    if not (1 <= precision <= 18 and 0 <= scale <= precision):
        message = "Precision must be between 1 and 18, and scale no greater than it"
        raise MetadataRefused("NUMBER_OUTSIDE_VALID_RANGE", message, "Precision")
    return replace(field, precision=precision, scale=scale)


def _location(schema: Schema, object_type: ObjectType, field: Field, definition: FieldDefinition) -> Field:
    if definition.scale is None:
        raise missing("scale", "Location")
    return replace(field, scale=definition.scale)


def _with_default(field: Field, definition: FieldDefinition) -> Field:
    """Defaults are formulas; literals among them are understood."""
    given = definition.default_value
    if given is None:
        return field
    if isinstance(given, str) and field.type in ("string", "textarea", "email", "phone", "url"):
        literal = _LITERAL_TEXT.fullmatch(given)
        if literal is not None:
            return replace(field, default=literal[1] if literal[1] is not None else literal[2])
    elif field.type in ("double", "currency", "percent") and not isinstance(given, bool):
        try:
            return replace(field, default=float(given))
        except ValueError:
            pass
    raise not_supported(f"A defaultValue such as {given}")


def _checkbox(schema: Schema, object_type: ObjectType, field: Field, definition: FieldDefinition) -> Field:
    if definition.default_value is None:
        raise missing("defaultValue", "Checkbox")
    return replace(field, required=False, default=str(definition.default_value).lower() == "true")


def _picklist(schema: Schema, object_type: ObjectType, field: Field, definition: FieldDefinition) -> Field:
    values: list[PicklistValue] | None = None
    restricted = False
    if definition.value_set is not None:
        given = definition.value_set
        if given.value_set_name or given.controlling_field:
            raise not_supported("A global value set" if given.value_set_name else "A dependent picklist")
        values = given.value_set_definition.value if given.value_set_definition else None
        restricted = given.restricted
    elif definition.picklist is not None:
        if definition.picklist.controlling_field:
            raise not_supported("A dependent picklist")
        values, restricted = definition.picklist.picklist_values, definition.picklist.restricted_picklist
    if values is None:
        raise missing("valueSet", definition.type or "Picklist")
    if definition.type == "MultiselectPicklist" and definition.visible_lines is None:
        raise missing("visibleLines", definition.type)
    names = [each.full_name for each in values if each.is_active is not False]
    if len({name.lower() for name in names}) < len(names):
        raise MetadataRefused("DUPLICATE_VALUE", "Duplicate label in the picklist", "ValueSet")
    default = next((each.full_name for each in values if each.default), None)
    return replace(field, picklist=tuple(names), restricted=restricted, default=default)


def _reference(schema: Schema, object_type: ObjectType, field: Field, definition: FieldDefinition) -> Field:
    kind = definition.type or "Lookup"
    if not definition.reference_to:
        raise missing("referenceTo", kind)
    if not definition.relationship_name:
        raise missing("relationshipName", kind)
    parent = schema.object(definition.reference_to)
    if parent is None:
        message = f"referenceTo value of '{definition.reference_to}' does not resolve to a valid sObject type"
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message, "ReferenceTo")
    children = f"{definition.relationship_name}__r"
    taken = schema.children_named(parent.name, children)
    if taken is not None and (taken.object_type.name, taken.field.name) != (object_type.name, field.name):
        message = f"There is already a Child Relationship named {definition.relationship_name} on {parent.label}."
        raise MetadataRefused("DUPLICATE_DEVELOPER_NAME", message, "RelationshipName")
    master = kind == "MasterDetail"
    return replace(
        field,
        to=(parent.name,),
        relationship=f"{field.name.removesuffix('__c')}__r",
        children=children,
        required=master or field.required,
        cascade=master or definition.delete_constraint == "Cascade",
        restricts=definition.delete_constraint == "Restrict",
        write="create" if master and not definition.reparentable_master_detail else "always",
    )


def _auto_number(schema: Schema, object_type: ObjectType, field: Field, definition: FieldDefinition) -> Field:
    display = definition.display_format or "{0}"
    places = _NUMBER_IN_FORMAT.findall(display)
    if len(places) != 1 or re.search(r"\{(?!0+\})", display):
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", f"Invalid display format: {display}", "DisplayFormat")
    before, after = (part.replace("'", "''") for part in display.split("{" + places[0] + "}"))
    number = f"{ID_COUNT} + {(1 if definition.starting_number is None else definition.starting_number) - 1}"
    sql = f"'{before}' || format('{{:0{len(places[0])}d}}', CAST({number} AS BIGINT)) || '{after}'"
    return replace(field, auto_number=True, write="never", sql=sql)


def _formula(object_type: ObjectType, field: Field, definition: FieldDefinition) -> Field:
    kind, text = definition.type or "Text", definition.formula or ""
    if kind not in ("Text", "Number", "Currency", "Percent", "Date", "DateTime", "Checkbox"):
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", f"A formula cannot be of type {kind}", "Type")
    try:
        sql = translate(text, object_type, field, blank_as_zero=definition.formula_treat_blanks_as != "BlankAsBlank")
    except FormulaRefused as refused:
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", f"Formula: {refused}", "Formula") from refused
    return replace(field, required=False, write="never", formula=text, sql=sql)


def _summary(schema: Schema, object_type: ObjectType, field: Field, definition: FieldDefinition) -> Field:
    if definition.summary_foreign_key is None or definition.summary_operation is None:
        raise missing("summaryForeignKey" if definition.summary_foreign_key is None else "summaryOperation", "Summary")
    if definition.summary_filter_items:
        raise not_supported("summaryFilterItems")
    child_name, _, reference_name = definition.summary_foreign_key.partition(".")
    child = schema.object(child_name)
    reference = child.field(reference_name) if child else None
    if child is None or reference is None or not is_master_detail(reference) or object_type.name not in reference.to:
        message = f"Invalid summaryForeignKey: {definition.summary_foreign_key} is no master-detail to this object"
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message, "SummaryForeignKey")
    roll_up = RollUp(child.name, reference.name, definition.summary_operation)
    if roll_up.summary == "count":
        return replace(field, precision=18, write="never", roll_up=roll_up)
    summed = child.field((definition.summarized_field or "").rpartition(".")[2])
    if summed is None or summed.computed or summed.type not in ("double", "currency", "percent", "date", "datetime"):
        message = f"Invalid summarizedField: {definition.summarized_field}"
        raise MetadataRefused("FIELD_INTEGRITY_EXCEPTION", message, "SummarizedField")
    return replace(
        field,
        type=summed.type,
        precision=summed.precision,
        scale=summed.scale,
        write="never",
        roll_up=replace(roll_up, field=summed.name),
    )


def is_master_detail(reference: Field) -> bool:
    """Whether the records that hold it are details of the one it refers to."""
    return reference.cascade and reference.required


_Shape = Callable[[Schema, ObjectType, Field, FieldDefinition], Field]
_SHAPES: Mapping[FieldKind, _Shape] = {
    "AutoNumber": _auto_number,
    "Checkbox": _checkbox,
    "Location": _location,
    "Lookup": _reference,
    "MasterDetail": _reference,
    "MultiselectPicklist": _picklist,
    "Picklist": _picklist,
    "Summary": _summary,
}
