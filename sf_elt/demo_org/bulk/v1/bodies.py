"""What a request of the older Bulk API says: jobs as XML or JSON, records as XML or JSON (CSV as in 2.0)."""

from collections.abc import Mapping
from typing import Annotated, Literal
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from sf_elt.demo_org.bulk.jobs import JobFailed
from sf_elt.demo_org.bulk.v1.jobs import ContentType
from sf_elt.demo_org.errors import OrgError

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_MODES = {0: "Parallel", 1: "Serial", "0": "Parallel", "1": "Serial"}
"""Some clients send the places of the two modes in Salesforce's list of them (simple-salesforce does)."""

Record = Mapping[str, object]


class JobBody(BaseModel):
    """The body of a POST that makes or changes a job."""

    model_config = ConfigDict(alias_generator=to_camel)

    operation: Literal["insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll"] | None = None
    object: str | None = None
    content_type: ContentType = "XML"
    concurrency_mode: Annotated[
        Literal["Parallel", "Serial"],
        BeforeValidator(lambda given: _MODES.get(given, given) if isinstance(given, str | int) else given),
    ] = "Parallel"
    external_id_field_name: str | None = None
    assignment_rule_id: str | None = None
    state: Literal["Closed", "Aborted"] | None = None


def read_job(body: bytes, *, is_json: bool) -> JobBody:
    """Raises OrgError: InvalidXML or InvalidJob."""
    try:
        given: object = orjson.loads(body) if is_json else _members(_parsed(body))
        return JobBody.model_validate(given)
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise OrgError(400, "InvalidJob", "Unable to parse Job") from error


def read_json(body: bytes) -> list[Record]:
    """The records of a JSON batch. Raises JobFailed."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise JobFailed(f"InvalidBatch : Failed to parse JSON: {error}") from error
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise JobFailed("InvalidBatch : Failed to parse JSON: a batch is an array of records")
    return found


def read_xml(body: bytes) -> list[Record]:
    """The records of an XML batch. Raises JobFailed."""
    try:
        root = _parsed(body)
    except OrgError as error:
        raise JobFailed(f"InvalidBatch : {error.message}") from error
    return [_record(each) for each in root]


def _record(element: Element) -> Record:
    record: dict[str, object] = {}
    for each in element:
        name = _name(each)
        if name == "type":
            record["attributes"] = {"type": each.text}
        elif len(each):
            record[name] = _record(each[0])
        elif each.get(_NIL) in ("true", "1"):
            record[name] = None
        elif each.text:
            record[name] = each.text
    return record


def _members(root: Element) -> dict[str, str]:
    return {_name(each): (each.text or "").strip() for each in root if (each.text or "").strip()}


def _parsed(body: bytes) -> Element:
    try:
        found: Element = fromstring(body)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise OrgError(400, "InvalidXML", f"Unable to parse XML: {error}") from error
    return found


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
