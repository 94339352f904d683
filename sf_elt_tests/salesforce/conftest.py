"""Connections to a running org."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import Login, Org, Patience, connect

QUICK = Patience(attempts=4, first_wait=0.01, longest_wait=0.02)


@dataclass
class Meter:
    """Remembers every call in order, and stops after `most`."""

    most: int | None = None
    calls: list[tuple[str, str]] = field(default_factory=list)
    allowance: tuple[int, int] | None = None

    def reserve_call(self, method: str, path: str) -> datetime | None:
        if self.most is not None and len(self.calls) >= self.most:
            return datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
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
    login = Login(
        instance_url=org.instance_url,
        login_url=org.instance_url,
        access_token=org.access_token,
        username=org.username,
        password=org.password,
        security_token=org.security_token,
    )
    with closing(connect(login, meter, patience=QUICK)) as connected:
        yield connected
