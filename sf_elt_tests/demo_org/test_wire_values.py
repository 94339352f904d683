"""Values on their way through every API: what goes in by one comes out of each as the same value."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import pytest
from defusedxml.ElementTree import fromstring

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bulk_jobs import NAMESPACE, V1, ask, found, ingest, rows
from sf_elt_tests.demo_org.soap_client import soap
from sf_elt_tests.demo_org.wire import PERSON, V62, Wire

MARKUP = "a &amp; <b> ]]> 'c' \"d\",\te;\nf"
SEPARATED = "x\u2028y\u2029z\u0085w"
EMOJI = "😀 👩‍👩‍👧 \U0001f1eb\U0001f1f7 Ünïcödé"
WORDS = ["N/A", "null", "NULL", "none", "007", "=SUM(A1:A9)", "+1", "-1", "@x", "1e5", "true"]
TEXTS = [MARKUP, SEPARATED, EMOJI, *WORDS]
NUL = "a\x00b"


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.fixture
def wire(org: Details) -> Wire:
    return Wire(org)


def by_rest(org: Details, company: str, texts: list[str]) -> None:
    records = [
        {"attributes": {"type": "Lead"}, "LastName": "V", "Company": company, "Description": text} for text in texts
    ]
    assert all(each["success"] for each in Wire(org).collections("POST", records).json())


def by_soap(org: Details, company: str, texts: list[str]) -> None:
    leads = [{"type": "Lead", "LastName": "V", "Company": company, "Description": text} for text in texts]
    assert {each["success"] for each in soap(org, "create", {"sObjects": leads})} == {"true"}


def as_csv(company: str, texts: list[str]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(
        [["LastName", "Company", "Description"], *(["V", company, text] for text in texts)]
    )
    return written.getvalue()


def by_bulk_2(org: Details, company: str, texts: list[str]) -> None:
    job = ingest(org, "insert", as_csv(company, texts))
    assert len(rows(org, f"{job}/successfulResults")) == len(texts)


def run_v1(org: Details, kind: str, operation: str, body: str) -> str:
    """The address of the ended batch of a job of the older Bulk API."""
    job = {"operation": operation, "object": "Lead", "contentType": kind}
    address = f"{V1}/{ask(org, V1, 'POST', json=job).json()['id']}/batch"
    content_type = {"JSON": "application/json", "CSV": "text/csv", "XML": "application/xml"}[kind] + "; charset=UTF-8"
    headers = {"Content-Type": content_type, "Accept": "application/json"}
    added = ask(org, address, "POST", data=body.encode(), headers=headers)
    batch_id = added.json()["id"] if kind == "JSON" else fromstring(added.content).findtext(f"{{{NAMESPACE}}}id")
    batch = f"{address}/{batch_id}"
    while "Completed" not in (info := ask(org, batch).text):
        assert not re.search(r"state\W+Failed\b", info), info
    return batch


def by_v1_json(org: Details, company: str, texts: list[str]) -> None:
    people = [{"LastName": "V", "Company": company, "Description": text} for text in texts]
    run_v1(org, "JSON", "insert", json.dumps(people))


def by_v1_csv(org: Details, company: str, texts: list[str]) -> None:
    run_v1(org, "CSV", "insert", as_csv(company, texts))


def by_v1_xml(org: Details, company: str, texts: list[str]) -> None:
    people = "".join(
        f"<sObject><LastName>V</LastName><Company>{company}</Company><Description>{escape(text)}</Description></sObject>"
        for text in texts
    )
    run_v1(org, "XML", "insert", f'<sObjects xmlns="{NAMESPACE}">{people}</sObjects>')


def in_rest(org: Details, soql: str) -> list[str]:
    reply = ask(org, f"{V62}/query", params={"q": soql}).json()
    return [each["Description"] for each in reply["records"]]


def in_soap(org: Details, soql: str) -> list[str]:
    (result,) = soap(org, "query", {"queryString": soql})
    records = result["records"]
    return [each["Description"] for each in (records if isinstance(records, list) else [records])]


def in_bulk_2(org: Details, soql: str) -> list[str]:
    return [each["Description"] for each in found(org, soql)]


def v1_result(org: Details, kind: str, soql: str) -> bytes:
    batch = run_v1(org, kind, "query", soql)
    listed = ask(org, f"{batch}/result", headers={"Accept": "application/json"})
    result = listed.json()[0] if kind == "JSON" else fromstring(listed.content)[0].text
    return ask(org, f"{batch}/result/{result}").content


def in_v1_json(org: Details, soql: str) -> list[str]:
    return [each["Description"] for each in json.loads(v1_result(org, "JSON", soql))]


def in_v1_csv(org: Details, soql: str) -> list[str]:
    text = v1_result(org, "CSV", soql).decode()
    return [each["Description"] for each in csv.DictReader(io.StringIO(text, newline=""))]


def in_v1_xml(org: Details, soql: str) -> list[str]:
    descriptions = fromstring(v1_result(org, "XML", soql)).iter()
    return [each.text or "" for each in descriptions if each.tag.endswith("}Description")]


WRITERS = [by_rest, by_soap, by_bulk_2, by_v1_json, by_v1_csv, by_v1_xml]
READERS = [in_rest, in_soap, in_bulk_2, in_v1_json, in_v1_csv, in_v1_xml]
AS_XML = (in_soap, in_v1_xml)


@pytest.mark.parametrize("write", WRITERS, ids=lambda each: each.__name__)
def test_any_text_comes_out_of_every_api(org: Details, write: Callable[[Details, str, list[str]], None]) -> None:
    """Markup, quotes, U+2028, emoji, N/A, null, leading zeros and leading `=` are ordinary text in all six formats."""
    write(org, write.__name__, TEXTS)
    soql = f"SELECT Id, Description FROM Lead WHERE Company = '{write.__name__}'"
    for read in READERS:
        assert sorted(read(org, soql)) == sorted(TEXTS), read.__name__


@pytest.mark.parametrize("write", [by_rest, by_bulk_2, by_v1_json, by_v1_csv], ids=lambda each: each.__name__)
def test_text_can_hold_nul(org: Details, write: Callable[[Details, str, list[str]], None]) -> None:
    """A NUL survives JSON and CSV; XML cannot hold it and stays well-formed without."""
    company = f"nul {write.__name__}"
    write(org, company, [NUL])
    soql = f"SELECT Id, Description FROM Lead WHERE Company = '{company}'"
    for read in READERS:
        assert read(org, soql) == ["ab" if read in AS_XML else NUL], read.__name__


def test_one_moment_is_written_in_each_apis_own_way(org: Details, wire: Wire) -> None:
    """REST ends in +0000, Bulk 2.0 CSV and SOAP in Z, Bulk v1 JSON gives milliseconds: all the same moment."""
    lead = wire.new_lead()
    soql = f"SELECT Id, CreatedDate FROM Lead WHERE Id = '{lead}'"
    rest = wire("GET", f"{V62}/query", params={"q": soql}).json()["records"][0]["CreatedDate"]
    moment = datetime.strptime(rest, "%Y-%m-%dT%H:%M:%S.000%z")
    assert moment.tzinfo == UTC
    zulu = f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"
    assert [each["CreatedDate"] for each in found(org, soql)] == [zulu]
    assert soap(org, "query", {"queryString": soql})[0]["records"]["CreatedDate"] == zulu
    (older,) = json.loads(v1_result(org, "JSON", soql))
    assert older["CreatedDate"] == int(moment.timestamp() * 1000)


def test_an_id_is_good_in_both_lengths_everywhere(org: Details, wire: Wire) -> None:
    """15 characters name the record in addresses, bodies, conditions and files; replies have 18."""
    lead = wire.new_lead()
    short = lead[:15]
    assert wire("GET", f"{V62}/sobjects/Lead/{short}").json()["Id"] == lead
    assert wire("PATCH", f"{V62}/sobjects/Lead/{short}", json={"Title": "one"}).status_code == 204
    changed = [{"attributes": {"type": "Lead"}, "id": short, "Title": "two"}]
    assert wire.collections("PATCH", changed).json()[0] == {"id": lead, "success": True, "errors": []}
    job = ingest(org, "update", f"Id,Title\n{short},three\n")
    assert [each["sf__Id"] for each in rows(org, f"{job}/successfulResults")] == [lead]
    assert found(org, f"SELECT Id, Title FROM Lead WHERE Id = '{short}'") == [{"Id": lead, "Title": "three"}]


def test_only_letter_case_tells_some_ids_apart(wire: Wire) -> None:
    """Ids of 15 characters are case-sensitive: another letter case is another record, or none."""
    lead = next(each for each in (wire.new_lead() for _ in range(80)) if each[14].isalpha())
    other = lead[:14] + lead[14].swapcase()
    soql = f"SELECT Id FROM Lead WHERE Id = '{other}'"
    others = [each["Id"] for each in wire("GET", f"{V62}/query", params={"q": soql}).json()["records"]]
    assert lead not in others


def test_several_values_of_a_picklist_are_joined_by_semicolons(org: Details, wire: Wire) -> None:
    """A multi-select picklist goes in as A;B in any order and comes out so, in REST and in CSV; INCLUDES finds each."""
    lead = wire.new_lead(Interests__c="Data;Analytics", Company="Several")
    assert wire("GET", f"{V62}/sobjects/Lead/{lead}").json()["Interests__c"] == "Analytics;Data"
    soql = "SELECT Interests__c FROM Lead WHERE Company = 'Several' AND Interests__c INCLUDES ('Data', 'Email')"
    assert found(org, soql) == [{"Interests__c": "Analytics;Data"}]
    ingest(org, "update", f"Id,Interests__c\n{lead},Email\n")
    assert found(org, soql) == [{"Interests__c": "Email"}]


def test_amounts_have_their_records_currency(org: Details, wire: Wire) -> None:
    """An amount is a plain number, and the record's CurrencyIsoCode says of what; the org's own where none is given."""
    yen, own = wire.new("Account", Name="Yen", CurrencyIsoCode="JPY", AnnualRevenue=5000), wire.new("Account", Name="O")
    found_records = {
        each["Id"]: (each["AnnualRevenue"], each["CurrencyIsoCode"])
        for each in found(org, "SELECT Id, AnnualRevenue, CurrencyIsoCode FROM Account")
    }
    assert (found_records[yen], found_records[own]) == (("5000.0", "JPY"), ("", "USD"))
    refused = wire("PATCH", f"{V62}/sobjects/Account/{yen}", json={"CurrencyIsoCode": "XXX"})
    assert refused.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_an_address_repeats_its_parts(wire: Wire) -> None:
    """Written by its parts only, read as an object of the same values; null without any part."""
    parts = {"Street": "1 Rue\nA", "City": "Paris", "PostalCode": "01000", "CountryCode": "FR"}
    with_parts = wire("GET", f"{V62}/sobjects/Lead/{wire.new_lead(**parts)}").json()
    assert with_parts["Address"] == {
        "city": "Paris",
        "country": "France",
        "countryCode": "FR",
        "geocodeAccuracy": None,
        "latitude": None,
        "longitude": None,
        "postalCode": "01000",
        "state": None,
        "stateCode": None,
        "street": "1 Rue\nA",
    }
    lead: dict[str, Any] = wire("GET", f"{V62}/sobjects/Lead/{wire.new_lead()}").json()
    assert lead["Address"] is None
    refused = wire("POST", f"{V62}/sobjects/Lead", json={**PERSON, "Address": {"city": "Paris"}})
    assert refused.status_code == 400
