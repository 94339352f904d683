"""What a client meets when it queries over REST: pages and how long they live, orders, filters, limits."""

from collections.abc import Iterator
from typing import Any

import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bulk_jobs import ask, ingest
from sf_elt_tests.demo_org.oauth_client import app_of, ask_token
from sf_elt_tests.demo_org.soap_client import Fault, soap
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import levers

LEADS = 2_300
DAY = 24 * 3600


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    """An org with 2,300 leads that were all saved in the same second."""
    with running_org(records=0) as details:
        people = "".join(f"P{number % 7},Company {number:04}\n" for number in range(LEADS))
        ingest(details, "insert", "LastName,Company\n" + people)
        yield details


@pytest.fixture
def wire(org: Details) -> Wire:
    return Wire(org)


def page(wire: Wire, soql: str, **headers: str) -> dict[str, Any]:
    reply = wire("GET", f"{V62}/query", params={"q": soql}, headers=headers)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def ids(reply: dict[str, Any]) -> list[str]:
    return [each["Id"] for each in reply["records"]]


@pytest.mark.parametrize(
    ("wish", "rows"),
    [
        ("batchSize=200", 200),
        ("batchSize=1999", 1999),
        ("batchSize=199", 200),
        ("batchSize=2001", 2000),
        ("", 2000),
        (f"batchSize={'9' * 5000}", 2000),
    ],
)
def test_a_page_has_200_to_2000_records(wire: Wire, wish: str, rows: int) -> None:
    """Sforce-Query-Options wishes for a size within those bounds; what lies beyond becomes the nearest bound."""
    assert len(page(wire, "SELECT Id FROM Lead", **{"Sforce-Query-Options": wish})["records"]) == rows


def test_a_page_may_be_smaller_than_wished(org: Details, wire: Wire) -> None:
    """The size is a wish: who counts on it, instead of following nextRecordsUrl, loses records."""
    levers(org).faults.plan({"preset": "small_pages"})
    found, reply = [], page(wire, "SELECT Id FROM Lead LIMIT 120", **{"Sforce-Query-Options": "batchSize=200"})
    sizes = [len(reply["records"])]
    found += ids(reply)
    while not reply["done"]:
        reply = wire("GET", reply["nextRecordsUrl"]).json()
        sizes.append(len(reply["records"]))
        found += ids(reply)
    levers(org).faults.clear()
    assert sizes == [50, 50, 20]
    assert len(set(found)) == 120


def test_a_cursor_lives_two_days() -> None:
    """The next page is there after 47 hours and gone after 49, whatever was created or read meanwhile."""
    with running_org(seed=7, records=600) as org:
        locator = page(Wire(org), "SELECT Id FROM Lead", **{"Sforce-Query-Options": "batchSize=200"})["nextRecordsUrl"]

        def later(seconds: int) -> tuple[int, Any]:
            levers(org).advance(seconds)
            token = ask_token(org, grant_type="client_credentials", **app_of(org)).json()["access_token"]
            reply = ask(org, locator, headers={"Authorization": f"Bearer {token}"})
            return reply.status_code, reply.json()

        status, more = later(2 * DAY - 3600)
        assert (status, len(more["records"])) == (200, more["totalSize"] - 200 if more["done"] else 200)
        status, refused = later(2 * 3600)
        assert (status, refused[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.soak
def test_open_cursors_have_no_limit(org: Details, wire: Wire) -> None:
    """The first of more than a thousand cursors still leads on (there was a limit until version 56.0)."""
    levers(org).faults.plan({"page_size": 1, "path": "/composite/batch", "times": None})
    subrequests = [{"method": "GET", "url": "v62.0/query?q=SELECT+Id+FROM+Lead+LIMIT+2"}] * 25
    opened: list[str] = []
    for _ in range(41):
        reply = wire("POST", f"{V62}/composite/batch", json={"batchRequests": subrequests}).json()
        opened += [each["result"]["nextRecordsUrl"] for each in reply["results"]]
    levers(org).faults.clear()
    assert len(set(opened)) == 41 * 25
    assert len(wire("GET", opened[0]).json()["records"]) == 1


def test_equal_records_have_no_order(wire: Wire) -> None:
    """Rows of one timestamp come in no order of their Ids unless the query asks for it, and not even then by halves."""
    by_time = ids(page(wire, "SELECT Id FROM Lead ORDER BY SystemModstamp"))
    assert by_time != sorted(by_time)
    by_name = page(wire, "SELECT Id, LastName FROM Lead ORDER BY LastName DESC, Id LIMIT 1000")["records"]
    keys = [(each["LastName"], each["Id"]) for each in by_name]
    assert keys == sorted(keys, key=lambda key: (-int(key[0][1:]), key[1]))


def test_a_walk_by_timestamp_and_id_meets_every_record_once(wire: Wire) -> None:
    """With Id as tie-break, one page after the other from the last key: no record twice, none left out."""
    met: list[str] = []
    while True:
        behind = f"WHERE Id > '{met[-1]}'" if met else ""
        found = ids(page(wire, f"SELECT Id FROM Lead {behind} ORDER BY SystemModstamp, Id LIMIT 700"))
        if not found:
            break
        met += found
    assert len(met) == len(set(met)) == LEADS
    assert met == sorted(met)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("CreatedDate > 2020-01-01", "must be of type dateTime and should not be enclosed in quotes"),
        ("CreatedDate > '2020-01-01T00:00:00Z'", "must be of type dateTime and should not be enclosed in quotes"),
        ("ConvertedDate > 2020-01-01T00:00:00Z", "must be of type date and should not be enclosed in quotes"),
        ("ConvertedDate > '2020-01-01'", "must be of type date and should not be enclosed in quotes"),
    ],
)
def test_a_moment_filters_moments_and_a_day_filters_days(wire: Wire, condition: str, words: str) -> None:
    """A datetime literal is for datetime fields only, a date for date fields only, and neither stands in quotes."""
    reply = wire("GET", f"{V62}/query", params={"q": f"SELECT Id FROM Lead WHERE {condition}"})
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    assert words in reply.json()[0]["message"]
    right = condition.replace("'", "").replace("T00:00:00Z", "")
    right += "T00:00:00.000+02:00" if right.startswith("Created") else ""
    assert page(wire, f"SELECT Id FROM Lead WHERE {right}")["totalSize"] in (0, LEADS)


def test_a_query_has_100000_characters_at_most(org: Details) -> None:
    """As many are taken; one more is MALFORMED_QUERY, where no address is in the way."""
    soql = "SELECT Id FROM Lead WHERE Company = '{}'"
    longest = soql.format("x" * (100_000 - len(soql) + 2))
    assert soap(org, "query", {"queryString": longest})[0]["size"] == "0"
    with pytest.raises(Fault) as refused:
        soap(org, "query", {"queryString": longest + " "})
    assert refused.value.code == "MALFORMED_QUERY"


def test_a_request_line_has_an_end(wire: Wire) -> None:
    """A query that fits 16,384 bytes with line and headers is answered; a longer one meets HTML, not JSON."""
    condition = " OR ".join(["Company = 'x'"] * 400)
    fits = wire("GET", f"{V62}/query", params={"q": f"SELECT Id FROM Lead WHERE {condition}"})
    assert (fits.status_code, fits.json()["totalSize"]) == (200, 0)
    too_long = wire("GET", f"{V62}/query", params={"q": f"SELECT Id FROM Lead WHERE {condition} OR {condition}"})
    assert too_long.status_code == 414
    assert too_long.headers["Content-Type"].startswith("text/html")
    with pytest.raises(ValueError, match="Expecting value"):
        too_long.json()


def test_too_many_long_requests_are_refused_and_pass(org: Details, wire: Wire) -> None:
    """REQUEST_LIMIT_EXCEEDED also means too many long requests at once, which passes by itself."""
    levers(org).faults.plan({"preset": "too_many_long_requests", "path": "/query"})
    refused = wire("GET", f"{V62}/query", params={"q": "SELECT Id FROM Lead LIMIT 1"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert "ConcurrentRequests" in refused.json()[0]["message"]
    assert page(wire, "SELECT Id FROM Lead LIMIT 1")["totalSize"] == 1


def test_an_offset_ends_a_result_at_2000_records(wire: Wire) -> None:
    """Recorded: with OFFSET, even of 0, totalSize is 2,000 at most, and there is no page behind."""
    reply = page(wire, "SELECT Id FROM Lead LIMIT 10000 OFFSET 0")
    assert (reply["totalSize"], reply["done"], len(reply["records"])) == (2_000, True, 2_000)
    assert page(wire, "SELECT Id FROM Lead LIMIT 10000")["totalSize"] == LEADS
