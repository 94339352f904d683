"""Whoever leaves, and what a mirror deletes: only what the export itself has written."""

import pytest

from sf_elt.salesforce import query_records
from sf_elt_tests.writeback.conftest import Loop
from sf_elt_tests.writeback.people import Person
from sf_elt_tests.writeback.test_creating import UPSERT, person

IN = UPSERT.model_copy(update={"condition": "NOT opted_out", "approve_above_deleted": 1.0})


def _ann(domain: str, title: str, *, out: bool = False) -> Person:
    return person("Ann", f"ann@{domain}", title=title, opted_out=out)


def _titles(loop: Loop, domain: str) -> list[object]:
    return [row["Title"] for row in query_records(loop.org, f"SELECT Title FROM Lead WHERE Email LIKE '%@{domain}'")]


@pytest.mark.parametrize(
    ("on_leave", "stands"),
    [
        pytest.param("update", "Prof", id="update", marks=pytest.mark.soak),
        pytest.param("clear", None, id="clear"),
        pytest.param("keep", "Dr", id="keep", marks=pytest.mark.soak),
    ],
)
def test_what_becomes_of_who_leaves(loop: Loop, on_leave: str, stands: str | None) -> None:
    """Out of the condition the record stays up to date, is cleared once, or stays as it was; back in it is written."""
    domain = f"{on_leave}-leave.example"
    spec = IN.model_copy(update={"on_leave": on_leave})
    loop.fill([_ann(domain, "Dr")])
    assert loop.run(spec).succeeded == 1
    loop.fill([_ann(domain, "Prof", out=True)])
    assert loop.run(spec).planned == (0 if on_leave == "keep" else 1)
    assert _titles(loop, domain) == [stands]
    assert loop.run(spec).planned == 0
    loop.fill([_ann(domain, "Prof")])
    loop.run(spec)
    assert _titles(loop, domain) == ["Prof"]


def test_a_mirror_deletes_only_what_it_has_written(loop: Loop) -> None:
    """Who leaves is deleted, with its number said before; a lead that the export never wrote stays, left or not."""
    mirror = IN.model_copy(update={"operation": "mirror"})
    loop.make_leads(1, Email="bob@mirror.example", Title="Theirs")
    bob = person("Bob", "bob@mirror.example", opted_out=True)
    loop.fill([_ann("mirror.example", "Dr"), bob])
    assert loop.run(mirror).by_operation == {"create": 1}
    loop.fill([_ann("mirror.example", "Dr", out=True), bob])
    report = loop.run(mirror)
    assert (report.by_operation, report.failed) == ({"delete": 1}, 0)
    assert loop.select("SELECT rows_by_operation FROM writeback.plans ORDER BY rowid DESC LIMIT 1") == [
        ({"delete": 1},)
    ]
    assert _titles(loop, "mirror.example") == ["Theirs"]
    assert loop.run(mirror).planned == 0


@pytest.mark.soak
def test_only_triggers_send_and_so_do_entering_and_leaving(loop: Loop) -> None:
    """A change of another field waits until a trigger field changes; who leaves is sent at once."""
    spec = IN.model_copy(update={"trigger_fields": ("company",), "on_leave": "clear"})
    domain = "trigger.example"

    def ann(title: str, company: str, *, out: bool = False) -> Person:
        return person("Ann", f"ann@{domain}", title=title, company=company, opted_out=out)

    loop.fill([ann("Dr", "Acme")])
    assert loop.run(spec).succeeded == 1
    loop.fill([ann("Prof", "Acme")])
    assert loop.run(spec).planned == 0
    loop.fill([ann("Prof", "Umbra")])
    assert loop.run(spec).succeeded == 1
    assert _titles(loop, domain) == ["Prof"]
    loop.fill([ann("Prof", "Umbra", out=True)])
    assert loop.run(spec).succeeded == 1
    assert _titles(loop, domain) == [None]
