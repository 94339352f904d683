"""The org: its records, who may come in, what it counts, and where its files are.

org = create_org(seed=7, records=5000)                      # in memory
org = create_org(seed=7, records=5000, file=Path("org"))    # made once; later starts reuse data and credentials
app = build_app(org)                                        # app.py
org.close()
"""
# ruff: noqa: S608 (names of our own, quoted; values are parameters)

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
from starlette.requests import Request

from sf_elt.demo_org.access import Access
from sf_elt.demo_org.access.records import give_profiles
from sf_elt.demo_org.auth.apps import ConnectedApp, built_in_apps
from sf_elt.demo_org.auth.browsers import Browsers
from sf_elt.demo_org.auth.codes import Codes
from sf_elt.demo_org.auth.credentials import (
    Credentials,
    make_credentials,
    read_credentials,
    write_credentials,
    write_private,
)
from sf_elt.demo_org.auth.openid import SigningKey
from sf_elt.demo_org.auth.sessions import Sessions
from sf_elt.demo_org.auth.users import Users
from sf_elt.demo_org.bulk.jobs import BulkJobs
from sf_elt.demo_org.calls import Allowance, CallRecord
from sf_elt.demo_org.clock import Clock
from sf_elt.demo_org.faults import FaultPlan
from sf_elt.demo_org.new_org import ORGANIZATION, first_records
from sf_elt.demo_org.schema import Schema, load_schema
from sf_elt.demo_org.store import Store, StoreMismatch, table
from sf_elt.demo_org.tls import Tls, certificate_beside
from sf_elt.demo_org.work_folder import WorkFolder

DAILY_API_REQUESTS = 100_000
DEFAULT_SEED = 7
DEFAULT_RECORDS = 5_000


class OrgFileError(Exception):
    """The org's file cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Settings:
    """How this org is set up."""

    session_lifetime: timedelta = timedelta(hours=2)
    rotate_refresh_tokens: bool = False
    daily_api_requests: int = DAILY_API_REQUESTS
    sandbox: str = ""  # makes the org a sandbox of that name: all usernames end in it
    my_domain: str = ""  # logins at another NAME.my.salesforce.com are refused; empty: any will do
    tls: bool = False  # whether it is served by HTTPS
    person_accounts: bool = False  # whether people may be account and contact in one
    apps: tuple[ConnectedApp, ...] = ()  # connected apps besides the org's own

    def __post_init__(self) -> None:
        if self.sandbox and not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,9}", self.sandbox):
            raise ValueError("a sandbox's name has 1 to 10 letters and digits and starts with a letter")
        if self.my_domain and not re.fullmatch(r"[a-z](-?[a-z0-9]){0,33}", self.my_domain):
            raise ValueError("a My Domain name has at most 34 lower-case letters, digits and single hyphens")


@dataclass
class Org:
    """One running org. `work` holds the results of bulk jobs and is gone after `close`; `apps` are by client_id."""

    store: Store
    clock: Clock
    credentials: Credentials = field(repr=False)
    private_key_file: Path
    settings: Settings
    work: WorkFolder
    sessions: Sessions
    users: Users
    apps: dict[str, ConnectedApp]
    allowance: Allowance
    bulk: BulkJobs
    tls: Tls | None = None
    codes: Codes = field(default_factory=Codes)
    browsers: Browsers = field(default_factory=Browsers)
    signing_key: SigningKey = field(default_factory=SigningKey)
    calls: CallRecord = field(default_factory=CallRecord)
    faults: FaultPlan = field(default_factory=FaultPlan)
    instance_url: str = "http://127.0.0.1"

    @property
    def schema(self) -> Schema:
        """Everything the org has, whoever may see it."""
        return self.store.schema

    def schema_for(self, user_id: str) -> Schema:
        """What a user sees of the schema: objects and fields without access are missing, read-only ones say so."""
        return self.access.schema_for(user_id)

    def now_for(self, user_id: str) -> datetime:
        """The moment in the user's time zone, by which TODAY and the like go."""
        return self.clock().astimezone(self.users.time_zone(user_id))

    @cached_property
    def access(self) -> Access:
        """What users may do."""
        return Access(self.store)

    def close(self) -> None:
        """Stops the bulk jobs, ends what still reads, closes the store and removes the work folder."""
        self.faults.clear()
        self.bulk.abort_all()
        self.store.close()
        self.bulk.close()
        self.work.remove()


def org_of(request: Request) -> Org:
    """The org that a request came to."""
    org: Org = request.app.state.org
    return org


@dataclass(frozen=True)
class Seed:
    """What an org is made from. Raises ValueError for contacts of an org without records."""

    seed: int
    records: int
    contacts: int | None
    person_accounts: bool = False

    def __post_init__(self) -> None:
        if self.contacts is not None and not self.records:
            raise ValueError("contacts are asked for of an org without records: give both")


def create_org(
    *,
    seed: int = DEFAULT_SEED,
    records: int = DEFAULT_RECORDS,
    contacts: int | None = None,
    file: Path | None = None,
    settings: Settings | None = None,
) -> Org:
    """An org with `records` people (leads and contacts) and the rest in proportion; 0 makes an org without records.

    `contacts` makes more of them than the two in five of `records`, and no more of anything else.

    With `file` the org is kept: the file, `<file>.credentials.json` and `<file>.key.pem` are made on the first start,
    and a later start finds the same data and credentials (`seed`, `records`, `contacts` and the setting
    `person_accounts` then change nothing) and, in `<file>.sessions.json` and `<file>.passwords.json`, live tokens and
    changed passwords.
    Raises ValueError for numbers that cannot be seeded, OrgFileError for a file that cannot be used.
    """
    settings = settings or Settings()
    make = Seed(seed, records, contacts, settings.person_accounts)
    clock = Clock()
    work = WorkFolder()
    try:
        if file is None:
            store = _seeded_store(None, clock, make, settings.sandbox)
            credentials = _credentials_of(store, settings.sandbox)
            private_key_file = work.path / "key.pem"
            write_private(private_key_file, credentials.private_key)
        else:
            store, credentials, private_key_file = _open_file(file, clock, make, settings.sandbox)
    except BaseException:
        work.remove()
        raise
    try:
        sessions = _sessions(credentials, settings, clock(), file)
        users = _users(store, credentials, file)
        tls = certificate_beside(file or work.path / "org") if settings.tls else None
    except BaseException:
        store.close()
        work.remove()
        raise
    apps = built_in_apps(credentials, rotate_refresh_tokens=settings.rotate_refresh_tokens)
    return Org(
        store=store,
        clock=clock,
        credentials=replace(credentials, my_domain=settings.my_domain),
        private_key_file=private_key_file,
        settings=settings,
        work=work,
        sessions=sessions,
        users=users,
        apps={app.client_id: app for app in (*apps, *settings.apps)},
        allowance=Allowance(settings.daily_api_requests),
        bulk=BulkJobs(store, clock, work.path),
        tls=tls,
    )


def _sessions(credentials: Credentials, settings: Settings, now: datetime, file: Path | None) -> Sessions:
    """The live tokens: those kept beside the org's file, and the credentials' access token, alive again."""
    kept = file.with_name(file.name + ".sessions.json") if file else None
    try:
        sessions = Sessions(credentials.organization_id, settings.session_lifetime, kept)
    except ValueError as error:
        raise OrgFileError(f"{kept} is damaged: delete it, and every client logs in anew") from error
    sessions.open(credentials.user_id, now, token=credentials.access_token, client_id=credentials.client_id)
    return sessions


def _users(store: Store, credentials: Credentials, file: Path | None) -> Users:
    """Who may log in, with the passwords kept beside the org's file."""
    kept = file.with_name(file.name + ".passwords.json") if file else None
    try:
        return Users(store, credentials, kept)
    except ValueError as error:
        raise OrgFileError(f"{kept} is damaged: delete it, and everybody has the org's password again") from error


def _open_file(file: Path, clock: Clock, make: Seed, sandbox: str) -> tuple[Store, Credentials, Path]:
    """Opens a kept org, or makes it beside its final name first: a start that is killed leaves nothing half done."""
    credentials_file = file.with_name(file.name + ".credentials.json")
    key_file = file.with_name(file.name + ".key.pem")
    if file.is_dir():
        raise OrgFileError(f"{file} is a folder: name a file in it")
    if not file.exists():
        unfinished = file.with_name(file.name + ".unfinished")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _remove(unfinished)
            with _seeded_store(unfinished, clock, make, sandbox) as store:
                credentials = _credentials_of(store, sandbox)
            write_private(key_file, credentials.private_key)
            write_credentials(credentials_file, credentials)
            unfinished.replace(file)
        except (OSError, duckdb.Error) as error:
            _remove(unfinished)  # where the disk is full, it is what fills it
            raise OrgFileError(f"{file} cannot be made: {error}") from error
    try:
        credentials = read_credentials(credentials_file)
    except (OSError, ValueError, TypeError) as error:
        raise OrgFileError(
            f"{file} is not the file of a demo org, or has lost {credentials_file.name}: name another file, "
            f"or delete {file} to make a new org"
        ) from error
    if sandbox and sandbox != credentials.sandbox:
        is_one = f"the sandbox {credentials.sandbox}" if credentials.sandbox else "a production org"
        raise OrgFileError(f"{file} is {is_one}, not the sandbox {sandbox}: name another file to make that")
    if not key_file.exists():
        write_private(key_file, credentials.private_key)
    try:
        return Store(load_schema(), file, clock), credentials, key_file
    except StoreMismatch as error:
        raise OrgFileError(f"{file} was made by another version: {error}") from error
    except duckdb.Error as error:
        raise OrgFileError(f"{file} cannot be opened (is another demo org running on it?): {error}") from error


def _remove(unfinished: Path) -> None:
    """Removes what a start has left of a file that it did not get done."""
    for left_over in (unfinished, unfinished.with_name(unfinished.name + ".wal")):
        if left_over.exists():
            left_over.unlink()


def _seeded_store(file: Path | None, clock: Clock, make: Seed, sandbox: str) -> Store:
    store = Store(load_schema(), file, clock)
    try:
        if make.records:
            from sf_elt.demo_org.seeding import seed_org  # a kept org does without it

            seed_org(store, seed=make.seed, records=make.records, contacts=make.contacts, now=clock())
        _ensure_user(store, clock())
        if make.person_accounts:
            from sf_elt.demo_org.seeding.person_accounts import switch_on_person_accounts

            switch_on_person_accounts(store, with_people=make.records > 0, now=clock())
        give_profiles(store, clock())
        _mark_sandbox(store, sandbox)
    except BaseException:
        store.close()
        raise
    return store


def _ensure_user(store: Store, now: datetime) -> None:
    """An org without records still has itself, somebody who logs in, and what comes with a new org."""
    saved_at = now.replace(tzinfo=None, microsecond=0)
    if not store.count("Organization"):
        (organization_id,) = store.next_ids("Organization", 1)
        _load_one(store, "Organization", saved_at, {"Id": organization_id, **ORGANIZATION})
    if not store.count("User"):
        (user_id,) = store.next_ids("User", 1)
        admin = {
            "Id": user_id,
            "Username": "admin@demo-org.example",
            "LastName": "Admin",
            "FirstName": "Demo",
            "Email": "admin@demo-org.example",
            "Alias": "admin",
            "IsActive": True,
            "UserType": "Standard",
            "TimeZoneSidKey": ORGANIZATION["TimeZoneSidKey"],
            "LocaleSidKey": ORGANIZATION["DefaultLocaleSidKey"],
            "LanguageLocaleKey": ORGANIZATION["LanguageLocaleKey"],
            "EmailEncodingKey": "UTF-8",
        }
        _load_one(store, "User", saved_at, admin)
        for object_name, rows in first_records(user_id, saved_at):
            store.load(object_name, rows)


def _mark_sandbox(store: Store, name: str) -> None:
    """What tells a sandbox: the organization says so, and every username ends in the sandbox's name."""
    with store.writing() as write:
        write.connection.execute(f'UPDATE {table("Organization")} SET "IsSandbox" = ?', [bool(name)])
        if name:
            write.connection.execute(f'UPDATE {table("User")} SET "Username" = "Username" || ?', [f".{name}"])


def _load_one(store: Store, object_name: str, saved_at: datetime, values: dict[str, object]) -> None:
    by = values["Id"] if object_name == "User" else None
    audit = {"CreatedDate": saved_at, "LastModifiedDate": saved_at, "SystemModstamp": saved_at}
    store.load(object_name, pa.Table.from_pylist([values | audit | {"CreatedById": by, "LastModifiedById": by}]))


def _credentials_of(store: Store, sandbox: str) -> Credentials:
    """Fresh credentials for the org's first active user."""
    with store.reading() as connection:
        organization = connection.execute(f'SELECT "Id" FROM {table("Organization")}').fetchone()
        user = connection.execute(
            f'SELECT "Id", "Username", "Name", "Email" FROM {table("User")} WHERE "IsActive" ORDER BY "Id"'
        ).fetchone()
    if organization is None or user is None:
        raise OrgFileError("the org has no Organization record or no active User")
    user_id, username, display_name, email = user
    return make_credentials(
        organization_id=organization[0],
        user_id=user_id,
        username=username,
        display_name=display_name,
        email=email,
        sandbox=sandbox,
    )
