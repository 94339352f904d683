"""Calls of the SOAP API as any client writes them, and their replies as nested dictionaries."""

import gzip
from typing import Any
from xml.sax.saxutils import escape

import requests
from defusedxml.ElementTree import fromstring

from sf_elt.demo_org.serve import Details

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
PARTNER = "urn:partner.soap.sforce.com"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<e:Header xmlns="{urn}">{header}</e:Header><e:Body xmlns="{urn}">{body}</e:Body></e:Envelope>'
)


class Fault(Exception):
    """A SOAP fault: its code without the prefix, its message, and the name of its detail."""

    def __init__(self, code: str, message: str, kind: str | None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.kind = kind


def xml(name: str, value: Any) -> str:
    """An element; a list makes several, a mapping one with children, None a nil one."""
    if isinstance(value, list):
        return "".join(xml(name, each) for each in value)
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, dict):
        return f"<{name}>{''.join(xml(key, each) for key, each in value.items())}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"


def soap(
    org: Details,
    operation: str,
    arguments: dict[str, Any] | None = None,
    *,
    token: str | None = None,
    headers: dict[str, Any] | None = None,
    path: str = "u/62.0",
    packed: bool = False,
) -> list[Any]:
    """The results of a call. Raises Fault. `packed` sends it with gzip."""
    session = xml("SessionHeader", {"sessionId": org.access_token if token is None else token})
    header = session + "".join(xml(name, value) for name, value in (headers or {}).items())
    urn = PARTNER if path.startswith("u") else "urn:enterprise.soap.sforce.com"
    envelope = ENVELOPE.format(urn=urn, header=header, body=xml(operation, arguments or {})).encode()
    reply = requests.post(
        f"{org.instance_url}/services/Soap/{path}",
        data=gzip.compress(envelope) if packed else envelope,
        headers={"Content-Type": "text/xml", "SOAPAction": '""'} | ({"Content-Encoding": "gzip"} if packed else {}),
        timeout=20,
    )
    found = read(fromstring(reply.content))["Body"]
    if reply.status_code != 200:
        assert reply.status_code == 500
        fault = found["Fault"]
        detail = next(iter(fault.get("detail", {})), None)
        raise Fault(fault["faultcode"].rpartition(":")[2], fault["faultstring"], detail)
    return as_list(found[f"{operation}Response"].get("result"))


def read(found: Any) -> Any:
    """An element as text, None for nil, or a dictionary of its children; children of one name become a list."""
    if found.get(NIL) == "true":
        return None
    if len(found) == 0:
        return (found.text or "") if found.text or not found.tag.endswith(("Response", "detail", "Body")) else {}
    members: dict[str, Any] = {}
    for each in found:
        name, value = each.tag.rpartition("}")[2], read(each)
        members[name] = [*as_list(members[name]), value] if name in members else value
    return members


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
