"""/services/Soap/u/NN.N, /c/NN.N and /s/NN.N (Apex): what is done with every call, and the operations that there are.

The enterprise endpoint takes the calls that name no records: those have a schema of their own there.
"""

import re
from collections.abc import Mapping
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sf_elt.demo_org.errors import OrgError, no_apex
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.soap import merging, people, reading, writing
from sf_elt.demo_org.soap.envelope import (
    APEX,
    ENTERPRISE,
    PARTNER,
    Call,
    SoapFault,
    fault_of,
    fault_reply,
    no_such_operation,
    read_call,
    reply,
)
from sf_elt.demo_org.soap.operation import Asked, Operation
from sf_elt.demo_org.soap.sessions import session_of, spend_call
from sf_elt.demo_org.soap.xml import XmlValue
from sf_elt.demo_org.versions import api_version

ANYWHERE: Mapping[str, Operation] = {
    "logout": people.logout,
    "invalidateSessions": people.invalidate_sessions,
    "getUserInfo": people.get_user_info,
    "getServerTimestamp": reading.get_server_timestamp,
    "setPassword": people.set_password,
    "resetPassword": people.reset_password,
    "describeGlobal": reading.describe_global,
    "describeSObject": reading.describe_sobject,
    "describeSObjects": reading.describe_sobjects,
    "getUpdated": reading.get_updated,
    "getDeleted": reading.get_deleted,
    "delete": writing.delete,
    "undelete": writing.undelete,
    "emptyRecycleBin": merging.empty_bin,
    "convertLead": merging.convert_lead,
}
WITH_RECORDS: Mapping[str, Operation] = {
    "query": reading.query,
    "queryAll": reading.query_all,
    "queryMore": reading.query_more,
    "search": reading.search,
    "retrieve": reading.retrieve,
    "create": writing.create,
    "update": writing.update,
    "upsert": writing.upsert,
    "merge": merging.merge,
}
NOT_SERVED = re.compile(
    r"describe\w+|process|send\w+|render\w+|findDuplicates\w*|perform\w+|retrieve\w+Templates|executeListView"
    r"|deleteByExample|changeOwnPassword"
)
"""The other operations of the partner WSDL."""
OPERATIONS = {"u": {**ANYWHERE, **WITH_RECORDS}, "c": ANYWHERE}
DIALECTS = {"u": PARTNER, "c": ENTERPRISE, "s": APEX}


def routes() -> list[Route]:
    return [
        Route(f"/services/Soap/{flavour}/{{version}}{organization}", partial(answer, flavour=flavour), methods=["POST"])
        for flavour in DIALECTS
        for organization in ("", "/{organization_id}")
    ]


async def answer(request: Request, *, flavour: str) -> Response:
    """The reply to one call, or a fault."""
    dialect = DIALECTS[flavour]
    try:
        call = await read_call(request)
        result = await _result_of(request, call, flavour)
    except SoapFault as fault:
        return fault_reply(dialect, fault)
    except OrgError as error:
        return fault_reply(dialect, fault_of(error))
    return reply(dialect, call.operation, result, header=_limit_info(org_of(request)))


async def _result_of(request: Request, call: Call, flavour: str) -> XmlValue:
    version = api_version(f"v{request.path_params['version']}")
    if version is None:
        raise SoapFault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    org = org_of(request)
    if flavour == "s":
        session_of(org, call)
        raise no_apex()
    if call.operation == "login":
        spend_call(org)
        return await run_in_threadpool(people.login, request, call, flavour, version)
    operation = OPERATIONS[flavour].get(call.operation)
    if operation is None:
        raise _not_served(call, flavour)
    session = session_of(org, call)
    request.state.session = session
    return await operation(Asked(request, call, session, version))


def _not_served(call: Call, flavour: str) -> SoapFault:
    if call.operation in WITH_RECORDS or NOT_SERVED.fullmatch(call.operation):
        endpoint = " at the enterprise endpoint" if flavour == "c" else ""
        return SoapFault("FUNCTIONALITY_NOT_ENABLED", f"The demo org does not answer {call.operation}{endpoint}")
    return no_such_operation(call)


def _limit_info(org: Org) -> dict[str, XmlValue]:
    used: XmlValue = {"current": org.allowance.used(org.clock()), "limit": org.allowance.most, "type": "API REQUESTS"}
    return {"LimitInfoHeader": {"limitInfo": used}}
