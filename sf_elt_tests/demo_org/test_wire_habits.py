"""Clients with habits of their own, all of them legal."""

from collections.abc import Iterator

import pytest
from simple_salesforce import Salesforce

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bulk_jobs import found
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import client


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.fixture
def wire(org: Details) -> Wire:
    return Wire(org)


def test_a_query_may_have_a_slash_before_its_question_mark(wire: Wire) -> None:
    """/query?q= and /query/?q=, /queryAll and /queryAll/ are the same, however the text is encoded."""
    wire.new_lead(Company="A+B & C")
    for resource in ("query", "query/", "queryAll", "queryAll/"):
        for text in ("SELECT+Id+FROM+Lead+WHERE+Company='A%2BB+%26+C'", "SELECT%20Id%20FROM%20Lead%20LIMIT%201"):
            reply = wire("GET", f"{V62}/{resource}?q={text}")
            assert (reply.status_code, reply.json()["totalSize"]) == (200, 1)


def test_simple_salesforce_writes_https_and_keeps_the_port(org: Details) -> None:
    """Its addresses begin with https:// whatever instance_url says; with plain HTTP passed to its session it works."""
    sf = client(org)
    port = org.instance_url.rpartition(":")[2]
    assert sf.base_url == f"https://127.0.0.1:{port}/services/data/v62.0/"
    assert sf.query("SELECT COUNT() FROM User")["totalSize"] == 1


def test_simple_salesforce_reads_deleted_rows_by_query_all_alone(org: Details) -> None:
    """Its bulk2 query_all sees deleted rows; query and download, which have no such choice, do not."""
    sf: Salesforce = client(org)
    gone = str(sf.Lead.create({"LastName": "Gone", "Company": "Bulk"})["id"])
    sf.Lead.delete(gone)
    soql = "SELECT Id, IsDeleted FROM Lead WHERE Company = 'Bulk'"
    assert gone in "".join(sf.bulk2.Lead.query_all(soql, wait=0))
    assert gone not in "".join(sf.bulk2.Lead.query(soql, wait=0))


def test_simple_salesforce_takes_nul_bytes_out_of_bulk_pages(org: Details) -> None:
    """NULs break CSV readers (airbyte#8300): the org sends a text's NUL, and the client's filter takes it out."""
    sf = client(org)
    sf.Lead.create({"LastName": "Nul", "Company": "Nul", "Description": "a\x00b"})
    soql = "SELECT Description FROM Lead WHERE Company = 'Nul'"
    assert found(org, soql) == [{"Description": "a\x00b"}]
    assert list(sf.bulk2.Lead.query(soql, wait=0)) == ['"Description"\n"ab"\n']
