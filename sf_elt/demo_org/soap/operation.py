"""What an operation of the SOAP API knows of the call that it answers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pydantic import JsonValue
from starlette.requests import Request

from sf_elt.demo_org.auth.sessions import Session
from sf_elt.demo_org.errors import NO_SUCH_TYPE, OrgError
from sf_elt.demo_org.org import Org, org_of
from sf_elt.demo_org.requests import schema_of
from sf_elt.demo_org.rest.dispatch import dispatch
from sf_elt.demo_org.schema import ObjectType, Schema
from sf_elt.demo_org.soap.envelope import Call, SoapFault, child_text
from sf_elt.demo_org.soap.xml import XmlValue


@dataclass(frozen=True)
class Asked:
    """One call of a user that is logged in, and where it came from."""

    request: Request
    call: Call
    session: Session
    version: str

    @property
    def org(self) -> Org:
        return org_of(self.request)

    @property
    def user_id(self) -> str:
        return self.session.user_id

    @property
    def schema(self) -> Schema:
        """The org as this user sees it."""
        return schema_of(self.request)

    @property
    def arguments(self) -> Element:
        return self.call.body

    def argument(self, name: str) -> str:
        """The text of an argument. Raises SoapFault where it is missing."""
        found = child_text(self.arguments, name)
        if not found:
            raise SoapFault("MISSING_ARGUMENT", f"{name} not specified")
        return found

    def object_type(self, name: str) -> ObjectType:
        """The object of that name. Raises SoapFault where the user sees none."""
        found = self.schema.object(name)
        if found is None:
            raise SoapFault("INVALID_TYPE", NO_SUCH_TYPE.format(name), "InvalidSObjectFault")
        return found

    async def rest(
        self, method: str, path: str, body: JsonValue = None, headers: Mapping[str, str] | None = None
    ) -> JsonValue:
        """What the REST API answers to the same user at the same version. Raises OrgError where it refuses."""
        answer = await dispatch(self.request, method, f"/services/data/v{self.version}{path}", body, headers or {})
        if answer.failed:
            errors = answer.body
            first = errors[0] if isinstance(errors, list) and errors else errors
            known = first if isinstance(first, dict) else {}
            raise OrgError(answer.status, str(known.get("errorCode", "UNKNOWN_EXCEPTION")), str(known.get("message")))
        return answer.body


Operation = Callable[[Asked], Awaitable[XmlValue]]
"""Answers a call: the value of its `result`, or a list of several. Raises SoapFault or OrgError where it is refused."""
