"""The verdict on each record, without an org: the describe is given, the data are real DuckDB tables."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sf_elt.salesforce import FieldDescribe, ObjectDescribe
from sf_elt.salesforce.describe import PicklistValue
from sf_elt.warehouse import Warehouse
from sf_elt.warehouse.connection import SCHEMA
from sf_elt.writeback import ExportMisconfigured, ExportNotReady, ExportSpec
from sf_elt.writeback.verdicts import judge
from sf_elt_tests.examples import some
from sf_elt_tests.writeback.people import NOW, Lead, Person, fill, fill_tables


def _field(name: str, kind: str, **more: object) -> FieldDescribe:
    return FieldDescribe.model_validate({"name": name, "type": kind, "updateable": True, **more})


LEAD = ObjectDescribe(
    name="Lead",
    fields=(
        _field("Id", "id", updateable=False),
        _field("Name", "string", length=121, updateable=False),
        _field("LastName", "string", length=80, nillable=False),
        _field("Title", "string", length=10),
        _field("Audiences__c", "string", length=20),
        _field("Scores__c", "string", length=255),
        _field("Short__c", "string", length=30),
        _field("Groups__c", "multipicklist", length=4099),
        _field("AnnualRevenue", "currency", precision=6, scale=2),
        _field("NumberOfEmployees", "int"),
        _field("HasOptedOutOfEmail", "boolean", nillable=False),
        _field("Birthdate", "date"),
        _field("EmailBouncedDate", "datetime"),
        _field(
            "Interests__c",
            "multipicklist",
            length=4099,
            restrictedPicklist=True,
            picklistValues=(
                PicklistValue(value="Data"),
                PicklistValue(value="Email"),
                PicklistValue(value="Old", active=False),
            ),
        ),
    ),
)
A, B, C = (f"00Q00000000000{last}EAA" for last in "123")


def _spec(**more: object) -> ExportSpec:
    facts = {"name": "leads", "object": "Lead", "match": "salesforce_lead_ids", **more}
    return ExportSpec.model_validate(facts)


class Verdicts:
    """The table `verdicts` by record id."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, spec: ExportSpec) -> None:
        judge(connection, spec, LEAD, now=NOW)
        cursor = connection.execute("SELECT * FROM verdicts ORDER BY record_id, profile_id")
        names = [column[0] for column in cursor.description]
        self.rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def of(self, record_id: str) -> Mapping[str, object]:
        (row,) = [row for row in self.rows if row["record_id"] == record_id]
        return row

    def payload(self, record_id: str) -> dict[str, object]:
        return json.loads(str(self.of(record_id)["payload"]))


@pytest.fixture
def warehouse(tmp_path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse")


def _verdicts(warehouse: Warehouse, people: Sequence[Person], spec: ExportSpec, leads: Sequence[Lead] = ()) -> Verdicts:
    fill(warehouse, people, leads or [Lead(A), Lead(B), Lead(C)])
    with warehouse.read() as connection:
        return Verdicts(connection, spec)


def test_payload_holds_the_mapped_fields_in_salesforces_own_types(warehouse):
    """Each value is converted as its field is described: text, numbers, dates, lists, maps, audiences and scores."""
    person = Person(
        "p1",
        [A],
        audiences=["VIP", "Hot"],
        scores={"frequency": 80, "intensity": 12},
        values={
            "title": 'é"\n😀',
            "topics": ["Email", "Data", "Email"],
            "statuses": {"Open": 3, "New": 1},
            "revenue": 12.5,
            "employees": 3,
            "opted_out": True,
            "bounced_at": "2026-02-03 04:05:06",
        },
    )
    fields = {
        "Title": "title",
        "Interests__c": "topics",
        "Groups__c": "statuses",
        "Short__c": "statuses",
        "AnnualRevenue": "revenue",
        "NumberOfEmployees": "employees",
        "HasOptedOutOfEmail": "opted_out",
        "EmailBouncedDate": "bounced_at",
        "Birthdate": "bounced_at",
    }
    verdicts = _verdicts(
        warehouse, [person], _spec(fields=fields, audiences_field="Audiences__c", scores_field="Scores__c")
    )
    assert verdicts.payload(A) == {
        "Title": 'é"\n😀',
        "Interests__c": "Data;Email",
        "Groups__c": "New;Open",
        "Short__c": "New: 1; Open: 3",
        "AnnualRevenue": 12.5,
        "NumberOfEmployees": 3,
        "HasOptedOutOfEmail": True,
        "EmailBouncedDate": "2026-02-03T04:05:06.000Z",
        "Birthdate": "2026-02-03",
        "Audiences__c": "Hot, VIP",
        "Scores__c": "frequency 80, intensity 12",
    }
    assert verdicts.of(A)["verdict"] == "planned"


def test_audiences_of_a_multi_select_field_are_separated_by_semicolons(warehouse):
    """A multi-select picklist gets A;B, and only the audiences that the export names."""
    people = [Person("p1", [A], audiences=["Hot", "Cold", "VIP"])]
    verdicts = _verdicts(warehouse, people, _spec(audiences_field="Groups__c", audiences=("VIP", "Hot")))
    assert verdicts.payload(A) == {"Groups__c": "Hot;VIP"}


def test_an_empty_user_field_that_was_never_written_is_left_alone(warehouse):
    """A profile without a title does not clear the title that somebody typed into the org."""
    verdicts = _verdicts(warehouse, [Person("p1", [A])], _spec(fields={"Title": "title"}))
    assert verdicts.payload(A) == {}
    assert verdicts.of(A)["verdict"] == "unchanged"


def test_ids_of_15_characters_are_the_same_record(warehouse):
    """A profile that knows one record by both forms of its Id writes it once, under the form of 18."""
    people = [Person("p1", [A[:15], A], audiences=["Hot"])]
    verdicts = _verdicts(warehouse, people, _spec(audiences_field="Audiences__c"))
    assert [row["record_id"] for row in verdicts.rows] == [A]


def test_the_oldest_of_several_profiles_writes_a_record(warehouse):
    """Two profiles that claim one record are no lottery: the older writes, the other is set aside with the rule."""
    people = [
        Person("younger", [A], audiences=["Hot"], created_at=datetime(2026, 5, 1)),
        Person("older", [A], audiences=["VIP"], created_at=datetime(2025, 5, 1)),
    ]
    verdicts = _verdicts(warehouse, people, _spec(audiences_field="Audiences__c"))
    found = {row["profile_id"]: (row["verdict"], row["code"]) for row in verdicts.rows}
    assert found == {"older": ("planned", None), "younger": ("set aside", "RECORD_OF_ANOTHER_PROFILE")}


@pytest.mark.parametrize(
    ("lead", "code"),
    [
        (Lead(A, deleted=True), "RECORD_DELETED"),
        (Lead(A, converted=True), "LEAD_CONVERTED"),
        (Lead(B), "RECORD_NOT_IMPORTED"),
    ],
)
def test_records_that_cannot_be_written_are_set_aside_with_the_rule(warehouse, lead, code):
    """Deleted, converted and unknown records never reach a request."""
    people = [Person("p1", [A], audiences=["Hot"])]
    verdicts = _verdicts(warehouse, people, _spec(audiences_field="Audiences__c"), [lead])
    assert (verdicts.of(A)["verdict"], verdicts.of(A)["code"]) == ("set aside", code)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("field", "user_field", "value", "code", "message"),
    [
        ("Title", "title", "x" * 11, "STRING_TOO_LONG", "11 characters (max length=10)"),
        (
            "EmailBouncedDate",
            "title",
            "soon",
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "cannot set *datetime* field EmailBouncedDate to *string* 'soon'",
        ),
        (
            "NumberOfEmployees",
            "revenue",
            12.5,
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "cannot set *int* field NumberOfEmployees to *number* '12.5'",
        ),
        ("AnnualRevenue", "title", "nan", "INVALID_TYPE_ON_FIELD_IN_RECORD", "cannot set *currency* field"),
        ("AnnualRevenue", "revenue", 10_000.0, "NUMBER_OUTSIDE_VALID_RANGE", "number outside of valid range"),
        (
            "Interests__c",
            "topics",
            ["Data", "Gossip"],
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "bad value for restricted picklist field: Data;Gossip",
        ),
        ("Interests__c", "title", "Old", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Interests__c"),
    ],
)
def test_values_that_the_field_cannot_take_set_their_record_aside(warehouse, field, user_field, value, code, message):
    """A bad value is found before anything is sent, with Salesforce's own code; the next record goes all the same."""
    people = [
        Person("p1", [A], values={user_field: value}),
        Person("p2", [B], audiences=["Hot"]),
    ]
    verdicts = _verdicts(warehouse, people, _spec(fields={field: user_field}, audiences_field="Audiences__c"))
    assert (verdicts.of(A)["verdict"], verdicts.of(A)["code"]) == ("set aside", code)
    assert message in str(verdicts.of(A)["message"])
    assert verdicts.of(B)["verdict"] == "planned"


def test_a_value_that_is_not_sent_again_keeps_nothing_back(warehouse):
    """A field that has become too short for what it holds already does not stop the record's other fields."""
    fill(warehouse, [Person("p1", [A], audiences=["Hot"], values={"title": "x" * 11})], [Lead(A)])
    with warehouse.write() as connection:
        connection.execute(
            "INSERT INTO writeback.confirmed BY NAME SELECT 'leads' AS export, ? AS record_id, 'p1' AS profile_id, "
            "? AS payload, 'md5' AS payload_md5, TIMESTAMP '2026-01-01' AS confirmed_at",
            [A, json.dumps({"Title": "x" * 11, "Audiences__c": "VIP"})],
        )
    spec = _spec(fields={"Title": "title"}, audiences_field="Audiences__c")
    with warehouse.read() as connection:
        row = Verdicts(connection, spec).of(A)
    assert (row["verdict"], row["changed_fields"]) == ("planned", ["Audiences__c"])


def test_a_checkbox_that_has_become_empty_is_unchecked(warehouse):
    """It holds nothing else back: Salesforce has no null for it. One that was never written is left alone."""
    spec = _spec(fields={"HasOptedOutOfEmail": "opted_out"})
    fill(warehouse, [Person("p1", [A]), Person("p2", [B])], [Lead(A), Lead(B)])
    with warehouse.write() as connection:
        connection.execute(
            "INSERT INTO writeback.confirmed BY NAME SELECT 'leads' AS export, ? AS record_id, 'p1' AS profile_id, "
            "? AS payload, 'md5' AS payload_md5, TIMESTAMP '2026-01-01' AS confirmed_at",
            [A, json.dumps({"HasOptedOutOfEmail": True})],
        )
    with warehouse.read() as connection:
        verdicts = Verdicts(connection, spec)
    assert (verdicts.of(A)["verdict"], verdicts.payload(A)) == ("planned", {"HasOptedOutOfEmail": False})
    assert verdicts.of(B)["verdict"] == "unchanged"


def test_length_counts_characters_not_bytes(warehouse):
    """Ten emoji fit into a field of ten characters."""
    verdicts = _verdicts(warehouse, [Person("p1", [A], values={"title": "😀" * 10})], _spec(fields={"Title": "title"}))
    assert verdicts.of(A)["verdict"] == "planned"


def test_only_members_leaves_out_whoever_never_was_in_an_audience(warehouse):
    """With only_members a profile counts once it has been in one of the export's audiences."""
    people = [Person("p1", [A], audiences=["Hot"]), Person("p2", [B]), Person("p3", [C], audiences=["Cold"])]
    spec = _spec(audiences_field="Audiences__c", only_members=True, audiences=("Hot",))
    fill(warehouse, people, [Lead(A), Lead(B), Lead(C)])
    assert [row["record_id"] for row in _verdicts(warehouse, people, spec).rows] == [A]
    left = [Person("p1", [A], audiences=[])]
    assert _verdicts(warehouse, left, spec).payload(A) == {"Audiences__c": None}


def test_a_merged_profile_leaves_its_audiences_to_the_surviving_one(warehouse):
    """An export between the merge and the next evaluation of the audiences does not clear them."""
    fill(warehouse, [Person("younger", [B], audiences=["Hot"])], [Lead(A), Lead(B)])
    with warehouse.write() as connection:
        connection.execute("INSERT INTO profiles.aliases VALUES ('younger', 'older', '2026-11-21')")
    verdicts = _verdicts(warehouse, [Person("older", [A, B])], _spec(audiences_field="Audiences__c"))
    assert [verdicts.payload(each) for each in (A, B)] == [{"Audiences__c": "Hot"}] * 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"fields": {"Titel": "title"}}, r"Lead has no field 'Titel'.*did you mean Title"),
        ({"fields": {"Title": "titel"}}, r"no user field 'titel'.*did you mean title"),
        ({"fields": {"Name": "title"}}, r"Lead\.Name cannot be updated"),
        ({"audiences_field": "NumberOfEmployees"}, r"NumberOfEmployees is a \*int\* field"),
        ({"scores_field": "Short__c"}, r"Short__c holds 30 characters; scores need up to"),
        ({"audiences_field": "Audiences__c", "audiences": ("Hott",)}, r"no audience 'Hott'.*did you mean Hot"),
        ({"audiences_field": "Audiences__c", "match": "revenue"}, r"holds \*number\* values, not record Ids"),
        (
            {"audiences_field": "Audiences__c", "match": "salesforce_leads"},
            r"no user field 'salesforce_leads'.*salesforce_lead_ids",
        ),
    ],
)
def test_a_spec_that_names_what_is_not_there_says_what_is(warehouse, more, message):
    """A wrong name in the spec is an error of the export with the nearest right name, before anything is planned."""
    with pytest.raises(ExportMisconfigured, match=message):
        _verdicts(warehouse, [Person("p1", [A], audiences=["Hot"])], _spec(**more))


def test_an_export_before_its_import_says_what_to_import(warehouse):
    """Without the stream nobody knows which records are deleted or converted, so nothing is planned."""
    fill(warehouse, [Person("p1", [A])], [])
    spec = _spec(audiences_field="Audiences__c", stream="salesforce_lead")
    with (
        warehouse.read() as connection,
        pytest.raises(ExportNotReady, match=r"import it first \(did you mean salesforce_leads\?\)"),
    ):
        judge(connection, spec, LEAD, now=NOW)


def _in_memory() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(SCHEMA)
    return connection


titles = st.none() | st.sampled_from(["", "CEO", "x" * 11, "null", "é\u2028\"'\\", "N/A"])
states = st.lists(
    st.fixed_dictionaries(
        {
            "title": titles,
            "revenue": st.none() | st.sampled_from([0.0, 0.1, 12.5, 99_999.0]),
            "audiences": st.lists(st.sampled_from(["Hot", "VIP"]), unique=True),
        }
    ),
    min_size=3,
    max_size=3,
)
SPEC = _spec(fields={"Title": "title", "AnnualRevenue": "revenue"}, audiences_field="Audiences__c")


def _wanted(state: Mapping[str, object], sent: set[str]) -> dict[str, object] | None:
    """What the org should hold, said the plain way; None for a record that cannot be written."""
    title, revenue = state["title"] or None, state["revenue"]
    if title == "x" * 11 or revenue == 99_999.0:
        return None
    wanted = {"Audiences__c": ", ".join(sorted(state["audiences"])) or None}
    for field, value in (("Title", title), ("AnnualRevenue", revenue)):
        if value is not None or field in sent:
            wanted[field] = value
    return wanted


@settings(max_examples=some(6), deadline=None)
@given(history=st.lists(states, min_size=1, max_size=4))
def test_what_is_planned_brings_the_org_to_what_is_wanted_and_nothing_more(history):
    """Applying the plan leaves each record as wanted and untouched elsewhere; planning again plans nothing."""
    ids = [A, B, C]
    org = {record_id: {"Title": "theirs", "Phone": "theirs"} for record_id in ids}
    sent: dict[str, set[str]] = {record_id: set() for record_id in ids}
    with _in_memory() as connection:
        for run, step in enumerate(history):
            people = [
                Person(f"p{number}", [record_id], state["audiences"], values={**state, "audiences": None})
                for number, (record_id, state) in enumerate(zip(ids, step, strict=True))
            ]
            fill_tables(connection, people, [Lead(record_id) for record_id in ids])
            for row in Verdicts(connection, SPEC).rows:
                if row["verdict"] != "planned":
                    continue
                record_id, payload = str(row["record_id"]), json.loads(str(row["payload"]))
                org[record_id].update(payload)
                sent[record_id].update(payload)
                connection.execute("DELETE FROM writeback.confirmed WHERE record_id = ?", [record_id])
                connection.execute(
                    "INSERT INTO writeback.confirmed BY NAME SELECT 'leads' AS export, ? AS record_id, "
                    "? AS profile_id, ? AS payload, ? AS payload_md5, ?::TIMESTAMP AS confirmed_at",
                    [record_id, row["profile_id"], row["payload"], row["payload_md5"], f"2026-01-01 00:00:{run:02d}"],
                )
            for record_id, state in zip(ids, step, strict=True):
                wanted = _wanted(state, sent[record_id])
                if wanted is not None:
                    assert {field: org[record_id].get(field) for field in wanted} == wanted
                    assert org[record_id]["Phone"] == "theirs"
                    if "Title" not in sent[record_id]:
                        assert org[record_id]["Title"] == "theirs"
            assert all(row["verdict"] != "planned" for row in Verdicts(connection, SPEC).rows)


def test_the_topics_of_most_interest_are_a_text(warehouse):
    """top_topics goes into a text as far as it fits, into a multi-select picklist as values; without any, nowhere."""
    people = [Person("p1", [A]), Person("p2", [B])]
    fill(warehouse, people, [Lead(A), Lead(B)])
    with warehouse.write() as connection:
        connection.execute("INSERT INTO insight.interests VALUES ('p1', 'Data; Email', map {'data': 0.5}, ?)", [NOW])
    found = _verdicts(warehouse, people, _spec(fields={"Title": "top_topics", "Interests__c": "top_topics"}))
    assert found.payload(A) == {"Title": "Data", "Interests__c": "Data;Email"}
    assert found.payload(B) == {}
    with pytest.raises(ExportMisconfigured, match="did you mean top_topics"):
        _verdicts(warehouse, people, _spec(fields={"Title": "top_topic"}))
