"""What the demo says of itself, checked against the warehouse. A claim that does not hold ends it with status 1."""

from collections.abc import Iterable, Iterator, Mapping

from sf_elt.demo.changes import Changed
from sf_elt.demo.errors import ClaimFailed
from sf_elt.demo.moved import Sent
from sf_elt.demo.runs import WRITEBACK, Pass


def check_claims(first: Pass, echo: Pass, increment: Pass, changed: Changed) -> None:
    """Raises ClaimFailed with one sentence for each claim that does not hold."""
    touched = {
        "salesforce_leads": {*changed.leads, changed.deleted_lead, changed.new_lead},
        "salesforce_contacts": set(changed.contacts),
    }
    broken = [
        *_something_of_everything(first),
        *_only_these_moved("our own writes", echo, _streams_of(first.sent)),
        *_only_these_moved("their changes", increment, _united(touched, _streams_of(echo.sent))),
        *_nothing_follows_from_an_echo("our own writes", first, echo),
        *_only_what_changed_was_sent("their changes", increment),
        *_calls_were_counted({"first run": first, "our own writes": echo, "their changes": increment}),
    ]
    if broken:
        raise ClaimFailed("What it says of itself does not hold:\n" + "\n".join(f"- {claim}" for claim in broken))


def _something_of_everything(first: Pass) -> Iterator[str]:
    made = {
        "rows": first.rows_in,
        "profiles": first.profiles,
        "scores": first.of("insight/scores", "dagster/row_count"),
        "affinities": first.of("insight/affinities", "dagster/row_count"),
        "audience members": first.of("insight/audiences", "dagster/row_count"),
        "confirmed records": first.total(WRITEBACK, "records_confirmed"),  # written, or a kept org held them already
    }
    yield from (f"the first run made no {what}" for what, number in made.items() if number == 0)


def _only_these_moved(name: str, each: Pass, expected: Mapping[str, set[str]]) -> Iterator[str]:
    """Exactly the rows of the records that we or somebody else changed since the pass before."""
    for stream, moved in each.moved_ids.items():
        ids = expected.get(stream, set())
        if moved != ids:
            yield f"{name}: {len(ids):,} {stream} had changed and {len(moved):,} moved; {len(moved ^ ids):,} differ"


def _nothing_follows_from_an_echo(name: str, before: Pass, each: Pass) -> Iterator[str]:
    """Our own writes move no audience and cause no other write; only scores and topics that the next day moves do."""
    excused = each.scores_moved if before.started_at.date() != each.ended_at.date() else set[str]()
    moved = {move.profile_id for move in each.audience_moves} - excused
    written = {sent.profile_id for sent in each.sent} - excused
    if moved:
        yield f"{name}: {len(moved):,} profiles entered or left an audience"
    if written:
        yield f"{name}: records of {len(written):,} profiles were written again"
    if scored := each.scores_moved - excused:
        yield f"{name}: {len(scored):,} profiles have other scores or topics, though the day is the same"


def _only_what_changed_was_sent(name: str, each: Pass) -> Iterator[str]:
    """A profile moves where it or its scores have changed; written are audiences, scores and topics that have."""
    moved = {move.profile_id for move in each.audience_moves}
    unchanged = {move.profile_id for move in each.audience_moves if not move.profile_changed} - each.scores_moved
    unmoved = {sent.profile_id for sent in each.sent} - moved - each.scores_moved
    if unchanged:
        yield f"{name}: {len(unchanged):,} profiles that had not changed entered or left an audience"
    if unmoved:
        yield f"{name}: records of {len(unmoved):,} profiles were written though no audience, score or topic had moved"


def _calls_were_counted(passes: Mapping[str, Pass]) -> Iterator[str]:
    for name, each in passes.items():
        if each.our_calls != each.org_calls:
            yield f"{name}: we counted {each.our_calls:,} API calls and the org {each.org_calls:,}"
        if refused := each.total(WRITEBACK, "records_refused"):
            yield f"{name}: the org refused {refused:,} of our records"


def _streams_of(records: Iterable[Sent]) -> dict[str, set[str]]:
    ids: dict[str, set[str]] = {"salesforce_leads": set(), "salesforce_contacts": set()}
    for sent in records:
        ids[f"salesforce_{sent.export}"].add(sent.record_id)
    return ids


def _united(one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> dict[str, set[str]]:
    return {stream: one.get(stream, set()) | other.get(stream, set()) for stream in {*one, *other}}
