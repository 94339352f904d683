"""What Salesforce's JSON reader refuses before anything is saved: a value of the wrong kind, a name that is no field.

check_json(lead, [{"LastName": 5}])     # OrgError JSON_PARSER_ERROR: Cannot deserialize instance of string from …
"""

from collections.abc import Mapping, Sequence

from sf_elt.demo_org.errors import OrgError
from sf_elt.demo_org.saving.cells import Reader, reader_of
from sf_elt.demo_org.saving.outcome import Refused
from sf_elt.demo_org.schema import Field, ObjectType

_READ = ("boolean", "int", "double", "currency", "percent", "date", "datetime", "time")
"""Types whose texts are read; all others take any text, and nothing but text."""

_TOKENS = {
    str: "VALUE_STRING", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", dict: "START_OBJECT",
    list: "START_ARRAY",
}  # fmt: skip


def check_json(object_type: ObjectType, records: Sequence[Mapping[str, object]]) -> None:
    """Raises OrgError for the first value or name that fails the whole request."""
    checks: dict[str, _Check | None] = {"attributes": None}
    for record in records:
        for name, value in record.items():
            if name not in checks:
                checks[name] = _check_of(object_type, name)
            check = checks[name]
            if check is not None and value is not None:
                check(value)


class _Check:
    """Refuses what one field cannot read."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self._read: Reader | None = reader_of(field) if field.type in _READ else None

    def __call__(self, value: object) -> None:
        if self._read is None:
            if not isinstance(value, str):
                raise self._unreadable(value)
        elif isinstance(value, dict | list):
            raise self._unreadable(value)
        elif not (self._field.type == "boolean" and isinstance(value, bool)):
            try:
                self._read(value)
            except Refused as refused:
                if refused.errors[0].status_code == "INVALID_TYPE_ON_FIELD_IN_RECORD":
                    raise self._unreadable(value) from refused

    def _unreadable(self, value: object) -> OrgError:
        token, shown = _TOKENS.get(type(value), "VALUE_NULL"), value
        if isinstance(value, bool):
            token, shown = ("VALUE_TRUE", "true") if value else ("VALUE_FALSE", "false")
        elif isinstance(value, dict | list):
            shown = "{" if isinstance(value, dict) else "["
        message = (
            f"Cannot deserialize instance of {self._field.type} from {token} value {shown} "
            "or request may be missing a required field at [line:1, column:1]"
        )
        return OrgError(400, "JSON_PARSER_ERROR", message)


def _check_of(object_type: ObjectType, name: str) -> _Check | None:
    """The check of a name's values; none for relationships. Raises OrgError where it is neither."""
    field = object_type.field(name)
    if field is not None:
        return _Check(field)
    if object_type.reference(name.partition(".")[0].rpartition(":")[2]) is None:
        raise OrgError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {object_type.name}")
    return None
