"""Logging in: four ways, clear refusals, and no secret where it could be read."""

import traceback
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import AuthenticationFailed, Login, Org, OrgUnavailable, connect, count
from sf_elt_tests.orgs import levers
from sf_elt_tests.salesforce.conftest import QUICK, Meter, renewable


def _logins(org: Details) -> Mapping[str, Login]:
    user = {"login_url": org.instance_url, "username": org.username}
    return {
        "token": Login(instance_url=org.instance_url, access_token=org.access_token),
        "soap": Login(**user, password=org.password, security_token=org.security_token),
        "key": Login(**user, consumer_key=org.client_id, private_key_file=Path(org.jwt_private_key_file)),
        "app": Login(**user, password=org.password, consumer_key=org.client_id, consumer_secret=org.client_secret),
    }


@pytest.mark.parametrize("way", ["token", "soap", "key", "app"])
def test_each_way_in_reads_the_org(org: Details, way: str) -> None:
    """Token, SOAP, JWT bearer and OAuth password all end in a session on plain HTTP that reads records."""
    with closing(connect(_logins(org)[way], patience=QUICK)) as connected:
        assert count(connected, "Lead") > 0


def test_a_host_may_be_typed_in_capital_letters(org: Details) -> None:
    """ACME.my.salesforce.com is acme.my.salesforce.com: the session goes with each request to it."""
    typed = org.instance_url.replace("http://127.0.0.1", "HTTP://LOCALHOST")
    for login in (replace(_logins(org)["token"], instance_url=typed), replace(_logins(org)["key"], login_url=typed)):
        with closing(connect(login, patience=QUICK)) as connected:
            assert count(connected, "Lead") > 0


def test_an_answer_to_a_login_that_breaks_off_is_no_answer(org: Details) -> None:
    """Half of the SOAP reply, in an answer that ends as if it were whole: it may be tried again."""
    levers(org).faults.plan({"preset": "malformed_json", "path": "/Soap/", "times": None})
    with pytest.raises(OrgUnavailable, match="answers a login with what breaks off; run it again"):
        connect(replace(_logins(org)["soap"], api_version="61.0"), patience=QUICK)  # no session is open for it


def test_the_environment_describes_a_login(org: Details) -> None:
    """SALESFORCE_… variables are read; an empty one counts as not set, and a file's last newline does not count."""
    login = Login.from_env(
        {
            "SALESFORCE_LOGIN_URL": org.instance_url,
            "SALESFORCE_USERNAME": org.username,
            "SALESFORCE_PASSWORD": org.password + "\n",
            "SALESFORCE_SECURITY_TOKEN": org.security_token,
            "SALESFORCE_INSTANCE_URL": "",
        }
    )
    assert login == _logins(org)["soap"]


def test_a_wrong_password_is_said_in_salesforces_words(org: Details) -> None:
    """The error names the user and the login address, and holds no secret anywhere in its traceback."""
    login = Login(login_url=org.instance_url, username=org.username, password="wrong-" * 3, security_token="tok-en")
    with pytest.raises(AuthenticationFailed, match=rf"{org.username}.*INVALID_LOGIN|Invalid username") as caught:
        connect(login, patience=QUICK)
    told = "".join(traceback.format_exception(caught.value)) + repr(login)
    assert "wrong-wrong" not in told
    assert "tok-en" not in told


def test_an_incomplete_login_says_what_is_missing() -> None:
    """Names of what was given, never values, and the three ways to complete it."""
    login = Login(username="ada@example.com", security_token="s3cret")
    with pytest.raises(AuthenticationFailed, match=r"SALESFORCE_PASSWORD.*Given: username, security_token") as caught:
        connect(login)
    assert "s3cret" not in str(caught.value)


def test_a_private_key_that_is_none_is_refused(org: Details, tmp_path: Path) -> None:
    """A missing file and a file that holds something else are both errors of the login, without the content."""
    file = tmp_path / "key.pem"
    login = Login(login_url=org.instance_url, username=org.username, consumer_key=org.client_id, private_key_file=file)
    with pytest.raises(AuthenticationFailed, match="cannot be read"):
        connect(login, patience=QUICK)
    file.write_text("s3cret")
    with pytest.raises(AuthenticationFailed, match="no RSA key") as caught:
        connect(login, patience=QUICK)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_a_version_is_understood_as_people_write_it() -> None:
    """62, v62.0 and 62.0 are one version; what is none is refused before anything is asked."""
    assert {Login(api_version=each).api_version for each in ("62", "62.0", "v62", "v62.0")} == {"62.0"}
    with pytest.raises(AuthenticationFailed, match=r"'latest' is no version of the API like 62\.0"):
        Login(api_version="latest")


def test_a_token_that_cannot_travel_is_refused() -> None:
    """A line end or an umlaut in it would break in the middle of a run."""
    for token in ("00D!a\nb", "00D!ä"):
        with pytest.raises(AuthenticationFailed, match="access_token") as caught:
            Login(instance_url="https://x.my.salesforce.com", access_token=token)
        assert token not in str(caught.value)


@pytest.mark.parametrize("address", ["http://example.com", "example.my.salesforce.com", "ftp://x"])
def test_an_address_that_would_leak_or_fail_is_refused(address: str) -> None:
    """Plain HTTP is for this machine only."""
    with pytest.raises(AuthenticationFailed, match="login_url"):
        Login(login_url=address)


def test_nobody_there_is_a_clear_error(org: Details) -> None:
    """A refused connection is tried a few times, then named with its setting, without the person in the query."""
    login = Login(instance_url="http://127.0.0.1:9", access_token="x")
    with (
        closing(connect(login, patience=QUICK)) as connected,
        pytest.raises(OrgUnavailable, match=r"GET.*refused.*is SALESFORCE_INSTANCE_URL right") as caught,
    ):
        count(connected, "Lead", "Email = 'ada@example.com'")
    with pytest.raises(OrgUnavailable, match=r"^POST \S+: Failed to .*127.0.0.1:9: is SALESFORCE_LOGIN_URL right"):
        connect(Login(login_url="http://127.0.0.1:9", username="ada", password="x"), patience=QUICK)
    assert "ada%40" not in "".join(traceback.format_exception(caught.value))


def test_an_ended_session_is_opened_anew_once(own_org: Details, meter: Meter) -> None:
    """401 INVALID_SESSION_ID: log in again, repeat, go on; each of the three calls is counted."""
    with closing(connect(renewable(own_org), meter, patience=QUICK)) as connected:
        count(connected, "Lead")
        levers(own_org).end_sessions()
        meter.calls.clear()
        assert count(connected, "Lead") > 0
    assert [path.rsplit("/", 2)[1] for _, path in meter.calls] == ["query", "u", "query"]


def test_an_ended_session_that_cannot_be_renewed_says_so(own_org: Details) -> None:
    """With only a token there is nothing to log in with."""
    with closing(connect(_logins(own_org)["token"], patience=QUICK)) as connected:
        levers(own_org).end_sessions()
        with pytest.raises(AuthenticationFailed, match="INVALID_SESSION_ID"):
            count(connected, "Lead")


def test_an_expired_password_is_not_answered_by_logging_in_again(org: Details, connected: Org, meter: Meter) -> None:
    """INVALID_OPERATION_WITH_EXPIRED_PASSWORD: one call, and words that help."""
    body = [{"errorCode": "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "message": "The users password has expired"}]
    levers(org).faults.plan({"path": "/query", "reply": {"status": 401, "body": body}, "times": None})
    with pytest.raises(AuthenticationFailed, match="password has expired: set a new one"):
        count(connected, "Lead")
    assert len(meter.calls) == 1
