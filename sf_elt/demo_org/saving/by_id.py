"""Deleting and bringing back records of any objects by their Ids alone."""

from collections.abc import Sequence

from sf_elt.demo_org.ids import normalise
from sf_elt.demo_org.saving.outcome import Operation, SaveError, SaveOutcome
from sf_elt.demo_org.saving.save import ROLLED_BACK, save_mixed
from sf_elt.demo_org.schema import ObjectType, Schema
from sf_elt.demo_org.store import Store


def save_by_id(
    store: Store,
    user_id: str,
    operation: Operation,
    record_ids: Sequence[str],
    *,
    all_or_none: bool = False,
    schema: Schema | None = None,
) -> list[SaveOutcome]:
    """Deletes (`delete`, `hardDelete`) or brings back (`undelete`) the records; an outcome for each Id, in their order.

    A text that is no Id of an object is MALFORMED_ID. Raises OrgError for objects that do not allow the operation.
    """
    found = read_ids(schema or store.schema, record_ids)
    known = [(kind.name, {"Id": record_id}) for kind, record_id in found if kind]
    if all_or_none and len(known) < len(record_ids):
        return [_NOT_TRIED if kind else malformed(text) for kind, text in found]
    saved = iter(save_mixed(store, user_id, operation, known, all_or_none=all_or_none, schema=schema))
    return [next(saved) if kind else malformed(text) for kind, text in found]


def read_ids(schema: Schema, record_ids: Sequence[str]) -> list[tuple[ObjectType | None, str]]:
    """Each Id, in 18 characters, with the object that it is of; the text itself, with None, where it is of none."""
    ids = [(text, normalise(text)) for text in record_ids]
    return [(schema.object_of_id(found) if found else None, found or text) for text, found in ids]


def malformed(text: str) -> SaveOutcome:
    """The outcome of a text that is no Id of the org."""
    return SaveOutcome(None, False, False, (SaveError("MALFORMED_ID", f"malformed id {text}"),))


_NOT_TRIED = SaveOutcome(None, False, False, (ROLLED_BACK,))
