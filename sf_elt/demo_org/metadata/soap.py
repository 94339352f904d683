"""The Metadata API at /services/Soap/m/NN.0: components created, read, changed, deleted and listed one by one.

Files of components (deploy, retrieve) are refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from xml.etree.ElementTree import Element

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.metadata.components import KINDS, Kind, kind_named, unreadable
from sf_elt.demo_org.metadata.refusal import MetadataRefused, not_supported
from sf_elt.demo_org.metadata.xml_forms import component_xml, type_of, values_of
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.soap.envelope import (
    METADATA,
    Call,
    SoapFault,
    child_text,
    children,
    fault_of,
    fault_reply,
    no_such_operation,
    read_call,
    reply,
    texts,
)
from sf_elt.demo_org.soap.sessions import session_of
from sf_elt.demo_org.soap.xml import XmlValue
from sf_elt.demo_org.versions import api_version

MOST_COMPONENTS = 10
MOST_QUERIES = 3
_LONG_AGO = "1970-01-01T00:00:00.000Z"
"""What real orgs give as the dates of components that nobody made."""
_FILES = ("deploy", "checkDeployStatus", "cancelDeploy", "deployRecentValidation", "retrieve", "checkRetrieveStatus")


def routes() -> list[Route]:
    address = "/services/Soap/m/{version}"
    return [Route(address, answer, methods=["POST"]), Route(f"{address}/{{rest:path}}", answer, methods=["POST"])]


@dataclass(frozen=True)
class _Asked:
    """One call of a user that is logged in."""

    org: Org
    call: Call
    user_id: str


async def answer(request: Request) -> Response:
    """The reply to one call, or a fault."""
    try:
        call = await read_call(request)
        result = await run_in_threadpool(_result_of, request, call)
    except SoapFault as fault:
        return fault_reply(METADATA, fault)
    except OrgError as error:
        return fault_reply(METADATA, fault_of(error))
    return reply(METADATA, call.operation, result)


def _result_of(request: Request, call: Call) -> XmlValue:
    if api_version(f"v{request.path_params['version']}") is None:
        raise SoapFault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    org = org_of(request)
    operation = _OPERATIONS.get(call.operation)
    if operation is None and call.operation not in _FILES:
        raise no_such_operation(call)
    session = session_of(org, call)
    request.state.session = session
    if operation is None:
        message = "Deploying and retrieving files is not supported by the demo org: use createMetadata and its like"
        raise SoapFault("FUNCTIONALITY_NOT_ENABLED", message)
    if not org.access.may(session.user_id, "ModifyAllData"):
        message = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
        raise SoapFault("INSUFFICIENT_ACCESS", message)
    return operation(_Asked(org, call, session.user_id))


def _create(asked: _Asked) -> XmlValue:
    return [_saved(asked, each, _create_one) for each in _components(asked.call)]


def _update(asked: _Asked) -> XmlValue:
    return [_saved(asked, each, _update_one) for each in _components(asked.call)]


def _upsert(asked: _Asked) -> XmlValue:
    results: list[XmlValue] = []
    for each in _components(asked.call):
        kind, name = KINDS.get(type_of(each)), child_text(each, "fullName") or ""
        created = kind is not None and not kind.exists(asked.org, name)
        result = _saved(asked, each, _create_one if created else _update_one)
        results.append({"created": created and bool(result["success"]), **result})
    return results


def _create_one(asked: _Asked, kind: str, full_name: str, members: Mapping[str, object]) -> None:
    kind_named(kind).create(asked.org, full_name, members, asked.user_id)


def _update_one(asked: _Asked, kind: str, full_name: str, members: Mapping[str, object]) -> None:
    kind_named(kind).update(asked.org, full_name, members, asked.user_id)


def _saved(
    asked: _Asked, component: Element, change: Callable[[_Asked, str, str, Mapping[str, object]], None]
) -> dict[str, XmlValue]:
    members = values_of(component)
    full_name = str(members.pop("fullName", ""))
    return _outcome(full_name, lambda: change(asked, type_of(component), full_name, members))


def _delete(asked: _Asked) -> XmlValue:
    kind, names = _type_and_names(asked.call)

    def delete(full_name: str) -> None:
        kind_named(kind).delete(asked.org, full_name, asked.user_id)

    return [_outcome(name, partial(delete, name)) for name in names]


def _rename(asked: _Asked) -> XmlValue:
    def refuse() -> None:
        raise not_supported("Renaming a component")

    return _outcome(child_text(asked.call.body, "oldFullName") or "", refuse)


def _read(asked: _Asked) -> XmlValue:
    kind, names = _type_and_names(asked.call)
    found = _known(kind)
    records: list[XmlValue] = []
    for name in names:
        try:
            records.append(component_xml(kind, name, found.read(asked.org, name)))
        except MetadataRefused:
            records.append(None)  # what is not there is read as nothing
    return {"records": records}


def _list(asked: _Asked) -> XmlValue:
    queries = children(asked.call.body, "queries")
    if len(queries) > MOST_QUERIES:
        raise SoapFault("LIMIT_EXCEEDED", f"Cannot list more than {MOST_QUERIES} types at once")
    return [each for query in queries for each in _files_of(asked.org, child_text(query, "type") or "")]


def _files_of(org: Org, kind: str) -> list[XmlValue]:
    found = _known(kind)
    user: dict[str, XmlValue] = {"ById": org.credentials.user_id, "ByName": org.credentials.display_name}
    by = {f"{did}{how}": value for did in ("created", "lastModified") for how, value in user.items()}
    return [
        dict(
            sorted(
                {
                    **by,
                    "createdDate": _LONG_AGO,
                    "lastModifiedDate": _LONG_AGO,
                    "fileName": f"{found.folder}/{name.partition('.')[0]}.{found.suffix}",
                    "fullName": name,
                    "id": component_id,
                    "type": kind,
                }.items()
            )
        )
        for name, component_id in found.ids(org).items()
    ]


def _describe(asked: _Asked) -> XmlValue:
    inside = {name for kind in KINDS.values() for name in kind.inside}
    return {
        "metadataObjects": [
            {
                "childXmlNames": list(kind.inside),
                "directoryName": kind.folder,
                "inFolder": False,
                "metaFile": False,
                "suffix": kind.suffix,
                "xmlName": name,
            }
            for name, kind in KINDS.items()
            if name not in inside
        ],
        "organizationNamespace": "",
        "partialSaveAllowed": False,
        "testRequired": False,
    }


def _describe_type(asked: _Asked) -> XmlValue:
    name = (child_text(asked.call.body, "type") or "").rpartition("}")[2]
    kind = _known(name)
    return {
        "apiCreatable": name != "Profile",
        "apiDeletable": name != "Profile",
        "apiReadable": True,
        "apiUpdatable": True,
        "valueTypeFields": [_value_type(each, kind.shape) for each in sorted(kind.shape.model_fields)],
    }


def _value_type(name: str, shape: type[BaseModel]) -> XmlValue:
    field = shape.model_fields[name]
    wanted = str(field.annotation)
    soap_type = "string" if "str" in wanted else "boolean" if "bool" in wanted else "int" if "int" in wanted else name
    return {
        "isForeignKey": False,
        "isNameField": False,
        "minOccurs": int(field.is_required()),
        "name": field.alias or name,
        "soapType": soap_type,
        "valueRequired": field.is_required(),
    }


def _components(call: Call) -> list[Element]:
    found = children(call.body, "metadata")
    _refuse_many(len(found))
    if len({type_of(each) for each in found}) > 1:
        raise SoapFault("INVALID_TYPE", "All components of one call must be of the same type")
    return found


def _type_and_names(call: Call) -> tuple[str, list[str]]:
    names = texts(call.body, "fullNames")
    _refuse_many(len(names))
    return child_text(call.body, "type") or "", names


def _refuse_many(count: int) -> None:
    if count > MOST_COMPONENTS:
        raise SoapFault("LIMIT_EXCEEDED", f"record limit reached. cannot submit more than {MOST_COMPONENTS} records")


def _known(name: str) -> Kind:
    try:
        return kind_named(name)
    except MetadataRefused as refused:
        raise SoapFault(refused.code, refused.message) from refused


def _outcome(full_name: str, change: Callable[[], None]) -> dict[str, XmlValue]:
    """A SaveResult or DeleteResult."""
    refused = None
    try:
        change()
    except MetadataRefused as error:
        refused = error
    except ValidationError as error:
        refused = unreadable(error)
    errors: list[XmlValue] = []
    if refused is not None:
        errors = [{"fields": list(refused.fields), "message": refused.message, "statusCode": refused.code}]
    return {"errors": errors, "fullName": full_name, "success": refused is None}


_OPERATIONS: Mapping[str, Callable[[_Asked], XmlValue]] = {
    "createMetadata": _create,
    "updateMetadata": _update,
    "upsertMetadata": _upsert,
    "deleteMetadata": _delete,
    "renameMetadata": _rename,
    "readMetadata": _read,
    "listMetadata": _list,
    "describeMetadata": _describe,
    "describeValueType": _describe_type,
}
