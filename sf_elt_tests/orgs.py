"""Reaching a demo org with the real client.

sf = client(details)                                   # session id
sf = client(details, how="password")                   # SOAP login
levers(details).plan({"path": "/query", "reply": {"status": 503}})
"""

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

from sf_elt.demo_org.serve import Details

How = Literal["session", "password", "connected app", "jwt", "client credentials"]


class _PlainHttp(HTTPAdapter):
    """simple-salesforce writes https:// and salesforce.com into its addresses: every one of them goes to the org."""

    def __init__(self, instance_url: str) -> None:
        self._instance_url = instance_url
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.url = self._instance_url + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **kwargs)


def session_to(details: Details) -> requests.Session:
    """A session that takes https:// addresses to the org over plain HTTP."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _PlainHttp(details.instance_url))
    return session


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
    return Salesforce(version=version, session=session_to(details), **(ways[how] | changed))


@dataclass(frozen=True)
class Levers:
    """The org's levers under /demo/."""

    instance_url: str

    def calls(self) -> list[dict[str, Any]]:
        """Every call since the last `forget_calls`, oldest first."""
        calls: list[dict[str, Any]] = requests.get(f"{self.instance_url}/demo/calls", timeout=10).json()["calls"]
        return calls

    def forget_calls(self) -> None:
        requests.delete(f"{self.instance_url}/demo/calls", timeout=10).raise_for_status()

    def plan(self, *faults: dict[str, Any]) -> None:
        """Plans faults (see sf_elt/demo_org/faults.py)."""
        requests.post(f"{self.instance_url}/demo/faults", json=list(faults), timeout=10).raise_for_status()

    def forget_faults(self) -> None:
        requests.delete(f"{self.instance_url}/demo/faults", timeout=10).raise_for_status()

    def limit(self, most: int | None = None, *, give_back: bool = False) -> None:
        """Sets DailyApiRequests; `give_back` forgets what was spent."""
        body = ({} if most is None else {"DailyApiRequests": most}) | ({"used": 0} if give_back else {})
        requests.post(f"{self.instance_url}/demo/limits", json=body, timeout=10).raise_for_status()

    def advance(self, seconds: float) -> None:
        """Moves the org's clock forward."""
        move = {"advance_seconds": seconds}
        requests.post(f"{self.instance_url}/demo/clock", json=move, timeout=10).raise_for_status()

    def end_sessions(self) -> None:
        requests.delete(f"{self.instance_url}/demo/sessions", timeout=10).raise_for_status()


def levers(details: Details) -> Levers:
    return Levers(details.instance_url)
