"""What needs attention first, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sf_elt.counting import count
from sf_elt.insight import StandingAudience
from sf_elt.report.exports import ExportStanding
from sf_elt.report.people import ImportedStream
from sf_elt.report.reading import Report
from sf_elt.report.words import ago, code, duration, every, moment, plain, signed_percent

Urgency = Literal["act", "look"]

DAY = timedelta(days=1)
MISSED_READINGS = 3
"""A stream is late after so many times its usual gap, and never within a day."""
GIVEN_UP = timedelta(days=90)
"""What has not been imported for so long is no longer meant to be."""
BROKEN_OFF = timedelta(hours=1)
"""A run of an export that has neither ended nor paused by then has broken off."""
MARKED_SHARE, MARKED_PEOPLE = 0.25, 20
"""An audience is named that has changed by a quarter within a week, and by so many people."""


@dataclass(frozen=True)
class Attention:
    """One thing that somebody should look at, or act on, and what to do."""

    urgency: Urgency
    title: str
    says: str
    do: str


def needs_attention(report: Report) -> tuple[Attention, ...]:
    """What needs attention, the urgent first; empty where nothing does."""
    found = [
        *(item for each in report.exports for item in _of_export(report, each)),
        *(item for each in report.imports for item in _of_import(each)),
        *_of_dropped_fields(report),
        *_of_old_audiences(report),
        *_of_scores(report),
        *_of_changed_audiences(report),
        *_of_empty_audiences(report),
        *_of_unreadable(report),
        *_of_pending_pairs(report),
    ]
    return tuple(sorted(found, key=lambda each: each.urgency))


def _of_export(report: Report, export: ExportStanding) -> Iterator[Attention]:
    waiting = f"{count(export.waiting + export.in_doubt, 'record')} of {export.planned:,} still to be written"
    if export.status == "paused":
        yield Attention(
            "look",
            f"The export {export.export} is paused: its API calls are used up",
            f"{waiting}.",
            "It goes on by itself as soon as calls are free again. If that happens often, raise max_daily_api_calls.",
        )
    elif export.status == "waiting for approval":
        yield Attention(
            "act",
            f"The export {export.export} waits for somebody's approval",
            f"Its plan of {moment(export.run_at)} would write or delete {count(export.planned, 'record')}, a larger "
            "share than it may unasked.",
            "Look at what it would do, then approve it or plan anew: Approval in docs/exports.md says how.",
        )
    elif export.status in ("planned", "sending") and report.made_at - export.run_at > BROKEN_OFF:
        yield Attention(
            "act",
            f"The last run of the export {export.export} broke off",
            f"It began {moment(export.run_at)}; {waiting}.",
            "Run the export again: it first looks up what Salesforce already holds, and writes nothing twice.",
        )
    if export.refused:
        reasons = [each for each in export.not_written if each.status == "failed"]
        most = f" Most often: {code(reasons[0].code).title.lower()}." if reasons else ""
        yield Attention(
            "act" if export.refused > export.sent else "look",
            f"Salesforce refused {count(export.refused, 'record')} of the export {export.export}",
            f"The same run wrote {count(export.sent, 'record')}.{most}",
            "The reasons are under Write-backs; an administrator can put most of them right in Salesforce.",
        )
    held_back = [each for each in export.not_written if each.status == "set aside" and not code(each.code).is_usual]
    if held_back:
        yield Attention(
            "look",
            f"{count(sum(each.records for each in held_back), 'record')} of the export {export.export} "
            "could not be sent",
            f"Most often: {code(held_back[0].code).title.lower()}.",
            code(held_back[0].code).says,
        )


def _of_import(stream: ImportedStream) -> Iterator[Attention]:
    late = max(DAY, MISSED_READINGS * (stream.usual_gap or DAY))
    if not late < stream.age < GIVEN_UP:
        return
    pace = f"It usually comes {every(stream.usual_gap)}. " if stream.usual_gap else ""
    yield Attention(
        "act",
        f"{plain(stream.stream)}: {'no new events' if stream.holds_events else 'not imported'} "
        f"for {duration(stream.age)}",
        f"{pace}Everything below knows it as of {moment(stream.read_at)}.",
        "Look at the asset's last run in Dagster, and whether its schedule is on.",
    )


def _of_dropped_fields(report: Report) -> Iterator[Attention]:
    dropped = report.health.dropped if report.health else ()
    if dropped:
        names = ", ".join(f"{each.field} of {plain(each.stream)}" for each in dropped[:5])
        more = f" and {len(dropped) - 5:,} more" if len(dropped) > 5 else ""
        yield Attention(
            "act",
            f"{count(len(dropped), 'field')} can no longer be read from Salesforce",
            f"{names}{more}: empty since then, in profiles too.",
            "Ask an administrator whether the field was deleted or hidden from the integration user.",
        )


def _of_old_audiences(report: Report) -> Iterator[Attention]:
    if not report.audiences or not report.imports:
        return
    evaluated = min(each.evaluated_at for each in report.audiences)
    imported = max(each.read_at for each in report.imports)
    if imported - evaluated > DAY:
        yield Attention(
            "act",
            f"The audiences are older than the data, by {duration(imported - evaluated)}",
            f"They were last evaluated {moment(evaluated)}; data came in after that.",
            "Materialize profiles, scores and audiences in Dagster, and see why they did not run by themselves.",
        )


def _of_scores(report: Report) -> Iterator[Attention]:
    if report.scores is None:
        return
    empty = [each.score for each in report.scores.spreads if not each.people]
    if empty:
        yield Attention(
            "look",
            f"No one has a {' or '.join(empty)} score",
            "There is too little behaviour yet to compute it from. Audiences that ask for it stay empty.",
            "Nothing, if you have only begun: it comes with more events.",
        )


def _of_changed_audiences(report: Report) -> Iterator[Attention]:
    changed = [(each, change) for each in report.audiences if (change := _marked_change(each))]
    if changed:
        changed.sort(key=lambda each: -abs(each[1]))
        named = (f"{each.name} {signed_percent(change)} (now {each.members:,})" for each, change in changed)
        yield Attention(
            "look",
            f"{count(len(changed), 'audience')} changed much within a week",
            f"{', '.join(named)}: people who came and left by themselves.",
            "If that is no campaign of yours, see whether an import or a tracking script has changed.",
        )


def _marked_change(audience: StandingAudience) -> float:
    """By what share of its size a week ago it has grown; 0 where that is little."""
    before = audience.size(7)
    change = audience.week.entered - audience.week.left
    if not before or abs(change) < MARKED_PEOPLE or abs(change) < MARKED_SHARE * before:
        return 0.0
    return change / before


def _of_empty_audiences(report: Report) -> Iterator[Attention]:
    empty = [each.name for each in report.audiences if not each.members]
    if empty and report.people:
        yield Attention(
            "look",
            f"{count(len(empty), 'audience')} without anybody in it",
            ", ".join(empty),
            "See what its condition asks for: sf-elt audiences preview NAME shows it, and who would be in it.",
        )


def _of_unreadable(report: Report) -> Iterator[Attention]:
    lines = report.health.rows_set_aside_this_week if report.health else 0
    if lines and report.health:
        newest = max(each.latest_at for each in report.health.set_aside)
        yield Attention(
            "look",
            f"{count(lines, 'line')} of event files could not be read this week",
            f"The latest {ago(report.made_at - newest)}. They are kept with their reasons; nothing else is held up.",
            "Send the reasons under Profile health to whoever makes the files.",
        )


def _of_pending_pairs(report: Report) -> Iterator[Attention]:
    pending = report.health.pending_by_hand if report.health else 0
    if pending:
        yield Attention(
            "look",
            f"{count(pending, 'link')} made by hand {'waits' if pending == 1 else 'wait'} for somebody unknown",
            "No imported row carries one of the two identifiers yet.",
            "Look for typing errors in the lists of links and unlinks.",
        )
