"""The commands over the marked deployment: those that look at it, and those that look at a person.

commands(done, thorough=True)
"""

import json
import logging
from typing import TYPE_CHECKING

from sf_elt import open_warehouse
from sf_elt_tests.orgs import client
from sf_elt_tests.safety.marks import PEOPLE

if TYPE_CHECKING:
    from sf_elt_tests.safety.flows import Done

_OF_THE_DEPLOYMENT = (
    ["export", "plan", "people", "--json"], ["report", "--out", "report.html"], ["export", "undo", "leads", "--apply"],
)  # fmt: skip
_MORE = (
    ["check"], ["estimate"], ["estimate", "--json"], ["setup"], ["audiences", "list"], ["audiences", "list", "--json"],
    ["audiences", "preview"], ["audiences", "preview", "Wanted"], ["audiences", "preview", "Wanted", "--json"],
    ["audiences", "preview", "--condition", "salesforce_lead_title IS NOT NULL", "--sample", "9"],
    ["audiences", "preview", "--condition", "salesforce_lead_titel IS NOT NULL"],
    ["export", "list"], ["export", "list", "--json"], ["export", "undo", "leads"], ["export", "plan", "touchpoints"],
    ["export", "plan", "signed_up"], ["export", "plan", "keyed", "--json"], ["export", "plan", "invited"],
    ["export", "send", "by_itself", "--replan"], ["export", "send", "people", "--json", "--verbose"],
    ["export", "undo", "keyed", "--force"], ["export", "undo", "invited", "--apply", "--json"],
    ["status"], ["doctor"], ["check", "--verbose"], ["check", "--json"], ["report", "--json"], ["doctor", "--offline"],
    ["status", "--json"], ["status", "--runs", "99"], ["doctor", "--json"], ["connections"],
    ["connections", "--json", "--verbose"], ["alerts", "test"], ["alerts", "list", "--all"],
    ["alerts", "list", "--all", "--json"],
    ["init", "--yes", "--show"], ["init", "--yes", "--into", "initialised", "--verbose"],
    ["sf", "describe", "Lead"], ["sf", "picklist", "Lead", "Status"],
)  # fmt: skip
_OF_A_PERSON = (["why", PEOPLE["twin"], "people", "--json"],)
_MORE_OF_A_PERSON = (
    ["profile", PEOPLE["address"]], ["export", "plan", "leads", "--full"], ["why", PEOPLE["csv"], "signed_up"],
    ["exists", "people.csv", "--company-column", "company", "--out", "answer.csv"],
    ["exists", "Wanted", "--json", "--verbose"],
    ["sf", "find-by-email", PEOPLE["twin"], "--fields", "all", "--verbose"], ["sf", "campaigns", "--json"],
    ["sf", "fetch", "Contact", "--format", "csv"], ["sf", "fetch", "Lead", "--deleted", "--format", "jsonl"],
    ["sf", "query", f"SELECT Emial FROM Lead WHERE Email = '{PEOPLE['twin']}'", "--verbose"],
    ["sf", "query", f"SELECT Id, Email FROM Lead WHERE Email = '{PEOPLE['twin']}'"],
    ["erase", PEOPLE["nobody"], "--yes", "--reason", PEOPLE["nobody"]],
    ["erase", PEOPLE["address of a contact"], "--dry-run"],
    ["erase", PEOPLE["address of a contact"], "--yes", "--reason", "17"], ["erase"],
)  # fmt: skip


def commands(done: "Done", *, thorough: bool) -> None:
    """Each as in a shell."""
    for line in (*_OF_THE_DEPLOYMENT, *_MORE) if thorough else _OF_THE_DEPLOYMENT:
        done.command(*line)
    if thorough:
        people = [PEOPLE[name] for name in ("listed", "twin", "address")]
        lines = ["email,company", *(f"{each},{PEOPLE['company']}" for each in people), ""]
        (done.folder / "people.csv").write_text("\n".join(lines), "utf-8")
        _of_records(done)
        _of_approvals(done)
        _of_keys(done)
        _of_analysts(done)
    for line in (*_OF_A_PERSON, *_MORE_OF_A_PERSON) if thorough else _OF_A_PERSON:
        done.command(*line, of_a_person=True)


def _of_records(done: "Done") -> None:
    """By Ids, which are no personal data: of somebody whom only a fuzzy link makes one, and of a campaign."""
    with done.deployed.warehouse.read() as connection:
        ((record,),) = connection.execute("SELECT arg_max(record_id, probability) FROM profiles.fuzzy_pairs").fetchall()
    [campaign] = client(done.org, how="password").query(f"SELECT Id FROM Campaign WHERE Name = '{PEOPLE['campaign']}'")[
        "records"
    ]
    done.command("profile", record, of_a_person=True, status=0)
    shown = done.command("profile", record, "--json", of_a_person=True, status=0)
    assert "qzlastborn" in shown, shown
    for line in (
        ["sf", "find", record], ["sf", "find", record, "--fields", "Owner.Name"],
        ["sf", "campaign", campaign["Id"]], ["sf", "members", campaign["Id"]],
        ["sf", "member", campaign["Id"], "--lead", "00Q000000000001AAA"],
    ):  # fmt: skip
        done.command(*line, of_a_person=True)


def _of_approvals(done: "Done") -> None:
    """A plan that deletes more than it may waits; it is rejected once, and approved the next time."""
    done.command("export", "send", "cleared_out", "--replan", status=3)
    for decision in ("reject", "approve"):
        [held] = [
            each
            for each in json.loads(done.command("export", "list", "--json", status=0))
            if each["export"] == "cleared_out"
        ]
        if decision == "reject":
            done.command("export", "reject", "cleared_out", held["plan_id"], status=0)
            done.command("export", "send", "cleared_out", status=3)
        else:
            done.command("export", "send", "cleared_out", "--approve", held["plan_id"])


def _of_keys(done: "Done") -> None:
    """What is printed is for whoever asked; it is nowhere else."""
    printed = done.command("keys", "token", of_a_person=True, status=0)
    done.shown.remove(printed)
    done.secrets["printed key"] = printed.partition("=")[2].strip()


def _of_analysts(done: "Done") -> None:
    """What an analyst reads is theirs; what goes wrong meanwhile, and what is logged, says nothing secret."""
    warehouse = open_warehouse()
    done.shown.append(warehouse.sql("SELECT * FROM profiles.profiles").to_csv())
    try:
        warehouse.sql("SELECT email::INTEGER FROM profiles.profiles WHERE email IS NOT NULL")
    except Exception as error:
        logging.getLogger("an.analyst").debug("as they would", exc_info=error)
