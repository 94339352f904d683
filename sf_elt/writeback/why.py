"""Why a person was sent, or was not: the verdict that the next plan would come to, and what the log has.

    found = explain_sending(warehouse, spec, described, "ada@example.com", now=now)
    for said in found.subjects:
        print(said.answers, said.log)

Nothing is written and the org is not asked; all of it is personal data: show it, log none of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import duckdb

from sf_elt.profiles.errors import NoSuchProfile
from sf_elt.profiles.explaining.explaining import profile_id_of
from sf_elt.profiles.sql import statement
from sf_elt.salesforce import ObjectDescribe
from sf_elt.warehouse import Warehouse
from sf_elt.writeback.approval import WAITING
from sf_elt.writeback.errors import NoSuchSubject, of_this_version
from sf_elt.writeback.spec import ExportSpec
from sf_elt.writeback.subjects import make_subject_rows
from sf_elt.writeback.verdicts import judge, prepare

MOST_SUBJECTS = 5
MOST_LOGGED = 10
_RIVALS_SQL = files("sf_elt.writeback").joinpath("rivals.sql").read_text("utf-8")


@dataclass(frozen=True)
class Answer:
    """One reason: a word for it, and a sentence."""

    code: str
    says: str
    record_id: str | None = None


@dataclass(frozen=True)
class Logged:
    """What the log has of one attempt at a record. `logged_at` is UTC, without a zone."""

    logged_at: datetime
    run_id: str
    record_id: str | None
    operation: str
    status: str
    code: str | None
    message: str | None
    changed_fields: tuple[str, ...]
    transport: str
    attempt: int


@dataclass(frozen=True)
class SubjectExplained:
    """One profile, event or group: why it is sent or not, the most important reason first, and its last attempts."""

    subject_id: str
    profile_id: str
    answers: tuple[Answer, ...]
    log: tuple[Logged, ...]


@dataclass(frozen=True)
class SendingExplained:
    """Who was asked for, in an export: of events the latest few of a person."""

    export: str
    subjects: tuple[SubjectExplained, ...]
    more: int
    """Subjects that are not told."""


def explain_sending(
    warehouse: Warehouse, spec: ExportSpec, described: ObjectDescribe, asked: str, *, now: datetime
) -> SendingExplained:
    """Why whoever `asked` leads to is sent or not: an identifier or id of a profile, a record's Id, an event's key.

    Raises NoSuchSubject, SeveralProfiles where the identifier is one of several people, and what `plan_export` raises
    of a spec that does not fit.
    """
    with of_this_version(), warehouse.read() as connection:
        make_subject_rows(connection, spec, now=now)
        subjects, more = _subjects(connection, spec, asked.strip())
        told = [_explained(connection, spec, described, each, profile, now=now) for each, profile in subjects]
    return SendingExplained(spec.name, tuple(told), more)


def _subjects(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, asked: str) -> tuple[list[tuple[str, str]], int]:
    """(subject id, profile id) of those that are meant, and how many more there are."""
    profile_id = ""
    by_record = connection.execute(
        "SELECT DISTINCT coalesce(subject_id, profile_id), profile_id FROM writeback.sync_log "
        "WHERE export = $export AND len($asked) IN (15, 18) AND record_id[:15] = $asked[:15]",
        {"export": spec.name, "asked": asked},
    ).fetchall()
    if not by_record:
        connection.execute(statement("clean"))
        try:
            profile_id = profile_id_of(connection, asked)
        except NoSuchProfile as error:
            if not spec.events and not spec.group_by:
                raise NoSuchSubject(f"{error}, and export {spec.name!r} has no record of this Id") from None
    found = (
        by_record
        or connection.execute(
            "SELECT _subject_id, coalesce(_profile_id, '') FROM subject_rows "
            "WHERE _subject_id = $asked OR (_profile_id = $profile_id AND $profile_id <> '') ORDER BY _updated_at DESC",
            {"asked": asked, "profile_id": profile_id},
        ).fetchall()
    )
    if not found and profile_id and not spec.events and not spec.group_by:
        found = [(profile_id, profile_id)]
    if not found:
        what = "event, or group" if spec.events or spec.group_by else "profile"
        raise NoSuchSubject(f"export {spec.name!r} has no {what} for this: its source has none")
    return found[:MOST_SUBJECTS], max(len(found) - MOST_SUBJECTS, 0)


def _explained(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    described: ObjectDescribe,
    subject_id: str,
    profile_id: str,
    *,
    now: datetime,
) -> SubjectExplained:
    answers = [*_of_export(connection, spec, subject_id), *_in_doubt(connection, spec, subject_id)]
    outside = _outside(connection, spec, subject_id, now=now)
    if outside is not None:
        answers.append(outside)
    answers += _judged(connection, spec, described, subject_id, now=now)
    if not answers:
        answers.append(_nothing_to_write(spec))
    return SubjectExplained(subject_id, profile_id, tuple(answers), tuple(_log(connection, spec, subject_id)))


def _of_export(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, subject_id: str) -> list[Answer]:
    """What holds up the export as a whole."""
    answers = []
    if not spec.enabled:
        answers.append(Answer("SWITCHED_OFF", "the export is switched off (enabled: false): it sends nothing"))
    last = connection.execute(
        "SELECT plan_id, status, held_because, planned_at FROM writeback.plans WHERE export = ? "
        "ORDER BY planned_at DESC, rowid DESC LIMIT 1",
        [spec.name],
    ).fetchone()
    if last is None:
        return [*answers, Answer("NEVER_RUN", "the export has not run yet")]
    plan_id, status, because, planned_at = last
    if status == WAITING:
        within = connection.execute(
            "SELECT operation FROM writeback.plan_rows WHERE plan_id = ? AND subject_id = ?", [plan_id, subject_id]
        ).fetchone()
        what = f"which would {within[0]} this one" if within else "which has nothing for this one"
        says = f"plan {plan_id} of {planned_at:%Y-%m-%d %H:%M} UTC, {what}, waits for approval: {because}"
        answers.append(Answer("WAITS_FOR_APPROVAL", says))
    if status == "paused":
        says = f"the export paused on {planned_at:%Y-%m-%d %H:%M} UTC, out of API calls: it goes on by itself"
        answers.append(Answer("PAUSED", says))
    return answers


def _in_doubt(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, subject_id: str) -> list[Answer]:
    rows = connection.execute(
        "SELECT operation, record_id, sent_at FROM writeback.plan_rows "
        "WHERE export = ? AND coalesce(subject_id, profile_id) = ? AND status = 'in doubt' ORDER BY row_number",
        [spec.name, subject_id],
    ).fetchall()
    return [
        Answer(
            "IN_DOUBT",
            f"a request to {operation} it left{f' on {sent_at:%Y-%m-%d %H:%M} UTC' if sent_at else ''} and its answer "
            "is not known: the next run asks the org first",
            record_id,
        )
        for operation, record_id, sent_at in rows
    ]


def _outside(
    connection: duckdb.DuckDBPyConnection, spec: ExportSpec, subject_id: str, *, now: datetime
) -> Answer | None:
    """Why the subject is not in the source, where it is not."""
    if _is_in_source(connection, spec, subject_id, now=now):
        return None
    if spec.condition and not _is_in_source(
        connection, spec.model_copy(update={"only_members": False}), subject_id, now=now
    ):
        return Answer("CONDITION_FALSE", f"not in the source: the condition is not true: {spec.condition}")
    if spec.only_members:
        named = f"one of the audiences {', '.join(spec.audiences)}" if spec.audiences else "any audience"
        return Answer("NOT_A_MEMBER", f"not in the source: the person is not in {named}")
    return Answer("NOT_IN_SOURCE", "not in the source: its row is not there, or is not counted any more")


def _is_in_source(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, subject_id: str, *, now: datetime) -> bool:
    make_subject_rows(connection, spec, now=now)
    row = connection.execute("SELECT _in_source FROM subject_rows WHERE _subject_id = ?", [subject_id]).fetchone()
    return row is not None and bool(row[0])


def _judged(
    connection: duckdb.DuckDBPyConnection,
    spec: ExportSpec,
    described: ObjectDescribe,
    subject_id: str,
    *,
    now: datetime,
) -> list[Answer]:
    """What the next plan would say of each of its records; with those who may claim the same ones."""
    prepare(connection, spec, described, now=now)
    parameters = {"export": spec.name, "subject_id": subject_id, "has_matchers": bool(spec.matchers)}
    rivals = [str(each) for (each,) in connection.execute(_RIVALS_SQL, parameters).fetchall()]
    judge(connection, spec, described, now=now, among=rivals)
    cursor = connection.execute(
        """
        SELECT
            verdicts.verdict, verdicts.operation, verdicts.record_id, verdicts.code, verdicts.message,
            verdicts.changed_fields, matched.outcome, matched.message AS match_message, confirmed.confirmed_at,
            coalesce(map_keys(confirmed.undone), []) AS undone
        FROM verdicts
        LEFT JOIN current_matches AS matched USING (subject_id)
        LEFT JOIN writeback.confirmed AS confirmed
            ON confirmed.export = $export AND confirmed.record_id = verdicts.record_id
        WHERE verdicts.subject_id = $subject_id
        ORDER BY verdicts.record_id
        """,
        {"export": spec.name, "subject_id": subject_id},
    )
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    log = _log(connection, spec, subject_id)
    return [_answer(spec, row, log) for row in rows]


def _answer(spec: ExportSpec, row: Mapping[str, object], log: Sequence[Logged]) -> Answer:
    record_id = None if row["record_id"] is None else str(row["record_id"])
    last = next((each for each in log if each.record_id == record_id), None)
    match row["verdict"]:
        case "not looked up":
            says = f"the org has not been asked for it yet: the next run looks for {_looked_for(spec)}"
            return Answer("NOT_LOOKED_UP", says)
        case "without record" if row["outcome"] == "incomplete":
            return Answer("NO_VALUE_TO_MATCH", f"{row['match_message']}: there is nothing to find its record by")
        case "without record":
            says = (
                f"the org has no record with {_looked_for(spec)}, and an export that does {spec.operation} makes none"
            )
            return Answer("NO_RECORD", says)
        case "set aside":
            return Answer(str(row["code"]), f"set aside: {row['message']}", record_id)
        case "refused before" if last is not None:
            again = "once the values or the record change, and after a day"
            says = f"the org has refused it on {_when(last)}: {last.code}: {last.message}. It is tried again {again}"
            return Answer("REFUSED", says, record_id)
        case "unchanged":
            return _unchanged(spec, row, record_id, last)
        case _:
            return _planned(spec, row, record_id, last)


def _unchanged(spec: ExportSpec, row: Mapping[str, object], record_id: str | None, last: Logged | None) -> Answer:
    confirmed_at = row["confirmed_at"]
    if row["operation"] is None:
        says = f"the record is there, and an export that does {spec.operation} leaves it as it is"
        return Answer("NOTHING_TO_DO", says, record_id)
    if row["operation"] == "delete":
        return Answer("DELETED", "the record is deleted already", record_id)
    if not isinstance(confirmed_at, datetime):
        return Answer("NOTHING_TO_WRITE", "there is no value to write, and nothing to clear", record_id)
    says = f"unchanged since {confirmed_at:%Y-%m-%d %H:%M} UTC, when the org confirmed what the export wants"
    undone = row["undone"]
    if isinstance(undone, list) and undone:
        were = "was" if len(undone) == 1 else "were"
        says += f"; {', '.join(map(str, undone))} {were} put back by an undo since, until the value changes"
    if last is not None and last.status == "succeeded":
        how = "was looked up" if last.transport == "lookup" else f"went by {last.transport}"
        fields = f" ({', '.join(last.changed_fields)})" if last.changed_fields else ""
        says += f". It {how}{fields} in run {last.run_id}"
        says += f": {last.message}" if last.message else ""
    return Answer("UNCHANGED", says, record_id)


def _planned(spec: ExportSpec, row: Mapping[str, object], record_id: str | None, last: Logged | None) -> Answer:
    fields = row["changed_fields"]
    named = f" ({', '.join(map(str, fields))})" if isinstance(fields, list) and fields else ""
    says = f"the next run would {row['operation']} it{named}"
    if record_id is None and spec.matchers:
        says += f", unless the org has a record with {_looked_for(spec)} by then: it is asked again"
    if last is not None and last.status != "succeeded":
        who = "the org refused it" if last.status == "failed" else "it was set aside"
        says += f". On {_when(last)} {who}: {last.code}: {last.message}"
    return Answer("PLANNED", says, record_id)


def _nothing_to_write(spec: ExportSpec) -> Answer:
    if spec.match and not spec.matchers:
        return Answer("NO_RECORD", f"the profile has no Id in {spec.match}: it came with no {spec.object} record")
    return Answer("NOTHING_TO_WRITE", "the export has written nothing for it, and has nothing to write")


def _looked_for(spec: ExportSpec) -> str:
    return f" {spec.matchers_operator} ".join(f"its {field}" for field in spec.matchers)


def _when(logged: Logged) -> str:
    return f"{logged.logged_at:%Y-%m-%d %H:%M} UTC"


def _log(connection: duckdb.DuckDBPyConnection, spec: ExportSpec, subject_id: str) -> list[Logged]:
    """The last attempts, the latest first."""
    rows = connection.execute(
        """
        SELECT
            logged_at, run_id, record_id, operation, status, code, message, changed_fields, transport, attempt
        FROM writeback.sync_log
        WHERE export = $export AND coalesce(subject_id, profile_id) = $subject_id
        ORDER BY sync_log.rowid DESC LIMIT $most
        """,
        {"export": spec.name, "subject_id": subject_id, "most": MOST_LOGGED},
    ).fetchall()
    return [
        Logged(logged_at, run_id, record_id, operation, status, code, message, tuple(fields), transport, attempt)
        for logged_at, run_id, record_id, operation, status, code, message, fields, transport, attempt in rows
    ]
