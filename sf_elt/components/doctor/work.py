"""Work that waits for somebody: plans to approve, API calls to come back, records that were refused."""

from collections.abc import Iterator

from sf_elt.components.preflight.findings import Finding
from sf_elt.components.preflight.run import without_ledger
from sf_elt.components.status import Status
from sf_elt.components.status.quotas import is_nearly_spent
from sf_elt.counting import count
from sf_elt.warehouse import Warehouse
from sf_elt.writeback.approval import WAITING


def about_work(status: Status, warehouse: Warehouse) -> Iterator[Finding]:
    """By export and import; a line that all is well where it is."""
    yield from _exports(status)
    yield from _calls(status, warehouse)
    yield from _set_aside(status)


def _exports(status: Status) -> Iterator[Finding]:
    waits = [each for each in status.standing.exports if each.status == WAITING]
    for each in waits:
        says = f"a plan waits for approval: {each.held_because}"
        to_do = f"sf-elt export plan {each.export}; then sf-elt export send {each.export} --approve {each.plan_id}"
        yield Finding(f"export {each.export}", "approval", "warning", says, to_do)
    for each in status.standing.exports:
        if each.failed:
            says = f"the org refused {count(each.failed, 'record')}, most often with {each.most_often}"
            to_do = f"sf-elt why EMAIL {each.export} has its words; sf-elt report has all reasons."
            yield Finding(f"export {each.export}", "records", "warning", says, to_do)
    if status.standing.exports and not waits:
        yield Finding("exports", "approval", "ok", "no plan waits for approval")


def _calls(status: Status, warehouse: Warehouse) -> Iterator[Finding]:
    if status.of_calls:
        is_locked = "locked" in status.of_calls
        to_do = "Look again in a minute: sf-elt doctor" if is_locked else without_ledger(warehouse)
        yield Finding("quotas", "API calls", "problem", status.of_calls, to_do)
        return
    spent = [each for each in status.quotas if each.is_nearly_spent]
    for each in spent:
        says = f"{each.used:,} of at most {each.maximum:,} API calls of 24 hours are used"
        to_do = "It pauses, and goes on by itself. If that happens often, raise max_daily_api_calls: docs/quotas.md."
        yield Finding(each.job, "API calls", "warning", says, to_do)
    reserve = max((each.org_reserve for each in status.deployment.connections), default=0) if status.deployment else 0
    tight = [said for said in status.orgs if is_nearly_spent(said, reserve)]
    for said in tight:
        says = f"the org said at {said.said_at:%H:%M} UTC that {said.used:,} of its {said.allowed:,} calls are used"
        to_do = "Ask who else uses them: Setup › System Overview in Salesforce; docs/quotas.md."
        yield Finding(said.org, "API calls", "warning", says, to_do)
    for paused in status.paused:
        says = f"paused until {paused.until:%Y-%m-%d %H:%M} UTC: {paused.reason}"
        yield Finding(paused.asset, "paused", "warning", says, "It goes on by itself, once what it says is mended.")
    if not (spent or tight or status.paused):
        yield Finding("quotas", "API calls", "ok", "no import and no export is near its maximum")


def _set_aside(status: Status) -> Iterator[Finding]:
    for each in status.standing.streams:
        if each.set_aside_lately:
            lines = count(each.set_aside_lately, "line or value", "lines or values")
            says = f"{lines} could not be read"
            to_do = "They wait, with their reasons: sf-elt report, under Profile health."
            yield Finding(each.stream, "set aside", "warning", says, to_do)
