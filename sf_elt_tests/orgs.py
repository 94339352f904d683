"""Reaching a demo org with the real client.

sf = client(details)                                   # session id
sf = client(details, how="password")                   # SOAP login
levers(details).faults.plan({"path": "/query", "reply": {"status": 503}})
"""

from typing import Any, Literal

from simple_salesforce import Salesforce

from sf_elt.demo_org.levers import Levers
from sf_elt.demo_org.plain_http import plain_http_session
from sf_elt.demo_org.serve import Details

How = Literal["session", "password", "connected app", "jwt", "client credentials"]


def client(details: Details, *, how: How = "session", version: str = "62.0", **changed: Any) -> Salesforce:
    """simple-salesforce, unpatched, logged in to the org one of its five ways; `changed` replaces login arguments."""
    app = {"consumer_key": details.client_id}
    secret = app | {"consumer_secret": details.client_secret}
    user = {"username": details.username}
    ways: dict[How, dict[str, Any]] = {
        "session": {"session_id": details.access_token, "instance_url": details.instance_url},
        "password": user | {"password": details.password, "security_token": details.security_token},
        "connected app": user | secret | {"password": details.password},
        "jwt": user | app | {"privatekey_file": details.jwt_private_key_file},
        "client credentials": secret | {"domain": "demo.my"},
    }
    return Salesforce(version=version, session=plain_http_session(details.instance_url), **(ways[how] | changed))


def levers(details: Details) -> Levers:
    """The org's levers under /demo/."""
    return Levers(details.instance_url)
