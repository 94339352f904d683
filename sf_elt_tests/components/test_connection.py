"""SalesforceConnection: which org it is for, and that no two of them log in as each other."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from sf_elt.components import SalesforceConnection
from sf_elt_tests.components.test_yaml import load_changed

FILE = "connection/defs.yaml"
SECOND = "type: sf_elt.components.SalesforceConnection\nattributes: {{name: sandbox, {}}}\n"


@pytest.mark.parametrize(
    ("org", "address"),
    [
        ("production", "https://login.salesforce.com"),
        ("sandbox", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.com/", "https://acme.my.salesforce.com"),
        ("https://acme--qa.sandbox.my.salesforce.com", "https://acme--qa.sandbox.my.salesforce.com"),
    ],
)
def test_an_org_is_an_address_to_log_in_at(org: str, address: str) -> None:
    """By its name or its My Domain; what the environment says goes before it."""
    resource = SalesforceConnection(name="acme", org=org, env_prefix="ACME_").resource()
    assert resource.login({}).login_url == address
    assert resource.login({"ACME_LOGIN_URL": "https://x.my.salesforce.com"}).login_url == "https://x.my.salesforce.com"
    assert resource.login({"SALESFORCE_LOGIN_URL": "https://x.my.salesforce.com"}).login_url == address


@pytest.mark.parametrize(
    ("org", "said"),
    [
        ("staging", "neither production, sandbox nor a My Domain"),
        ("acme.my.salesforce.com", "neither production"),
        ("http://acme.my.salesforce.com", "must begin with https://"),
        ("https://acme.lightning.force.com", "where pages are; Setup › My Domain names"),
        ("https://acme.my.salesforce.com/home", "neither production"),
        ("https://ops:s3cret@acme.my.salesforce.com", "'https://…@acme.my.salesforce.com' is neither production"),
    ],
)
def test_what_is_no_org_is_refused(org: str, said: str) -> None:
    """With what is accepted: pages are served elsewhere than logins, and credentials travel encrypted alone."""
    with pytest.raises(ValidationError, match=f"{said}.*accepted are production, sandbox and https://NAME"):
        SalesforceConnection(name="acme", org=org)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("env_prefix: SANDBOX_, org: sandbox, label: Ours, description: To try things out", "nothing"),
        ("org: sandbox", r"attributes\.name: the connections \w+ and \w+ have the same env_prefix, SALESFORCE_: each"),
        ("env_prefix: S_, org: sandbocks", r"connection/defs\.yaml:\d+ attributes\.org: .*'sandbocks' is neither"),
    ],
)
def test_several_connections_stand_beside_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str, said: str
) -> None:
    """Each with variables of its own; a mistake is told with file, line and attribute."""
    told = load_changed(
        tmp_path, FILE, "type:", SECOND.format(second).removeprefix("---\n") + "---\ntype:", monkeypatch
    )
    assert re.search(said, told, re.DOTALL), told
