"""An import, or upkeep, of what the integration user may not see says what to grant."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import UnknownField, UnknownObject
from sf_elt.streams import StreamSpec, reconcile, refresh_formulas
from sf_elt_tests.orgs import levers
from sf_elt_tests.streams.support import importing


@pytest.mark.parametrize(
    ("spec", "grant"),
    [
        (StreamSpec("leads", "Lead", fields=("Score__c",)), "Lead › Field Permissions: Score__c: Read Access"),
        (StreamSpec("leads", "Lead", timestamp_field="Score__c"), "Lead › Field Permissions: Score__c: Read Access"),
        (StreamSpec("campaigns", "Campaign"), "Campaign › Object Permissions: Read"),
    ],
    ids=["field", "timestamp", "object"],
)
def test_a_failing_import_names_the_grant(own_org: Details, tmp_path: Path, spec: StreamSpec, grant: str) -> None:
    """The error of a hidden field, timestamp or object ends with the box to tick in Setup."""
    levers(own_org).set_permission("Lead", "Score__c", access="none")
    levers(own_org).set_permission("Campaign", access="none")
    with (
        importing(own_org, tmp_path) as importer,
        pytest.raises((UnknownField, UnknownObject)) as failed,
    ):
        importer.run(spec)
    assert f"Object Settings › {grant}" in str(failed.value)


def test_upkeep_that_fails_names_the_grant(own_org: Details, tmp_path: Path) -> None:
    """So does a reconciliation or a refresh of an object that was hidden since its last import."""
    spec = StreamSpec("accounts", "Account")
    with importing(own_org, tmp_path) as importer:
        importer.run(spec)
        levers(own_org).set_permission("Account", access="none")
        works = {"now": datetime.now(UTC), "run_id": "run"}
        for work in (partial(reconcile, thorough=True), refresh_formulas):
            with pytest.raises((UnknownObject, UnknownField)) as failed:
                work(importer.org, importer.meter, importer.warehouse, spec, **works)
            assert "Object Settings › Account › Object Permissions: Read" in str(failed.value)


def test_an_import_that_succeeds_asks_nothing_about_permissions(own_org: Details, tmp_path: Path) -> None:
    """Who may see everything pays no call for the explanation."""
    with importing(own_org, tmp_path) as importer:
        importer.run(StreamSpec("leads", "Lead", fields=("Email", "Score__c")))
    queries = [call["query"] for call in levers(own_org).calls.all()]
    assert not [query for query in queries if "FieldDefinition" in query or "PermissionSet" in query]
    assert len([call for call in levers(own_org).calls.all() if "/composite" in call["path"]]) <= 1
