"""A login in a real keyring of the system, over its life: kept, rotated, locked, gone in the middle, revoked."""

import base64
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt_tests.orgs import levers
from sf_elt_tests.pages import ROOT
from sf_elt_tests.ports import free_port
from sf_elt_tests.safety.signed_in import APP
from sf_elt_tests.salesforce.consenting import come_back
from sf_elt_tests.soak.secret_service import KeyringSession, keyring_session, missing

pytestmark = [pytest.mark.soak, pytest.mark.skipif(bool(missing()), reason=missing())]

_TOKENS = """
import json
from pathlib import Path
from sf_elt.salesforce.connection.kept_login import KeptLogin
kept = KeptLogin(Path("logins"), "salesforce").read()
print(json.dumps([kept.refresh_token, kept.access_token]))
"""
_ENTRIES = """
import secretstorage
with secretstorage.dbus_init() as connection:
    print(len([*secretstorage.get_default_collection(connection).get_all_items()]))
"""


@pytest.fixture
def session(org: Details) -> Iterator[KeyringSession]:
    """A user with a keyring and a project, and an app at the org whose refresh tokens count once."""
    levers(org).add_app(**APP)
    folder = Path(tempfile.mkdtemp(prefix="k"))
    (folder / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text("utf-8"), "utf-8")
    variables = {
        "SALESFORCE_LOGIN_URL": org.instance_url,
        "SALESFORCE_CONSUMER_KEY": str(APP["client_id"]),
        "SALESFORCE_CALLBACK_URL": f"http://localhost:{free_port()}/callback",
        "SF_ELT_DATA": str(folder / "warehouse"),
        "SF_ELT_LOGINS": "logins",
        "SF_ELT_START": datetime.now(UTC).date().isoformat(),
        "DAGSTER_HOME": str(folder),
    }
    with keyring_session(folder, variables) as session:
        yield session
    shutil.rmtree(folder)


def test_a_login_from_its_beginning_to_its_end(org: Details, session: KeyringSession) -> None:
    """Each token that there has been is in the keyring alone, and after the last command nowhere."""
    _log_in(org, session)
    tokens = _tokens(session)
    levers(org).end_sessions()
    _import(session)
    assert not {*tokens} & {*_tokens(session)}
    tokens += _tokens(session)
    _log_in(org, session)
    tokens += _tokens(session)
    assert _entries(session) == 1
    assert _on_disk(session, tokens) == []
    levers(org).calls.clear()
    left = session.run(["sf-elt", "logout", "salesforce"])
    assert left.stdout == "salesforce is signed out: its tokens are revoked and forgotten.\n", left.stderr
    assert len(levers(org).calls.all(path="/oauth2/revoke", status="200")) == 1
    assert _entries(session) == 0
    assert _on_disk(session, tokens) == []


def test_a_locked_keyring_spends_no_token(org: Details, session: KeyringSession) -> None:
    """Commands and runs say what is wrong; a login is refused before the org is asked; unlocked, all goes on."""
    _log_in(org, session)
    before = _tokens(session)
    levers(org).end_sessions()
    levers(org).calls.clear()
    session.lock()
    for command in (["sf-elt", "check"], ["sf-elt", "logout"], ["sf-elt", "logout", "--forget"], _IMPORT):
        done = session.run(command)
        assert done.returncode != 0
        assert "the system's keyring does not answer for salesforce" in _plain(done.stdout + done.stderr), command
    assert levers(org).calls.all(path="/oauth2/") == []
    session.end()
    for command in (["sf-elt", "check"], ["sf-elt", "logout"]):
        done = session.run(command)
        assert done.returncode != 0
        assert "in the system's keyring, which this process cannot reach" in _plain(done.stdout + done.stderr)
    assert levers(org).calls.all(path="/oauth2/") == []
    session.start()
    assert _tokens(session) == before
    _import(session)


def test_a_keyring_that_goes_between_the_answer_and_the_token(org: Details, session: KeyringSession) -> None:
    """The import goes on with it, and says that only a new login helps, which it does."""
    _log_in(org, session)
    before = _tokens(session)
    levers(org).end_sessions()
    levers(org).faults.plan({"path": "/oauth2/token", "delay": 5})
    file = session.folder / "logins" / "salesforce.json"
    made = file.stat().st_ino
    with session.begun(_IMPORT) as importing:
        while file.stat().st_ino == made:  # whether there is room is tried just before the org is asked
            assert importing.poll() is None
            time.sleep(0.02)
        session.end()
        said = _plain("".join(importing.communicate(timeout=300)))
    assert importing.returncode == 0, said
    assert "The org has replaced the refresh token of salesforce, and the new one could not be kept" in said
    assert "The new refresh token of salesforce is lost" in said
    session.start()
    assert _tokens(session) == before
    refused = session.run(["sf-elt", "check"])
    assert refused.returncode != 0
    assert "Run `sf-elt login salesforce`" in _plain(refused.stdout + refused.stderr)
    _log_in(org, session)
    _import(session)
    assert _on_disk(session, [*before, *_tokens(session)]) == []


_IMPORT = ["dagster", "asset", "materialize", "--select", "key:streams/salesforce_leads", "--module-name",
           "sf_elt.definitions", "--partition", datetime.now(UTC).date().isoformat()]  # fmt: skip


def _log_in(org: Details, session: KeyringSession) -> None:
    with session.begun(["sf-elt", "login", "salesforce", "--no-browser"]) as login:
        assert login.stderr is not None
        said = []
        for line in login.stderr:
            said.append(line)
            if line.startswith("http"):
                come_back(org, line.strip())
                break
        told = "".join((*said, *login.communicate(timeout=60)))
    assert login.returncode == 0, told
    assert "Its tokens are in the system's keyring." in told


def _import(session: KeyringSession) -> None:
    done = session.run(_IMPORT)
    assert done.returncode == 0, done.stdout + done.stderr


def _tokens(session: KeyringSession) -> list[str]:
    done = session.run(["python", "-c", _TOKENS])
    assert done.returncode == 0, done.stderr
    tokens: list[str] = json.loads(done.stdout)
    return tokens


def _entries(session: KeyringSession) -> int:
    """How many secrets the keyring has, of anybody."""
    return int(session.run(["python", "-c", _ENTRIES]).stdout)


def _on_disk(session: KeyringSession, tokens: list[str]) -> list[tuple[Path, str]]:
    """Files of the user, the keyring's own too, that hold a token as it is or in base64."""
    files = [each for each in session.folder.rglob("*") if each.is_file()]
    assert any(each.suffix == ".keyring" for each in files)
    assert any(each.name == "salesforce.json" for each in files) or _entries(session) == 0
    looked_for = [form for each in tokens for form in (each.encode(), base64.b64encode(each.encode())[:-4])]
    return [(file, form.decode()) for file in files for form in looked_for if form in file.read_bytes()]


def _plain(said: str) -> str:
    return " ".join(said.split())
