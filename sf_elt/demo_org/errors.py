"""The errors of the demo org, as Salesforce words them.

    OrgError            a refused request: HTTP status, error code, message and the fields it is about
    └── SoqlError       a query that cannot be run (see `soql`)

`app.py` turns them into Salesforce's JSON body: `[{"message": …, "errorCode": …, "fields": […]}]`.
"""

from collections.abc import Sequence

NO_SUCH_TYPE = (
    "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' "
    "after the entity name. Please reference your WSDL or the describe call for the appropriate names."
)


class OrgError(Exception):
    """A request that the org refuses. `fields` is left out of the reply where it is None."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = None if fields is None else list(fields)

    def body(self) -> list[dict[str, object]]:
        """The JSON body that Salesforce sends for it."""
        error: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = self.fields
        return [error]


def not_found() -> OrgError:
    """No such record, object or address."""
    return OrgError(404, "NOT_FOUND", "The requested resource does not exist")


def gone() -> OrgError:
    """An address of a retired API version (Salesforce Platform API Versions 21.0 through 30.0 Retirement)."""
    return OrgError(410, "GONE", "The requested resource has been retired or removed")


def no_apex() -> OrgError:
    """Everything that compiles, runs or debugs Apex."""
    return OrgError(400, "FUNCTIONALITY_NOT_ENABLED", "Apex is not supported by the demo org")


def malformed_id(text: str) -> OrgError:
    return OrgError(400, "MALFORMED_ID", f"malformed id {text}")


class SoqlError(OrgError):
    """A query that cannot be run. Always a 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(400, code, message)
