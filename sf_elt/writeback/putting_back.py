"""What takes the write of one record back, held against what the org holds by now: nobody else's work is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sf_elt.salesforce import FieldDescribe, ObjectDescribe
from sf_elt.warehouse import naive
from sf_elt.writeback.held import Values, as_text, is_same

CREATED_AT, MODIFIED_AT, CREATED_BY, MODIFIED_BY = "CreatedDate", "LastModifiedDate", "CreatedById", "LastModifiedById"
LAST_ACTIVITY, IS_CONVERTED = "LastActivityDate", "IsConverted"
TOLD = (CREATED_AT, MODIFIED_AT, CREATED_BY, MODIFIED_BY, LAST_ACTIVITY, IS_CONVERTED)
"""Fields that tell whether somebody has worked on a record."""
ACTIVITIES = frozenset({"Task", "Event"})

CLOCKS_DIFFER = timedelta(minutes=10)
"""How far the org's clock may be from ours."""


@dataclass(frozen=True)
class Written:
    """One record that a run has written. `sent_at` is UTC, without a zone."""

    subject_id: str
    profile_id: str
    record_id: str
    operation: str
    fields: tuple[str, ...]
    """Those that were written, without those in which an undo has put back what stood there."""
    payload: Values
    sent_at: datetime | None
    before: Mapping[str, str | None]
    """What stood in the fields, as text."""
    is_written_again: bool
    """Since it was made, by an export."""
    is_taken_back: bool = False
    """An undo has deleted what was made, or brought back what was deleted."""


@dataclass(frozen=True)
class Kept:
    """What stays as it is, and why: one field of a record, or a record as a whole."""

    written: Written
    field: str | None
    code: str
    message: str


@dataclass(frozen=True)
class Step:
    """What takes one write back: an update, a delete or an undelete.

    `payload` are the values that go, `expected` what the org should hold in those fields, as we wrote it.
    """

    written: Written
    operation: str
    payload: Values = field(default_factory=dict)
    expected: Values = field(default_factory=dict)


def fields_looked_at(describe: ObjectDescribe, written: Written) -> set[str]:
    """The fields of the record that must be known to take its write back."""
    if written.operation == "delete":
        return set()
    told = set(TOLD) if written.operation == "create" else {IS_CONVERTED}
    return (set(written.payload) | told) & describe.by_name.keys()


def take_back(
    describe: ObjectDescribe, written: Written, held: Values | None, *, force: bool
) -> tuple[Step | None, list[Kept]]:
    """The step that takes the write back, if one is needed, and what stays. `held`: None where there is no record."""
    if written.is_taken_back:
        return None, []
    match written.operation:
        case "create":
            return _taken_away(describe, written, held, force=force)
        case "delete":
            return (Step(written, "undelete"), []) if held is None else (None, [])
        case _:
            return _put_back(describe, written, held)


def left_in_use(written: Written, objects: Sequence[str], *, force: bool) -> Kept | None:
    """Why a record that we made is not deleted, where records of these objects refer to it; None where it is."""
    if others := [name for name in objects if name not in ACTIVITIES]:
        return Kept(written, None, "IN_USE", f"records of {', '.join(others)} refer to it: it is not deleted")
    return _kept_for_work(written, "an activity was logged for it since") if objects and not force else None


def _put_back(describe: ObjectDescribe, written: Written, held: Values | None) -> tuple[Step | None, list[Kept]]:
    if held is None:
        return None, [Kept(written, None, "RECORD_DELETED", "the record is not in the org any more")]
    payload, expected, kept = dict[str, object](), dict[str, object](), list[Kept]()
    for name in written.fields:
        known = describe.by_name.get(name)
        if name not in written.before:
            continue
        if known is None or not known.updateable or name not in held:
            message = f"{describe.name} has no field {name} that this user may write any more"
            kept.append(Kept(written, name, "FIELD_NOT_WRITABLE", message))
            continue
        now, before, ours = as_text(held[name]), written.before[name], as_text(written.payload[name])
        if is_same(known, before, now):
            continue
        if not is_same(known, ours, now):
            message = f"{name} has been changed since: it stands"
            kept.append(Kept(written, name, "CHANGED_BY_OTHERS", message))
            continue
        payload[name], expected[name] = typed(known, before), written.payload[name]
    if payload and held.get(IS_CONVERTED):
        return None, [*kept, Kept(written, None, "LEAD_CONVERTED", "a converted lead can no longer be updated")]
    return (Step(written, "update", payload, expected) if payload else None), kept


def _taken_away(
    describe: ObjectDescribe, written: Written, held: Values | None, *, force: bool
) -> tuple[Step | None, list[Kept]]:
    if held is None:
        return None, []
    if held.get(IS_CONVERTED):
        return None, [Kept(written, None, "LEAD_CONVERTED", "the lead has been converted since: it is not deleted")]
    made_at = _moment(held.get(CREATED_AT))
    if made_at is not None and written.sent_at is not None and made_at < written.sent_at - CLOCKS_DIFFER:
        message = f"the record was there before, since {made_at:%Y-%m-%d %H:%M} UTC: it is not deleted"
        return None, [Kept(written, None, "NOT_CREATED_HERE", message)]
    worked_on = _worked_on(describe, written, held)
    if worked_on and not force:
        return None, [_kept_for_work(written, worked_on)]
    return Step(written, "delete"), []


def _kept_for_work(written: Written, because: str) -> Kept:
    return Kept(written, None, "WORKED_ON", f"{because}: it is deleted with --force only")


def _worked_on(describe: ObjectDescribe, written: Written, held: Values) -> str:
    """Why somebody else may miss the record that we made; empty where nobody has touched it."""
    if held.get(LAST_ACTIVITY):
        return "somebody has been in touch with this person since"
    if held.get(CREATED_BY) != held.get(MODIFIED_BY):
        return "somebody else has saved the record since"
    changed = [
        name
        for name, ours in written.payload.items()
        if name in held and not is_same(describe.by_name[name], as_text(ours), as_text(held[name]))
    ]
    if changed:
        return f"somebody has changed {', '.join(changed)} since"
    is_saved_since = not written.is_written_again and held.get(MODIFIED_AT) != held.get(CREATED_AT)
    return "somebody has saved the record since" if is_saved_since else ""


def typed(known: FieldDescribe, text: str | None) -> object:
    """A value of previous_values as the org takes it; an empty text is null."""
    if text is None or text == "":
        return None
    match known.type:
        case "boolean":
            return text.casefold() == "true"
        case "int" | "long":
            return int(float(text))
        case "double" | "currency" | "percent":
            return float(text)
        case _:
            return text


def _moment(said: object) -> datetime | None:
    return naive(datetime.fromisoformat(said).astimezone(UTC)) if isinstance(said, str) else None
