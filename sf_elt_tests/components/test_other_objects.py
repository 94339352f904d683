"""Objects that are no people: activities, relations, users, record types, custom and history objects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from sf_elt_tests.components.conftest import variables
from sf_elt_tests.components.projects import Project, load
from sf_elt_tests.orgs import client
from sf_elt_tests.shared_orgs import org_of_module

if TYPE_CHECKING:
    from sf_elt.demo_org.serve import Details

__all__ = ["org_of_module"]

OBJECTS = [
    "Campaign", "CampaignMember", "Task", "Event", "User", "Case", "OpportunityContactRole", "AccountContactRelation",
    "RecordType", "Subscription__c", "LeadHistory", "OpportunityFieldHistory", "Subscription__History",
]  # fmt: skip
BY_REST = ["Campaign", "User", "LeadHistory", "Subscription__c"]
"""One of each kind; bulk is the pickier of the two."""


@pytest.fixture(scope="module", params=["rest", pytest.param("bulk", marks=pytest.mark.soak)])
def imported(
    request: pytest.FixtureRequest, org_of_module: Details, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """All that go by a transport imported by default options, in one run."""
    transport: str = request.param
    folder = tmp_path_factory.mktemp(transport)
    written = "\n".join(f"  - object: {name}" for name in (BY_REST if transport == "rest" else OBJECTS))
    with pytest.MonkeyPatch.context() as monkeypatch, dg.DagsterInstance.ephemeral() as instance:
        for name, value in variables(folder, org_of_module, datetime.now(UTC).date()).items():
            monkeypatch.setenv(name, value)
        monkeypatch.syspath_prepend(str(folder))
        track_changes(org_of_module)
        project = load(folder, instance, f"transport: {transport}\nobjects:\n{written}")
        project.materialize()
        yield project


def track_changes(details: Details) -> None:
    """Changes a tracked field of one record of each kind, so that every history has a row."""
    sf = client(details)
    for name, field, value in [
        ("Lead", "Title", "Head of History"),
        ("Opportunity", "NextStep", "Look back"),
        ("Subscription__c", "Seats__c", 4711),
    ]:
        where = " WHERE IsConverted = false" if name == "Lead" else ""
        (record,) = sf.query(f"SELECT Id FROM {name}{where} LIMIT 1")["records"]
        getattr(sf, name).update(record["Id"], {field: value})


def test_every_record_is_in_the_stream(imported: Project, org_of_module: Details) -> None:
    """Each stream has the records that the org has, deleted ones too, each once, and read as it was told to."""
    sf = client(org_of_module)
    for each in imported.component.objects:
        found = sf.query_all(f"SELECT Id FROM {each.object}", include_deleted=True)["records"]
        assert found, each.object
        held = sorted((record["Id"],) for record in found)
        assert sorted(imported.sql(f'SELECT "Id" FROM streams.{each.stream}')) == held, each.object
        transports = imported.sql(f"SELECT DISTINCT transport FROM ops.windows WHERE stream = '{each.stream}'")
        assert transports == [(imported.component.transport,)], each.object
