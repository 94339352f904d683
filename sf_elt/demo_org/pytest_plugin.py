"""pytest fixtures for everybody who tests against Salesforce; installing sf_elt is enough.

    def test_a_lost_answer_makes_no_second_lead(salesforce_org):
        salesforce_org.faults.plan({"preset": "lost_answer", "path": "/sobjects/Lead"})
        my_export(salesforce_org.instance_url, salesforce_org.access_token)
        assert len(salesforce_org.records("Lead")) == 1

    @pytest.mark.salesforce_org(seed=7, records=500)      # what `running_org` takes; without it an org without records
    def test_import(salesforce_org): ...

    @pytest.fixture(scope="module")
    def my_org(salesforce_org_factory):                   # one org for several tests
        return salesforce_org_factory(records=500)

Both give a `SalesforceOrg` (levers.py). Nothing of the org is imported before a test asks for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, TypedDict, Unpack

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from sf_elt.demo_org.levers import SalesforceOrg
    from sf_elt.demo_org.org import Settings


class OrgOptions(TypedDict, total=False):
    """What an org starts with, as `running_org` takes it."""

    seed: int
    records: int
    contacts: int | None
    file: Path | None
    settings: Settings | None


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "salesforce_org(seed, records, contacts, file, settings): what the org starts with"
    )


@pytest.fixture
def salesforce_org(request: pytest.FixtureRequest) -> Iterator[SalesforceOrg]:
    """An org of the test's own, without records unless `@pytest.mark.salesforce_org(records=…)` says so."""
    marker = request.node.get_closest_marker("salesforce_org")
    options: OrgOptions = {"records": 0}
    if marker is not None:
        if marker.args:
            pytest.fail("@pytest.mark.salesforce_org takes options by name, such as records=500", pytrace=False)
        options |= marker.kwargs
    with SalesforceOrgFactory() as start:
        yield start(**options)


@pytest.fixture(scope="session")
def salesforce_org_factory() -> Iterator[SalesforceOrgFactory]:
    """Starts orgs that several tests share; they live until the end of the tests."""
    with SalesforceOrgFactory() as start:
        yield start


class SalesforceOrgFactory(ExitStack):
    """Calling it starts an org; all of them stop together at the end of the block."""

    def __call__(self, **options: Unpack[OrgOptions]) -> SalesforceOrg:
        from sf_elt.demo_org.levers import SalesforceOrg
        from sf_elt.demo_org.serve import running_org

        return SalesforceOrg(**asdict(self.enter_context(running_org(**options))))
