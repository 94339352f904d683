"""What the saving user may not do with an object's records, whatever they hold."""

from collections.abc import Iterable

from sf_elt.demo_org.saving.outcome import Operation, SaveError
from sf_elt.demo_org.saving.rows import Row
from sf_elt.demo_org.schema import ObjectType

NO_ACCESS = SaveError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def check_rights(whole: ObjectType, seen: ObjectType, operation: Operation, rows: Iterable[Row]) -> None:
    """Refuses rows for which the object allows more than the user has been granted: `seen` is the user's view of it.

    Of such a row Salesforce says nothing else, such as which of its fields are read-only.
    """
    for row in rows:
        if operation in ("delete", "hardDelete", "undelete"):
            if whole.deletable and not seen.deletable:
                row.errors = (NO_ACCESS,)
        elif row.created:
            if whole.createable and not seen.createable:
                message = f"entity type cannot be inserted: {whole.label}"
                row.errors = (SaveError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message),)
        elif whole.updateable and not seen.updateable:
            row.errors = (NO_ACCESS,)
