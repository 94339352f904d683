"""Demo orgs for tests, and reaching one with the real client.

keep_small_org(folder)                                 # once
with copy_of_small_org(folder) as details:             # as often as tests need an org of their own
    sf = client(details)                               # session id
    sf = client(details, how="password")               # SOAP login
    levers(details).faults.plan({"path": "/query", "reply": {"status": 503}})
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import duckdb
from simple_salesforce import Salesforce

from sf_elt.demo_org.levers import Levers
from sf_elt.demo_org.org import create_org
from sf_elt.demo_org.plain_http import plain_http_session
from sf_elt.demo_org.serve import Details, running_org

How = Literal["session", "password", "connected app", "jwt", "client credentials"]


def keep_small_org(folder: Path) -> None:
    """An org with 60 leads and contacts, kept in the folder: copied it starts in a third of the time of a new one.

    In blocks of 16 KB, for each of its many tables takes a few at least: 2 MB to copy instead of 19.
    """
    made = folder / "made"
    create_org(seed=7, records=60, file=folder / "org").close()
    (folder / "org").rename(made)
    with duckdb.connect(config={"default_block_size": "16384"}) as connection:
        connection.execute(f"ATTACH '{made}' AS made (READ_ONLY); ATTACH '{folder / 'org'}' AS org")
        connection.execute("COPY FROM DATABASE made TO org")
    made.unlink()


@contextmanager
def copy_of_small_org(folder: Path) -> Iterator[Details]:
    """Runs a copy of the org that `keep_small_org` has made there."""
    with TemporaryDirectory(prefix="org-") as copies:
        copy = shutil.copytree(folder, Path(copies) / "copy")
        with running_org(file=copy / "org") as details:
            yield details


def client(details: Details, *, how: How = "session", version: str = "62.0", **changed: Any) -> Salesforce:
    """simple-salesforce, unpatched, logged in to the org one of its five ways; `changed` replaces login arguments."""
    app = {"consumer_key": details.client_id}
    secret = app | {"consumer_secret": details.client_secret}
    user = {"username": details.username}
    ways: dict[How, dict[str, Any]] = {
        "session": {"session_id": details.access_token, "instance_url": details.instance_url},
        "password": user | {"password": details.password, "security_token": details.security_token},
        "connected app": user | secret | {"password": details.password},
        "jwt": user | app | {"privatekey_file": details.jwt_private_key_file},
        "client credentials": secret | {"domain": "demo.my"},
    }
    return Salesforce(version=version, session=plain_http_session(details.instance_url), **(ways[how] | changed))


def levers(details: Details) -> Levers:
    """The org's levers under /demo/."""
    return Levers(details.instance_url)
