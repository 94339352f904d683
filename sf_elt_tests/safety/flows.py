"""One deployment through which marked secrets and marked people have gone on every way there is, with Dagster for real.

with everything(folder, monkeypatch, thorough=False) as done:    # good runs and bad ones, and commands
    where_found(done.folder, done.secrets)
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from sf_elt.cli import app
from sf_elt.components import deployment
from sf_elt.components.keys import FUZZY_PAIRS, stream_key
from sf_elt.demo_org.serve import Details, running_org
from sf_elt.salesforce import Patience
from sf_elt.streams import importing
from sf_elt_tests.components.conftest import Deployed, make_home, variables
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.safety import alerted
from sf_elt_tests.safety.alerted import Receivers, Sensors
from sf_elt_tests.safety.by_daemon import run_by_daemon
from sf_elt_tests.safety.commanded import commands
from sf_elt_tests.safety.crowd import crowd
from sf_elt_tests.safety.marked_project import definitions_of, marked_project
from sf_elt_tests.safety.marks import FEW_PEOPLE, PEOPLE, SECRETS
from sf_elt_tests.safety.odd_runs import killed_import, reads_by_hand
from sf_elt_tests.safety.org_process import org_process
from sf_elt_tests.safety.signed_in import sign_in_and_out
from sf_elt_tests.safety.wider import marked_files, marked_records, more_exports, more_imports, out_of_calls

LEADS, CONTACTS = stream_key("salesforce_leads"), stream_key("salesforce_contacts")
_ALL_BUT_EXPORTS = dg.AssetSelection.all() - dg.AssetSelection.groups("writeback")


@dataclass
class Done:
    """What has been done: the folder with all that there is on the disk, what was logged, what commands said.

    `shown` is what commands told whoever asked for a person; `said` is what all others did, and what was logged. `wire`
    is what libraries log where somebody turns that on: addresses of requests, with the queries in them.
    """

    folder: Path
    deployed: Deployed
    org: Details
    secrets: dict[str, str]
    people: dict[str, str]
    ran: list[tuple[str, bool]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    wire: list[str] = field(default_factory=list)
    logged: logging.Handler = field(init=False)

    def __post_init__(self) -> None:
        self.logged = _Logged(self.said, self.wire)

    def run(
        self, what: str, selection: dg.AssetSelection, *, well: bool | None, config: dict[str, object] | None = None
    ) -> None:
        """A run over all partitions, which ends well or not; None where either is right."""
        result = dg.materialize(
            list(self.deployed.definitions.resolve_asset_graph().assets_defs),
            selection=selection,
            instance=self.deployed.instance,
            tags=self.deployed.range_tags(),
            run_config=config or {},
            raise_on_error=False,
        )
        self.ran.append((what, result.success))
        assert well in (None, result.success), what

    def command(
        self, *arguments: str, of_a_person: bool = False, input: str | None = None, status: int | None = None
    ) -> str:
        """What a command answers, which ends with that status; None where any is right."""
        result = CliRunner().invoke(app, arguments, input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, result.exception)
        assert status in (None, result.exit_code), (arguments, result.output)
        (self.shown if of_a_person else self.said).append(result.output)
        return result.output


class _Logged(logging.Handler):
    """Everything that any part logs, as it would be written to a file."""

    def __init__(self, said: list[str], wire: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.said, self.wire = said, wire
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        ours = record.name.startswith("sf_elt") or record.levelno >= logging.WARNING
        (self.said if ours else self.wire).append(self.format(record))


@contextmanager
def everything(folder: Path, monkeypatch: pytest.MonkeyPatch, *, thorough: bool) -> Iterator[Done]:
    """The flows in their order; what takes long only where it is to be `thorough`.

    What lies under `folder` afterwards is all there is of them.
    """
    with (
        org_process(folder / "demo-org.log") if thorough else running_org(records=0) as org,
        alerted.receivers() if thorough else nullcontext() as got,
    ):
        _people(org)
        if thorough:
            marked_records(org)
        with _deployed(folder, org, monkeypatch, got) as done, _all_logged(done, thorough):
            if got:
                _thoroughly(done, got, monkeypatch)
            else:
                _shortly(done, monkeypatch)
            yield done


def _shortly(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    _refused_logins(done, monkeypatch, thorough=False)
    _bad_imports(done, monkeypatch, thorough=False)
    done.run("everything", _ALL_BUT_EXPORTS, well=True)
    _exports(done, thorough=False)
    commands(done, thorough=False)


def _thoroughly(done: Done, got: Receivers, monkeypatch: pytest.MonkeyPatch) -> None:
    alerted.words_of_each(monkeypatch)
    sensors = _sensors(done, got)
    _refused_logins(done, monkeypatch, thorough=True)
    sensors.tick()  # a failure is told while it lasts
    sign_in_and_out(done, monkeypatch)
    killed_import(done)
    reads_by_hand(done)
    _bad_imports(done, monkeypatch, thorough=True)
    done.run("too few to learn from", dg.AssetSelection.assets(FUZZY_PAIRS), well=False)
    sensors.tick()
    crowd(done.org)
    done.run("everything", _ALL_BUT_EXPORTS, well=True)
    more_imports(done)
    more_exports(done)
    _exports(done, thorough=True)
    commands(done, thorough=True)
    alerted.tell(sensors, monkeypatch)
    run_by_daemon(done)
    out_of_calls(done)
    done.wire.append(json.dumps(levers(done.org).calls.all()))  # as the demo org shows them to whoever tries it


@contextmanager
def _all_logged(done: Done, thorough: bool) -> Iterator[None]:
    """All that this project logs; and what libraries do, at DEBUG."""
    ours, root = logging.getLogger("sf_elt"), logging.getLogger()
    before = [(each, each.level) for each in (ours, root)]
    root.addHandler(done.logged)
    ours.setLevel(logging.DEBUG)
    if thorough:
        root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(done.logged)
        for each, level in before:
            each.setLevel(level)


@contextmanager
def _deployed(folder: Path, org: Details, monkeypatch: pytest.MonkeyPatch, got: Receivers | None) -> Iterator[Done]:
    first_day = (datetime.now(UTC) - timedelta(days=1)).date()
    key = Path(org.jwt_private_key_file).read_text("utf-8").splitlines()
    right = {
        "password": org.password, "security token": org.security_token, "client secret": org.client_secret,
        "access token": org.access_token, "private key": key[5],
    }  # fmt: skip
    told = {
        **variables(folder, org, first_day),
        "SALESFORCE_REFRESH_TOKEN": SECRETS["refresh token"],
        **(got.variables(slack="") if got else {}),
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    make_home(folder)
    _events(folder / "events")
    if got:
        marked_files(folder)
    module = marked_project(folder, str(first_day), got)
    monkeypatch.syspath_prepend(str(folder / "project"))
    definitions = definitions_of(module)
    tree = definitions.component_tree
    assert tree is not None
    monkeypatch.setattr(deployment, "load_tree", lambda _=None: tree)
    with dg.DagsterInstance.get() as instance:
        yield Done(
            folder, Deployed(definitions, instance, first_day), org, {**SECRETS, **right}, PEOPLE if got else FEW_PEOPLE
        )


def _events(folder: Path) -> None:
    folder.mkdir()
    now = datetime.now(UTC).replace(microsecond=0)
    visit = {"type": "page", "url": "https://site.example/plants", "topics": ["plants"], "title": "Plants"}
    events = [
        {**visit, "event_id": f"e{number}", "occurred_at": (now - timedelta(hours=number)).isoformat(),
         "email": address, "anonymous_id": f"{PEOPLE['cookie']} {number % 3}"}
        for number, address in enumerate([PEOPLE["address"], PEOPLE["manual"], PEOPLE["address of a contact"]] * 5)
    ]  # fmt: skip
    lines = [json.dumps(event) for event in events]
    lines.append(f'{{"occurred_at": "no time", "email": "{PEOPLE["set aside"]}"}}')
    lines.append(f'{{"broken": "{PEOPLE["set aside"]}')
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def _people(org: Details) -> None:
    sf = client(org)
    lead = {"Company": PEOPLE["company"], "Street": PEOPLE["street"], "Phone": PEOPLE["phone"]}
    named = {"FirstName": PEOPLE["first name"], "LastName": PEOPLE["last name"], "Title": PEOPLE["profile title"]}
    sf.Lead.create({**lead, **named, "Email": PEOPLE["address"]})
    for address in ("refused", "manual", "twin"):
        sf.Lead.create({**lead, "LastName": PEOPLE["last name"], "Email": PEOPLE[address]})
    account = sf.Account.create({"Name": PEOPLE["company"], "Phone": PEOPLE["phone"]})["id"]
    first, last = PEOPLE["contact"].split()
    contact = {"AccountId": account, "FirstName": first, "LastName": last, "MobilePhone": PEOPLE["digits"]}
    sf.Contact.create({**contact, "Email": PEOPLE["address of a contact"]})
    for number in range(2):  # the same address twice: which one is meant?
        sf.Contact.create({**contact, "LastName": f"{last} {number}", "Email": PEOPLE["twin"]})


def _refused_logins(done: Done, monkeypatch: pytest.MonkeyPatch, thorough: bool) -> None:
    key = done.folder / "wrong.pem"
    key.write_text("-----BEGIN PRIVATE KEY-----\nmarked\n-----END PRIVATE KEY-----\n")
    app = {"CONSUMER_KEY": done.org.client_id}
    logins: dict[str, dict[str, str]] = {
        "password": {"PASSWORD": SECRETS["wrong password"], "SECURITY_TOKEN": SECRETS["wrong token"]},
        "client secret": {**app, "CONSUMER_SECRET": SECRETS["wrong secret"], "SECURITY_TOKEN": ""},
        "session": {"ACCESS_TOKEN": SECRETS["ended session"], "USERNAME": "", "PASSWORD": ""},
        "key": {**app, "PRIVATE_KEY_FILE": str(key)},
    }
    hidden = SECRETS["password in an address"]
    addresses = {
        "login address": {"LOGIN_URL": f"https://ops:{hidden}@127.0.0.1:9", "INSTANCE_URL": ""},
        "address": {"INSTANCE_URL": f"https://ops:{hidden}@127.0.0.1:9", "LOGIN_URL": "", "ACCESS_TOKEN": "00D!x"},
        "address without a scheme": {"LOGIN_URL": f"ops:{hidden}@my.salesforce.com", "INSTANCE_URL": ""},
        "proxy": {"LOGIN_URL": "https://127.0.0.1:9", "INSTANCE_URL": ""},
    }
    for what, wrong in list((logins | addresses).items()) if thorough else list(logins.items())[:1]:
        with monkeypatch.context() as meanwhile:
            for name, value in wrong.items():
                meanwhile.setenv(f"SALESFORCE_{name}", value)
            if what in addresses:
                meanwhile.setenv("HTTPS_PROXY", f"http://ops:{SECRETS['password of a proxy']}@127.0.0.1:9")
                meanwhile.setenv("NO_PROXY", "")
                for line in (["connections", "--json"], ["check", "--verbose"], ["doctor", "--verbose"]):
                    done.command(*line)
            done.run(f"wrong {what}", dg.AssetSelection.assets(CONTACTS), well=False)


def _bad_imports(done: Done, monkeypatch: pytest.MonkeyPatch, thorough: bool) -> None:
    """An org that repeats what it was asked, or sends what breaks off, does not fit or is no reply; and a crash."""
    others = [each.default for each in fields(Patience)[3:]]
    monkeypatch.setattr(Patience.__init__, "__defaults__", (2, 0.01, 0.02, *others))
    echo = f"SELECT Id FROM Contact WHERE Email = '{PEOPLE['said by the org']}' AND Phone IN ('{PEOPLE['phone']}')"
    query, pages = {"path": r"/query(All)?/?$", "times": None}, {"path": "/results", "times": None}
    half = f'{{"totalSize": 1, "done": true, "records": [{{"Id": 7, "Email": "{PEOPLE["broken reply"]}"'
    text = {"status": 500, "body": PEOPLE["broken reply"], "headers": {"Content-Type": "text/plain"}}
    unfit = {**pages, "reply": {"status": 200, "body": f"Id,Email\n1,{PEOPLE['broken reply']},x\n"}}
    faults = {
        "an echo": {**query, "refuse": {"status": 400, "code": "MALFORMED_QUERY", "message": echo}},
        "half a page": {**query, "reply": {"status": 200, "body": half}},
        "a text": {**query, "reply": text},
    }
    pull = levers(done.org)
    for what, fault in list(faults.items())[: None if thorough else 1]:
        pull.faults.plan(fault, unfit)
        done.run(what, dg.AssetSelection.assets(LEADS, CONTACTS), well=False)
        pull.faults.clear()
    pull.faults.plan({"preset": "expired_session", "path": "/query", "after": 1})
    if thorough:
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(importing, "merge_download", _crash)
            done.run("a crash", dg.AssetSelection.assets(CONTACTS), well=False)


def _crash(*_: object, **__: object) -> None:
    raise RuntimeError("a fault of the program itself")


def _sensors(done: Done, got: Receivers) -> Sensors:
    """What looks at all runs from here on."""
    sensors = Sensors(done, got)
    sensors.tick()
    return sensors


def _exports(done: Done, thorough: bool) -> None:
    """Dry runs; refusals, of one record and of a request, that repeat what was sent; somebody who is there twice."""
    exports = dg.AssetSelection.assets(*(dg.AssetKey(["writeback", name]) for name in ("leads", "people")))
    dry = {"ops": {f"export_{name}": {"config": {"dry_run": True}} for name in ("leads", "people")}}
    if thorough:
        done.run("dry runs", exports, well=True, config=dry)
    echo = f"Ask {PEOPLE['said by the org']} of {PEOPLE['first name']} {PEOPLE['last name']}, {PEOPLE['phone']}"
    rule = {"errorConditionFormula": f'Email = "{PEOPLE["refused"]}"', "errorMessage": echo, "active": True}
    levers(done.org).faults.clear()
    client(done.org, how="password").restful(
        "tooling/sobjects/ValidationRule", method="POST", json={"FullName": "Lead.Refused", "Metadata": rule}
    )
    refuse = {"status": 400, "code": "JSON_PARSER_ERROR", "message": f"VALUE_STRING value {echo} or request is missing"}
    pull = levers(done.org)
    pull.faults.plan({"path": "/composite/sobjects", "body": "Contact", "times": None, "refuse": refuse})
    done.run("refusals", exports, well=None)
    pull.faults.clear()
