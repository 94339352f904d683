"""Records as the partner API writes them: from REST's JSON to XML, and from XML to what saving takes.

<records xsi:type="sf:sObject"><sf:type>Lead</sf:type><sf:Id>00Q…</sf:Id><sf:Name>Ada</sf:Name></records>
"""

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from pydantic import JsonValue

from sf_elt.demo_org.schema import ObjectType, Schema
from sf_elt.demo_org.soap.envelope import SoapFault, child_text, children, is_nil, local_name, text_of, texts
from sf_elt.demo_org.soap.xml import XmlValue

_DATETIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\+0000", re.ASCII)
_LOCATION = ("latitude", "longitude")
_ADDRESS = ("city", "country", "countryCode", "geocodeAccuracy", "postalCode", "state", "stateCode", "street")
_NOT_FIELDS = ("type", "fieldsToNull")


def query_result(schema: Schema, reply: Mapping[str, JsonValue]) -> dict[str, XmlValue]:
    """A page of a query, or of the children in it, as QueryResult."""
    address, records = reply.get("nextRecordsUrl"), reply.get("records")
    return {
        "@xsi:type": "QueryResult",
        "done": reply.get("done") is True,
        "queryLocator": address.rpartition("/")[2] if isinstance(address, str) else None,
        "records": [sobject(schema, each) for each in records] if isinstance(records, list) else [],
        "size": _number(reply.get("totalSize")),
    }


def sobject(schema: Schema, record: JsonValue) -> XmlValue:
    """A record of a REST reply as sObject; None where there is none.

    Its Id comes first, nil where nobody asked for it, and once more among the fields where somebody did.
    """
    if not isinstance(record, dict):
        return None
    attributes = record.get("attributes")
    kind = str(attributes.get("type")) if isinstance(attributes, dict) else ""
    object_type = schema.object(kind)
    members: dict[str, XmlValue] = {"@xsi:type": "sf:sObject", "sf:type": kind}
    record_id = record.get("Id")
    members["sf:Id"] = [_text(record_id)] if "Id" not in record else [_text(record_id)] * 2
    for name, value in record.items():
        if name not in ("attributes", "Id"):
            members[f"sf:{name}"] = _member(schema, object_type, name, value)
    return members


def with_sobjects(schema: Schema, value: JsonValue) -> XmlValue:
    """What REST says in JSON, with the records in it as sObjects."""
    if isinstance(value, list):
        return [with_sobjects(schema, each) for each in value]
    if not isinstance(value, dict):
        return value
    if "attributes" in value:
        return sobject(schema, value)
    return {name: with_sobjects(schema, member) for name, member in value.items()}


def read_record(found: Element) -> tuple[str, dict[str, object]]:
    """The type of an sObject in a call, and its fields: texts, None for those in fieldsToNull, parents as mappings.

    Nil elements say nothing. Raises SoapFault for a record without a type.
    """
    kind = child_text(found, "type")
    if not kind:
        raise SoapFault("INVALID_TYPE", "Must send a concrete entity type.", "InvalidSObjectFault")
    record: dict[str, object] = {}
    for each in found:
        name = local_name(each)
        if name in _NOT_FIELDS or is_nil(each):
            continue
        record[name] = _parent(each) if children(each, "type") else text_of(each)
    return kind, record | dict.fromkeys(texts(found, "fieldsToNull"))


def _parent(found: Element) -> dict[str, object]:
    """A parent as a record names it: by one of its fields, so that it has no parents itself."""
    return {local_name(each): text_of(each) for each in found if local_name(each) not in _NOT_FIELDS}


def datetime_text(text: str) -> str:
    """A datetime of REST as SOAP writes it: 2021-12-02T18:22:42.000Z."""
    return _DATETIME.sub(r"\1Z", text)


def _member(schema: Schema, object_type: ObjectType | None, name: str, value: JsonValue) -> XmlValue:
    if isinstance(value, dict):
        if "attributes" in value:
            return sobject(schema, value)
        if "records" in value:
            return query_result(schema, value)
        kind, parts = ("address", _LOCATION + _ADDRESS) if "city" in value else ("location", _LOCATION)
        return {"@xsi:type": kind, **{part: _scalar(value.get(part)) for part in parts}}
    if isinstance(value, str):
        field = object_type.field(name) if object_type else None
        is_datetime = field.type == "datetime" if field else _DATETIME.fullmatch(value) is not None  # an aggregate
        return datetime_text(value) if is_datetime else value
    return _scalar(value)


def _scalar(value: JsonValue) -> str | bool | int | float | None:
    return value if isinstance(value, str | bool | int | float) else None


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0
