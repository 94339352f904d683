"""Records of every kind, and what becomes of them: changed schemas, converted leads, merges, deletions, odd files.

marked_records(org)              # before anything is imported
more_imports(done)               # read twice, with all that somebody does in the org in between, and with bad counts
out_of_calls(done)
more_exports(done)               # events, campaigns, tasks, jobs of the Bulk API, approvals; by the Launchpad's options
"""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import duckdb
from simple_salesforce import Salesforce

from sf_elt.components.keys import stream_key
from sf_elt.demo_org.serve import Details
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.orgs import client, levers
from sf_elt_tests.safety.marks import PEOPLE

if TYPE_CHECKING:
    from sf_elt_tests.safety.flows import Done

STREAMS = dg.AssetSelection.groups("streams")
EXPORTS = dg.AssetSelection.groups("writeback")
LEADS, CONTACTS = stream_key("salesforce_leads"), stream_key("salesforce_contacts")


def marked_records(org: Details) -> None:
    """The user's own name, custom fields, campaigns, activities, and an address where a picklist's value should be."""
    sf = client(org, how="password")
    first, last = PEOPLE["owner"].split()
    [user] = sf.query(f"SELECT Id FROM User WHERE Username = '{org.username}'")["records"]
    sf.User.update(user["Id"], {"FirstName": first, "LastName": last})
    person = {"Company": PEOPLE["company"], "LastName": PEOPLE["last name"], "LeadSource": PEOPLE["picked"]}
    leads = {name: _made(sf, "Lead", **person, Email=PEOPLE[name]) for name in ("converted", "deleted", "picked")}
    contacts = [_made(sf, "Contact", LastName=PEOPLE["last name"], Email=PEOPLE["merged"]) for _ in range(2)]
    _made(sf, "Campaign", Name="Spring webinar")
    dinner = _made(sf, "Campaign", Name=PEOPLE["campaign"], Description=PEOPLE["said by the org"])
    _made(sf, "CampaignMember", CampaignId=dinner, LeadId=leads["picked"])
    _made(sf, "Task", Subject=PEOPLE["task"], Description=PEOPLE["address"], WhoId=contacts[0])
    _made(sf, "Opportunity", Name=PEOPLE["task"], StageName="Prospecting", CloseDate="2027-01-31")
    _made(
        sf, "Subscription__c", Name=PEOPLE["first name"], Notes__c=PEOPLE["dropped field"], Contact__c=contacts[1],
        External_Key__c=PEOPLE["merged"],
    )  # fmt: skip
    _made(sf, "Subscription__c", Name=PEOPLE["first name"], External_Key__c=PEOPLE["custom field"])


def marked_files(folder: Path) -> None:
    """Events of every kind of file; one is named after a person, two cannot be read, topics and types are people."""
    app, torn = folder / "app_events", folder / "torn_events"
    app.mkdir()
    torn.mkdir()
    now = datetime.now(UTC).replace(microsecond=0)
    last = PEOPLE["created lead"]
    signed_up = {"type": "identify", "first_name": "Created", "last_name": last, "wishes": PEOPLE["said by the org"]}
    visits = [
        {"who": PEOPLE["csv"], **signed_up},
        {"who": PEOPLE["address"], "type": PEOPLE["event type"], "topics": [PEOPLE["topic"], PEOPLE["topic"]]},
    ]
    timed = [{"event_id": f"a{n}", "occurred_at": now.isoformat(), **each} for n, each in enumerate(visits)]
    named = app / f"of {PEOPLE['named file']}.jsonl.gz"
    named.write_bytes(gzip.compress("".join(f"{json.dumps(each)}\n" for each in timed).encode()))
    rows = [f"{now - timedelta(hours=n)},{PEOPLE['csv']},identify,{last}" for n in range(3)]
    (app / "signed.csv").write_text("\n".join(["occurred_at,who,type,last_name", *rows, "never,,,", ""]), "utf-8")
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT now() AS occurred_at, ? AS who, 'identify' AS type, ? AS last_name) TO ? (FORMAT parquet)",
            [PEOPLE["parquet"], last, str(app / "signed.parquet")],
        )
    (torn / f"of {PEOPLE['named file']}.csv").write_text(f"{PEOPLE['torn file']},x\n{PEOPLE['torn file']},y\n", "utf-8")
    (torn / "torn.jsonl.gz").write_bytes(gzip.compress(f"{PEOPLE['torn file']}\n".encode() * 99)[:40])
    (torn / "torn.parquet").write_bytes(b"PAR1" + PEOPLE["torn file"].encode() + b"PAR1")
    (torn / "latin.csv").write_bytes(f"occurred_at,email,name\nnow,{PEOPLE['torn file']},Ångström\n".encode("latin-1"))
    good = {"occurred_at": now.isoformat(), "email": PEOPLE["torn file"]}
    (torn / "good.jsonl").write_text(
        "\n".join([json.dumps(good), f'["{PEOPLE["torn file"]}"]', f"{PEOPLE['torn file']}", ""]), "utf-8"
    )


def more_imports(done: "Done") -> None:
    """Read again after everything that can happen to a record and to a field; counts that lie, rows that repeat."""
    pull = levers(done.org)
    pull.faults.clear()
    _change_the_org(done.org)
    done.run("after changes", STREAMS, well=None)
    for what, fault in (
        ("a lying count", {"preset": "lying_count", "path": "/query", "times": None}),
        ("repeated rows", {"preset": "repeated_rows", "path": "/query", "times": None}),
        ("rows that are cut", {"preset": "truncated_csv", "path": "/results", "times": None}),
        ("a failed job", {"preset": "failed_job", "path": "/jobs/query", "times": None}),
    ):
        pull.faults.plan(fault, {"preset": "small_pages", "path": "/query", "times": None})
        done.run(what, dg.AssetSelection.assets(LEADS, CONTACTS), well=None)
        pull.faults.clear()
    pull.set_permission("Contact", "Email", access="none")
    done.run("a hidden field", dg.AssetSelection.assets(CONTACTS), well=None)
    pull.set_permission("Contact", "Email", access="granted")
    anew: dict[str, object] = {"ops": {"build_profiles": {"config": {"anew": True}}}}
    done.run("anew", dg.AssetSelection.groups("profiles", "insight"), well=True, config=anew)


def _change_the_org(org: Details) -> None:
    sf = client(org, how="password")
    ids = {each["Email"]: each["Id"] for each in sf.query("SELECT Id, Email FROM Lead WHERE Email != null")["records"]}
    wanted = {"leadId": ids[PEOPLE["converted"]], "convertedStatus": "Closed - Converted"}
    [converted] = soap(org, "convertLead", {"leadConverts": wanted}, token=sf.session_id)
    assert converted["success"] == "true", converted
    sf.Lead.delete(ids[PEOPLE["deleted"]])
    master, loser = (
        each["Id"] for each in sf.query(f"SELECT Id FROM Contact WHERE Email = '{PEOPLE['merged']}'")["records"]
    )
    merging = {"masterRecord": {"type": "Contact", "Id": master}, "recordToMergeIds": [loser]}
    [merged] = soap(org, "merge", {"request": merging}, token=sf.session_id)
    assert merged["success"] == "true", merged
    pull = levers(org)
    added = {"fullName": "Marked_Note__c", "type": "Text", "label": "Marked Note", "length": 100}
    pull.change_schema("Lead", add=[added])
    pull.change_schema("Subscription__c", drop=["Notes__c"])
    sf.Lead.update(ids[PEOPLE["picked"]], {"Marked_Note__c": PEOPLE["new field"]})


def more_exports(done: "Done") -> None:
    """Setup by the Metadata API first; then all exports dry and wet, with jobs that fail, approvals and undoes."""
    done.command("setup", status=0)
    done.command("setup", "--apply", "--json", "--verbose", status=0)
    pull = levers(done.org)
    names = ("by_job", "signed_up", "touchpoints", "invited", "keyed", "cleared_out", "by_itself")
    dry: dict[str, object] = {"ops": {f"export_{name}": {"config": {"dry_run": True}} for name in names}}
    chosen = dg.AssetSelection.assets(*(dg.AssetKey(["writeback", name]) for name in names))
    done.run("more dry runs", chosen, well=True, config=dry)
    echo = f"Ask {PEOPLE['said by the org']} of {PEOPLE['first name']} {PEOPLE['last name']}, {PEOPLE['phone']}"
    refuse = {"status": 400, "code": "INVALID_FIELD", "message": f"No such column = '{echo}'"}
    pull.faults.plan({"path": "/jobs/ingest", "times": 1, "refuse": refuse})
    done.run("a job that is refused", chosen, well=None)
    pull.faults.clear()
    pull.faults.plan({"preset": "failed_job", "path": "/jobs/ingest", "times": 1})
    done.run("a job that fails", chosen, well=None)
    pull.faults.clear()
    done.run("all that is left", chosen, well=None)
    undone: dict[str, object] = {
        "ops": {f"export_{name}": {"config": {"undo_run": "last"}} for name in ("signed_up", "by_job")}
    }
    undoing = dg.AssetSelection.assets(*(dg.AssetKey(["writeback", name]) for name in ("signed_up", "by_job")))
    done.run("undone in the Launchpad", undoing, well=True, config=undone)
    wrong: dict[str, object] = {"ops": {"export_by_job": {"config": {"approve": "nonsense"}}}}
    done.run(
        "a plan that is none", dg.AssetSelection.assets(dg.AssetKey(["writeback", "by_job"])), well=False, config=wrong
    )


def out_of_calls(done: "Done") -> None:
    """Whoever asks now has to wait; it comes last, for what the org has said counts for an hour."""
    levers(done.org).limit(1)
    done.run("out of calls", STREAMS | EXPORTS, well=None)
    for line in (["status"], ["check", "--verbose"], ["estimate"], ["export", "send", "people"]):
        done.command(*line)


def _made(sf: Salesforce, object_name: str, **values: object) -> str:
    saved = getattr(sf, object_name).create(values)
    assert saved["success"], saved
    return str(saved["id"])
