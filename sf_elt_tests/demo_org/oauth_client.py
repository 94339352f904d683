"""An OAuth client for the tests: asks the token endpoint, and goes through the authorize page as a browser would.

reply = ask_token(details, grant_type="client_credentials", **app_of(details))
told = authorize(details)                       # logs in, allows, and reads the parameters of the callback
tokens = code_flow(details)                     # all of the web server flow, with PKCE
"""

import base64
import hashlib
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from sf_elt.demo_org.serve import Details

CALLBACK = "http://localhost:1717/OauthRedirect"
VERIFIER = "a-verifier-of-the-tests-that-has-at-least-43-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
NUMBER = re.compile(r'name="request" value="([^"]+)"')


def ask_token(details: Details, headers: dict[str, str] | None = None, **form: str) -> requests.Response:
    address = f"{details.instance_url}/services/oauth2/token"
    return requests.post(address, data=form, headers=headers, timeout=10)


def app_of(details: Details) -> dict[str, str]:
    """The org's own connected app."""
    return {"client_id": details.client_id, "client_secret": details.client_secret}


def data_status(details: Details, token: str) -> int:
    """What a data request with this token is answered with: 404 means that the token was good."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{details.instance_url}/services/data/v62.0/nowhere", headers=headers, timeout=10).status_code


class Browser:
    """Keeps cookies and follows no redirect away from the org."""

    def __init__(self, details: Details) -> None:
        self.details = details
        self.session = requests.Session()
        self.session.trust_env = False

    def open(self, **asked: str) -> requests.Response:
        """The authorize page; what is not given is asked as a well-behaved web app would."""
        usual = {"response_type": "code", "client_id": self.details.client_id, "redirect_uri": CALLBACK, "state": "s&1"}
        parameters = {name: value for name, value in (usual | asked).items() if value}
        address = f"{self.details.instance_url}/services/oauth2/authorize"
        return self.session.get(address, params=parameters, allow_redirects=False, timeout=10)

    def log_in(self, page: requests.Response, username: str = "", password: str = "") -> requests.Response:
        username, password = username or self.details.username, password or self.details.password
        return self.send(page, "login", username=username, password=password)

    def decide(self, page: requests.Response, decision: str = "allow") -> requests.Response:
        """Answers the consent page; an app that was allowed before has its answer already."""
        if page.status_code == 303:
            return page
        return self.send(page, "consent", decision=decision)

    def send(self, page: requests.Response, form: str, **fields: str) -> requests.Response:
        address = f"{self.details.instance_url}/services/oauth2/authorize/{form}"
        (number,) = NUMBER.findall(page.text)
        data = {"request": unescape(number), **fields}
        return self.session.post(address, data=data, allow_redirects=False, timeout=10)


def told(reply: requests.Response) -> dict[str, str]:
    """What the redirect to the callback tells the app, in the query or in the fragment."""
    assert reply.status_code == 303, reply.text
    parts = urlsplit(reply.headers["Location"])
    return dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True))


def authorize(details: Details, username: str = "", **asked: str) -> dict[str, str]:
    """Logs in and allows; what the app is told."""
    browser = Browser(details)
    return told(browser.decide(browser.log_in(browser.open(**asked), username)))


def code_flow(details: Details, username: str = "", **asked: str) -> dict[str, Any]:
    """The token reply of the web server flow with PKCE, without the app's secret."""
    code = authorize(details, username, code_challenge=CHALLENGE, **asked)["code"]
    reply = ask_token(details, **code_grant(details, code, client_id=asked.get("client_id", details.client_id)))
    assert reply.status_code == 200, reply.text
    tokens: dict[str, Any] = reply.json()
    return tokens


def code_grant(details: Details, code: str, /, **changed: str) -> dict[str, str]:
    usual = {"grant_type": "authorization_code", "client_id": details.client_id, "redirect_uri": CALLBACK}
    form = usual | {"code": code, "code_verifier": VERIFIER} | changed
    return {name: value for name, value in form.items() if value}
