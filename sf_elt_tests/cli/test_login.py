"""`sf-elt login`, `logout`, `keys` and `connections`, as somebody uses them at a terminal."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import keyring
import pytest
from keyring.backends.null import Keyring as NoKeyring
from typer.testing import CliRunner, Result

from sf_elt.cli import app
from sf_elt.components import SalesforceConnection, deployment
from sf_elt.components.resources import OrgConnection, open_warehouse
from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import count
from sf_elt.salesforce.connection.sealing import new_token_key
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.ports import free_port
from sf_elt_tests.restricted import restricted_login
from sf_elt_tests.salesforce.consenting import come_back, sent_to
from sf_elt_tests.shared_orgs import org, org_of_module

__all__ = ["org", "org_of_module"]


@pytest.fixture(scope="module")
def project() -> deployment.Deployment:
    """The project's own YAML, read once: every command would read it anew."""
    return deployment.load_deployment()


@pytest.fixture(autouse=True)
def _read_once(project: deployment.Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "load_deployment", lambda: project)


@pytest.fixture(autouse=True)
def environment(org: Details, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A machine without a keyring and without credentials, but a key that seals."""
    variables = {
        "SALESFORCE_LOGIN_URL": org.instance_url,
        "SALESFORCE_CONSUMER_KEY": org.client_id,
        "SALESFORCE_CALLBACK_URL": f"http://localhost:{free_port()}/callback",
        "SF_ELT_DATA": str(tmp_path / "warehouse"),
        "SF_ELT_LOGINS": str(tmp_path / "logins"),
        "SF_ELT_TOKEN_KEY": new_token_key(),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "COLUMNS": "160",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield variables
    keyring.set_keyring(before)


def test_a_connection_from_its_first_login_to_its_last(
    org: Details, commands: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """Signed in by a browser, seen in the list, used by `check`, signed out; and no secret on any screen."""
    assert _connection()["to_do"] == "Run `sf-elt login salesforce`"
    with _logging_in(commands, environment) as login:
        page = come_back(org, _address(login))
        said = login.communicate(timeout=60)[0]
    assert login.returncode == 0, said
    assert "sf_elt has the answer" in page.text
    assert f"salesforce is signed in: {org.username} at {org.instance_url}, by browser." in said
    listed = _connection()
    assert (listed["logs_in_by"], listed["username"]) == ("sf-elt login: browser", org.username)
    checked = _run("check")
    assert checked.exit_code == 0, checked.output
    levers(org).faults.plan({"path": "/oauth2/revoke", "reply": {"status": 400, "body": {"error": "server_error"}}})
    kept = _run("logout")
    assert (kept.exit_code, "`sf-elt logout salesforce --forget`" in kept.stderr) == (1, True)
    left = _run("logout", "salesforce")
    assert left.stdout == "salesforce is signed out: its tokens are revoked and forgotten.\n"
    assert _connection()["logs_in_by"] == "nothing yet"
    assert _run("logout").stdout == "salesforce is not signed in.\n"
    tokens = [call["path"] for call in levers(org).calls.all(path="/oauth2/revoke", status="200")]
    assert len(tokens) == 1
    assert "00D" not in said + json.dumps(listed) + checked.output + left.output


def test_an_address_is_pasted_from_another_machine(org: Details, commands: str, environment: dict[str, str]) -> None:
    """Over SSH no browser opens; what the browser there was sent to is pasted, after something else."""
    opened = Path("opened")
    browser = Path("browser")
    browser.write_text(f"#!/bin/sh\necho $1 > {opened}\n")
    browser.chmod(0o755)
    ssh = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "BROWSER": str(browser.absolute())}
    with _logging_in(commands, environment | ssh, "login") as login:
        address = _address(login)
        said = login.communicate(f"what?\n{sent_to(org, address)}\n", timeout=60)[0]
    assert login.returncode == 0, said
    assert "It is no address that begins with" in said
    assert not opened.exists()


def test_a_browser_of_this_machine_opens(org: Details, commands: str, environment: dict[str, str]) -> None:
    """It is given the address that is printed as well, and no secret of ours: it stays, and its children have them."""
    opened = Path("opened")
    browser = Path("browser")
    browser.write_text(f'#!/bin/sh\nenv > {opened.absolute()}.env; echo "$1" > {opened.absolute()}\n')
    browser.chmod(0o755)
    Path(".env").write_text("ALERTS_CHANNEL=https://hooks.example/marked-of-file\n")
    secrets = {"SALESFORCE_SECURITY_TOKEN": "marked-of-shell", "SF_ELT_TOKEN_KEY": environment["SF_ELT_TOKEN_KEY"]}
    with _logging_in(commands, environment | secrets | {"BROWSER": str(browser.absolute())}, "login") as login:
        address = _address(login)
        come_back(org, address, "allow")
        said = login.communicate(timeout=60)[0]
    assert login.returncode == 0, said
    assert opened.read_text().strip() == address
    inherited = Path("opened.env").read_text()
    assert f"BROWSER={browser.absolute()}" in inherited
    assert [each for each in ("marked-of", environment["SF_ELT_TOKEN_KEY"]) if each in inherited] == []


def test_nobody_comes(commands: str, environment: dict[str, str]) -> None:
    """After the time that was given the command ends, and says what the browser may have shown."""
    with _logging_in(commands, environment, "login", "--no-browser", "--timeout", "1") as login:
        said = login.communicate(timeout=60)[0]
    assert login.returncode == 1
    assert "nobody has logged in within 1 seconds" in said
    assert "redirect_uri_mismatch" in said


def test_a_key_is_made_once_and_logs_in(org: Details, environment: dict[str, str], tmp_path: Path) -> None:
    """The steps in Salesforce are printed, with the file to upload; both files are their owner's, never overwritten."""
    made = _run("keys", "new", "salesforce")
    assert made.exit_code == 0, made.output
    key, certificate = tmp_path / "logins" / "salesforce.key", tmp_path / "logins" / "salesforce.crt"
    assert f"upload {certificate}" in made.stdout
    assert f"Callback URL: {environment['SALESFORCE_CALLBACK_URL']}\n" in made.stdout
    assert "sf-elt login salesforce --jwt" in made.stdout
    assert [stat.S_IMODE(each.stat().st_mode) for each in (key.parent, key, certificate)] == [0o700, 0o600, 0o600]
    before = key.read_bytes()
    again = _run("keys", "new", "salesforce")
    assert (again.exit_code, key.read_bytes()) == (1, before)
    assert "it is not overwritten" in again.stderr
    levers(org).add_app(
        name="sf_elt", client_id="by-key", certificate=certificate.read_text(), approved_users=[org.username]
    )
    signed_in = _run("login", "--jwt", "--consumer-key", "by-key", "--username", org.username)
    assert signed_in.exit_code == 0, signed_in.output
    assert _connection()["logs_in_by"] == "sf-elt login: JWT key"
    assert "PRIVATE KEY" not in signed_in.output + made.output


def test_secrets_are_asked_for(org: Details) -> None:
    """The app's secret, and user name, password and token: by prompts alone, and never shown."""
    by_app = _run("login", "--client-credentials", answers=[org.client_secret])
    assert by_app.exit_code == 0, by_app.output
    assert _connection()["signed_in_by"] == "client credentials"
    by_password = _run("login", "--password", answers=[org.username, org.password, org.security_token])
    assert by_password.exit_code == 0, by_password.output
    assert f"{org.username} at {org.instance_url}, by password" in by_password.stdout
    wrong = _run("login", "--password", answers=[org.username, "wrong-password", ""])
    assert wrong.exit_code == 1
    assert "does not accept the login" in wrong.stderr
    assert "Setup › Login History" in wrong.stderr
    assert wrong.stderr.lower().count("check") == 1  # user name, password, address: said once
    nobody = _run("login", "--client-credentials", answers=[])
    assert nobody.exit_code == 1
    assert nobody.stderr.startswith("Consumer secret: \nsf-elt login: nobody is there to be asked: Consumer secret")
    assert nobody.stdout == ""
    assert _connection()["signed_in_by"] == "password"
    for secret in (org.client_secret, org.password, org.security_token, "wrong-password"):
        assert secret not in by_app.output + by_password.output + wrong.output


def test_a_user_who_may_not_use_the_api_is_told_at_once(org: Details) -> None:
    """Whom the profile does not let use it, and whose password has expired: with what an administrator does."""
    user = str(restricted_login(org).username)
    levers(org).change_user(user, password_expired=True)
    told = _run("login", "--password", answers=[user, org.password, ""])
    assert told.exit_code == 1
    assert "password has expired" in told.stderr
    assert "Password Never Expires" in told.stderr
    admin = client(org)
    [profile] = admin.query(
        "SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true AND Profile.Name LIKE 'Minimum Access%'"
    )["records"]
    admin.PermissionSet.update(profile["Id"], {"PermissionsApiEnabled": False})
    told = _run("login", "--password", answers=[user, org.password, ""])
    assert told.exit_code == 1
    assert "System Permissions › API Enabled" in told.stderr


def test_a_login_that_stands_behind_the_environment_says_so(org: Details, monkeypatch: pytest.MonkeyPatch) -> None:
    """Complete credentials in the environment go first: by name, never by value."""
    monkeypatch.setenv("SALESFORCE_USERNAME", org.username)
    monkeypatch.setenv("SALESFORCE_PASSWORD", org.password)
    monkeypatch.setenv("SALESFORCE_SECURITY_TOKEN", org.security_token)
    signed_in = _run("login", "--client-credentials", answers=[org.client_secret])
    assert signed_in.exit_code == 0, signed_in.output
    assert "goes first (SALESFORCE_LOGIN_URL, SALESFORCE_USERNAME, SALESFORCE_PASSWORD" in signed_in.stderr
    assert f"SALESFORCE_LOGIN_URL names {org.instance_url}, for this command: put it into .env" in signed_in.stderr
    listed = _connection()
    assert (listed["logs_in_by"], listed["signed_in_by"]) == ("environment: password", "client credentials")
    assert "A complete login in the environment goes first" in _run("connections").stderr
    assert org.password not in signed_in.output + json.dumps(listed)


def test_without_a_safe_place_nobody_is_sent_to_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keyring and no key: how to make one; `keys token` makes it."""
    monkeypatch.delenv("SF_ELT_TOKEN_KEY")
    refused = _run("login", "--no-browser")
    assert refused.exit_code == 1
    assert "`sf-elt keys token` makes a key" in refused.stderr
    assert "Open this address" not in refused.stderr
    name, _, value = _run("keys", "token").stdout.strip().partition("=")
    monkeypatch.setenv(name, value)
    assert "no safe place" not in _run("login", "--password", answers=["nobody", "p", ""]).stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("login", "--jwt", "--password"), 2, "choose one of --jwt"),
        (("login", "--username", "ada"), 2, "--username is for --jwt and --password"),
        (("login", "salesforse"), 1, "did you mean 'salesforce'?"),
        (("login", "--jwt"), 1, "sf-elt keys new salesforce"),
        (("logout", "--forget"), 0, "revoked: Setup ›"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(words: tuple[str, ...], status: int, said: str) -> None:
    """Two ways at once, a name that there is none of, a key that was not made; what cannot be revoked is forgotten."""
    result = _run(*words)
    assert result.exit_code == status
    assert said in " ".join(result.output.split())


def test_a_run_of_dagster_uses_the_kept_login(org: Details, environment: dict[str, str]) -> None:
    """After its session has ended, too; the run's configuration and events hold nothing of it."""
    assert _run("login", "--client-credentials", answers=[org.client_secret]).exit_code == 0
    levers(org).end_sessions()

    @dg.asset
    def leads(salesforce: OrgConnection) -> int:
        meter = salesforce.meter(open_warehouse(), "import:test", None)
        with salesforce.org(meter) as connected:
            return count(connected, "Lead")

    resource = SalesforceConnection(name="salesforce", label="Ours", org=org.instance_url).resource()
    with dg.DagsterInstance.ephemeral() as instance:
        ran = dg.materialize([leads], resources={"salesforce": resource}, instance=instance)
        told = str([*instance.all_logs(ran.run_id)]) + str(instance.get_run_by_id(ran.run_id)) + repr(resource)
    assert ran.output_for_node("leads") > 0
    for secret in (org.client_secret, environment["SF_ELT_TOKEN_KEY"], "00D"):
        assert secret not in told


@contextmanager
def _logging_in(commands: str, environment: Mapping[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command, while it waits; what it says is on one stream."""
    with subprocess.Popen(
        ["sf-elt", *(words or ("login", "salesforce", "--no-browser"))],
        env={**environment, "PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(Path.cwd())},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as login:
        try:
            yield login
        finally:
            login.kill()


def _address(login: "subprocess.Popen[str]") -> str:
    assert login.stdout is not None
    lines = []
    for line in login.stdout:
        lines.append(line)
        if line.startswith("http"):
            return line.strip()
    raise AssertionError("".join(lines))


def _connection() -> dict[str, str]:
    [found] = json.loads(_run("connections", "--json").stdout)
    return found


def _run(*words: str, answers: "list[str] | None" = None) -> Result:
    typed = "".join(f"{each}\n" for each in answers or [])
    return CliRunner().invoke(app, list(words), input=typed)
