"""What sessions and the allowance look like from outside, whichever API is asked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
import requests

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bulk_jobs import V1, V2, ask
from sf_elt_tests.demo_org.oauth_client import app_of, ask_token, code_flow
from sf_elt_tests.demo_org.soap_client import Fault, soap
from sf_elt_tests.demo_org.wire import V62
from sf_elt_tests.orgs import levers

EXPIRED = "INVALID_OPERATION_WITH_EXPIRED_PASSWORD"
DAY = 24 * 3600


@pytest.fixture(scope="module")
def shared() -> Iterator[Details]:
    """An org that no test changes."""
    with running_org(records=0) as details:
        yield details


def test_a_jwt_brings_a_session_and_no_refresh_token(shared: Details) -> None:
    """JWT bearer: an access token with its addresses comes back, and nothing to refresh it with."""
    claims = {
        "iss": shared.client_id,
        "sub": shared.username,
        "aud": "https://login.salesforce.com",
        "exp": int((datetime.now(UTC) + timedelta(seconds=170)).timestamp()),
    }
    assertion = jwt.encode(claims, Path(shared.jwt_private_key_file).read_bytes(), algorithm="RS256")
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    tokens = ask_token(shared, grant_type=grant, assertion=assertion).json()
    assert {"access_token", "instance_url", "id", "token_type", "scope"} <= set(tokens)
    assert "refresh_token" not in tokens


def test_refreshing_does_not_cure_an_expired_password(empty_org: Details) -> None:
    """Every API refuses a user whose password has expired, with new sessions too, until setPassword sets a new one."""
    refresh_token = code_flow(empty_org)["refresh_token"]
    address = f"{empty_org.instance_url}/demo/users"
    requests.post(
        address, json={"username": empty_org.username, "password_expired": True}, timeout=10
    ).raise_for_status()
    refreshed = ask_token(empty_org, grant_type="refresh_token", refresh_token=refresh_token, **app_of(empty_org))
    session = refreshed.json()["access_token"]
    token = {"Authorization": f"Bearer {session}", "X-SFDC-Session": session}
    for path in (f"{V62}/query?q=SELECT+Id+FROM+Lead", f"{V2}/query"):
        reply = ask(empty_org, path, headers=token)
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (401, EXPIRED)
    assert ask(empty_org, V1, "POST", json={"operation": "query", "object": "Lead"}, headers=token).status_code == 400
    with pytest.raises(Fault) as refused:
        soap(empty_org, "getUserInfo", token=session)
    assert refused.value.code == EXPIRED
    identity = requests.get(f"{empty_org.instance_url}/services/oauth2/userinfo", headers=token, timeout=10).json()
    soap(empty_org, "setPassword", {"userId": identity["user_id"], "password": "another-1"}, token=session)
    assert ask(empty_org, f"{V62}/limits", headers=token).status_code == 200


def test_calls_that_leave_the_day_lower_the_usage(empty_org: Details) -> None:
    """Sforce-Limit-Info goes down by itself: calls leave the last 24 hours one after the other."""
    org = levers(empty_org)

    def usage() -> int:
        token = ask_token(empty_org, grant_type="client_credentials", **app_of(empty_org)).json()["access_token"]
        reply = ask(empty_org, f"{V62}/limits", headers={"Authorization": f"Bearer {token}"})
        used, _, most = reply.headers["Sforce-Limit-Info"].removeprefix("api-usage=").partition("/")
        assert int(most) > 1000
        return int(used)

    seen = [usage(), usage(), usage()]
    org.advance(DAY / 2)
    seen += [usage(), usage()]
    org.advance(DAY / 2 + 60)
    seen += [usage()]
    assert seen == [1, 2, 3, 4, 5, 3]


def test_the_usage_may_lag_behind(empty_org: Details) -> None:
    """Servers of one org count for themselves for a while: a later reply may tell fewer calls than an earlier one."""
    levers(empty_org).faults.plan({"preset": "late_usage", "after": 3})
    seen = [ask(empty_org, f"{V62}/limits").headers["Sforce-Limit-Info"] for _ in range(5)]
    assert seen == [f"api-usage={used}/100000" for used in (1, 2, 3, 2, 5)]
