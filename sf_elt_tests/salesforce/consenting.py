"""Somebody who opens the address of `sf-elt login` in a browser, logs in, and allows the app or not."""

import requests

from sf_elt.demo_org.serve import Details
from sf_elt_tests.demo_org.oauth_client import Browser


def sent_to(org: Details, address: str, decision: str = "allow") -> str:
    """The address that the browser is sent to in the end."""
    browser = Browser(org)
    page = browser.log_in(browser.session.get(address, allow_redirects=False, timeout=10))
    return browser.decide(page, decision).headers["Location"]


def come_back(org: Details, address: str, decision: str = "allow") -> requests.Response:
    """Goes there, as a browser does; what it is shown."""
    return visit(sent_to(org, address, decision))


def visit(address: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(address, timeout=10)
