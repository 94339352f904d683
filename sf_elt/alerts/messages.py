"""What a message says: what is wrong, where, since when, what to do. Names and numbers; nothing that records hold."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sf_elt.alerts.kinds import Event, Incident, Kind, Subject
from sf_elt.counting import count

LISTED = 10
"""As many assets are named one by one."""

SUMMED_LISTED = 20
"""As many incidents a summary names."""

LONGEST = 300
"""Characters of one fact."""

_TITLES: Mapping[Kind, str] = {
    "failure": "Failed: {what}",
    "quota": "API calls nearly used up: {what}",
    "lag": "Not up to date: {what}",
    "refused": "More records refused than usual: {what}",
    "check": "A check does not hold: {what}",
    "approval": "Waits for approval: {what}",
    "stuck": "Does not go on: {what}",
    "tick": "Starts nothing any more: {what}",
    "warehouse": "Cannot be read: the {what}",
}

_STATES: Mapping[Event, str] = {"opened": "", "reminder": "Still: ", "over": "Over: ", "summary": ""}

_TO_DO: Mapping[Kind, str] = {
    "failure": "Read the error in the run, and what to do about it in troubleshooting.md. What runs on a schedule "
    "tries again by itself; anything else needs to be started again.",
    "quota": "At the maximum, work pauses and goes on by itself when calls are free: no failure. If that happens "
    "often, raise max_daily_api_calls, or run less often: quotas.md.",
    "lag": "See in Dagster whether its schedule is on, its last run failed, or its API calls are used up: recovery.md.",
    "refused": "`sf-elt report` lists the reasons, `sf-elt why` explains one record; lines of event files are in "
    "ops.set_aside: troubleshooting.md.",
    "check": "The check's result, on the asset in Dagster, has the details. An export whose fields do not fit looks "
    "again each hour: setup.md. Anything else is checked when the asset is made again.",
    "approval": "`sf-elt export plan` shows what it would write. Then approve or reject it, with `sf-elt export send … "
    "--approve` or `sf-elt export reject`: exports.md.",
    "stuck": "See in Dagster whether its daemon lives, and terminate a run whose process is gone: troubleshooting.md.",
    "tick": "The tick's log, under Automation in Dagster, has the error: troubleshooting.md.",
    "warehouse": "Close the program that holds it, or terminate its run; `sf-elt doctor` names it: recovery.md. "
    "Until then refused records and plans that wait are not seen.",
}

_PAGES: Mapping[Kind, str] = {
    "failure": "troubleshooting.md",
    "quota": "quotas.md",
    "lag": "recovery.md",
    "refused": "troubleshooting.md",
    "check": "troubleshooting.md",
    "approval": "exports.md",
    "stuck": "troubleshooting.md",
    "tick": "troubleshooting.md",
    "warehouse": "recovery.md",
}


@dataclass(frozen=True)
class Links:
    """Where the web UI and the documentation are reached, without a slash at the end; None where nobody said."""

    ui: str | None = None
    docs: str | None = None


@dataclass(frozen=True)
class Message:
    """A message as plain text in parts; each channel writes it in its own way. `id` is the same for each repetition."""

    id: str
    incident: str
    event: Event
    kind: str
    title: str
    facts: tuple[str, ...]
    since: datetime
    until: datetime | None
    to_do: str
    links: tuple[str, ...]

    def as_text(self) -> str:
        """All of it, as lines."""
        lines = [self.title, "", *self.facts, "", self.when()]
        lines += ["", self.to_do] if self.to_do else []
        lines += ["", *self.links] if self.links else []
        return "\n".join(lines)

    def when(self) -> str:
        """Since when, and until when where it is over."""
        since = f"Since {self.since:%Y-%m-%d %H:%M} UTC"
        return f"{since}, until {self.until:%Y-%m-%d %H:%M} UTC." if self.until else f"{since}."


def message_about(incident: Incident, event: Event, id_: str, links: Links) -> Message:
    """What is told about an incident as it stands."""
    over = event == "over" or incident.closed_at is not None
    facts = [("Before: " if over else "") + _fact(each) for each in incident.subjects[:LISTED]]
    if len(incident.subjects) > LISTED:
        facts.append(f"and {len(incident.subjects) - LISTED:,} more")
    if incident.kind == "failure" and incident.times > 1:
        facts.append(f"{incident.times:,} runs have failed of it.")
    return Message(
        id=id_,
        incident=incident.id,
        event=event,
        kind=incident.kind,
        title=clean(_title(incident, event)),
        facts=tuple(clean(each) for each in facts),
        since=incident.began_at,
        until=incident.closed_at,
        to_do="" if over else _TO_DO[incident.kind],
        links=() if over else tuple(_links(incident, links)),
    )


def summary_of(told: Sequence[tuple[Incident, Event]], incident: str, id_: str, links: Links) -> Message:
    """What is told in place of many messages about these."""
    lasting = sum(each.closed_at is None for each, _ in told)
    facts = [_summed(each, event) for each, event in told[-SUMMED_LISTED:]]
    if len(told) > SUMMED_LISTED:
        facts.insert(0, f"{len(told) - SUMMED_LISTED:,} earlier ones, and these:")
    return Message(
        id=id_,
        incident=incident,
        event="summary",
        kind="several",
        title=f"{count(len(told), 'message')} in one: {count(lasting, 'incident lasts', 'incidents last')}",
        facts=tuple(clean(each) for each in facts),
        since=min(each.began_at for each, _ in told),
        until=None,
        to_do="`sf-elt alerts list` shows what is wrong now, with --all also what is over.",
        links=(links.ui,) if links.ui else (),
    )


def trial_message(channel: str, now: datetime) -> Message:
    """What `sf-elt alerts test` sends."""
    return Message(
        id=f"test.{channel}.{now:%Y%m%dT%H%M%S%f}",
        incident="test",
        event="opened",
        kind="test",
        title="Test: alerts of sf_elt reach you here",
        facts=(f"Somebody ran `sf-elt alerts test {channel}`. Nothing is wrong.",),
        since=now,
        until=None,
        to_do="",
        links=(),
    )


def clean(text: str) -> str:
    """One line without characters that a terminal, a header or a reader's eye could be led astray by."""
    spaced = re.sub(r"\s+", " ", text)
    shown = "".join(each for each in spaced if unicodedata.category(each)[0] != "C")
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def _summed(incident: Incident, event: Event) -> str:
    """The title, and when."""
    began = f"{incident.began_at:%Y-%m-%d %H:%M}"
    until = f" to {incident.closed_at:%Y-%m-%d %H:%M}" if incident.closed_at else ""
    return f"{_title(incident, event)} ({began}{until} UTC)"


def _title(incident: Incident, event: Event) -> str:
    state = "Over: " if event == "over" or incident.closed_at is not None else _STATES[event]
    return state + _TITLES[incident.kind].format(what=_named(incident))


def _named(incident: Incident) -> str:
    first, *others = incident.subjects
    return first.name if not others else f"{first.name} and {len(others):,} more"


def _fact(subject: Subject) -> str:
    return f"{subject.name}: {subject.says}"


def _links(incident: Incident, links: Links) -> list[str]:
    found = []
    run = next((each.run_id for each in incident.subjects if each.run_id), None)
    if links.ui:
        found.append(f"{links.ui}/runs/{run}" if run else links.ui)
    if links.docs:
        found.append(f"{links.docs}/{_PAGES[incident.kind]}")
    return found
