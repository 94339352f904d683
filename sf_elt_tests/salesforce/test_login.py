"""Signing in over HTTP: each way, each reason why an org says no, and sessions that are renewed once for everybody."""

import errno
import json
import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import keyring
import pytest
import requests
from filelock import FileLock, Timeout
from keyring.backends.null import Keyring as NoKeyring

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import AuthenticationFailed, Login, OrgUnavailable, SalesforceError, connect, count
from sf_elt.salesforce.connection import keys, oauth, signing_in
from sf_elt.salesforce.connection.callback import Callback, Take
from sf_elt.salesforce.connection.kept_login import Kept, KeptLogin
from sf_elt.salesforce.connection.keys import new_key_pair
from sf_elt.salesforce.connection.oauth import Granted
from sf_elt.salesforce.connection.private_file import write_new_private
from sf_elt.salesforce.connection.refused_logins import what_to_do
from sf_elt.salesforce.connection.renewing import keep_what_is_held, kept_session
from sf_elt.salesforce.connection.sealing import new_token_key
from sf_elt.salesforce.connection.signing_in import forget, keep, sign_in, sign_in_by_browser, sign_out
from sf_elt.salesforce.connection.transport import OrgTransport
from sf_elt_tests.orgs import levers
from sf_elt_tests.ports import free_port
from sf_elt_tests.safety.hostile import hostile, reply
from sf_elt_tests.salesforce.conftest import QUICK
from sf_elt_tests.salesforce.consenting import come_back, sent_to, visit

APP = {
    "name": "sf_elt",
    "client_id": "app-that-rotates",
    "callback_urls": ["http://localhost:*"],
    "scopes": ["api", "refresh_token"],
    "refresh_tokens": "rotate",
    "pkce_required": True,
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SF_ELT_TOKEN_KEY", new_token_key())
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def place(tmp_path: Path) -> KeptLogin:
    return KeptLogin(tmp_path / "logins", "salesforce")


@pytest.fixture
def callback() -> Callback:
    return Callback(f"http://localhost:{free_port()}/callback")


@pytest.fixture
def app(org: Details) -> Login:
    """An app whose refresh tokens count once."""
    levers(org).add_app(**APP)
    return Login(login_url=org.instance_url, consumer_key=str(APP["client_id"]))


@pytest.fixture
def signed_in(org: Details, app: Login, callback: Callback, place: KeptLogin) -> Kept:
    kept = _in_browser(app, callback, lambda address, _: come_back(org, address))
    keep(place, kept)
    return kept


def test_a_login_in_the_browser_reads_the_org(org: Details, app: Login, callback: Callback, place: KeptLogin) -> None:
    """With PKCE and a state; who logged in is known, the browser is told that it is done, and no secret is shown."""
    pages = []
    asked = []

    def show(address: str, take: Take) -> None:
        asked.append(parse_qs(urlsplit(address).query))
        pages.append(come_back(org, address))

    kept = _in_browser(app, callback, show)
    keep(place, kept)
    assert (kept.way, kept.username, kept.instance_url) == ("browser", org.username, org.instance_url)
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert asked[0]["redirect_uri"] == [callback.url]
    assert "sf_elt has the answer" in pages[0].text
    with closing(connect(_login(org, place), patience=QUICK)) as connected:
        assert count(connected, "Lead") > 0
    assert (kept.refresh_token or "?") not in repr(kept) + place.file.read_text()


def test_an_address_is_taken_where_it_is_pasted(org: Details, app: Login, callback: Callback) -> None:
    """From a browser on another machine; what is no such address is refused and waited on."""

    def show(address: str, take: Take) -> None:
        assert "begins with" in take("https://example.com/?code=1")
        assert "neither a code" in take(f"{callback.url}?state={parse_qs(urlsplit(address).query)['state'][0]}")
        assert take(f"  {sent_to(org, address)}\n") == ""

    assert _in_browser(app, callback, show).username == org.username


def test_another_state_is_not_taken(org: Details, app: Login, callback: Callback) -> None:
    """A page that somebody made up, and other addresses there, neither end nor replace the login that is waited for."""

    def show(address: str, take: Take) -> None:
        assert visit(f"{callback.url}?code=stolen&state=made-up").status_code == 400
        assert visit(f"{callback.url}?").status_code == 404
        assert visit(callback.url.replace("/callback", "/favicon.ico")).status_code == 404
        said = requests.request("SURPRISE", callback.url, timeout=10)
        assert (said.status_code, "SURPRISE" in said.text + said.reason) == (501, False)
        come_back(org, address)

    assert _in_browser(app, callback, show).username == org.username
    with pytest.raises(AuthenticationFailed, match=r"within 0 seconds.*state is not that of this login.*mismatch"):
        _in_browser(app, callback, lambda *_: visit(f"{callback.url}?code=stolen&state=made-up"), patience=0.2)


def test_a_user_who_says_no(org: Details, callback: Callback) -> None:
    """In the org's words, and what to do."""
    levers(org).add_app(**APP | {"client_id": "unwanted"})
    app = Login(login_url=org.instance_url, consumer_key="unwanted")
    said = _refused(lambda: _in_browser(app, callback, lambda address, _: come_back(org, address, "deny")))
    assert "access_denied: end-user denied authorization" in said
    assert "choose Allow" in said


def test_a_busy_port_names_it_and_what_to_do(app: Login, callback: Callback) -> None:
    """Nobody is sent to the browser where the answer could not come back."""
    with socket.create_server(("127.0.0.1", callback.port)):
        said = _refused(lambda: _in_browser(app, callback, lambda *_: pytest.fail("shown")))
    assert f"port {callback.port} of this machine" in said
    assert "SALESFORCE_CALLBACK_URL" in said


@pytest.mark.parametrize(
    "url",
    ["https://localhost:1717/callback", "http://example.com:1717/", "http://localhost/x", "http://localhost:1717"],
)
def test_a_callback_is_of_this_machine_with_a_port_and_a_path(url: str) -> None:
    """Salesforce compares it to the letter."""
    with pytest.raises(AuthenticationFailed, match="callback_url"):
        Callback(url)


def test_a_callback_that_is_not_the_apps_is_told_before_anybody_is_sent_there(
    org: Details, callback: Callback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Salesforce shows it to the user and tells the app nothing; so does an app that it does not know yet."""
    levers(org).add_app(**APP | {"client_id": "strict", "callback_urls": ["http://localhost:1717/callback"]})
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # which nothing on this machine goes through
    app = Login(login_url=org.instance_url, consumer_key="strict")
    said = _refused(lambda: _in_browser(app, callback, lambda *_: pytest.fail("shown")))
    assert f"callback URL {callback.url}" in said
    assert "redirect_uri_mismatch" in said
    assert "Set the callback URL of the app to the letter" in said
    unknown = replace(app, consumer_key="made-a-minute-ago")
    said = _refused(lambda: _in_browser(unknown, callback, lambda *_: pytest.fail("shown")))
    assert "invalid_client_id" in said
    assert "A new app can take ten minutes to work" in said


def test_a_login_page_that_does_not_end_is_not_waited_for(
    org: Details, app: Login, callback: Callback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at before anybody is sent there, for as long as a reply may take."""
    monkeypatch.setenv("SF_ELT_REPLY_SECONDS", "1")
    levers(org).faults.plan({"path": "/oauth2/authorize", "trickle": 10})
    with pytest.raises(SalesforceError, match="had not come whole after 1 seconds"):
        _in_browser(app, callback, lambda *_: pytest.fail("shown"))


def test_an_app_without_refresh_tokens_is_no_login_to_keep(org: Details, callback: Callback) -> None:
    """It would end by night; its session is revoked."""
    levers(org).add_app(**APP | {"client_id": "forgetful", "refresh_tokens": "never"})
    app = Login(login_url=org.instance_url, consumer_key="forgetful")
    said = _refused(lambda: _in_browser(app, callback, lambda address, _: come_back(org, address)))
    assert "no refresh token" in said
    assert "offline_access" in said
    assert levers(org).calls.all(path="/oauth2/revoke", status="200")


def test_a_code_is_spent_once_and_a_lost_answer_is_not_repeated(org: Details, app: Login, callback: Callback) -> None:
    """A second use would be refused, and could revoke what the first one gave."""
    levers(org).faults.plan({"preset": "lost_answer", "path": "/oauth2/token"})
    with pytest.raises(OrgUnavailable):
        _in_browser(app, callback, lambda address, _: come_back(org, address))
    assert len(levers(org).calls.all(path="/oauth2/token")) == 1


def test_a_key_pair_of_ours_logs_in(org: Details, place: KeptLogin) -> None:
    """The certificate is what the app gets, the key never leaves; without the file the login goes on."""
    made = new_key_pair(place.folder, "salesforce", lasts=timedelta(days=1))
    _app_with_certificate(org, made.certificate_file.read_text(), approved_users=[org.username])
    keep(place, sign_in("JWT key", _key_login(org, made.key_file)))
    made.key_file.unlink()
    levers(org).end_sessions()
    with closing(connect(_login(org, place), patience=QUICK)) as connected:
        assert count(connected, "Lead") > 0
    with pytest.raises(FileExistsError, match=r"salesforce\.crt is there already"):
        new_key_pair(place.folder, "salesforce", lasts=timedelta(days=1))


def test_a_key_without_its_certificate_is_not_left(place: KeptLogin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full between the two: the next try makes both. And no pipe is waited for in a key's place."""

    def full(file: Path, content: bytes) -> None:
        if file.suffix == ".crt":
            raise OSError(errno.ENOSPC, "No space left on device", str(file))
        write_new_private(file, content)

    with monkeypatch.context() as patched:
        patched.setattr(keys, "write_new_private", full)
        with pytest.raises(OSError, match="No space left"):
            new_key_pair(place.folder, "salesforce", lasts=timedelta(days=1))
    assert new_key_pair(place.folder, "salesforce", lasts=timedelta(days=1)).key_file.is_file()
    os.mkfifo(pipe := place.folder / "pipe")
    app = Login(username="ada", consumer_key="app", private_key_file=pipe)
    with pytest.raises(AuthenticationFailed, match=r"private key cannot be read: .*it is no file but a pipe"):
        sign_in("JWT key", app)


def test_a_user_who_was_not_pre_authorised(org: Details) -> None:
    """For a key there is no page to consent on."""
    _app_with_certificate(org, Path(org.jwt_private_key_file).read_text(), from_key=True)
    said = _refused(lambda: sign_in("JWT key", _key_login(org, Path(org.jwt_private_key_file))))
    assert "user hasn't approved this consumer" in said
    assert "Pre-authorize the user" in said


def test_a_user_whom_the_app_is_not_for(org: Details, callback: Callback) -> None:
    """In the browser, too, an app can be for those alone whom an administrator has approved."""
    levers(org).add_app(**APP | {"client_id": "for-few", "permitted_users": "admin-approved"})
    app = Login(login_url=org.instance_url, consumer_key="for-few")
    said = _refused(lambda: _in_browser(app, callback, lambda address, _: come_back(org, address)))
    assert "not admin approved" in said
    assert "Select the user's permission set" in said


@pytest.mark.parametrize(("ahead", "where"), [(600, "behind"), (-600, "ahead of")])
def test_a_wrong_clock_says_by_how_much(org: Details, ahead: int, where: str) -> None:
    """A signature is good for minutes: the org's Date header tells what is wrong."""
    login = Login(
        login_url=org.instance_url,
        username=org.username,
        consumer_key=org.client_id,
        private_key_file=Path(org.jwt_private_key_file),
    )
    levers(org).let_clock_differ(ahead)
    try:
        said = _refused(lambda: sign_in("JWT key", login))
    finally:
        levers(org).let_clock_differ(0)
    assert f"s {where} the org's" in said
    assert any(f"This machine's clock is {600 + off} s" in said for off in (-1, 0, 1))
    assert "NTP" in said


def test_the_app_itself_logs_in_at_its_my_domain(org: Details, place: KeptLogin) -> None:
    """Client credentials, from a kept login and from the environment; renewed by themselves."""
    app = {"SALESFORCE_CONSUMER_KEY": org.client_id, "SALESFORCE_CONSUMER_SECRET": org.client_secret}
    environment = app | {"SALESFORCE_LOGIN_URL": org.instance_url, "SALESFORCE_API_VERSION": "61.0"}
    keep(place, sign_in("client credentials", Login.from_env(environment)))
    levers(org).end_sessions()
    for login in (_login(org, place), Login.from_env(environment)):
        with closing(connect(login, patience=QUICK)) as connected:
            assert count(connected, "Lead") > 0
    about = place.about
    assert about is not None
    assert (about.way, about.username) == ("client credentials", org.username)
    wrong = Login.from_env(environment | {"SALESFORCE_CONSUMER_SECRET": "not-it"})
    said = _refused(lambda: sign_in("client credentials", wrong))
    assert "invalid client credentials" in said
    assert "or the consumer secret, is not that of the app" in said
    assert "not-it" not in said


def test_a_password_that_is_kept_logs_in_again(org: Details, place: KeptLogin) -> None:
    """By SOAP, with its security token; what is kept is sealed."""
    credentials = {"username": org.username, "password": org.password, "security_token": org.security_token}
    keep(place, sign_in("password", Login(login_url=org.instance_url, **credentials)))
    levers(org).end_sessions()
    with closing(connect(_login(org, place), patience=QUICK)) as connected:
        assert count(connected, "Lead") > 0
    assert org.password not in place.file.read_text()


def test_an_address_outside_the_ip_ranges(org: Details, app: Login, callback: Callback) -> None:
    """Whatever the way: where the ranges are set, and what passes them by."""
    key = {"consumer_key": org.client_id, "private_key_file": Path(org.jwt_private_key_file)}
    user = {"login_url": org.instance_url, "username": org.username}
    levers(org).change_user(org.username, ip_restricted=True)
    try:
        told = [
            _refused(lambda: sign_in("JWT key", Login(**user, **key))),
            _refused(lambda: sign_in("password", Login(**user, password=org.password, security_token=""))),
            _refused(lambda: _in_browser(app, callback, lambda address, _: come_back(org, address))),
        ]
    finally:
        levers(org).change_user(org.username, ip_restricted=False)
    assert [said for said in told if "Login IP Ranges" not in said] == []


def test_a_spent_refresh_token_is_replaced_before_its_session_is_used(
    org: Details, signed_in: Kept, place: KeptLogin
) -> None:
    """The org gives a new one with each session; session after session is renewed with the newest."""
    tokens = [signed_in.refresh_token]
    for _ in range(3):
        levers(org).end_sessions()
        with closing(connect(_login(org, place), patience=QUICK)) as connected:
            assert count(connected, "Lead") > 0
        tokens.append(place.read().refresh_token)
    assert len({*tokens}) == 4


def test_a_host_that_is_kept_in_capital_letters_is_the_same_host(org: Details, place: KeptLogin) -> None:
    """As earlier versions kept it: its session goes with each request, which names the host in small letters."""
    now = datetime.now(UTC)
    place.write(Kept("password", org.instance_url, "https://ACME.my.salesforce.com", "a", now, now, access_token="b"))
    found, _ = kept_session(place, OrgTransport(_login(org, place)), None)
    assert found.instance_url == "https://acme.my.salesforce.com"


@pytest.mark.parametrize("there", ["nobody", "sent on", "ended"])
def test_an_org_that_has_moved_is_found_where_it_logs_in(
    org: Details, signed_in: Kept, place: KeptLogin, there: str
) -> None:
    """What is kept names the host of an instance that it has left; the next session says where it is now."""
    ended = b'[{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]'
    says = {
        "nobody": reply(b""),
        "sent on": reply(b"", "Location: https://new.example/", status="302 Found"),
        "ended": reply(ended, "Content-Type: application/json", status="401 Unauthorized"),
    }
    with hostile(says[there]) as old, ExitStack() as closed:
        left = f"http://127.0.0.1:{free_port()}" if there == "nobody" else old.address
        place.write(replace(signed_in, instance_url=left))
        connected = closed.enter_context(closing(connect(_login(org, place), patience=QUICK)))
        if there == "sent on":  # what creates may have done so: it is not sent anew on that word
            with pytest.raises(OrgUnavailable, match=r"302 sends us to new\.example"):
                connected.client.Lead.create({"LastName": "Once", "Company": "C"})
        assert count(connected, "Lead") > 0
    assert place.read().instance_url == org.instance_url
    levers(org).calls.clear()
    with closing(connect(_login(org, place), patience=QUICK)) as connected:
        assert count(connected, "Lead") > 0
    assert len(levers(org).calls.all()) == 1


def test_where_the_next_token_cannot_be_kept_the_old_one_is_not_spent(
    org: Details, signed_in: Kept, place: KeptLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or a folder that cannot be written to: the org is not asked, and later all goes on."""
    levers(org).end_sessions()
    levers(org).calls.clear()
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", _no_space)
        with (
            closing(connect(_login(org, place), patience=QUICK)) as connected,
            pytest.raises(AuthenticationFailed, match=r"cannot be kept.*No space left"),
        ):
            count(connected, "Lead")
    assert levers(org).calls.all(path="/oauth2/token") == []
    with closing(connect(_login(org, place), patience=QUICK)) as connected:
        assert count(connected, "Lead") > 0


@pytest.mark.parametrize(
    "kept_by", ["the next renewal", "the end of the process", "nobody", "another login", "who logs out"]
)
def test_a_token_that_the_org_has_replaced_is_held_where_it_cannot_be_kept(
    org: Details,
    signed_in: Kept,
    place: KeptLogin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kept_by: str,
) -> None:
    """The disk fills up between the org's answer and the file: the process goes on, says so, and tries again.

    Not after somebody has logged out meanwhile: that login is not to come back.
    """
    levers(org).end_sessions()
    with monkeypatch.context() as full:
        full.setattr(
            oauth, "by_refresh_token", _then(lambda: full.setattr("os.fsync", _no_space), oauth.by_refresh_token)
        )
        with closing(connect(_login(org, place), patience=QUICK)) as connected:
            assert count(connected, "Lead") > 0
        assert place.read() == signed_in
        assert "could not be kept: the login of salesforce cannot be kept" in caplog.text
        if kept_by == "nobody":
            keep_what_is_held()
            assert "token of salesforce is lost" in caplog.text
            assert "Run `sf-elt login salesforce`" in caplog.text
    another = replace(signed_in, access_token="another", refresh_token="another")
    if kept_by == "another login":
        place.write(another)
    if kept_by == "who logs out":
        place.forget()
        keep_what_is_held()
        assert place.about is None
        assert "is lost" not in caplog.text
        return
    if kept_by == "the next renewal":
        levers(org).end_sessions()
        with closing(connect(_login(org, place), patience=QUICK)) as connected:
            assert count(connected, "Lead") > 0
    keep_what_is_held()
    assert ("of salesforce is kept now" in caplog.text) is (kept_by == "the end of the process")
    assert (place.read() == another) is (kept_by == "another login")
    assert (place.read() == signed_in) is (kept_by == "nobody")
    assert (signed_in.refresh_token or "?") not in caplog.text


def test_a_session_of_another_process_that_has_ended_too_is_renewed(
    org: Details, signed_in: Kept, place: KeptLogin
) -> None:
    """This process has one session, the file a later one, and both are dead: one refresh, and on."""
    with closing(connect(_login(org, place), patience=QUICK)) as connected:
        assert count(connected, "Lead") > 0
        levers(org).end_sessions()
        login = _login(org, place)
        kept_session(place, OrgTransport(login), signed_in.access_token)  # as another process does
        levers(org).end_sessions()
        levers(org).calls.clear()
        assert count(connected, "Lead") > 0
    assert len(levers(org).calls.all(path="/oauth2/token")) == 1


def test_processes_that_ask_at_once_refresh_once(org: Details, signed_in: Kept, place: KeptLogin) -> None:
    """Four processes with the same dead session: one refresh between them, and all four read."""
    levers(org).end_sessions()
    levers(org).calls.clear()
    levers(org).faults.plan({"path": "/oauth2/token", "delay": 0.3})
    assert _in_other_processes(org, place, 4) == ["read"] * 4
    assert len(levers(org).calls.all(path="/oauth2/token")) == 1
    assert place.read().refresh_token != signed_in.refresh_token


def test_a_refusal_that_a_new_login_would_not_cure_says_what_would(
    org: Details, signed_in: Kept, place: KeptLogin
) -> None:
    """An address outside of the ranges, met at a renewal: nobody is sent to log in again."""
    levers(org).end_sessions()
    levers(org).change_user(org.username, ip_restricted=True)
    try:
        said = _refused(lambda: count(connect(_login(org, place), patience=QUICK), "Lead"))
    finally:
        levers(org).change_user(org.username, ip_restricted=False)
    assert "Login IP Ranges" in said
    assert "sf-elt login" not in said


def test_a_login_that_the_org_has_ended_names_the_command(org: Details, signed_in: Kept, place: KeptLogin) -> None:
    """Revoked by an administrator, or shown twice by a thief: the refresh token is dead, and no secret is told."""
    levers(org).change_user(org.username, end_sessions=True)
    with closing(connect(_login(org, place), patience=QUICK)) as connected:
        said = _refused(lambda: count(connected, "Lead"))
    assert "expired access/refresh token" in said
    assert "Run `sf-elt login salesforce`" in said
    assert (signed_in.refresh_token or "?") not in said


def test_an_org_that_repeats_the_refresh_token_is_not_repeated(org: Details, signed_in: Kept, place: KeptLogin) -> None:
    """Neither in the error nor in what caused it, both of which stand in the event log of a run."""
    odd = {"error": "invalid_request", "error_description": f"cannot take {signed_in.refresh_token}"}
    pull = levers(org)
    pull.end_sessions()
    pull.faults.plan({"path": "/oauth2/token", "reply": {"status": 400, "body": odd}})
    with (
        pytest.raises(AuthenticationFailed, match="cannot take …") as caught,
        closing(connect(_login(org, place), patience=QUICK)) as connected,
    ):
        count(connected, "Lead")
    assert (signed_in.refresh_token or "?") not in "".join(traceback.format_exception(caught.value))


def test_an_old_token_that_is_shown_twice_ends_the_login(org: Details, signed_in: Kept, place: KeptLogin) -> None:
    """As Salesforce does where refresh tokens rotate: so the one that was spent must never be sent again."""
    levers(org).end_sessions()
    with closing(connect(_login(org, place), patience=QUICK)) as connected:
        count(connected, "Lead")
        thief = KeptLogin(place.folder, "thief")
        thief.write(replace(signed_in, access_token=None))
        _refused(lambda: connect(_login(org, thief), patience=QUICK))
        said = _refused(lambda: count(connected, "Lead"))
    assert "Run `sf-elt login salesforce`" in said


def test_logging_out_revokes_at_the_org_and_forgets(org: Details, signed_in: Kept, place: KeptLogin) -> None:
    """A second time there is nothing; a token that had ended before is forgotten all the same, and never repeated."""
    assert sign_out(place)
    assert place.about is None
    place.write(signed_in)
    said = _refused(lambda: count(connect(_login(org, place), patience=QUICK), "Lead"))
    assert "expired access/refresh token" in said
    assert not sign_out(place)
    assert place.about is None


def test_forgetting_here_comes_after_a_renewal(place: KeptLogin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the renewal would keep again what has just been forgotten."""
    forgotten = list[bool]()

    def at_work(self: KeptLogin) -> None:
        with pytest.raises(Timeout):
            FileLock(self.folder / f".{self.name}.lock", timeout=0).acquire()
        forgotten.append(True)

    monkeypatch.setattr(KeptLogin, "forget", at_work)
    forget(place)
    assert forgotten == [True]


def test_an_org_that_cannot_be_asked_leaves_the_login_kept(
    org: Details, signed_in: Kept, place: KeptLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is forgotten that is not revoked; and what the org says of the token is not repeated."""
    odd = {"error": "server_error", "error_description": f"cannot revoke {signed_in.refresh_token}"}
    levers(org).faults.plan({"path": "/oauth2/revoke", "reply": {"status": 400, "body": odd}})
    with pytest.raises(SalesforceError, match="does not revoke the login") as caught:
        sign_out(place)
    assert (signed_in.refresh_token or "?") not in str(caught.value)
    assert place.read() == signed_in


def test_signing_in_again_revokes_the_earlier_login(
    org: Details, app: Login, callback: Callback, signed_in: Kept, place: KeptLogin
) -> None:
    """Five refresh tokens of a user and an app live: those that nobody has any more should not be among them."""
    levers(org).calls.clear()
    keep(place, _in_browser(app, callback, lambda address, _: come_back(org, address)))
    assert levers(org).calls.all(path="/oauth2/revoke", status="200")
    with closing(connect(_login(org, place), patience=QUICK)) as connected:
        assert count(connected, "Lead") > 0


def test_a_login_that_cannot_be_kept_is_revoked(
    org: Details, app: Login, callback: Callback, signed_in: Kept, place: KeptLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills up while somebody is in the browser: nobody has the new token, and the earlier login goes on.

    It does so where the org gave the token that it had given before, with another session.
    """
    new = _in_browser(app, callback, lambda address, _: come_back(org, address))
    for each in (new, replace(signed_in, access_token="another")):
        with (
            monkeypatch.context() as patched,
            pytest.raises(AuthenticationFailed, match=r"cannot be kept.*No space left"),
        ):
            patched.setattr("os.fsync", _no_space)
            keep(place, each)
    assert place.read() == signed_in
    place.write(new)
    assert not sign_out(place)
    place.write(signed_in)
    assert sign_out(place)


def test_the_environment_goes_first_where_it_is_complete(org: Details, signed_in: Kept, place: KeptLogin) -> None:
    """An app's key and secret alone do not stand before who is signed in; another address is refused."""
    address = {"SALESFORCE_LOGIN_URL": org.instance_url}
    app = {"SALESFORCE_CONSUMER_KEY": "k", "SALESFORCE_CONSUMER_SECRET": "s"}
    password = {"SALESFORCE_USERNAME": "u", "SALESFORCE_PASSWORD": "p"}
    token = {"SALESFORCE_INSTANCE_URL": org.instance_url, "SALESFORCE_ACCESS_TOKEN": "t"}
    ways = [Login.from_env(address | each, kept=place).way_in() for each in ({}, app, password, token)]
    assert ways == ["signed in", "signed in", "password", "access token"]
    assert Login.from_env(address, kept=place).username == org.username
    with pytest.raises(AuthenticationFailed, match=rf"signed in at {org.instance_url}, and logs in at https://test"):
        Login.from_env({"SALESFORCE_LOGIN_URL": "https://test.salesforce.com"}, kept=place)


def test_nothing_at_all_names_the_command(place: KeptLogin) -> None:
    """The connection's name is in it."""
    said = _refused(lambda: connect(Login.from_env({}, kept=place)))
    assert "no complete login was given. Run `sf-elt login salesforce`; or set SALESFORCE_USERNAME" in said


def test_a_token_endpoint_that_answers_nonsense_is_no_login(org: Details, app: Login, callback: Callback) -> None:
    """A page, half of a JSON text, a token that cannot travel, an address without https: never kept."""
    answers: list[tuple[dict[str, Any], type[SalesforceError]]] = [
        ({"body": "{", "headers": {"Content-Type": "application/json"}}, OrgUnavailable),
        ({"body": "[]", "headers": {"Content-Type": "application/json"}}, OrgUnavailable),
        ({"body": {"access_token": "a\nb", "instance_url": org.instance_url}}, AuthenticationFailed),
        ({"body": {"access_token": "t", "instance_url": "http://example.com"}}, AuthenticationFailed),
        ({"body": {"access_token": "t", "instance_url": "https://salesforce.com.example.com"}}, AuthenticationFailed),
        ({"body": {"access_token": "t", "instance_url": "https://salesforce.com@127.0.0.1:9"}}, AuthenticationFailed),
        ({"status": 500, "body": "<html>s3cret</html>"}, OrgUnavailable),
    ]
    login = Login(login_url=org.instance_url, consumer_key=org.client_id, consumer_secret=org.client_secret)
    for answer, error in answers:
        levers(org).faults.plan({"path": "/oauth2/token", "reply": {"status": 200} | answer, "times": None})
        with pytest.raises(error) as caught:
            sign_in("client credentials", login)
        assert "s3cret" not in str(caught.value)
        levers(org).faults.clear()


@pytest.mark.parametrize("said", ["<html>", "[]", '{"preferred_username": null, "email": "ada@example.com"}'])
def test_an_org_that_does_not_say_who_it_is_is_a_login_all_the_same(
    org: Details, app: Login, callback: Callback, said: str
) -> None:
    """What the browser was granted counts once: it is kept without a name, and not lost for the lack of one."""
    levers(org).faults.plan({"path": "/oauth2/userinfo", "reply": {"status": 200, "body": said}, "times": None})
    try:
        kept = _in_browser(app, callback, lambda address, _: come_back(org, address))
    finally:
        levers(org).faults.clear()
    assert (kept.username, kept.refresh_token is None) == ("", False)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats without long waits."""
    transport = signing_in.OrgTransport
    monkeypatch.setattr(signing_in, "OrgTransport", lambda login, **_: transport(login, patience=QUICK))


def _in_browser(app: Login, callback: Callback, show: Callable[[str, Take], object], *, patience: float = 30) -> Kept:
    return sign_in_by_browser(app, callback, lambda address, take: show(address, take) and None, patience=patience)


def _login(org: Details, place: KeptLogin) -> Login:
    """As a run has it."""
    return Login.from_env({"SALESFORCE_LOGIN_URL": org.instance_url}, kept=place)


def _key_login(org: Details, key_file: Path) -> Login:
    return Login(login_url=org.instance_url, username=org.username, consumer_key="by-key", private_key_file=key_file)


def _app_with_certificate(org: Details, pem: str, *, from_key: bool = False, **attributes: object) -> None:
    if from_key:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

        public = load_pem_private_key(pem.encode(), None).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    levers(org).add_app(**APP | {"client_id": "by-key", "certificate": pem} | attributes)


def _in_other_processes(org: Details, place: KeptLogin, at_once: int) -> list[str]:
    """What so many processes come to that connect and read."""
    asked = [org.instance_url, str(place.folder), str(at_once)]
    done = subprocess.run(
        [sys.executable, "-m", "sf_elt_tests.salesforce.reading_at_once", *asked], capture_output=True, check=True
    )
    read: list[str] = json.loads(done.stdout)
    return read


def _refused(ask: Callable[[], object]) -> str:
    """What is said, and what to do about it."""
    with pytest.raises(SalesforceError) as caught:
        ask()
    return f"{caught.value}\n{what_to_do(caught.value)}"


def _then(happens: Callable[[], object], call: Callable[..., Granted]) -> Callable[..., Granted]:
    """The call, after which something happens."""

    def called(*arguments: Any) -> Granted:
        given = call(*arguments)
        happens()
        return given

    return called


def _no_space(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def test_times_are_utc(signed_in: Kept) -> None:
    """Since when somebody is signed in is a moment, and not a time of day somewhere."""
    assert datetime.now(UTC) - signed_in.signed_in_at < timedelta(minutes=1)
