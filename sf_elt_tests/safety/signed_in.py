"""A connection that is signed in each way that `sf-elt login` has, with bad answers, imports and renewals in between.

sign_in_and_out(done, monkeypatch)          # what was kept meanwhile lies under done.folder / "kept"
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import keyring
import pytest
from keyring.backends.null import Keyring as NoKeyring

from sf_elt.cli import browser
from sf_elt.components.keys import stream_key
from sf_elt.salesforce.connection.kept_login import KeptLogin
from sf_elt.salesforce.connection.sealing import TOKEN_KEY, new_token_key
from sf_elt_tests.orgs import levers
from sf_elt_tests.ports import free_port
from sf_elt_tests.salesforce.consenting import sent_to, visit

if TYPE_CHECKING:
    from sf_elt_tests.safety.flows import Done

CONTACTS = dg.AssetSelection.assets(stream_key("salesforce_contacts"))
NAME = "salesforce"
APP = {
    "name": "marked",
    "client_id": "app-that-rotates",
    "callback_urls": ["http://localhost:*"],
    "scopes": ["api", "refresh_token"],
    "refresh_tokens": "rotate",
    "pkce_required": True,
}


@dataclass
class _Signing:
    """The connection on its way: whoever sits at the browser makes the `decision`."""

    done: "Done"
    place: KeptLogin
    decision: str = "allow"
    kept: int = field(default=0)

    def login(self, *words: str, input: str | None = None, well: bool = True) -> None:
        self.done.command("login", NAME, *words, "--verbose", input=input, status=0 if well else 1)
        if well:
            self.keep()

    def keep(self) -> None:
        """Marks all secrets that are kept now, and leaves a copy of the file that they are sealed in."""
        self.kept += 1
        kept = self.place.read()
        for name in ("consumer_secret", "password", "security_token", "refresh_token", "access_token"):
            if value := getattr(kept, name):
                self.done.secrets[f"{name} {self.kept} ({kept.way})"] = value
        if kept.private_key:
            self.done.secrets["private key that was made"] = kept.private_key.splitlines()[5]
        copies = self.done.folder / "kept"
        copies.mkdir(exist_ok=True)
        shutil.copy(self.place.file, copies / f"{self.kept}.json")

    def imports(self, what: str, *, well: bool = True) -> None:
        """A run over the login, whose session ends at the first query."""
        before = self.place.read().renewed_at
        levers(self.done.org).faults.plan({"preset": "expired_session", "path": r"/query(All)?/?$"})
        self.done.run(what, CONTACTS, well=well)
        levers(self.done.org).faults.clear()
        if well:
            assert self.place.read().renewed_at > before, what
            self.keep()

    def in_browser(self, address: str) -> bool:
        with _unlogged():
            answer = sent_to(self.done.org, address, self.decision)
            for code in parse_qs(urlsplit(answer).query).get("code", []):
                self.done.secrets[f"code {self.kept}"] = code
            return visit(answer).ok


def sign_in_and_out(done: "Done", monkeypatch: pytest.MonkeyPatch) -> None:
    """By browser, key, secret and password; each refused as well; renewed in runs, revoked, and not."""
    with _without_other_logins(done, monkeypatch) as signing:
        _by_browser(signing, monkeypatch)
        _by_key(signing)
        _by_secrets(signing)
        with monkeypatch.context() as meanwhile:
            done.secrets["another token key"] = new_token_key()
            meanwhile.setenv(TOKEN_KEY, done.secrets["another token key"])
            levers(done.org).end_sessions()
            done.run("another token key", CONTACTS, well=False)
            done.command("check", "--verbose", status=1)
        done.command("logout", NAME, "--forget", status=0)


def _by_browser(signing: _Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused, then allowed; an org that repeats tokens in what it answers, of the token and of its end."""
    done, pull = signing.done, levers(signing.done.org)
    monkeypatch.setattr(browser, "open_in_browser", signing.in_browser)
    signing.decision = "deny"
    signing.login(well=False)
    signing.decision = "allow"
    signing.login()
    signing.imports("renewed in the middle")
    done.command("connections", "--json", status=0)
    done.command("check", "--verbose")
    token = signing.place.read().refresh_token
    echo = {"error": "invalid_request", "error_description": f"cannot take {token}"}
    pull.faults.plan({"path": "/oauth2/revoke", "reply": {"status": 400, "body": echo}})
    done.command("logout", NAME, "--verbose", status=1)
    pull.faults.plan({"path": "/oauth2/token", "times": None, "reply": {"status": 400, "body": echo}})
    signing.imports("renewal refused", well=False)
    done.command("logout", NAME, "--verbose", status=0)


def _by_key(signing: _Signing) -> None:
    """By a key that the org does not know yet, and by the same once it does."""
    done, folder = signing.done, signing.place.folder
    done.command("keys", "new", NAME, status=0)
    words = ("--jwt", "--consumer-key", "by-key", "--username", done.org.username)
    signing.login(*words, well=False)
    certificate = (folder / f"{NAME}.crt").read_text("utf-8")
    levers(done.org).add_app(
        name="sf_elt", client_id="by-key", certificate=certificate, approved_users=[done.org.username]
    )
    signing.login(*words)
    signing.imports("by the key that was made")
    done.command("logout", NAME, "--verbose", status=0)


def _by_secrets(signing: _Signing) -> None:
    """By the app's secret and by the user's, typed wrong and right."""
    org, wrong = signing.done.org, signing.done.secrets
    by_app = ("--client-credentials", "--consumer-key", org.client_id)
    signing.login(*by_app, input=f"{wrong['wrong secret']}\n", well=False)
    signing.login(*by_app, input=f"{org.client_secret}\n")
    signing.imports("by the app's secret")
    signing.done.command("logout", NAME, status=0)
    by_user = ("--password", "--username", org.username)
    signing.login(*by_user, input=f"{wrong['wrong password']}\n{wrong['wrong token']}\n", well=False)
    signing.login(*by_user, input=f"{org.password}\n{org.security_token}\n")
    signing.imports("by the password")


@contextmanager
def _unlogged() -> Iterator[None]:
    """What the browser does is not ours: the addresses that it visits are in no log of this project."""
    before = logging.getLogger().level
    logging.getLogger().setLevel(logging.WARNING)
    try:
        yield
    finally:
        logging.getLogger().setLevel(before)


@contextmanager
def _without_other_logins(done: "Done", monkeypatch: pytest.MonkeyPatch) -> Iterator[_Signing]:
    """A machine without a keyring, without credentials, with a key that seals; and an app whose tokens rotate."""
    levers(done.org).add_app(**APP)
    place = KeptLogin(done.folder / "logins", NAME)
    done.secrets["token key"] = new_token_key()
    told = {
        TOKEN_KEY: done.secrets["token key"],
        "SF_ELT_LOGINS": str(place.folder),
        "SALESFORCE_CONSUMER_KEY": str(APP["client_id"]),
        "SALESFORCE_CALLBACK_URL": f"http://localhost:{free_port()}/callback",
        "BROWSER": str(Path("a-browser").absolute()),
    }
    before = keyring.get_keyring()
    with monkeypatch.context() as meanwhile:
        for name in ("INSTANCE_URL", "USERNAME", "PASSWORD", "SECURITY_TOKEN"):
            meanwhile.delenv(f"SALESFORCE_{name}")
        for name in ("SSH_CONNECTION", "SSH_TTY"):
            meanwhile.delenv(name, raising=False)
        for name, value in told.items():
            meanwhile.setenv(name, value)
        keyring.set_keyring(NoKeyring())
        yield _Signing(done, place)
    keyring.set_keyring(before)
