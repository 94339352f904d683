"""Matching first, then writing: which records are updated, created, or left alone."""

import pytest

from sf_elt.salesforce import query_records
from sf_elt.writeback import ExportMisconfigured, ExportSpec, matching, plan_export
from sf_elt_tests.writeback.people import NOW, Lead, Person

UPSERT = ExportSpec(
    name="people",
    object="Lead",
    operation="upsert",
    matchers={"Email": "emails"},
    fields={"Title": "title"},
    fields_on_create={"LastName": {"template": "{name}"}, "Company": {"constant": "[unknown]"}},
)


def person(name: str, *emails: str, title: str | None = "Dr", **more: object) -> Person:
    """A profile without records, with a name, addresses of this test's own, and more user fields."""
    return Person(name, values={"emails": list(emails), "name": name, "title": title, **more})


def _leads(loop, *emails: str) -> list[tuple[object, ...]]:
    listed = ", ".join(f"'{email}'" for email in emails)
    rows = query_records(loop.org, f"SELECT Email, LastName, Title FROM Lead WHERE Email IN ({listed}) ORDER BY Email")
    return [(row["Email"], row["LastName"], row["Title"]) for row in rows]


def test_one_match_is_updated_and_none_is_created(loop):
    """A lead with the address gets the title; who has none becomes a lead; a second run changes nothing."""
    loop.make_leads(1, Email="ann@one.example", LastName="Held")
    loop.fill([person("Ann", "ANN@one.example"), person("Bob", "bob@one.example")])
    report = loop.run(UPSERT)
    assert (report.succeeded, report.failed, report.set_aside) == (2, 0, 0)
    assert _leads(loop, "ann@one.example", "bob@one.example") == [
        ("ann@one.example", "Held", "Dr"),
        ("bob@one.example", "Bob", "Dr"),
    ]
    assert loop.run(UPSERT).planned == 0
    loop.fill([person("Ann", "ann@one.example", title="Prof"), person("Bob", "bob@one.example", title="Prof")])
    assert loop.run(UPSERT).succeeded == 2
    assert [title for _, _, title in _leads(loop, "ann@one.example", "bob@one.example")] == ["Prof", "Prof"]


def test_of_several_emails_those_that_exist_are_updated_and_else_the_first_is_created(loop):
    """The five-emails rule: nothing is created beside a record of any of the addresses."""
    loop.make_leads(1, Email="second@many.example", LastName="Second")
    loop.make_leads(1, Email="third@many.example", LastName="Third")
    loop.fill(
        [
            person("Ann", "first@many.example", "second@many.example", "third@many.example"),
            person("Bob", "bob1@many.example", "bob2@many.example"),
        ]
    )
    assert loop.run(UPSERT).succeeded == 3
    found = _leads(loop, *(f"{name}@many.example" for name in ("first", "second", "third", "bob1", "bob2")))
    assert found == [
        ("bob1@many.example", "Bob", "Dr"),
        ("second@many.example", "Second", "Dr"),
        ("third@many.example", "Third", "Dr"),
    ]


def test_two_records_of_one_value_are_ambiguous(loop):
    """Nothing is written, the log says 300 and which records; another run the same hour neither asks nor logs again."""
    ids = loop.make_leads(2, Email="twins@amb.example")
    loop.fill([person("Ann", "twins@amb.example")])
    report = loop.run(UPSERT)
    assert (report.planned, report.set_aside) == (0, 1)
    ((code, message),) = loop.select("SELECT code, message FROM writeback.sync_log")
    assert code == "AMBIGUOUS"
    assert message.startswith("300: 2 records")
    assert all(record_id in message for record_id in ids)
    assert loop.held(ids, "Title") == [(None,), (None,)]
    assert loop.run(UPSERT).api_calls == 0
    assert loop.select("SELECT count(*) FROM writeback.sync_log") == [(1,)]


@pytest.mark.soak
@pytest.mark.parametrize(("operation", "created"), [("update", 0), ("create", 1)])
def test_update_creates_nothing_and_create_updates_nothing(loop, operation, created):
    """Each operation does what it says."""
    loop.make_leads(1, Email=f"held@{operation}.example", LastName="Held")
    loop.fill([person("Ann", f"held@{operation}.example"), person("Bob", f"new@{operation}.example")])
    report = loop.run(UPSERT.model_copy(update={"operation": operation}))
    assert report.succeeded == 1
    found = _leads(loop, f"held@{operation}.example", f"new@{operation}.example")
    assert [title for _, _, title in found] == ([None, "Dr"] if created else ["Dr"])


def test_a_contact_is_not_shadowed_by_a_new_lead(loop):
    """Whoever is a contact gets no lead beside it."""
    reply = loop.org.session.post(
        loop.org.url("sobjects/Contact"), json={"LastName": "Held", "Email": "held@contact.example"}
    )
    assert reply.status_code == 201
    loop.fill([person("Ann", "held@contact.example")])
    assert loop.run(UPSERT).set_aside == 1
    assert loop.select("SELECT code FROM writeback.sync_log") == [("CONTACT_EXISTS",)]
    assert _leads(loop, "held@contact.example") == []


def test_two_profiles_of_the_same_values_make_one_record(loop):
    """The older profile makes it; the other is set aside and never makes a second."""
    loop.fill([person("Ann", "same@dup.example"), person("Bob", "same@dup.example")])
    report = loop.run(UPSERT)
    assert (report.succeeded, report.set_aside) == (1, 1)
    assert len(_leads(loop, "same@dup.example")) == 1
    loop.run(UPSERT)
    assert len(_leads(loop, "same@dup.example")) == 1


def test_the_same_address_with_spaces_and_in_capitals_makes_one_record(loop):
    """What the org would keep as one value is one value, before anything is created."""
    loop.fill([person("Ann", " same@trim.example\t"), person("Bob", "SAME@trim.example")])
    report = loop.run(UPSERT)
    assert (report.succeeded, report.set_aside) == (1, 1)
    assert _leads(loop, "same@trim.example") == [("same@trim.example", "Ann", "Dr")]


@pytest.mark.soak
def test_what_was_found_by_other_matchers_is_looked_for_again(loop):
    """An export whose matchers are changed does not go by records that the old ones have found."""
    loop.make_leads(1, Email="ann@again.example", LastName="By address")
    by_site = loop.make_leads(1, Website="ann@again.example", LastName="By site")
    loop.fill([person("Ann", "ann@again.example", title=None)])
    assert loop.run(UPSERT).unchanged == 1
    loop.fill([person("Ann", "ann@again.example")])
    assert loop.run(UPSERT.model_copy(update={"matchers": {"Website": "emails"}})).succeeded == 1
    assert loop.held(by_site, "Title") == [("Dr",)]
    assert _leads(loop, "ann@again.example") == [("ann@again.example", "By address", None)]


def test_an_export_of_another_object_needs_another_name(loop):
    """A mirror whose object is changed would delete the leads that it takes for its own contacts; a dry run says so."""
    mirror = UPSERT.model_copy(update={"operation": "mirror", "only_members": True, "approve_above_deleted": 1})
    ann = person("Ann", "ann@object.example")
    ann.audiences = ["Hot"]
    loop.fill([ann])
    assert loop.run(mirror).succeeded == 1
    ann.audiences = []
    loop.fill([ann])
    contacts = mirror.model_copy(update={"object": "Contact", "fields_on_create": {"LastName": "name"}})
    with pytest.raises(ExportMisconfigured, match="has written Lead records"):
        loop.run(contacts)
    with pytest.raises(ExportMisconfigured, match="has written Lead records"):
        plan_export(loop.org, loop.warehouse, contacts, now=NOW, run_id="dry", dry_run=True)
    assert len(_leads(loop, "ann@object.example")) == 1


@pytest.mark.soak
def test_a_record_goes_with_its_person_when_a_profile_is_split(loop):
    """What was written for both while they were one profile is written for the one whose address it has."""
    loop.fill([person("Ann", "ann@split.example"), person("Bob", "bob@split.example")])
    loop.run(UPSERT)
    with loop.warehouse.write() as connection:
        connection.execute("INSERT INTO profiles.aliases VALUES ('Bob', 'Ann', now()::TIMESTAMP)")
    loop.fill([person("Ann", "ann@split.example", "bob@split.example", title="Both")])
    assert loop.run(UPSERT).succeeded == 2
    with loop.warehouse.write() as connection:
        connection.execute("DELETE FROM profiles.aliases")
    loop.fill([person("Ann", "ann@split.example", title="Hers"), person("Bob again", "bob@split.example", title="His")])
    assert loop.run(UPSERT).succeeded == 2
    titles = [title for *_, title in _leads(loop, "ann@split.example", "bob@split.example")]
    assert titles == ["Hers", "His"]
    report = loop.run(UPSERT)
    assert (report.planned, report.set_aside) == (0, 0)


@pytest.mark.soak
def test_a_record_that_was_merged_in_the_org_is_the_one_that_it_was_merged_into(loop):
    """Whether it was written, or only found, before: the surviving record gets the values, and no second is made."""
    ids = loop.make_leads(2, Email="found@merged.example")
    loop.edit(ids[1], Email="other@merged.example")
    loop.fill([person("Ann", "written@merged.example"), person("Bob", "found@merged.example", title=None)])
    assert loop.run(UPSERT).succeeded == 1
    ((written,),) = loop.select("SELECT record_id FROM writeback.confirmed")
    (survivor,) = loop.make_leads(1, Email="else@merged.example")
    for record_id in (written, ids[0]):  # what a merge leaves of the one that goes
        assert loop.org.session.delete(loop.org.url(f"sobjects/Lead/{record_id}")).status_code == 204
    loop.edit(ids[1], Email="found@merged.example")
    loop.leads = [Lead(survivor), Lead(ids[1]), Lead(written, deleted=True), Lead(ids[0], deleted=True)]
    loop.fill([person("Ann", "written@merged.example"), person("Bob", "found@merged.example")])
    with loop.warehouse.write() as connection:
        connection.execute('ALTER TABLE streams.salesforce_leads ADD COLUMN "MasterRecordId" VARCHAR')
        for lost, kept in ((written, survivor), (ids[0], ids[1])):
            connection.execute('UPDATE streams.salesforce_leads SET "MasterRecordId" = ? WHERE "Id" = ?', [kept, lost])
    report = loop.run(UPSERT)
    assert (report.by_operation, report.set_aside) == ({"update": 2}, 0)
    assert loop.held([survivor, ids[1]], "Title") == [("Dr",), ("Dr",)]
    report = loop.run(UPSERT)
    assert (report.planned, report.set_aside) == (0, 0)


@pytest.mark.soak
def test_many_are_looked_up_and_written_piece_by_piece(loop, monkeypatch):
    """What one plan finds is written before more is asked, in one run; nobody is created on an old answer."""
    monkeypatch.setattr(matching, "MOST_SUBJECTS", 2)
    people = [person(f"P{number}", f"p{number}@pieces.example") for number in range(5)]
    loop.fill(people)
    report = loop.run(UPSERT)
    assert (report.planned, report.succeeded, report.by_operation) == (5, 5, {"create": 5})
    assert loop.select("SELECT rows_planned FROM writeback.plans ORDER BY rowid") == [(2,), (2,), (1,)]
    assert len(_leads(loop, *(f"p{number}@pieces.example" for number in range(5)))) == 5
    assert loop.run(UPSERT).planned == 0


def test_a_small_allowance_is_not_spent_on_looking_alone():
    """Of a day's calls a quarter goes into looking people up."""
    assert [
        matching.most_subjects(UPSERT.model_copy(update={"max_daily_api_calls": calls}))
        for calls in (1, 12, 4000, None)
    ] == [10_000, 30_000, 100_000, 100_000]
