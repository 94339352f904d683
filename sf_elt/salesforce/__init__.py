"""The org: connect, describe, query, bulk, write, count calls. Knows no DuckDB and no Dagster.

    org = connect(Login.from_env(), meter)
    describe(org, "Lead").field("Email").length
    survey(org, "Lead", "IsConverted = true", include_deleted=True).counted
    count(org, "Lead", "IsConverted = true", include_deleted=True)
    query_records(org, f"SELECT Id FROM Contact WHERE Email = {literal(email)}")
    download_bulk(org, select(["Id", "Email"], "Lead"), folder, include_deleted=True)

Every HTTP call, each repetition too, is counted by the meter before it leaves.

connection/     log in, the session, every HTTP call over it
downloads/      rows of a query as landing files: in bulk, by REST, by Id; what that costs
uploads/        many records written by one bulk job
lookups/        records, fields, labels, picklists and campaigns for people and their own programs
setup/          the fields and permissions that exports need, planned and made
matching/       which records have given values, thousands of values a call
asking.py       many small questions in few calls
bulk_jobs.py    what bulk jobs have in common: how they are waited for
composite.py    what composite requests and their replies look like
counting.py     how many records there are
describe.py     objects and their fields
errors.py       what can go wrong
ids.py          Ids of 15 and of 18 characters
limits.py       what the org allows, and which versions it has
names.py        did you mean …?
permissions.py  what the user may not see, and what to grant
records.py      rows of any query as Python values
referring.py    which records others refer to
repeating.py    what the org says, without anybody's values
replies.py      replies as what they are documented to be
retrieve.py     records by their Ids, with any number of fields
save_codes.py   what each refusal of a record means
soap.py         calls of the SOAP APIs
soql.py         all SOQL that is written here
survey.py       describe and count in one call
undelete.py     deleted records brought back
write.py        records created, updated, upserted, deleted: up to 200 in one call

Errors:

    SalesforceError
    ├── AuthenticationFailed     wrong credentials, or a session that cannot be renewed
    ├── AllowanceSpent           no API calls left before `until`: paused, not failed
    ├── OrgUnavailable           429, 5xx, timeouts, dropped connections, web pages, after repeating
    │   ├── NotInReply           a record without a field that was asked for
    │   ├── ReplyOutOfBounds     larger than a reply may be, or slower
    │   └── ReplyTruncated       a body that keeps breaking off
    └── RequestRefused           the org will not do it; `code` and `fields` are Salesforce's
        ├── UnknownObject
        ├── UnknownField
        ├── QueryRefused
        │   ├── CursorDied       the pages of a query cannot be gone on with
        │   ├── QueryTooLarge    ask for less at once
        │   └── QueryTooLong     it does not fit into an address: ask by a bulk job
        ├── CannotMatch          a field that no record can be found by
        ├── NotInBulk            its object or a field is none for the Bulk API: ask by REST
        └── JobFailed            a bulk job ended as Failed or Aborted
"""

from sf_elt.salesforce.bulk_jobs import JobPatience
from sf_elt.salesforce.connection.connect import Org, connect
from sf_elt.salesforce.connection.login import Login
from sf_elt.salesforce.connection.metering import CallMeter, Pause
from sf_elt.salesforce.connection.transport import Patience
from sf_elt.salesforce.counting import count
from sf_elt.salesforce.describe import FieldDescribe, ObjectDescribe, describe, object_names
from sf_elt.salesforce.downloads.bulk import begin_bulk, download_bulk
from sf_elt.salesforce.downloads.keyset import download_by_id
from sf_elt.salesforce.downloads.pages import Download
from sf_elt.salesforce.downloads.rest import download_rest, fits_rest
from sf_elt.salesforce.errors import (
    AllowanceSpent,
    AuthenticationFailed,
    CursorDied,
    JobFailed,
    NotInBulk,
    OrgUnavailable,
    QueryRefused,
    QueryTooLarge,
    QueryTooLong,
    ReplyOutOfBounds,
    ReplyTruncated,
    RequestRefused,
    SalesforceError,
    UnknownField,
    UnknownObject,
)
from sf_elt.salesforce.names import did_you_mean
from sf_elt.salesforce.records import query_records
from sf_elt.salesforce.retrieve import retrieve
from sf_elt.salesforce.soql import literal, literals, moment, select, within
from sf_elt.salesforce.survey import Survey, survey

__all__ = [
    "AllowanceSpent",
    "AuthenticationFailed",
    "CallMeter",
    "CursorDied",
    "Download",
    "FieldDescribe",
    "JobFailed",
    "JobPatience",
    "Login",
    "NotInBulk",
    "ObjectDescribe",
    "Org",
    "OrgUnavailable",
    "Patience",
    "Pause",
    "QueryRefused",
    "QueryTooLarge",
    "QueryTooLong",
    "ReplyOutOfBounds",
    "ReplyTruncated",
    "RequestRefused",
    "SalesforceError",
    "Survey",
    "UnknownField",
    "UnknownObject",
    "begin_bulk",
    "connect",
    "count",
    "describe",
    "did_you_mean",
    "download_bulk",
    "download_by_id",
    "download_rest",
    "fits_rest",
    "literal",
    "literals",
    "moment",
    "object_names",
    "query_records",
    "retrieve",
    "select",
    "survey",
    "within",
]
