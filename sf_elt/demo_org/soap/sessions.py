"""Who calls: the session in the SOAP header, and a call left in the day's allowance."""

from sf_elt.demo_org.auth.sessions import Session
from sf_elt.demo_org.org import Org
from sf_elt.demo_org.soap.envelope import Call, SoapFault


def session_of(org: Org, call: Call) -> Session:
    """The live session of the call, which costs one call of the allowance. Raises SoapFault where there is none."""
    session = org.sessions.find(call.session_id, org.clock())
    if session is None:
        raise SoapFault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    spend_call(org)
    return session


def spend_call(org: Org) -> None:
    """Takes one call off the allowance. Raises SoapFault where none is left."""
    if not org.allowance.spend(org.clock()):
        raise SoapFault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
