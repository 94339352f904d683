"""The org's levers under /demo/ from Python, for tests and demonstrations.

org = Levers(details.instance_url)
org.faults.plan({"preset": "lost_answer", "path": "/composite"})
org.calls.all(path="/query", status="4xx")
org.advance(3600)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

import requests

from sf_elt.demo_org.plain_http import plain_http_session
from sf_elt.demo_org.serve import Details

TIMEOUT = 10


class RecordedCall(TypedDict):
    """One request that the org met.

    `status` is 0 where no reply left, `user` the Id of the session's user, `fault` the name of the planned fault met.
    """

    number: int
    at: str
    method: str
    path: str
    query: str
    status: int
    rows: int | None
    bytes: int
    seconds: float
    user: str | None
    fault: str | None


class CountedCalls(TypedDict):
    """The calls of one method to one kind of address, and what they came to."""

    method: str
    path: str
    calls: int
    rows: int
    bytes: int
    seconds: float
    statuses: dict[str, int]


class LeverRefused(Exception):
    """The org did not understand a lever; the message is its own."""


@dataclass(frozen=True)
class _Lever:
    """One address under /demo/; `ca_file` is what its certificate is trusted by, where it has one."""

    address: str
    ca_file: str = ""

    def pull(
        self, method: str, path: str = "", *, json: object = None, params: Mapping[str, str] | None = None
    ) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = self.ca_file or True
            reply = session.request(method, self.address + path, json=json, params=params, timeout=TIMEOUT)
        if not reply.ok:
            raise LeverRefused(f"{method} {self.address}{path}: {reply.status_code} {reply.text}")
        return reply


class FaultLever(_Lever):
    """What goes wrong on purpose; the package `faults` says what a fault can be."""

    def plan(self, *faults: Mapping[str, object] | str) -> None:
        """Plans faults: as JSON objects, or presets by their name alone. Raises LeverRefused for what is none."""
        self.pull("POST", json=[{"preset": each} if isinstance(each, str) else dict(each) for each in faults])

    def plan_random(
        self,
        *,
        seed: int,
        probability: float,
        among: Iterable[Mapping[str, object] | str] = (),
        path: str | None = None,
        times: int | None = None,
    ) -> None:
        """Each call fails with this probability, in one of the ways of `among`; without any, the transient presets."""
        plan: dict[str, object] = {"seed": seed, "probability": probability, "times": times}
        ways = [each if isinstance(each, str) else dict(each) for each in among]
        plan |= ({"among": ways} if ways else {}) | ({} if path is None else {"path": path})
        self.pull("POST", "/random", json=plan)

    def planned(self) -> list[dict[str, Any]]:
        """The planned faults, each with how often it was `passed` and `played`."""
        planned: list[dict[str, Any]] = self.pull("GET").json()
        return planned

    def presets(self) -> dict[str, str]:
        """The faults that have names, with a sentence each."""
        return {each["preset"]: each["sentence"] for each in self.pull("GET", "/presets").json()}

    def clear(self) -> None:
        """Forgets them all: held jobs go on, late commits take place."""
        self.pull("DELETE")


class CallLever(_Lever):
    """What clients asked of the org: the latest 20,000 calls under /services."""

    def all(
        self, *, path: str | None = None, method: str | None = None, status: str | None = None, since: int = 0
    ) -> list[RecordedCall]:
        """The calls, oldest first; `path` is a regular expression, `status` "401" or "4xx", `since` a call's number."""
        calls: list[RecordedCall] = self.pull("GET", params=_given(path, method, status, since)).json()["calls"]
        return calls

    def summary(
        self, *, path: str | None = None, method: str | None = None, status: str | None = None, since: int = 0
    ) -> list[CountedCalls]:
        """The same calls, counted by method and kind of address, most first."""
        counts: list[CountedCalls] = self.pull("GET", "/summary", params=_given(path, method, status, since)).json()
        return counts

    def clear(self) -> None:
        self.pull("DELETE")


def _given(path: str | None, method: str | None, status: str | None, since: int) -> dict[str, str]:
    filters = {"path": path, "method": method, "status": status, "since": str(since)}
    return {name: value for name, value in filters.items() if value is not None}


@dataclass(frozen=True)
class Levers:
    """All levers of the org at an address; of one that is served by HTTPS, with the `ca_file` of its details."""

    instance_url: str
    ca_file: str = field(default="", kw_only=True)

    @property
    def faults(self) -> FaultLever:
        return FaultLever(f"{self.instance_url}/demo/faults", self.ca_file)

    @property
    def calls(self) -> CallLever:
        return CallLever(f"{self.instance_url}/demo/calls", self.ca_file)

    def limit(self, most: int | None = None, *, give_back: bool = False) -> None:
        """Sets DailyApiRequests; `give_back` forgets what was spent."""
        body = ({} if most is None else {"DailyApiRequests": most}) | ({"used": 0} if give_back else {})
        self._lever.pull("POST", "/limits", json=body)

    def advance(self, seconds: float) -> None:
        """Moves the org's clock forward: sessions age, the daily allowance comes back."""
        self._lever.pull("POST", "/clock", json={"advance_seconds": seconds})

    def let_clock_differ(self, ahead_seconds: float) -> None:
        """Sets how far the org's clock is ahead of this machine's; negative = behind. Its Date headers follow."""
        self._lever.pull("POST", "/clock", json={"ahead_seconds": ahead_seconds})

    def end_sessions(self) -> None:
        """Ends every access token."""
        self._lever.pull("DELETE", "/sessions")

    def change_user(self, username: str, **changes: bool | str) -> None:
        """Changes how somebody may log in: password="…", password_expired, end_sessions, ip_restricted."""
        self._lever.pull("POST", "/users", json={"username": username} | changes)

    def add_app(self, **attributes: object) -> None:
        """A connected app, in the words of the file that --apps reads: name, client_id, callback_urls, …."""
        self._lever.pull("POST", "/apps", json=attributes)

    def lock(self, *record_ids: str, times: int | None = 1) -> None:
        """So many saves that need one of these records are refused with UNABLE_TO_LOCK_ROW; None = until `unlock`."""
        self._lever.pull("POST", "/rules", json={"lock": {"ids": record_ids, "times": times}})

    def unlock(self) -> None:
        self._lever.pull("POST", "/rules", json={"unlock": True})

    def set_duplicate_rule(self, object_name: str, action: Literal["off", "allow", "alert", "block"]) -> None:
        """What happens to a duplicate of an object: `alert` is saved where the caller insists, `block` never."""
        self._lever.pull("POST", "/rules", json={"duplicates": {object_name: action}})

    def change_schema(
        self,
        object_name: str,
        *,
        add: Iterable[Mapping[str, object]] = (),
        change: Iterable[Mapping[str, object]] = (),
        drop: Iterable[str] = (),
    ) -> None:
        """Custom fields come, change and go; new ones as the Metadata API names them: fullName, type, label, length."""
        fields = {"add": [dict(each) for each in add], "change": [dict(each) for each in change], "drop": [*drop]}
        self._lever.pull("POST", "/schema", json={"object": object_name} | fields)

    def set_permission(
        self,
        object_name: str,
        field: str | None = None,
        *,
        access: Literal["none", "read", "granted"],
        user: str | None = None,
    ) -> None:
        """Hides a field, or the object, from a user or all, makes it read-only, or leaves it as it was granted."""
        wanted = {"object": object_name, "field": field, "access": access, "user": user}
        self._lever.pull("POST", "/permissions", json=wanted)

    def records(self, object_name: str) -> list[dict[str, Any]]:
        """Every record of an object as the org keeps it, deleted ones too, by Id; no call is spent.

        Datetimes are UTC, such as 2026-11-21 08:30:00. Raises LeverRefused for an unknown object.
        """
        records: list[dict[str, Any]] = self._lever.pull("GET", f"/records/{object_name}").json()
        return records

    @property
    def _lever(self) -> _Lever:
        return _Lever(f"{self.instance_url}/demo", self.ca_file)


@dataclass(frozen=True)
class SalesforceOrg(Details, Levers):
    """A running org: how to reach it and log in to it, and its levers."""

    def session(self) -> requests.Session:
        """A session for clients that write https:// into their addresses, such as simple-salesforce."""
        session = plain_http_session(self.instance_url)
        session.verify = self.ca_file or True
        return session
