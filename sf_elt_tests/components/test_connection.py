"""SalesforceConnection: which org it is for, and that no two of them log in as each other."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from sf_elt.components import SalesforceConnection
from sf_elt.salesforce import AllowanceSpent, AuthenticationFailed, OrgUnavailable
from sf_elt.salesforce.connection.refused_logins import with_advice
from sf_elt.warehouse import JobMeter, Warehouse
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


@pytest.mark.parametrize("prefix", ["SANDBOX_", "SALESFORCE_EU_", "MY_SALESFORCE_"])
def test_an_error_names_the_variables_of_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    """Also where a run hears of it, and no command; and each name once, whatever the prefix has in common with ours."""
    resource = SalesforceConnection(name="acme", org="production", env_prefix=prefix).resource()
    meter = JobMeter(Warehouse(tmp_path).calls(), "import:test", "nobody")
    with pytest.raises(AuthenticationFailed) as nothing_given, resource.org(meter):
        pass
    assert f" {prefix}USERNAME with {prefix}PASSWORD and {prefix}SECURITY_TOKEN," in str(nothing_given.value)
    monkeypatch.setenv(f"{prefix}LOGIN_URL", "http://acme.my.salesforce.com")
    with pytest.raises(AuthenticationFailed, match=f"^{prefix}LOGIN_URL: .* unencrypted") as refused:
        resource.login()
    assert f"{prefix}{prefix}" not in with_advice(refused.value, prefix)
    monkeypatch.setenv(f"{prefix}LOGIN_URL", "https://acme.my.salesforce.com")
    monkeypatch.setenv(f"{prefix}INSTANCE_URL", "https://acme.my.salesforce.com")
    monkeypatch.setenv(f"{prefix}ACCESS_TOKEN", "00D")
    with (
        pytest.raises(OrgUnavailable, match=f"^moved: set {prefix}LOGIN_URL or {prefix}INSTANCE_URL$"),
        resource.org(meter),
    ):
        raise OrgUnavailable("moved: set SALESFORCE_LOGIN_URL or SALESFORCE_INSTANCE_URL")
    until = datetime(2026, 1, 2, tzinfo=UTC)
    with pytest.raises(AllowanceSpent) as spent, resource.org(meter):
        raise AllowanceSpent("no calls", until=until)
    assert (str(spent.value), spent.value.until) == ("no calls", until)
