"""For very many keys: the matchers of all records of an object, by a bulk job, to be joined where the keys are."""

from collections.abc import Sequence
from pathlib import Path

from sf_elt.salesforce.asking import MOST_QUERIES
from sf_elt.salesforce.bulk_jobs import JobPatience
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.counting import count, kept_counts
from sf_elt.salesforce.describe import describe
from sf_elt.salesforce.downloads.bulk import download_bulk
from sf_elt.salesforce.downloads.costs import bulk_calls
from sf_elt.salesforce.downloads.pages import Download
from sf_elt.salesforce.matching.matchers import check_matchers
from sf_elt.salesforce.matching.matches import Operator
from sf_elt.salesforce.matching.questions import MOST_ROWS
from sf_elt.salesforce.soql import select

_COUNT_CALLS = 1


def cheaper_in_bulk(org: Org, object_name: str, fields: Sequence[str], operator: Operator, keys: int) -> bool:
    """Whether `download_matchers` spends fewer calls than `find_matches` for so many keys.

    The records are counted, in one call, only where there are so many keys that it may be so.
    """
    queries = -(-keys // MOST_ROWS) * (len(fields) if operator == "or" else 1)
    asking = -(-queries // MOST_QUERIES)
    if asking <= bulk_calls(0, org.api_version, JobPatience()) + _COUNT_CALLS:
        return False
    name = describe(org, object_name).name
    kept = kept_counts(org, [name]) or {}
    records = kept[name] if name in kept else count(org, name)
    return bulk_calls(records, org.api_version, JobPatience()) < asking


def download_matchers(org: Org, object_name: str, fields: Sequence[str], folder: Path) -> Download:
    """Id and matchers of all records that are not deleted, as CSV files in the folder, whose first lines name them.

    A folder in which this was begun is gone on with. Raises as check_matchers, and as download_bulk: NotInBulk for an
    object that only REST reads.
    """
    described = describe(org, object_name)
    names = dict.fromkeys(["Id", *(field.name for field in check_matchers(described, fields))])
    return download_bulk(org, select(list(names), described.name), folder, include_deleted=False)
