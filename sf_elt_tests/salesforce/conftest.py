"""Connections to a running org."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Login, Org, Patience, connect
from sf_elt.warehouse import Pause
from sf_elt_tests.shared_orgs import org, org_of_module, own_org

__all__ = ["org", "org_of_module", "own_org"]

QUICK = Patience(attempts=4, first_wait=0.01, longest_wait=0.02)


@dataclass
class Meter:
    """Remembers every call in order, and stops after `most`."""

    most: int | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)
    allowance: tuple[int, int] | None = None
    counting: Lock = field(default_factory=Lock)

    def reserve_call(self, method: str, path: str) -> Pause | None:
        with self.counting:
            if self.most is not None and len(self.calls) >= self.most:
                return Pause(datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "the test has had enough")
            self.calls.append((method, path))
            return None

    def note_allowance(self, used: int, allowed: int) -> None:
        self.allowance = (used, allowed)


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def connected(org: Details, meter: Meter) -> Iterator[Org]:
    """Logged in by token, able to log in again by user name and password."""
    with closing(connect(renewable(org), meter, patience=QUICK)) as connected:
        yield connected


def renewable(org: Details) -> Login:
    """A login with the session's token first, then user name and password."""
    return Login(
        instance_url=org.instance_url,
        login_url=org.instance_url,
        access_token=org.access_token,
        username=org.username,
        password=org.password,
        security_token=org.security_token,
    )
