"""Making, running and reading bulk jobs with raw requests."""

import csv
import io
from typing import Any

import requests

from sf_elt.demo_org.serve import Details

V2 = "/services/data/v62.0/jobs"
V1 = "/services/async/62.0/job"
RUNNING = ("UploadComplete", "InProgress")
NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
XML_TYPE = {"Content-Type": "application/xml; charset=UTF-8"}


def ask(details: Details, path: str, method: str = "GET", **options: Any) -> requests.Response:
    """A request of either API, with the session in both of their headers."""
    session = {"Authorization": f"Bearer {details.access_token}", "X-SFDC-Session": details.access_token}
    headers = session | options.pop("headers", {})
    return requests.request(method, details.instance_url + path, headers=headers, timeout=30, **options)


def refusal(reply: requests.Response) -> tuple[int, str, str]:
    """Status, code and message of an error of version 2.0."""
    (error,) = reply.json()
    return reply.status_code, error["errorCode"], error["message"]


def open_ingest(details: Details, operation: str = "insert", object_name: str = "Lead", **body: str) -> str:
    """The address of an ingest job that waits for its CSV."""
    made = ask(details, f"{V2}/ingest", "POST", json={"operation": operation, "object": object_name} | body)
    assert made.status_code == 200, made.text
    return f"{V2}/ingest/{made.json()['id']}"


def ingest(details: Details, operation: str, data: bytes | str, object_name: str = "Lead", **body: str) -> str:
    """The address of an ingest job that has ended."""
    job = open_ingest(details, operation, object_name, **body)
    upload = data if isinstance(data, bytes) else data.encode()
    assert ask(details, f"{job}/batches", "PUT", data=upload).status_code == 201
    assert ask(details, job, "PATCH", json={"state": "UploadComplete"}).status_code == 200
    return ended(details, job)


def query(details: Details, soql: str, **body: str) -> str:
    """The address of a query job that has ended."""
    made = ask(details, f"{V2}/query", "POST", json={"operation": "query", "query": soql} | body)
    assert made.status_code == 200, made.text
    return ended(details, f"{V2}/query/{made.json()['id']}")


def ended(details: Details, job: str) -> str:
    while ask(details, job).json()["state"] in RUNNING:
        pass
    return job


def rows(details: Details, address: str) -> list[dict[str, str]]:
    """The rows of a CSV, by column."""
    text = ask(details, address).content.decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def found(details: Details, soql: str) -> list[dict[str, str]]:
    """What a query gives, as texts."""
    return rows(details, query(details, soql) + "/results")
