"""How Setup, and with it FieldDefinition.DataType, words the type of a field."""

from sf_elt.demo_org.schema import Field

_WORDS = {
    "address": "Address", "boolean": "Checkbox", "combobox": "Picklist", "date": "Date", "datetime": "Date/Time",
    "email": "Email", "phone": "Phone", "picklist": "Picklist", "multipicklist": "Picklist (Multi-Select)",
    "time": "Time", "location": "Geolocation", "base64": "Base64",
}  # fmt: skip
_NUMBERS = {"currency": "Currency", "double": "Number", "int": "Number", "percent": "Percent"}


def data_type(field: Field) -> str:
    """`Text(255)`, `Number(16, 2)`, `Lookup(Account)`, `Formula (Text)` …"""
    if field.roll_up is not None:
        return f"Roll-Up Summary ({field.roll_up.summary.upper()} {field.roll_up.of})"
    if field.auto_number:
        return "Auto Number"
    words = _of_value(field)
    if field.formula is not None:
        return f"Formula ({words.partition('(')[0]})"
    if field.external_id:
        words += " (External ID)"
    return words + " (Unique Case Insensitive)" if field.unique else words


def _of_value(field: Field) -> str:
    if field.compound == "Name" or (field.name_field and field.name == "Name" and not field.custom):
        return "Name" if field.name == "Name" else f"Text({field.length})"
    if field.type in ("id", "reference"):
        targets = ",".join(field.to)
        kind = "Master-Detail" if field.cascade and field.required else "Lookup"
        return f"{kind}({targets})" if targets else "Lookup()"
    if field.type == "textarea":
        return f"Long Text Area({field.length})" if field.long_text else f"Text Area({field.length})"
    if field.type == "url":
        return f"URL({field.length})"
    if field.type in _NUMBERS:
        digits = field.precision or field.digits or 18
        return f"{_NUMBERS[field.type]}({digits - field.scale}, {field.scale})"
    return _WORDS.get(field.type) or f"Text({field.length})"
