"""The SOAP API over HTTP: logins, sessions, faults, queries and describes. What is saved is in test_soap_records.py."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from defusedxml.ElementTree import fromstring

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.soap_client import Fault, as_list, soap
from sf_elt_tests.orgs import client, levers

SPAN = {"startDate": "2000-01-01T00:00:00Z", "endDate": "2000-01-02T00:00:00Z"}


@pytest.fixture(scope="module")
def org() -> Iterator[Details]:
    """One org for the module, which only reads."""
    with running_org(seed=7, records=450) as details:
        yield details


def login(org: Details, **changed: str) -> dict[str, Any]:
    arguments = {"username": org.username, "password": org.password + org.security_token} | changed
    [result] = soap(org, "login", arguments, token="")
    found: dict[str, Any] = result
    return found


def refused(org: Details, operation: str, arguments: dict[str, Any] | None = None, **options: Any) -> Fault:
    with pytest.raises(Fault) as fault:
        soap(org, operation, arguments, **options)
    return fault.value


def query(org: Details, soql: str, **options: Any) -> dict[str, Any]:
    [result] = soap(org, "query", {"queryString": soql}, **options)
    found: dict[str, Any] = result
    return found


@pytest.mark.parametrize("flavour", ["u", "c"])
def test_login_gives_a_session_that_works(org: Details, flavour: str) -> None:
    """serverUrl and sessionId are what the next call needs, at the partner and the enterprise endpoint."""
    [result] = soap(
        org, "login", {"username": org.username, "password": org.password}, token="", path=f"{flavour}/62.0"
    )
    path = result["serverUrl"].partition("/services/Soap/")[2]
    assert result["passwordExpired"] == result["sandbox"] == "false"
    [user] = soap(org, "getUserInfo", token=result["sessionId"], path=path)
    assert user["userName"] == org.username
    assert user["organizationId"] == result["userInfo"]["organizationId"]
    assert user["organizationName"]


def test_newer_versions_know_no_login(org: Details) -> None:
    """From version 65.0 on login() is refused in Salesforce's words (forcedotcom/wsc#363); sessions work as before."""
    fault = refused(org, "login", {"username": org.username, "password": org.password}, path="u/65.0")
    assert fault.code == "INVALID_OPERATION"
    assert "is not available in the API version specified (65.0)" in fault.message
    assert soap(org, "getUserInfo", path="u/65.0")


def test_logout_ends_the_session(org: Details) -> None:
    """After logout the session is as unknown as any; other sessions go on."""
    token = login(org)["sessionId"]
    assert soap(org, "logout", token=token) == []
    assert refused(org, "getUserInfo", token=token).code == "INVALID_SESSION_ID"
    assert soap(org, "getServerTimestamp")


@pytest.mark.parametrize("token", ["", "unknown"])
def test_calls_without_a_session_are_refused_as_recorded(org: Details, token: str) -> None:
    """The fault has the code and the words of recorded traffic, with which clients log in anew."""
    fault = refused(org, "getUserInfo", token=token)
    assert (fault.code, fault.kind) == ("INVALID_SESSION_ID", "UnexpectedErrorFault")
    assert fault.message.startswith(
        "INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session"
        + (". Session not found, missing session hash: " if token else "")
    )


@pytest.mark.parametrize(
    ("operation", "arguments", "code", "kind"),
    [
        ("query", {"queryString": "SELECT Nix FROM Lead"}, "INVALID_FIELD", "InvalidFieldFault"),
        ("query", {"queryString": "SELECT Id FROM"}, "MALFORMED_QUERY", "MalformedQueryFault"),
        ("query", {"queryString": "SELECT Id FROM Nix"}, "INVALID_TYPE", "InvalidSObjectFault"),
        ("query", {}, "MISSING_ARGUMENT", "UnexpectedErrorFault"),
        ("queryMore", {"queryLocator": "nix"}, "INVALID_QUERY_LOCATOR", "InvalidQueryLocatorFault"),
        ("search", {"searchString": "FIND"}, "MALFORMED_SEARCH", "MalformedSearchFault"),
        ("describeSObject", {"sObjectType": "Nix"}, "INVALID_TYPE", "InvalidSObjectFault"),
        ("retrieve", {"fieldList": "Id", "sObjectType": "Lead", "ids": "nix"}, "MALFORMED_ID", "InvalidIdFault"),
        ("getUpdated", SPAN | {"sObjectType": "Lead"}, "INVALID_REPLICATION_DATE", "UnexpectedErrorFault"),
        ("login", {"username": "a", "password": "b"}, "INVALID_LOGIN", "LoginFault"),
        ("fly", {}, "Client", None),
        ("describeTabs", {}, "FUNCTIONALITY_NOT_ENABLED", "UnexpectedErrorFault"),
    ],
)
def test_faults_have_the_code_and_the_type_of_the_wsdl(
    org: Details, operation: str, arguments: dict[str, Any], code: str, kind: str | None
) -> None:
    """Each refusal is a fault whose code and detail a client can tell."""
    fault = refused(org, operation, arguments)
    assert (fault.code, fault.kind) == (code, kind)


def test_query_faults_say_where(org: Details) -> None:
    """The row and the column of a wrong field are in the fault's detail."""
    reply = requests.post(
        f"{org.instance_url}/services/Soap/u/62.0",
        data='<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><SessionHeader><sessionId>'
        f"{org.access_token}</sessionId></SessionHeader></s:Header><s:Body><query><queryString>SELECT Nix FROM Lead"
        "</queryString></query></s:Body></s:Envelope>",
        timeout=10,
    )
    texts = {each.tag.rpartition("}")[2]: each.text for each in fromstring(reply.content).iter()}
    assert (reply.status_code, texts["row"], texts["column"]) == (500, "1", "8")
    assert texts["faultcode"] == "sf:INVALID_FIELD"


@pytest.mark.parametrize(
    "body",
    [
        b"<not xml",
        b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>',
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b"<a><query/></a>",
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
    ],
)
def test_what_is_no_call_is_refused(org: Details, body: bytes) -> None:
    """Broken XML, entities and other documents are the client's fault, and nothing is expanded."""
    reply = requests.post(f"{org.instance_url}/services/Soap/u/62.0", data=body, timeout=10)
    assert reply.status_code == 500
    assert "<faultcode>soapenv:Client</faultcode>" in reply.text


def test_records_are_for_the_partner_endpoint(org: Details) -> None:
    """The enterprise endpoint writes records by a schema of its own: it says that it does not, and lists objects."""
    assert (
        refused(org, "query", {"queryString": "SELECT Id FROM Lead"}, path="c/62.0").code == "FUNCTIONALITY_NOT_ENABLED"
    )
    assert soap(org, "describeGlobal", path="c/62.0")[0]["sobjects"]


def test_sessions_can_be_ended_by_others(org: Details) -> None:
    """invalidateSessions ends a session that somebody else holds; one that is not live is an error."""
    token = login(org)["sessionId"]
    ended, unknown = soap(org, "invalidateSessions", {"sessionIds": [token, "nix"]})
    assert (ended["success"], unknown["success"]) == ("true", "false")
    assert refused(org, "getUserInfo", token=token).code == "INVALID_SESSION_ID"


def test_a_version_that_is_not_spoken_is_refused(org: Details) -> None:
    """The address names the version, and only those of the REST API are spoken."""
    assert refused(org, "getUserInfo", path="u/99.0").code == "UNSUPPORTED_API_VERSION"


def test_calls_may_be_packed(org: Details) -> None:
    """A body with gzip is read like any other."""
    assert soap(org, "getServerTimestamp", packed=True)[0]["timestamp"].endswith(".000Z")


def test_records_are_written_as_the_partner_api_does(org: Details) -> None:
    """The type first, the Id nil or twice, parents nested, datetimes with a Z, addresses with their parts."""
    fields = "Id, Name, Account.Name, Account.Owner.Email, CreatedDate, DoNotCall, MailingAddress, Birthdate"
    soql = f"SELECT {fields} FROM Contact WHERE AccountId != null AND MailingCity != null ORDER BY Id LIMIT 1"
    record = query(org, soql)["records"]
    [rest] = client(org).query(soql)["records"]
    assert list(record)[:2] == ["type", "Id"]
    assert record["Id"] == [rest["Id"], rest["Id"]]
    assert (record["type"], record["Name"]) == ("Contact", rest["Name"])
    assert record["Account"] == {
        "type": "Account",
        "Id": None,
        "Name": rest["Account"]["Name"],
        "Owner": {"type": "User", "Id": None, "Email": rest["Account"]["Owner"]["Email"]},
    }
    assert record["CreatedDate"] == rest["CreatedDate"].replace("+0000", "Z")
    assert record["DoNotCall"] == str(rest["DoNotCall"]).lower()
    assert record["MailingAddress"]["city"] == rest["MailingAddress"]["city"]
    assert record["Birthdate"] == rest["Birthdate"]


def test_children_are_query_results_of_their_own(org: Details) -> None:
    """A subquery is a QueryResult inside the record, nil where there are no children."""
    soql = "SELECT Name, (SELECT LastName FROM Contacts WHERE DoNotCall = true) FROM Account ORDER BY Id"
    found = {each["Name"]: each["Contacts"] for each in query(org, soql)["records"]}
    rest = {each["Name"]: each["Contacts"] for each in client(org).query(soql)["records"]}
    sizes = {name: children and int(children["size"]) for name, children in found.items()}
    assert sizes == {name: children and children["totalSize"] for name, children in rest.items()}
    assert None in sizes.values()
    name = next(name for name, size in sizes.items() if size)
    assert [each["LastName"] for each in as_list(found[name]["records"])] == [
        each["LastName"] for each in rest[name]["records"]
    ]


def test_a_long_result_comes_in_pages(org: Details) -> None:
    """queryMore leads through all records; QueryOptions sets the size of a page, 500 at first."""
    soql = "SELECT Id FROM Lead ORDER BY Id"
    first = query(org, soql, headers={"QueryOptions": {"batchSize": 200}})
    assert (first["done"], len(first["records"])) == ("false", 200)
    [second] = soap(
        org, "queryMore", {"queryLocator": first["queryLocator"]}, headers={"QueryOptions": {"batchSize": 200}}
    )
    assert (second["done"], second["queryLocator"]) == ("true", None)
    ids = [each["Id"][0] for page in (first, second) for each in as_list(page["records"])]
    assert ids == [each["Id"] for each in client(org).query_all(soql)["records"]]
    assert len(ids) == int(first["size"])


def test_counts_and_aggregates(org: Details) -> None:
    """COUNT() is the size of an empty result; grouped rows are of the type AggregateResult."""
    total = client(org).query("SELECT COUNT() FROM Lead")["totalSize"]
    assert query(org, "SELECT COUNT() FROM Lead")["size"] == str(total)
    row = query(org, "SELECT COUNT(Id) total, MAX(CreatedDate) latest FROM Lead")["records"]
    assert (row["type"], row["total"]) == ("AggregateResult", str(total))
    assert row["latest"].endswith(".000Z")


def test_search_finds_records_of_several_objects(org: Details) -> None:
    """search gives what SOSL gives over REST, each record as sObject."""
    [lead] = client(org).query("SELECT LastName FROM Lead ORDER BY Id LIMIT 1")["records"]
    sosl = f"FIND {{{lead['LastName']}}} IN NAME FIELDS RETURNING Lead(Id, LastName), Contact(Id)"
    rest = client(org).search(sosl)["searchRecords"]
    [result] = soap(org, "search", {"searchString": sosl})
    records = [each["record"] for each in as_list(result["searchRecords"])]
    assert [(each["type"], each["Id"][0]) for each in records] == [
        (each["attributes"]["type"], each["Id"]) for each in rest
    ]
    assert rest


def test_retrieve_gives_records_in_the_order_of_the_ids(org: Details) -> None:
    """A record that is missing is nil in its place."""
    ids = [each["Id"] for each in client(org).query("SELECT Id FROM Lead ORDER BY Id LIMIT 2")["records"]]
    missing = client(org).query("SELECT Id FROM Contact LIMIT 1")["records"][0]["Id"]
    given = {"fieldList": "Id, LastName", "sObjectType": "Lead", "ids": [ids[1], missing, ids[0]]}
    found = soap(org, "retrieve", given)
    assert [each and each["Id"][0] for each in found] == [ids[1], None, ids[0]]


def test_describes_are_those_of_the_rest_api(org: Details) -> None:
    """describeSObject says of every field what the REST describe says; describeGlobal lists the same objects."""
    rest = client(org).Lead.describe()
    [lead] = soap(org, "describeSObject", {"sObjectType": "lead"})
    assert list(lead) == sorted(lead)
    assert "urls" not in lead
    assert lead["urlDetail"] == rest["urls"]["uiDetailTemplate"]
    assert lead["urlEdit"] == rest["urls"]["uiEditTemplate"]
    assert lead["urlNew"] == rest["urls"]["uiNewRecord"]
    fields = {each["name"]: each for each in lead["fields"]}
    for each in rest["fields"]:
        found = fields[each["name"]]
        assert (found["type"], found["label"], int(found["length"])) == (each["type"], each["label"], each["length"])
        assert found["nillable"] == str(each["nillable"]).lower()
    objects = soap(org, "describeGlobal")[0]["sobjects"]
    assert [each["name"] for each in objects] == [each["name"] for each in client(org).describe()["sobjects"]]
    both = soap(org, "describeSObjects", {"sObjectType": ["Lead", "Account"]})
    assert [each["name"] for each in both] == ["Lead", "Account"]


def test_a_time_without_a_zone_is_utc(org: Details) -> None:
    """getUpdated reads a dateTime without a zone, as beatbox writes it, as UTC."""
    now = datetime.now(UTC).replace(tzinfo=None)
    span = {"startDate": (now - timedelta(days=20)).isoformat(), "endDate": (now + timedelta(minutes=5)).isoformat()}
    zoned = {name: f"{moment}Z" for name, moment in span.items()}
    [plain], [same] = (soap(org, "getUpdated", {"sObjectType": "Lead", **each}) for each in (span, zoned))
    assert plain["ids"]
    assert plain["ids"] == same["ids"]


def test_each_call_counts_once_and_is_recorded_with_its_rows() -> None:
    """A SOAP call costs one API call whatever it does, and none goes through when the allowance is spent."""
    with running_org(records=60) as org:
        levers(org).limit(3, give_back=True)
        levers(org).calls.clear()
        token = login(org)["sessionId"]
        size = query(org, "SELECT Id FROM Lead", token=token)["size"]
        soap(org, "getUserInfo", token=token)
        assert refused(org, "getUserInfo", token=token).code == "REQUEST_LIMIT_EXCEEDED"
        calls = levers(org).calls.all()
        assert [(call["path"], call["status"]) for call in calls] == [
            ("/services/Soap/u/62.0", status) for status in (200, 200, 200, 500)
        ]
        assert calls[1]["rows"] == int(size)


def test_a_profile_without_the_api_lets_nobody_in() -> None:
    """A user whose profile does not allow the API cannot log in over SOAP, and a session of theirs is of no use."""
    with running_org(records=60) as org:
        sf = client(org)
        [user] = sf.query("SELECT Id, Username FROM User WHERE Profile.Name = 'Standard User' LIMIT 1")["records"]
        token = login(org, username=user["Username"])["sessionId"]
        [profile] = sf.query("SELECT Id FROM PermissionSet WHERE Profile.Name = 'Standard User'")["records"]
        sf.PermissionSet.update(profile["Id"], {"PermissionsApiEnabled": False})
        for operation in ("getServerTimestamp", "setPassword"):
            assert refused(org, operation, token=token).code == "API_DISABLED_FOR_ORG"
        fault = refused(org, "login", {"username": user["Username"], "password": org.password})
        assert (fault.code, fault.kind) == ("API_DISABLED_FOR_ORG", "LoginFault")


def test_passwords_can_be_set_and_reset() -> None:
    """After setPassword only the new one logs in; resetPassword tells a random one."""
    with running_org(records=0) as org:
        user_id = login(org)["userId"]
        soap(org, "setPassword", {"userId": user_id, "password": "a-new-1"})
        assert refused(org, "login", {"username": org.username, "password": org.password}).code == "INVALID_LOGIN"
        assert login(org, password="a-new-1")["userId"] == user_id
        [reset] = soap(org, "resetPassword", {"userId": user_id})
        assert login(org, password=reset["password"])["userId"] == user_id
        unknown = refused(org, "resetPassword", {"userId": "005Hs00000000zzIAA"})
        assert unknown.code == "INVALID_CROSS_REFERENCE_KEY"
