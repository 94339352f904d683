"""Composite requests, graphs, trees and batches, over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.orgs import levers

DATA = "/services/data/v62.0"
ROLLED_BACK = [
    {
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation in the same transaction failed.",
    }
]


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    """One org for the module: each test makes the records that it looks at."""
    with running_org(records=0) as details:
        yield details


def call(org: Details, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
    reply = requests.request(
        "GET" if body is None else "POST",
        f"{org.instance_url}{DATA}{path}",
        json=body,
        headers={"Authorization": f"Bearer {org.access_token}", **headers},
        timeout=20,
    )
    assert reply.status_code == status, reply.text
    return reply.json()


def composite(org: Details, *given: dict[str, Any], status: int = 200, **options: Any) -> Any:
    reply = call(org, "/composite", {"compositeRequest": list(given), **options}, status=status)
    return reply["compositeResponse"] if status == 200 else reply


def sub(reference_id: str, url: str, body: Any = None, *, method: str = "", **more: Any) -> dict[str, Any]:
    request = {"method": method or ("GET" if body is None else "POST"), "url": DATA + url, "referenceId": reference_id}
    return request | ({} if body is None else {"body": body}) | more


def account(reference_id: str, name: str) -> dict[str, Any]:
    return sub(reference_id, "/sobjects/Account", {"Name": name})


def query(org: Details, soql: str) -> list[dict[str, Any]]:
    reply = requests.get(
        f"{org.instance_url}{DATA}/query",
        params={"q": soql},
        headers={"Authorization": f"Bearer {org.access_token}"},
        timeout=20,
    )
    records: list[dict[str, Any]] = reply.json()["records"]
    return records


def named(org: Details, name: str) -> int:
    return len(query(org, f"SELECT Id FROM Account WHERE Name = '{name}'"))


def test_a_header_of_a_subrequest_may_hold_any_text(org: Details) -> None:
    """What is no header that the org knows is ignored, in whatever script it is written."""
    header = {"X-Größe €": "klein €"}
    [reply] = composite(org, sub("described", "/sobjects/Lead/describe", httpHeaders=header))
    assert reply["httpStatusCode"] == 200


def test_later_subrequests_use_the_results_of_earlier_ones(org: Details) -> None:
    """References in bodies and addresses stand for what was answered, down to a query's record and a collection's."""
    contact = {"LastName": "Ref", "AccountId": "@{made.id}", "Title": "of @{made.id}!"}
    replies = composite(
        org,
        account("made", "References"),
        sub("contact", "/sobjects/Contact", contact),
        sub("read", "/sobjects/Contact/@{contact.id}?fields=AccountId,Title"),
        sub("found", "/query?q=SELECT Id, Name FROM Account WHERE Id = '@{made.id}'"),
        sub("again", "/sobjects/Account/@{found.records[0].Id}", {"Site": "@{found.records[0].Name}"}, method="PATCH"),
        sub("site", "/sobjects/Account/@{made.id}?fields=Site"),
    )
    assert [each["httpStatusCode"] for each in replies] == [201, 201, 200, 200, 204, 200]
    assert [each["referenceId"] for each in replies] == ["made", "contact", "read", "found", "again", "site"]
    made = replies[0]["body"]["id"]
    assert replies[2]["body"]["AccountId"] == made
    assert replies[2]["body"]["Title"] == f"of {made}!"
    assert replies[4]["body"] is None
    assert replies[0]["httpHeaders"] == {"Location": f"{DATA}/sobjects/Account/{made}"}
    assert replies[5]["body"]["Site"] == "References"


def test_collections_in_a_composite_can_be_referred_to(org: Details) -> None:
    """`@{accounts[1].id}` is the second outcome of a collection."""
    records = [{"attributes": {"type": "Account"}, "Name": name} for name in ("Col 1", "Col 2")]
    accounts, read = composite(
        org,
        sub("accounts", "/composite/sobjects", {"records": records}),
        sub("read", "/sobjects/Account/@{accounts[1].id}?fields=Name"),
    )
    assert [each["success"] for each in accounts["body"]] == [True, True]
    assert read["body"]["Name"] == "Col 2"


def test_a_reference_may_lead_beyond_a_collection(org: Details) -> None:
    """A place that is not there is refused, however large its number."""
    for place in ("2", "9" * 5000):
        accounts = {"records": [{"attributes": {"type": "Account"}, "Name": "Only"}]}
        replies = composite(
            org,
            sub("accounts", "/composite/sobjects", accounts),
            sub("read", "/sobjects/Account", {"Name": f"@{{accounts[{place}].id}}"}),
        )
        assert replies[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_without_all_or_none_only_dependents_fail(org: Details) -> None:
    """A subrequest that fails takes those that refer to it with it; the others take effect."""
    replies = composite(
        org,
        sub("bad", "/sobjects/Account", {"Site": "no name"}),
        sub("dependent", "/sobjects/Contact", {"LastName": "A", "AccountId": "@{bad.id}"}),
        account("good", "Stays"),
    )
    assert [each["httpStatusCode"] for each in replies] == [400, 400, 201]
    assert replies[0]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    message = "Invalid reference specified. No value for bad.id found in bad"
    assert replies[1]["body"] == [{"errorCode": "PROCESSING_HALTED", "message": message}]
    assert named(org, "Stays") == 1


def test_with_all_or_none_one_failure_undoes_all(org: Details) -> None:
    """Nothing of the request is kept, and only the subrequest that failed says why."""
    replies = composite(
        org,
        account("first", "Undone"),
        sub("bad", "/sobjects/Contact", {"FirstName": "no last name", "AccountId": "@{first.id}"}),
        account("last", "Undone"),
        allOrNone=True,
    )
    assert [each["httpStatusCode"] for each in replies] == [400, 400, 400]
    assert [each["body"] for each in (replies[0], replies[2])] == [ROLLED_BACK, ROLLED_BACK]
    assert replies[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert named(org, "Undone") == 0


def test_with_all_or_none_and_no_failure_all_is_kept(org: Details) -> None:
    """Subrequests of one transaction see each other's records, and everybody sees them afterwards."""
    replies = composite(
        org,
        account("first", "Kept"),
        sub("found", "/query?q=SELECT+Name+FROM+Account+WHERE+Name+=+'Kept'"),
        allOrNone=True,
    )
    assert replies[1]["body"]["totalSize"] == 1
    assert named(org, "Kept") == 1


@pytest.mark.parametrize("inner", [True, False])
def test_all_or_none_reaches_into_collections(org: Details, inner: bool) -> None:
    """A collection with one bad record undoes the whole request, and still shows its own outcomes with status 200."""
    records = [{"attributes": {"type": "Account"}, **values} for values in ({"Name": "Inner"}, {"Site": "no name"})]
    collection, contact = composite(
        org,
        sub("accounts", "/composite/sobjects", {"allOrNone": inner, "records": records}),
        sub("contact", "/sobjects/Contact", {"LastName": "Inner"}),
        allOrNone=True,
    )
    assert collection["httpStatusCode"] == 200
    assert [each["success"] for each in collection["body"]] == [not inner, False]
    assert (contact["httpStatusCode"], contact["body"]) == (400, ROLLED_BACK)
    assert named(org, "Inner") == 0


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([account("twice", "A"), account("twice", "B")], "INVALID_INPUT"),
        ([account(f"ref{number}", "Many") for number in range(26)], "LIMIT_EXCEEDED"),
        ([sub(f"ref{number}", "/query?q=SELECT Id FROM Lead") for number in range(6)], "LIMIT_EXCEEDED"),
        ([account("no-dashes", "A")], "JSON_PARSER_ERROR"),
        ([sub("ref", "/sobjects", httpHeaders={"Authorization": "Bearer x"})], "JSON_PARSER_ERROR"),
        ([{"method": "GET", "referenceId": "ref"}], "JSON_PARSER_ERROR"),
    ],
)
def test_a_malformed_composite_is_refused_as_a_whole(org: Details, given: list[Any], code: str) -> None:
    """Duplicate references, too many subrequests and headers that belong to the parent: 400, and nothing is done."""
    [error] = composite(org, *given, status=400)
    assert error["errorCode"] == code
    assert named(org, "Many") == 0


@pytest.mark.parametrize("url", ["/limits", "/composite", "/composite/tree/Account", "/jobs/query"])
def test_only_data_resources_fit_into_a_composite(org: Details, url: str) -> None:
    """Records, queries and collections can be subrequests, nothing else."""
    [reply] = composite(org, sub("ref", url))
    assert reply["httpStatusCode"] == 400
    assert reply["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_subrequests_fail_as_they_would_alone(org: Details) -> None:
    """An unknown object is the 404 that it is elsewhere (recorded traffic), an unknown method the 405."""
    missing, method = composite(org, sub("ref", "/sobjects/Foo"), sub("put", "/sobjects/Account", {}, method="PUT"))
    assert missing["httpStatusCode"] == 404
    assert missing["body"] == [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    assert missing["httpHeaders"] == {}
    assert method["httpStatusCode"] == 405


def test_a_subrequest_has_headers_of_its_own(org: Details) -> None:
    """If-Modified-Since in httpHeaders gets 304 with the date and no body, as in recorded traffic."""
    header = {"If-Modified-Since": "Thu, 03 Sep 2099 21:35:07 GMT"}
    same, other = composite(
        org, sub("same", "/sobjects/Lead/describe", httpHeaders=header), sub("other", "/sobjects/Lead/describe")
    )
    assert (same["httpStatusCode"], same["body"], other["httpStatusCode"]) == (304, None, 200)
    assert "Last-Modified" in same["httpHeaders"]


def test_a_composite_is_one_call_with_the_rows_of_all(org: Details) -> None:
    """However many subrequests: one API call, one line in the record."""
    used = call(org, "/limits")["DailyApiRequests"]["Remaining"]
    levers(org).calls.clear()
    composite(org, account("one", "Rows"), account("two", "Rows"))
    [only] = levers(org).calls.all()
    assert (only["path"], only["rows"], only["status"]) == (f"{DATA}/composite", 2, 200)
    assert call(org, "/limits")["DailyApiRequests"]["Remaining"] == used - 2


@pytest.mark.soak
def test_many_composites_at_once_end_well(org: Details) -> None:
    """A crowd of transactions and of plain writers waits for each other and neither stops nor mixes."""

    def one(number: int) -> list[int]:
        if number % 2:
            call(org, "/sobjects/Account", {"Name": "Crowd"}, status=201)
            return [201]
        replies = composite(org, account("a", "Crowd"), account("b", "Crowd"), allOrNone=True)
        return [each["httpStatusCode"] for each in replies]

    with ThreadPoolExecutor(60) as clients:
        statuses = [status for found in clients.map(one, range(80)) for status in found]
    assert statuses == [201] * 120
    assert named(org, "Crowd") == 120


def graph(graph_id: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {"graphId": graph_id, "compositeRequest": list(nodes)}


def test_each_graph_is_kept_or_undone_by_itself(org: Details) -> None:
    """A failing node undoes its own graph; the graph next to it is kept."""
    reply = call(
        org,
        "/composite/graph",
        {
            "graphs": [
                graph("1", account("a", "Graph 1"), sub("c", "/sobjects/Contact", {"FirstName": "no last name"})),
                graph("2", account("a", "Graph 2"), sub("c", "/sobjects/Contact", {"LastName": "B"})),
            ]
        },
    )
    first, second = reply["graphs"]
    assert (first["graphId"], first["isSuccessful"]) == ("1", False)
    replies = first["graphResponse"]["compositeResponse"]
    assert [each["httpStatusCode"] for each in replies] == [400, 400]
    assert replies[0]["body"] == ROLLED_BACK
    assert replies[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert (second["graphId"], second["isSuccessful"]) == ("2", True)
    assert [each["referenceId"] for each in second["graphResponse"]["compositeResponse"]] == ["a", "c"]
    assert (named(org, "Graph 1"), named(org, "Graph 2")) == (0, 1)


def test_the_nodes_of_a_graph_may_stand_in_any_order(org: Details) -> None:
    """A node may refer to one that stands behind it."""
    nodes = [sub("c", "/sobjects/Contact", {"LastName": "First", "AccountId": "@{a.id}"}), account("a", "Behind")]
    [only] = call(org, "/composite/graph", {"graphs": [graph("g", *nodes)]})["graphs"]
    assert only["isSuccessful"], only
    contact, made = only["graphResponse"]["compositeResponse"]
    [found] = query(org, f"SELECT AccountId FROM Contact WHERE Id = '{contact['body']['id']}'")
    assert found["AccountId"] == made["body"]["id"]


@pytest.mark.parametrize(
    "nodes",
    [
        [sub("x", "/sobjects/Account", {"Name": "@{y.id}"}), sub("y", "/sobjects/Account", {"Name": "@{x.id}"})],
        [sub("q", "/query?q=SELECT Id FROM Lead")],
        [sub("other", "/sobjects/Contact", {"LastName": "A", "AccountId": "@{elsewhere.id}"})],
    ],
)
def test_a_graph_that_cannot_be_is_not_successful(org: Details, nodes: list[Any]) -> None:
    """Circles, resources that are no records and references into other graphs halt the graph."""
    other = graph("other", account("elsewhere", "Elsewhere"))
    first, second = call(org, "/composite/graph", {"graphs": [other, graph("g", *nodes)]})["graphs"]
    assert (first["isSuccessful"], second["isSuccessful"]) == (True, False)
    assert second["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"


@pytest.mark.parametrize(
    "graphs",
    [
        [graph("same"), graph("same")],
        [graph("g", account("twice", "A"), account("twice", "B"))],
        [graph(f"g{number}") for number in range(76)],
        [graph("g", *[account(f"a{number}", "Many nodes") for number in range(501)])],
        [graph("g", *[sub(f"a{number}", f"/sobjects/O{number}__c", {}) for number in range(16)])],
        [
            graph(
                "g",
                account("a0", "Deep"),
                *[
                    sub(f"a{n}", "/sobjects/Account", {"Name": "Deep", "Site": f"@{{a{n - 1}.id}}"})
                    for n in range(1, 16)
                ],
            )
        ],
    ],
)
def test_graphs_beyond_the_limits_are_refused_as_a_whole(org: Details, graphs: list[Any]) -> None:
    """75 graphs, 500 nodes, 15 kinds of them and 15 levels are the most; ids are given once."""
    [error] = call(org, "/composite/graph", {"graphs": graphs}, status=400)
    assert error["errorCode"] in ("LIMIT_EXCEEDED", "INVALID_INPUT")


def test_after_fifteen_failed_graphs_the_rest_is_halted(org: Details) -> None:
    """Graphs are tried until more than 14 have failed."""
    bad = [graph(f"g{number}", sub("a", "/sobjects/Account", {"Site": "no name"})) for number in range(15)]
    last = call(org, "/composite/graph", {"graphs": [*bad, graph("last", account("a", "Too late"))]})["graphs"][-1]
    assert last["isSuccessful"] is False
    assert last["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert named(org, "Too late") == 0


def test_a_batch_runs_its_requests_one_by_one(org: Details) -> None:
    """Each has its own status and result; what succeeded stays whatever fails later; each counts as a call."""
    before = call(org, "/limits")["DailyApiRequests"]["Remaining"]
    requests_ = [
        {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {"Name": "Batch"}},
        {"method": "GET", "url": f"{DATA}/query?q=SELECT Name FROM Account WHERE Name = 'Batch'"},
        {"method": "GET", "url": "v62.0/sobjects/Nix"},
        {"method": "GET", "url": "v62.0/sobjects/Lead/describe"},
    ]
    reply = call(org, "/composite/batch", {"batchRequests": requests_})
    assert reply["hasErrors"] is True
    assert [each["statusCode"] for each in reply["results"]] == [201, 200, 404, 200]
    assert reply["results"][1]["result"]["records"][0]["Name"] == "Batch"
    assert reply["results"][3]["result"]["name"] == "Lead"
    assert call(org, "/limits")["DailyApiRequests"]["Remaining"] == before - 5


def test_a_batch_can_halt_on_the_first_error(org: Details) -> None:
    """With haltOnError the requests after a failed one are 412 BATCH_PROCESSING_HALTED."""
    good = {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {"Name": "Halted"}}
    bad = {"method": "GET", "url": "v62.0/sobjects/Nix"}
    reply = call(org, "/composite/batch", {"batchRequests": [bad, good], "haltOnError": True})
    assert [each["statusCode"] for each in reply["results"]] == [404, 412]
    assert reply["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert named(org, "Halted") == 0


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ([{"method": "GET", "url": "v62.0/limits"}] * 26, 400),
        ([{"method": "POST", "url": "v62.0/sobjects/Document", "binaryPartName": "file"}], 400),
        ([{"method": "GET", "url": "v63.0/limits"}], 200),
    ],
)
def test_a_batch_refuses_what_it_cannot_do(org: Details, given: list[Any], status: int) -> None:
    """More than 25 requests, binary parts and versions later than the batch's own are errors."""
    reply = call(org, "/composite/batch", {"batchRequests": given}, status=status)
    assert status == 400 or reply["hasErrors"] is True


def test_composite_lists_what_is_below_it(org: Details) -> None:
    """GET /composite names the other composite resources."""
    assert call(org, "/composite")["graph"] == f"{DATA}/composite/graph"
