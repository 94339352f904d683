"""Who calls: the session in the SOAP header, and a call left in the day's allowance."""

import base64
import hashlib

from sf_elt.demo_org.auth.api_session import api_session
from sf_elt.demo_org.auth.sessions import Session
from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.org import Org
from sf_elt.demo_org.soap.envelope import Call, SoapFault, fault_of

WITH_EXPIRED_PASSWORD = ("setPassword", "logout")
"""The calls that somebody whose password has expired may make."""


def session_of(org: Org, call: Call) -> Session:
    """The live session of the call, which costs one call of the allowance. Raises SoapFault where there is none."""
    try:
        session = api_session(org, call.session_id, api="SOAP")
    except OrgError as error:
        if error.code == "INVALID_SESSION_ID":
            raise SoapFault("INVALID_SESSION_ID", _illegal_session(call.session_id)) from error
        expired = error.code == "INVALID_OPERATION_WITH_EXPIRED_PASSWORD" and call.operation in WITH_EXPIRED_PASSWORD
        found = org.sessions.find(call.session_id, org.clock()) if expired else None
        if found is None:
            raise fault_of(error) from error
        session = found
    spend_call(org)
    return session


def spend_call(org: Org) -> None:
    """Takes one call off the allowance. Raises SoapFault where none is left."""
    if not org.allowance.spend(org.clock()):
        raise SoapFault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def _illegal_session(token: str) -> str:
    """As in recorded traffic."""
    refused = "Invalid Session ID found in SessionHeader: Illegal Session"
    if not token:
        return refused
    key = base64.b64encode(hashlib.sha256(token.encode(errors="replace")).digest()).decode()
    return (
        f"{refused}. Session not found, missing session hash: {key}\n"
        "This error usually occurs after a session expires or a user logs out. "
    )
