"""Which records the org holds for the subjects of an export: looked up by its matchers, and remembered."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from importlib.resources import files

import duckdb
import orjson

from sf_elt.salesforce import ObjectDescribe, Org, RequestRefused
from sf_elt.salesforce.matching import Matches, check_matchers, find_matches
from sf_elt.warehouse import Warehouse, naive
from sf_elt.writeback.errors import ExportMisconfigured
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.verdicts import FoundRecord, SubjectMatch, prepare

ANSWER_STANDS = timedelta(days=1)
"""How long it stands that the org has no record, or several, where neither side is known to have changed."""

AT_ONCE = 10_000
"""Subjects whose records are looked for before what was found is kept."""

MOST_SUBJECTS = 100_000
"""Subjects whose records one plan looks up: what it finds is written before more is asked."""

Key = Sequence[str | None]
_SQL = files("sf_elt.writeback").joinpath("subjects_to_match.sql").read_text("utf-8")


@dataclass(frozen=True)
class LookedUp:
    """What was found and is not kept, and whether there are subjects of which nothing is known yet."""

    matches: Sequence[SubjectMatch] = ()
    has_more: bool = False


def find_subjects(
    org: Org,
    warehouse: Warehouse,
    spec: ExportSpec,
    described: ObjectDescribe,
    *,
    now: datetime,
    keep: bool,
    found: Sequence[FoundRecord] = (),
    among: Sequence[str] | None = None,
) -> LookedUp:
    """Looks up the records of subjects that have none yet, hundreds in a call.

    What is found is kept in writeback.matches, piece by piece, where `keep` is true, and else given. A record that is
    found for one value of a subject is its record; several values (emails) may have one each. Two records of one value
    are ambiguous. A lead that would be new is looked for among contacts, too: an existing contact or a converted lead
    is never shadowed by a new lead. `found` are the records that matchers refer to.

    Where it is kept, no more are looked up than can be written before the day's calls are spent: who is left waits for
    the next plan.

    Raises ExportMisconfigured for a matcher that Salesforce does not filter by, AllowanceSpent.
    """
    if not spec.matchers:
        return LookedUp()
    try:
        check_matchers(described, list(spec.matchers))
    except RequestRefused as error:
        raise ExportMisconfigured(f"export {spec.name!r}: matchers: {error}") from None
    if spec.external_id and not described.field(spec.external_id).externalId:
        raise ExportMisconfigured(f"export {spec.name!r}: {spec.object}.{spec.external_id} is no external id")
    with warehouse.read() as connection:
        prepare(connection, spec, described, now=now, found=found, among=among)
        most = most_subjects(spec) if keep else None
        parameters = {
            "export": spec.name,
            "creates": spec.creates,
            "stale": naive(now - ANSWER_STANDS),
            "most": None if most is None else most + 1,
        }
        pending = connection.sql(_SQL, params=parameters).to_arrow_table()  # millions take little room like this
    has_more = most is not None and len(pending) > most and bool(pending["is_new"][most].as_py())
    pending = pending.slice(0, most)
    looked_up: list[SubjectMatch] = []
    for start in range(0, len(pending), AT_ONCE):
        some = pending.slice(start, AT_ONCE).to_pydict()
        rows = list(zip(some["subject_id"], some["match_md5"], some["match_keys"], strict=True))
        matches = look_up_subjects(org, spec, described, rows)
        if keep:
            with warehouse.write() as connection:
                keep_matches(connection, spec.name, matches, now=now)
        else:
            looked_up += matches
    return LookedUp(looked_up, has_more)


def most_subjects(spec: ExportSpec) -> int:
    """Of how many subjects one plan looks up the records."""
    calls = spec.max_daily_api_calls
    return MOST_SUBJECTS if calls is None else min(MOST_SUBJECTS, AT_ONCE * max(1, calls // 4))


def keep_matches(
    connection: duckdb.DuckDBPyConnection, export: str, matches: Sequence[SubjectMatch], *, now: datetime
) -> None:
    """Writes into writeback.matches what was found, in place of what stood there."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE new_matches AS
        SELECT unnest(from_json($matches, '[{
            "subject_id": "VARCHAR", "match_md5": "VARCHAR", "outcome": "VARCHAR", "record_ids": ["VARCHAR"],
            "message": "VARCHAR"
        }]'), max_depth := 2)
        """,
        {"matches": orjson.dumps([asdict(each) for each in matches]).decode()},
    )
    connection.execute(
        "DELETE FROM writeback.matches WHERE export = ? AND subject_id IN (SELECT subject_id FROM new_matches)",
        [export],
    )
    connection.execute(
        "INSERT INTO writeback.matches BY NAME SELECT ? AS export, *, ?::TIMESTAMP AS looked_at FROM new_matches",
        [export, naive(now)],
    )


def look_up_subjects(
    org: Org, spec: ExportSpec, described: ObjectDescribe, pending: Sequence[tuple[str, str, Sequence[Key]]]
) -> list[SubjectMatch]:
    """What the org holds for subjects, each with the md5 of its keys, and its keys."""
    keys = [key for _, _, keys_of_subject in pending for key in keys_of_subject]
    is_lead = described.name == "Lead"
    more = ["IsConverted"] if is_lead else []
    answers = iter(find_matches(org, spec.object, list(spec.matchers), spec.matchers_operator, keys, more_fields=more))
    matches = [
        _match(subject_id, match_md5, list(spec.matchers), [next(answers) for _ in keys_of_subject])
        for subject_id, match_md5, keys_of_subject in pending
    ]
    return _not_shadowing(org, spec, described, pending, matches)


def address_among(spec: ExportSpec, described: ObjectDescribe) -> int | None:
    """Which of the matchers is the address by which contacts keep a lead from being created; None where none does."""
    if described.name != "Lead" or not spec.creates:
        return None
    return next((place for place, name in enumerate(spec.matchers) if described.field(name).type == "email"), None)


def _match(subject_id: str, match_md5: str, fields: Sequence[str], answers: Sequence[Matches]) -> SubjectMatch:
    """What the answers for all keys of a subject come to."""
    open_records = [[each for each in answer.records if not each.fields.get("IsConverted")] for answer in answers]
    for records in open_records:
        if len(records) > 1:
            ids = [record.id for record in records]
            message = f"300: {len(ids)} records have {_told(fields)}: {', '.join(ids[:5])}; nothing is written"
            return SubjectMatch(subject_id, match_md5, "several", ids, message)
    ids = list(dict.fromkeys(record.id for records in open_records for record in records))
    if ids:
        return SubjectMatch(subject_id, match_md5, "one", ids)
    converted = [record.id for answer in answers for record in answer.records]
    if converted:
        message = f"the lead {converted[0]} is converted: its contact is written by an export of contacts"
        return SubjectMatch(subject_id, match_md5, "converted", converted, message)
    if unusable := [answer.unusable for answer in answers if answer.unusable]:
        return SubjectMatch(subject_id, match_md5, "unusable", (), unusable[0])
    if all(answer.incomplete for answer in answers):
        return SubjectMatch(subject_id, match_md5, "incomplete", (), f"has no value for {_told(fields)}")
    return SubjectMatch(subject_id, match_md5, "none")


def _told(fields: Sequence[str]) -> str:
    return f"this {fields[0]}" if len(fields) == 1 else f"these values of {', '.join(fields)}"


def _not_shadowing(
    org: Org,
    spec: ExportSpec,
    described: ObjectDescribe,
    pending: Sequence[tuple[str, str, Sequence[Key]]],
    matches: Sequence[SubjectMatch],
) -> list[SubjectMatch]:
    """The matches, where those without a lead are `contact` if there is a contact with the address."""
    place = address_among(spec, described)
    if place is None:
        return list(matches)
    asked = {
        match.subject_id: [key[place] for key in keys]
        for match, (_, _, keys) in zip(matches, pending, strict=True)
        if match.outcome == "none"
    }
    addresses = [[address] for of_subject in asked.values() for address in of_subject]
    answers = iter(find_matches(org, "Contact", ["Email"], "or", addresses)) if addresses else iter(())
    contacts = {
        subject_id: [record.id for _ in of_subject for record in next(answers).records]
        for subject_id, of_subject in asked.items()
    }
    return [
        SubjectMatch(
            match.subject_id,
            match.match_md5,
            "contact",
            contacts[match.subject_id],
            f"the contact {contacts[match.subject_id][0]} has this address: no lead is created beside it",
        )
        if contacts.get(match.subject_id)
        else match
        for match in matches
    ]
