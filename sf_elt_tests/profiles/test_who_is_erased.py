"""Whom an erasure finds, and by what they are known again: without a profile, however written, and nobody else."""

import json
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import pytest

from sf_elt.profiles import (
    Identifier,
    ManualLists,
    MappingRefused,
    NoSuchProfile,
    Pair,
    build_profiles,
    erase_profile,
    preview_erasure,
)
from sf_elt.profiles.erasing.tables import Sought
from sf_elt.warehouse.erased import Mark, tell_apart
from sf_elt_tests.profiles.erasable import EMAIL, LEADS, MAPPING, PERSON, Erasable
from sf_elt_tests.profiles.streams import NOW, contact_id, lead_id, rule, table

ANN = "ann@x.example"
OTHERS = [("joann@x.example", "c1"), ("ann@x.example.br", "c2")]
PHONES = ("(415) 555-2671", "1-415.555.2671", "+1 415 555 2671", "011 1 415 5552671 ext. 3")
CONTACT, ACCOUNT = ("Email", "Phone", "IndividualId"), ("PersonContactId", "PersonEmail", "Name")
USER = ("ContactId", "Name")
EVERY_KIND = [
    *MAPPING,
    rule("salesforce_contacts", "contact_id", "contact_ids", "[]string", merge="set", identifier=True, clean="id18"),
    rule("salesforce_contacts", "contact_email", "email", identifier=True, clean="email"),
    rule("salesforce_contacts", "Phone", "phone", identifier=True, clean="phone", region="US"),
    rule("web_events", "upper(title)", "badges", identifier=True),
    rule("cards", "number", "cards", identifier=True),
    rule("cards", "email", "email", identifier=True, clean="email"),
]


def _import_events(found: Erasable, name: str, *events: Mapping[str, object]) -> None:
    """From a file of that name."""
    lines = [json.dumps({"occurred_at": "2026-01-01T10:00:00Z", **event}) for event in events]
    (found.folder / "events" / name).write_text("\n".join([*lines, ""]), "utf-8")
    found.read_events()


def _empty(folder: Path) -> Erasable:
    (folder / "events").mkdir()
    return Erasable(folder)


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> Erasable:
    """A warehouse behind a link, from which Ann was erased: a contact with a phone, a person account, the user of a
    portal, events with a short cookie, what analysts have made of her, and what a killed run has spilled.
    """
    found = _empty(tmp_path_factory.mktemp("erased"))
    people = [(contact_id(1), ANN, PHONES[0], "0PK000000000001AAA"), (contact_id(50), "", "", "0PK000000000002AAA")]
    found.merge("salesforce_contacts", CONTACT, people)
    found.merge("individuals", ("LastName",), [("0PK000000000001AAA", "Ann"), ("0PK000000000002AAA", "Bob")])
    found.merge("salesforce_accounts", ACCOUNT, [("001000000000001AAA", contact_id(1), ANN, "Ann")])
    users = [("005000000000001AAA", contact_id(1), "Ann"), ("005000000000002AAA", "", "Bob")]
    found.merge("salesforce_users", USER, users)
    _import_events(
        found, "a.jsonl",
        {"email": ANN, "anonymous_id": "4711", "title": "b-17"},
        *({"email": email, "anonymous_id": cookie, "title": "4711"} for email, cookie in OTHERS[:1]),
        *({"email": email, "anonymous_id": cookie} for email, cookie in OTHERS[1:]),
        {"occurred_at": "never", "anonymous_id": "4711"},
        {"occurred_at": "never", "anonymous_id": "c-18"},
    )  # fmt: skip
    with found.warehouse.write() as connection:
        connection.execute(
            "CREATE TABLE streams.cards AS SELECT 'k' AS \"Id\", 17::BIGINT AS number, ? AS email", [ANN]
        )
        connection.execute("CREATE VIEW streams.recent AS FROM streams.web_events")
        connection.execute("CREATE SCHEMA lab; CREATE TABLE lab.copied AS SELECT email FROM streams.web_events")
        connection.execute("CREATE TABLE streams.mine AS SELECT 1 AS \"Id\", 'Ask Ann@x.Example.' AS text")
    build_profiles(found.warehouse, EVERY_KIND, now=NOW, run_id="test")
    spilled = found.warehouse.root / "scratch" / "spilled"
    spilled.mkdir(parents=True)
    (spilled / "part").write_text(ANN, "utf-8")
    there = found.folder / "large.duckdb"
    found.warehouse.file.rename(there)
    found.warehouse.file.symlink_to(there)
    erase_profile(found.warehouse, EVERY_KIND, "+14155552671", reason="", now=NOW)
    return found


def test_every_table_and_file_is_looked_through(erased: Erasable) -> None:
    """In any schema, with or without Ids, and what cannot be read: all lose the person. A view is in nobody's way."""
    assert {row["email"] for row in table(erased.warehouse, "lab.copied")} == {email for email, _ in OTHERS}
    gone = ("streams.cards", "streams.mine", "streams.salesforce_accounts")
    assert [table(erased.warehouse, name) for name in gone] == [[], [], []]
    assert [row["Name"] for row in table(erased.warehouse, "streams.salesforce_users")] == ["Bob"]
    assert [row["LastName"] for row in table(erased.warehouse, "streams.individuals")] == ["Bob"]
    assert [row["content"].count("c-18") for row in table(erased.warehouse, "ops.set_aside")] == [1]
    assert not (erased.warehouse.root / "scratch" / "spilled").exists()
    assert erased.warehouse.file.is_symlink()
    assert b"Ask Ann@x.Example" not in (erased.folder / "large.duckdb").read_bytes()


def test_nobody_else_is_touched(erased: Erasable) -> None:
    """An address within a longer one, and a value that stands for somebody else in another field, stay."""
    identifiers = {row["value"] for row in table(erased.warehouse, "profiles.identifiers")}
    assert identifiers == {*chain(*OTHERS), "4711", contact_id(50)}


def test_the_person_is_known_again_however_written(erased: Erasable) -> None:
    """By a phone in any way of writing, a new person account, and what an expression makes an identifier of."""
    phones = [(contact_id(2 + number), "", phone, "") for number, phone in enumerate([*PHONES, "4155552672"])]
    individual = (contact_id(9), "new@x.example", "", "0PK000000000001AAA")
    assert erased.merge("salesforce_contacts", CONTACT, [*phones, individual]).rows_kept_out == len(PHONES) + 1
    account = ("001000000000009AAA", contact_id(9), ANN.upper(), "Ann")
    assert erased.merge("salesforce_accounts", ACCOUNT, [account]).rows_kept_out == 1
    _import_events(erased, "b.jsonl", {"title": "b-17"}, {"title": "b-18"})
    titles = {row["title"] for row in table(erased.warehouse, "streams.web_events")}
    assert titles == {"4711", "b-18", None}


@pytest.mark.soak
def test_an_identifier_of_several_columns_is_known_again(tmp_path: Path) -> None:
    """Erased by `concat(country, number)`: another record or event with both stays out, and nobody with one of them."""
    found = _empty(tmp_path)
    mapping = [
        rule("subscribers", "concat(Country__c, Number__c)", "subscriber", identifier=True),
        rule("web_events", "title || url", "subscriber", identifier=True),
    ]
    people = [("DE", "17"), ("FR", "17"), ("DE", "18"), ("", "17")]
    columns = ("Country__c", "Number__c")
    found.merge("subscribers", columns, [(f"a0100000000000{n}AAA", *who) for n, who in enumerate(people)])
    _import_events(found, "a.jsonl", {"title": "DE", "url": "17"}, {"title": "FR", "url": "17"})
    build_profiles(found.warehouse, mapping, now=NOW, run_id="test")
    erase_profile(found.warehouse, mapping, "DE17", reason="", now=NOW)

    again = [("a01000000000011AAA", "DE ", "17"), ("a01000000000012AAA", "DE", "19")]
    assert found.merge("subscribers", columns, again).rows_kept_out == 1
    assert found.merge("subscribers", ("Number__c",), [("a01000000000013AAA", "17")]).rows_kept_out == 0
    rows = table(found.warehouse, "streams.subscribers")
    theirs = [("FR", "17"), ("DE", "18"), (None, "17"), ("DE", "19"), (None, "17")]
    assert sorted((row["Country__c"] or "", row["Number__c"]) for row in rows) == sorted(
        (a or "", b) for a, b in theirs
    )
    _import_events(found, "b.jsonl", *({"title": each, "url": "17"} for each in ("DE", "IT", None)))
    events = table(found.warehouse, "streams.web_events")
    assert sorted(str(row["title"]) for row in events) == ["FR", "IT", "None"]


@pytest.mark.soak
def test_a_link_by_hand_does_not_bring_the_person_back(erased: Erasable) -> None:
    """A pair that still stands in its list comes into no table."""
    pairs = [
        Pair(Identifier("email", ANN), Identifier("web_cookies", "c1"), "l.csv:2"),
        Pair(Identifier("email", OTHERS[0][0]), Identifier("web_cookies", "c2"), "l.csv:3"),
    ]
    lists = ManualLists(pairs, [Pair(Identifier("web_cookies", "4711"), Identifier("web_cookies", "c1"), "l.csv:4")])
    report = build_profiles(erased.warehouse, EVERY_KIND, None, lists, now=NOW, run_id="test")
    assert (report.manual_links, report.manual_unlinks) == (1, 0)


@pytest.mark.soak
def test_somebody_without_a_profile_is_erased(tmp_path: Path) -> None:
    """Where the org has deleted all their records, an Id finds the rows, and by these their address and other rows.

    What nothing names is nobody, and a mapping that does not fit is refused.
    """
    found = _empty(tmp_path)
    found.read_leads()
    found.merge("salesforce_tasks", ("WhoId", "Subject"), [("00T000000004711AAA", PERSON, "Call Zyxwv")])
    with found.warehouse.write() as connection:
        connection.execute("UPDATE streams.salesforce_leads SET _deleted_at = now()::TIMESTAMP")
    found.build()
    assert table(found.warehouse, "profiles.profiles") == []
    with pytest.raises(NoSuchProfile, match="nothing that was imported names it"):
        preview_erasure(found.warehouse, MAPPING, "nobody@x.example")
    with pytest.raises(MappingRefused, match="gone__c"):
        preview_erasure(found.warehouse, [*MAPPING, rule("salesforce_leads", "gone__c", "gone")], EMAIL)
    erase_profile(found.warehouse, MAPPING, PERSON[:15], reason="", now=NOW)
    assert found.in_files() == {}
    assert len(table(found.warehouse, "streams.salesforce_leads")) == len(LEADS) - 1
    assert found.read_leads((lead_id(9), EMAIL, "Zyxwv", "")).rows_kept_out == 2


def test_a_person_is_found_within_texts(erased: Erasable) -> None:
    """An address or an Id beside any sign that people and programs put there, and in no longer one; in what arrives as
    in what stands, and nothing that is found is missed by the quick look.
    """
    address, record = "o'neil.ada+x_1@sub-d.x.example", "003000000004711AbC"
    theirs = [address.upper(), f"_{address}_.", f"<{address}>", f"to={address}&b", f"see {address}. Then", record[:15],
              f"/r/{record}/view", f"_{record}*", f'{{"id": "{record}"}}', f"\n{address},"]  # fmt: skip
    others = [f"x{address}", f"joe_{address}", f"{address}.br", f"{address}s", f"{record[:14]}x", "@", record[3:]]
    with erased.warehouse.write() as connection:
        known = tell_apart(connection, [Mark("email", address), Mark("record", record)])
        Sought([address, record[:15]], [], [], known).set_up(connection)
        said = connection.execute(
            "SELECT v, may_name_erased(v), names_erased(v), names_who(v) FROM (SELECT unnest(?) AS v)",
            [theirs + others],
        ).fetchall()
    assert [text for text, quick, close, _ in said if quick and close] == theirs
    assert [text for text, _, _, stands in said if stands] == theirs
