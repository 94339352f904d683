"""Replies that no API of an org gives: whatever stands before it does."""

from urllib.parse import urlsplit

import requests

from sf_elt.salesforce.errors import OrgUnavailable


def refuse_redirect(response: requests.Response, where: str) -> None:
    """Nobody is sent elsewhere with what a request holds: a session, a password, records. No API of the org does so."""
    if response.is_redirect:
        elsewhere = _host_in(response.headers["Location"]) or "another path"
        raise OrgUnavailable(
            f"{where}: {response.status_code} sends us to {elsewhere}, and we do not go: is there a proxy, or a "
            "maintenance page? If the org has moved, set SALESFORCE_LOGIN_URL or SALESFORCE_INSTANCE_URL",
            status=response.status_code,
        )


def refuse_part(response: requests.Response, where: str) -> None:
    """No answer is in 304 (nothing is new), in a 302 to nowhere, or in 206, which is a part that nobody asked for."""
    if response.status_code == 206 or 300 <= response.status_code < 400:
        raise OrgUnavailable(
            f"{where}: {response.status_code}, which Salesforce does not answer with: is there a proxy that keeps "
            "answers of its own?",
            status=response.status_code,
        )


def _host_in(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return "what is no address"
