"""All findings about an installation, in the order in which things have to work, and the one thing to do next."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sf_elt.components.deployment import Deployment
from sf_elt.components.doctor.data import about_data, is_anothers, waiting_little
from sf_elt.components.doctor.logins import about_login
from sf_elt.components.doctor.messages import about_messages
from sf_elt.components.doctor.program import about_program
from sf_elt.components.doctor.running import about_running
from sf_elt.components.doctor.settings import about_settings
from sf_elt.components.doctor.variables import about_variables
from sf_elt.components.doctor.work import about_work
from sf_elt.components.preflight.findings import Finding
from sf_elt.components.preflight.run import preflight
from sf_elt.components.status import Status, read_status
from sf_elt.components.status.reading import Load
from sf_elt.components.wrong_yaml import has_yaml
from sf_elt.counting import count
from sf_elt.salesforce.connection.transport import LITTLE_PATIENCE
from sf_elt.warehouse import Warehouse

RUNS = 50

Told = Callable[[str], None]


@dataclass(frozen=True)
class Diagnosis:
    """All findings, and what they cost in API calls."""

    findings: tuple[Finding, ...]
    api_calls: int

    @property
    def is_well(self) -> bool:
        """Whether nothing keeps it from working."""
        return all(each.verdict != "problem" for each in self.findings)

    @property
    def next_steps(self) -> tuple[str, ...]:
        """What to do, in this order: all about problems, each once; about warnings where there is no problem."""
        for verdict in ("problem", "warning"):
            steps = [each.grant for each in self.findings if each.verdict == verdict and each.grant]
            if steps:
                return tuple(dict.fromkeys(steps))
        return ("Nothing: all is well. `sf-elt status` shows what comes and goes.",)

    def in_words(self) -> str:
        """How many findings are how."""
        ok, warnings, problems = (
            sum(each.verdict == verdict for each in self.findings) for verdict in ("ok", "warning", "problem")
        )
        told = [f"{ok} ok", f"{warnings} to look at", count(problems, "problem")]
        return ", ".join(each for each in told if not each.startswith("0 "))

    def as_dict(self) -> dict[str, object]:
        """For programs."""
        return {
            "is_well": self.is_well,
            "next_step": self.next_steps[0],
            "next_steps": list(self.next_steps),
            "api_calls": self.api_calls,
            "findings": [
                {
                    "subject": each.subject,
                    "test": each.test,
                    "verdict": each.verdict,
                    "says": each.says,
                    "to_do": each.grant,
                }
                for each in self.findings
            ],
        }


def diagnose(
    warehouse: Warehouse | None,
    load: Load,
    folder: Path,
    now: datetime,
    *,
    offline: bool = False,
    told: Told = lambda _: None,
) -> Diagnosis:
    """Looks at everything; nothing is changed but the count of API calls, and `offline` asks no org.

    `folder` is the project's, `told` hears what is looked at. Nothing is raised for what is wrong; where the variables
    name no `warehouse`, no more than the settings is looked at.
    """
    told("the installation")
    findings = [*about_program(), *about_settings(folder), *about_variables()]
    if warehouse is None:
        return Diagnosis(tuple(findings), 0)
    status = read_status(waiting_little(warehouse), load, now, runs=RUNS)
    findings += [_yaml(status), *about_data(warehouse, status, now)]
    calls = 0
    for connection in status.deployment.connections if status.deployment is not None else ():
        login = about_login(connection)
        findings.append(login)
        if status.deployment is not None and not offline and login.verdict == "ok":
            told(f"the org of connection {connection.name}")
            found, made = _of_org(status.deployment, connection.name, warehouse)
            findings += found
            calls += made
    findings += about_running(status, now, [each.grant for each in findings])
    findings += [*about_work(status, warehouse), *about_messages(warehouse, now)]
    return Diagnosis(tuple(findings), calls)


def _yaml(status: Status) -> Finding:
    deployment = status.deployment
    if deployment is None:
        to_do = "Correct it, then: make check" if has_yaml() else "sf-elt init"
        return Finding("YAML", "loads", "problem", status.wrong_yaml, to_do)
    if not deployment.connections:
        says = "it loads, and has no SalesforceConnection"
        return Finding("YAML", "loads", "problem", says, "sf-elt init  # docs/connecting.md")
    says = (
        f"it loads: {count(len(deployment.connections), 'connection')} "
        f"({', '.join(each.name for each in deployment.connections)}), {count(len(deployment.imports), 'import')}, "
        f"{count(len(deployment.exports), 'export')}"
    )
    return Finding("YAML", "loads", "ok", says)


def _of_org(deployment: Deployment, connection: str, warehouse: Warehouse) -> tuple[list[Finding], int]:
    """What `sf-elt check` finds, without what is well beyond its login and the org itself; and the calls it took."""
    if is_anothers(warehouse):
        says = "the org is not asked: calls are counted in a folder that is somebody else's"
        return [Finding(connection, "login", "warning", says, "Run this as the folder's owner.")], 0
    found = preflight(deployment, connection, waiting_little(warehouse), patience=LITTLE_PATIENCE)
    own = [_as_problem(one) for one in found.findings if one.subject == connection or one.verdict != "ok"]
    if others := len(found.findings) - len(own):
        says = f"{count(others, 'test')} of streams, exports and the warehouse went well"
        own.append(Finding(connection, "other tests", "ok", says))
    return own, found.api_calls


def _as_problem(finding: Finding) -> Finding:
    """What an org lacks is a problem of the installation."""
    return replace(finding, verdict="problem") if finding.verdict == "missing" else finding
