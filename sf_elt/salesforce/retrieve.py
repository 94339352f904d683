"""Records by their Ids with any number of fields: each as it is at one moment."""

from collections.abc import Sequence

import orjson

from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.errors import RequestRefused
from sf_elt.salesforce.replies import Row, row_of
from sf_elt.salesforce.soql import name

MOST_RECORDS = 2000  # of one call


def retrieve(org: Org, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> list[Row]:
    """The living records of these Ids as JSON, in one call; what is deleted, or cannot be seen, is left out.

    The fields travel in the request's body, of any length, but for those of related records, which are refused ("Get
    Multiple Records with Fields in Request Body", REST API Developer Guide). Raises UnknownField, RequestRefused.
    """
    asked = {"ids": list(ids), "fields": [name(field) for field in fields]}
    reply = org.session.post(
        org.url(f"composite/sobjects/{name(object_name)}"),
        data=orjson.dumps(asked),
        headers={"Content-Type": "application/json"},
    )
    found = orjson.loads(reply.content)
    if not isinstance(found, list) or len(found) != len(ids):
        raise RequestRefused(f"{object_name}: the org does not answer for each of {len(ids)} Ids")
    return [row_of(record, object_name) for record in found if record is not None]
