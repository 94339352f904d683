"""What old and small clients ask for: retired versions, parts of pages, passwords, Apex, one-time addresses."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.bulk_jobs import ask
from sf_elt_tests.demo_org.soap_client import Fault, soap
from sf_elt_tests.demo_org.wire import V62, Wire
from sf_elt_tests.orgs import levers


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    with running_org(seed=7, records=0) as details:
        yield details


@pytest.fixture
def wire(org: Details) -> Wire:
    return Wire(org)


@pytest.mark.parametrize("version", ["7.0", "20.0", "30.0"])
def test_retired_versions_are_gone(wire: Wire, org: Details, version: str) -> None:
    """410 over REST, InvalidVersion over Bulk, UNSUPPORTED_API_VERSION over SOAP (node-salesforce asks for 29.0)."""
    gone = wire("GET", f"/services/data/v{version}/sobjects")
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (410, "GONE")
    bulk = ask(org, f"/services/async/{version}/job", "POST", json={}, headers={"Content-Type": "application/json"})
    assert (bulk.status_code, bulk.json()["exceptionCode"]) == (400, "InvalidVersion")
    with pytest.raises(Fault, match="UNSUPPORTED_API_VERSION"):
        soap(org, "getUserInfo", path=f"u/{version}")


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("tabs", []),
        ("theme", {"themeItems": []}),
        ("quickActions", []),
        ("actions", {"custom": f"{V62}/actions/custom", "standard": f"{V62}/actions/standard"}),
        ("actions/custom/flow", {"actions": []}),
        ("process/approvals", {"approvals": {}}),
        ("process/rules", {"rules": {}}),
        ("sobjects/Lead/quickActions", []),
        (
            "sobjects/Lead/listviews",
            {"done": True, "listviews": [], "nextRecordsUrl": None, "size": 0, "sobjectType": "Lead"},
        ),
    ],
)
def test_nobody_has_made_pages_or_actions(wire: Wire, address: str, found: object) -> None:
    """Lists of tabs, colours, actions, rules and list views are there, and empty (n8n lists flows)."""
    assert wire("GET", f"{V62}/{address}").json() == found


@pytest.mark.parametrize(
    "address",
    [
        "quickActions/LogACall/describe",
        "sobjects/Lead/quickActions/LogACall",
        "sobjects/Lead/listviews/00BHs0000000001AAA/results",
        "sobjects/Event/describe/namedLayouts/UserAlt",
        "actions/custom/flow/Nothing",
    ],
)
def test_no_part_of_a_page_is_found(wire: Wire, address: str) -> None:
    """They are not there; that they might be records is not said."""
    reply = wire("GET", f"{V62}/{address}")
    assert (reply.status_code, reply.json()[0]["message"]) == (404, "The requested resource does not exist")


def test_passwords_are_set_over_rest(wire: Wire, org: Details) -> None:
    """A GET says whether it has expired, a POST sets one, a DELETE a random one; nobody else's without the right."""
    user = next(each for each in levers(org).records("User") if each["Username"] == org.username)
    address = f"{V62}/sobjects/User/{user['Id']}/password"
    assert wire("GET", address).json() == {"isExpired": False}
    assert wire("POST", address, json={}).json()[0]["errorCode"] == "INVALID_NEW_PASSWORD"
    assert wire("POST", address, json={"NewPassword": "correct horse 1"}).status_code == 204
    login = {"username": org.username, "password": f"correct horse 1{org.security_token}"}
    assert soap(org, "login", login)[0]["userId"] == user["Id"]
    random = wire("DELETE", address.replace("User", "user")).json()["NewPassword"]
    with pytest.raises(Fault, match="INVALID_LOGIN"):
        soap(org, "login", login)
    assert soap(org, "login", login | {"password": random + org.security_token})[0]["userId"] == user["Id"]


def test_nobody_answers_for_apex(wire: Wire, org: Details) -> None:
    """Apex over SOAP is refused with a fault (`sf apex run`), its REST classes are not found; a session is needed."""
    for path in ("s/62.0", "s/62.0/00DHs0000000001"):
        with pytest.raises(Fault, match="Apex is not supported by the demo org") as fault:
            soap(org, "executeAnonymous", {"String": "Integer i;"}, path=path)
        assert fault.value.code == "FUNCTIONALITY_NOT_ENABLED"
    with pytest.raises(Fault, match="INVALID_SESSION_ID"):
        soap(org, "executeAnonymous", {"String": "Integer i;"}, path="s/62.0", token="dead")
    missing = wire("POST", "/services/apexrest/Orders/1", json={})
    assert (missing.status_code, missing.json()) == (
        404,
        [{"message": "Could not find a match for URL", "errorCode": "NOT_FOUND"}],
    )
    assert requests.get(f"{org.instance_url}/services/apexrest/Orders/1", timeout=10).status_code == 401


def test_the_front_door_opens_once(wire: Wire, org: Details) -> None:
    """`sf org open` gets an address with a one-time password and where to go; without a live session, none."""
    given = wire("GET", "/services/oauth2/singleaccess?redirect_uri=lightning/o/Lead/list").json()["frontdoor_uri"]
    address = urlsplit(given)
    assert given.startswith(f"{org.instance_url}/secur/frontdoor.jsp?")
    assert parse_qs(address.query)["startURL"] == ["lightning/o/Lead/list"]
    assert org.username in requests.get(given, timeout=10).text
    assert requests.get(given, timeout=10).status_code == 403
    late = wire("POST", "/services/oauth2/singleaccess").json()["frontdoor_uri"]
    levers(org).advance(61)
    assert requests.get(late, timeout=10).status_code == 403
    refused = requests.get(
        f"{org.instance_url}/services/oauth2/singleaccess", headers={"Authorization": "Bearer dead"}, timeout=10
    )
    assert (refused.status_code, refused.text) == (403, "Bad_OAuth_Token")


def test_notes_hang_on_records(wire: Wire) -> None:
    """n8n adds them to leads and accounts, names written small; they go with their parent."""
    account = wire.new("Account", Name="A")
    made = wire("POST", f"{V62}/sobjects/note", json={"Title": "Call", "ParentId": account, "Body": "x"})
    assert (made.status_code, made.json()["id"][:3]) == (201, "002")
    notes = wire("GET", f"{V62}/sobjects/Account/{account}/Notes").json()["records"]
    assert [note["Title"] for note in notes] == ["Call"]
    wire("DELETE", f"{V62}/sobjects/Account/{account}")
    assert wire("GET", f"{V62}/sobjects/Note/{made.json()['id']}").status_code == 404


def test_nothing_streams(wire: Wire) -> None:
    """A Bayeux handshake is refused, and the client told not to try again; what is no Bayeux is a bad request."""
    handshake = {
        "channel": "/meta/handshake",
        "version": "1.0",
        "supportedConnectionTypes": ["long-polling"],
        "id": "1",
    }
    (refused,) = wire("POST", "/cometd/62.0/handshake", json=[handshake]).json()
    assert (refused["channel"], refused["id"], refused["successful"]) == ("/meta/handshake", "1", False)
    assert (refused["error"][:5], refused["advice"]) == ("403::", {"reconnect": "none"})
    assert [wire("POST", "/cometd/62.0", data=body).status_code for body in ("nix", "[1]", "null")] == [400] * 3
