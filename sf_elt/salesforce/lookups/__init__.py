"""Looking things up in an open org, without an import: one record, all records, any query, fields and their values.

    from sf_elt.salesforce import lookups

    lookups.find(org, "003…")                                      # any object's record, by its Id
    lookups.find_by_email(org, "Contact", "ada@example.com", ["Name", "Account.Name"])
    for lead in lookups.fetch(org, "Lead", ["Email", "Owner.Name"], limit=500):
        print(lead.id, lead["Email"], lead["Owner.Name"])
    for row in lookups.query(org, "SELECT Status, COUNT(Id) leads FROM Lead GROUP BY Status"):
        print(row["Status"], row["leads"])
    lookups.describe(org, "Lead").field("Status").label
    lookups.find_picklist(org, "Lead", "Status").active

Rows come as `Record`s, while they are read: no more than a page of them is in memory. Names of objects and fields may
be in any letter case, and fields may be those of a record one level up (`Account.Name`). A name that there is not is an
UnknownObject or UnknownField with the nearest that there is, before anything is queried.

campaigns.py  campaigns and who is in them: `from sf_elt.salesforce.lookups import campaigns`
finding.py    records by Id, by e-mail address, or all of an object; names as people give them
labels.py     what people call fields, and kinds of fields
picklists.py  all values of a picklist
"""

from sf_elt.salesforce.describe import describe
from sf_elt.salesforce.ids import NotAnId, record_id
from sf_elt.salesforce.lookups.finding import (
    PEOPLE,
    fetch,
    fetch_pages,
    find,
    find_by_email,
    main_fields,
    meant,
    object_of,
    readable_fields,
    resolved,
)
from sf_elt.salesforce.lookups.labels import labels
from sf_elt.salesforce.lookups.picklists import Choice, Picklist, find_picklist
from sf_elt.salesforce.records import Page, Record, query, query_columns, query_pages

__all__ = [
    "PEOPLE",
    "Choice",
    "NotAnId",
    "Page",
    "Picklist",
    "Record",
    "describe",
    "fetch",
    "fetch_pages",
    "find",
    "find_by_email",
    "find_picklist",
    "labels",
    "main_fields",
    "meant",
    "object_of",
    "query",
    "query_columns",
    "query_pages",
    "readable_fields",
    "record_id",
    "resolved",
]
