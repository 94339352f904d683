"""People who are accounts of their own: an export of accounts, by their own fields and record type."""

from contextlib import closing

from sf_elt.demo_org.org import Settings
from sf_elt.demo_org.serve import running_org
from sf_elt.salesforce import Login, connect, query_records
from sf_elt.warehouse import Warehouse
from sf_elt.writeback import ExportSpec, run_export
from sf_elt_tests.writeback.people import NOW, fill
from sf_elt_tests.writeback.test_creating import person

PERSONS = ExportSpec(
    name="persons",
    object="Account",
    operation="upsert",
    matchers={"PersonEmail": "emails"},
    fields={"PersonTitle": "title"},
    fields_on_create={"LastName": "name", "RecordTypeId": {"record_type": "PersonAccount"}},
)


def test_a_person_account_is_found_or_created(tmp_path):
    """It is matched by PersonEmail, needs a LastName in place of a Name, and is a person by its record type."""
    with running_org(records=0, settings=Settings(person_accounts=True)) as details:
        login = Login(instance_url=details.instance_url, access_token=details.access_token)
        with closing(connect(login)) as org:
            warehouse = Warehouse(tmp_path / "warehouse")
            held = {"LastName": "Held", "PersonEmail": "held@person.example"}
            assert org.session.post(org.url("sobjects/Account"), json=held).status_code == 201
            people = [person("Ann", "held@person.example"), person("Bob", "bob@person.example")]
            fill(warehouse, people, [])
            report = run_export(org, warehouse, PERSONS, now=NOW, run_id="run")
            assert (report.succeeded, report.failed) == (2, 0)
            soql = (
                "SELECT LastName, PersonTitle, IsPersonAccount FROM Account WHERE PersonEmail LIKE '%@person.example'"
            )
            rows = query_records(org, f"{soql} ORDER BY LastName")
            assert [(row["LastName"], row["PersonTitle"], row["IsPersonAccount"]) for row in rows] == [
                ("Bob", "Dr", True),
                ("Held", "Dr", True),
            ]
            assert run_export(org, warehouse, PERSONS, now=NOW, run_id="again").planned == 0
